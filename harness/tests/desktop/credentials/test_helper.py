from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gatecert.desktop.credentials import (
    CONTEXTS,
    CredentialError,
    Helper,
    HelperSettings,
    Printed,
)

PATH = "/opt/acme/helper"


class Runs:
    """A helper that prints ``tok-1``, ``tok-2`` and so on, and what it was run with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], float]] = []
        self.fails = False

    def __call__(self, path: str, environment: Mapping[str, str], timeout_s: float) -> Printed:
        self.calls.append((path, dict(environment), timeout_s))
        if self.fails:
            raise CredentialError("non-zero-exit", "the helper ended with exit 1")
        return Printed(f"tok-{len(self.calls)}\n".encode())

    @property
    def contexts(self) -> list[str]:
        return [environment["CLAUDE_HELPER_CONTEXT"] for _, environment, _ in self.calls]


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def helper(**settings: Any) -> tuple[Helper, Runs, Time]:
    runs, time = Runs(), Time()
    return Helper(HelperSettings(**{"path": PATH, **settings}), runs, time), runs, time


def test_the_helper_runs_once_a_session() -> None:
    source, runs, time = helper()
    assert source.current().token.reveal() == "tok-1"
    time.now = 3599
    assert source.current("mid-session-refresh").token.reveal() == "tok-1"
    assert runs.calls == [(PATH, {"CLAUDE_HELPER_CONTEXT": "interactive"}, 60)]


def test_a_turn_after_the_ttl_runs_it_again() -> None:
    source, runs, time = helper()
    source.current()
    time.now = 3600
    assert source.current("mid-session-refresh").token.reveal() == "tok-2"
    time.now = 7199
    assert source.current("mid-session-refresh").token.reveal() == "tok-2"
    assert runs.contexts == ["interactive", "mid-session-refresh"]


@pytest.mark.parametrize("context", CONTEXTS)
def test_an_old_credential_is_renewed_whoever_asks(context: str) -> None:
    source, runs, time = helper()
    source.current()
    time.now = 3600
    assert source.current(context).token.reveal() == "tok-2"
    assert runs.contexts == ["interactive", context]


@pytest.mark.parametrize(("ttl", "runs_again"), [(1, False), (120, False), (121, True)])
def test_a_ttl_of_two_minutes_or_less_is_not_looked_at(ttl: int, runs_again: bool) -> None:
    source, runs, time = helper(ttl_s=ttl)
    source.current()
    time.now = 1_000_000
    source.current("mid-session-refresh")
    assert len(runs.calls) == (2 if runs_again else 1)


def test_a_401_runs_it_again_whatever_the_ttl() -> None:
    source, runs, _ = helper(ttl_s=60)
    source.current()
    renewed = source.renew()
    assert renewed is not None
    assert renewed.token.reveal() == "tok-2"
    assert source.current("mid-session-refresh").token.reveal() == "tok-2"
    assert runs.contexts == ["interactive", "mid-session-refresh"]


def test_without_silent_refresh_no_session_runs_it_again() -> None:
    source, runs, time = helper(silent_refresh=False)
    source.current()
    time.now = 1_000_000
    assert source.renew() is None
    assert source.current("mid-session-refresh").token.reveal() == "tok-1"
    assert len(runs.calls) == 1


@pytest.mark.parametrize(
    ("configured", "at_launch", "in_session"),
    [(60, 60, 20), (10, 10, 10), (600, 600, 20), (5000, 600, 20), (0, 1, 1)],
)
def test_a_session_waits_twenty_seconds_at_most(
    configured: int, at_launch: int, in_session: int
) -> None:
    source, runs, _ = helper(timeout_s=configured)
    source.current()
    source.renew()
    assert [timeout for _, _, timeout in runs.calls] == [at_launch, in_session]


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_helper_is_told_why_it_runs(context: str) -> None:
    source, runs, _ = helper()
    source.current(context)
    assert runs.calls[0][1] == {"CLAUDE_HELPER_CONTEXT": context}


def test_the_test_button_says_so_and_keeps_nothing() -> None:
    source, runs, _ = helper()
    assert source.test().token.reveal() == "tok-1"
    assert runs.calls[0][1] == {
        "CLAUDE_HELPER_CONTEXT": "setup-test",
        "CLAUDE_HELPER_MANUAL_RUN": "1",
    }
    assert source.current().token.reveal() == "tok-2"


@pytest.mark.parametrize(
    "path",
    ["helper", "./helper", "~/helper", "", "//server/share/helper", r"\\server\share\h.exe", "C:h"],
)
def test_only_an_absolute_local_path_is_run(path: str) -> None:
    source, runs, _ = helper(path=path)
    with pytest.raises(CredentialError, match="absolute path") as caught:
        source.current()
    assert caught.value.reason == "bad-path"
    assert runs.calls == []


@pytest.mark.parametrize("path", ["/opt/helper", r"C:\acme\helper.cmd"])
def test_absolute_paths_of_both_worlds_are_run(path: str) -> None:
    source, runs, _ = helper(path=path)
    source.current()
    assert runs.calls[0][0] == path


def test_a_renewal_that_fails_leaves_the_old_one() -> None:
    source, runs, _ = helper()
    source.current()
    runs.fails = True
    with pytest.raises(CredentialError):
        source.renew()
    assert source.current("mid-session-refresh").token.reveal() == "tok-1"
