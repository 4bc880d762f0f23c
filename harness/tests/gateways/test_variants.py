"""Harmless variants in company: none may hide another."""

from __future__ import annotations

import httpx
import pytest

from gatecert.errors import UsageError
from gatecert.gateways.reference.config import GatewayConfig
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.gateways.variants import VARIANTS, companies, parts, varied
from gatecert.session.options import RunOptions

FILTERS = {"relayed_headers"}


def own(gateway: type[ReferenceGateway]) -> dict[str, object]:
    """What a variant itself defines, without what the language adds to every class."""
    return {n: v for n, v in vars(gateway).items() if not n.startswith("__") or n == "__init__"}


def test_every_variant_is_in_one_company() -> None:
    members = [name for company in companies(VARIANTS) for name in parts(company)]
    assert sorted(members) == sorted(VARIANTS)


@pytest.mark.parametrize("company", companies(VARIANTS))
def test_what_a_member_does_is_done_in_company_too(company: str) -> None:
    together = varied(company)
    for name in parts(company):
        for method, function in own(VARIANTS[name].gateway).items():
            if method not in FILTERS:
                assert getattr(together, method) is function, (name, method)


def test_variants_that_change_the_same_are_not_put_together() -> None:
    assert companies(["crlf-events", "unknown-events"]) == ["crlf-events", "unknown-events"]
    assert companies(["403-for-keys", "keys-before-paths"]) == ["403-for-keys", "keys-before-paths"]


def test_filters_in_company_filter_one_after_the_other() -> None:
    (company,) = companies(["sets-cookies", "closes-connections"])
    gateway = varied(company)(GatewayConfig({}, {}, {}, refused_url=""))
    names = {name for name, _ in gateway.relayed_headers(httpx.Response(200))}
    assert {"set-cookie", "connection"} <= names


@pytest.mark.parametrize("wrong", ["crlf-event", ""])
def test_an_unknown_one_of_several_is_named(wrong: str) -> None:
    RunOptions(variant="sets-cookies+crlf-events").check()
    with pytest.raises(UsageError, match=f"--variant '{wrong}' is unknown"):
        RunOptions(variant=f"sets-cookies+{wrong}").check()


def test_a_variant_that_is_named_twice_counts_once() -> None:
    assert varied("crlf-events+crlf-events") is VARIANTS["crlf-events"].gateway
