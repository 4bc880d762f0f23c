"""Options that contradict themselves are refused before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from gatecert.errors import UsageError
from gatecert.gateways.defects import DEFECTS
from gatecert.overhead.estimate import estimate
from gatecert.session.options import LEAST_OVERHEAD_PAIRS, RunOptions


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gateway": "http://127.0.0.1:1", "target": "portkey"}, "exclude each other"),
        ({"model": "m"}, "--model goes with --gateway"),
        ({"upstream_listen": "127.0.0.1:1"}, "--upstream-listen goes with --gateway"),
        ({"api_key_env": "KEY"}, "--api-key-env goes with --gateway"),
        ({"target": "portkey", "defect": "slow"}, "for the embedded gateway only"),
        ({"areas": ["autth"]}, "did you mean 'auth'?"),
        ({"variant": "one-bite-chunks"}, "did you mean 'one-byte-chunks'?"),
        ({"auth_scheme": "bearer"}, "--auth-scheme goes with --gateway"),
        ({"max_requests": 0}, "--max-requests 0: at least 1 is needed"),
        ({"max_tokens_total": 0}, "--max-tokens-total 0: at least 1 is needed"),
        ({"max_requests": -1}, "--max-requests -1: at least 1 is needed"),
        ({"client_profile": "engine-cowork"}, "--client-profile 'engine-cowork' is unknown"),
        ({"overhead_pairs": 5}, "--overhead-pairs 5: at least 6 are needed"),
    ],
)
def test_contradictions_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions(**options).check()
    assert words in str(caught.value)


def test_an_unknown_defect_is_not_answered_with_hundreds_of_names() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions(defect="qqq").check()
    assert f"and {len(DEFECTS) - 50} more" in str(caught.value)


@pytest.mark.parametrize("name", ["embedded", "portkey"])
def test_gateways_that_we_start_are_not_external(name: str) -> None:
    RunOptions(target=name).check()
    assert RunOptions(target=name).external() is None


def test_a_client_profile_is_found_by_name() -> None:
    assert RunOptions().profile().name == "engine-desktop-2.1.330"
    chosen = RunOptions(client_profile="engine-cowork-2.1.330")
    chosen.check()
    assert chosen.profile().entrypoint == "local-agent"
    with pytest.raises(UsageError, match="is unknown"):
        RunOptions(client_profile="engine").profile()


def test_a_name_that_is_neither_file_nor_gateway_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'portkey'"):
        RunOptions(target="portkye").external()


def test_another_version_of_a_pinned_gateway_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the pinned version is portkey@1\.15\.2"):
        RunOptions(target="portkey@9.9.9").external()


def test_the_least_that_is_allowed_is_allowed() -> None:
    RunOptions(max_requests=1, overhead_pairs=LEAST_OVERHEAD_PAIRS).check()
    estimate([1.0] * LEAST_OVERHEAD_PAIRS, [2.0] * LEAST_OVERHEAD_PAIRS)
