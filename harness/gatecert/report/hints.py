"""Hints for known gateways: which product stands behind an address, and what it calls the setting.

A gateway is recognised by the name it is tested under and by headers that only it sends. What names
the server of the answer says something only where the provider is scripted: a live one is itself
behind a proxy whose headers come through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gatecert.record import Result
from gatecert.requirements import GATEWAYS

# an LLM gateway may stand behind a general proxy: its own headers come before the Server header
_OWN_HEADERS: Sequence[tuple[str, str]] = (
    ("x-litellm-", "litellm"),
    ("x-portkey-", "portkey"),
    ("x-kong-", "kong"),
    ("x-bf-", "bifrost"),
)
_SERVERS: Sequence[tuple[str, str]] = (
    ("apisix", "apisix"),
    ("kong", "kong"),
    ("nginx", "nginx"),
    ("openresty", "nginx"),
    ("envoy", "envoy"),
    ("istio-envoy", "envoy"),
    ("apache", "apache"),
    ("caddy", "caddy"),
    ("cloudflare", "cloudflare"),
)


def recognised(target: Mapping[str, Any], results: Iterable[Result]) -> list[str]:
    """The known gateways that the target seems to be, by their keys in ``GATEWAYS``."""
    named = _by_name(str(target["name"])) if target["kind"] != "embedded" else []
    headers = [pair for result in results for pair in _headers(result)]
    own = [key for prefix, key in _OWN_HEADERS if any(n.startswith(prefix) for n, _ in headers)]
    servers = [value for name, value in headers if name == "server"]
    if target["kind"] == "embedded" or target["provider"] != "scripted":
        servers = []
    told = [key for word, key in _SERVERS if any(value.startswith(word) for value in servers)]
    return list(dict.fromkeys([*named, *own, *told]))


def told_hints(result: Result, first: Sequence[str] = ()) -> dict[str, str]:
    """The hints of a result by the gateway's own name, those of the ``first`` gateways in front."""
    order = [*(key for key in first if key in result.hints), *sorted(result.hints)]
    return {GATEWAYS.get(key, key): result.hints[key] for key in dict.fromkeys(order)}


def hints_for(result: Result, gateways: Sequence[str]) -> dict[str, str]:
    """The hints of a result for these gateways only."""
    return {GATEWAYS.get(key, key): result.hints[key] for key in gateways if key in result.hints}


def short_hints(result: Result, gateways: Sequence[str]) -> dict[str, str]:
    """The hints for the gateways that were recognised, or for all if none was."""
    return hints_for(result, gateways) if gateways else told_hints(result)


def as_sentence(hints: Mapping[str, str]) -> str:
    """Hints in one line: ``nginx: ...; LiteLLM: ...``."""
    return "; ".join(f"{gateway}: {hint.rstrip('.')}" for gateway, hint in hints.items())


def _by_name(name: str) -> list[str]:
    words = name.lower().replace("_", "-")
    return [key for key in GATEWAYS if key in words]


def _headers(result: Result) -> Iterator[tuple[str, str]]:
    for exchange in result.evidence.exchanges:
        for name, value in exchange.response.headers if exchange.response else ():
            yield name.lower(), value.lower()
