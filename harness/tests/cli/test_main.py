"""The way out of the command: one line and an exit code, whatever happened."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gatecert import cli
from gatecert.cli import main, parser
from gatecert.errors import RunError, UsageError


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def ends_with(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes ``gatecert defects`` raise something."""

    def set_up(raised: BaseException) -> None:
        def command(arguments: object) -> int:
            raise raised

        monkeypatch.setattr(parser, "list_defects", command)

    return set_up


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (UsageError("a flag"), 2, "gatecert: a flag"),
        (RunError("a port\n::error::x\x1b[2J"), 3, "gatecert: a port ::error::x\\x1b[2J"),
        (KeyboardInterrupt(), 3, "gatecert: interrupted"),
        (OSError(errno.ENOSPC, "no space"), 3, "gatecert: cannot write: no space"),
    ],
)
def test_what_ends_a_command_is_told_in_one_line(
    ends_with: Any,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    line: str,
) -> None:
    ends_with(raised)
    assert main(["defects"]) == code
    assert capsys.readouterr().err == f"{line}\n"


@pytest.mark.parametrize(
    "raised", [LookupError("odd\nthing"), RecursionError(), OSError(22, "odd"), MemoryError()]
)
def test_a_fault_of_ours_is_no_verdict_on_a_gateway(
    ends_with: Any, capsys: pytest.CaptureFixture[str], raised: Exception
) -> None:
    ends_with(raised)
    assert main(["defects"]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith(f"gatecert: internal error: {type(raised).__name__}: ")
    assert err.endswith("(please report; set GATECERT_DEBUG=1 for the traceback)\n")


def test_the_traceback_comes_first_if_it_is_wanted(
    ends_with: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATECERT_DEBUG", "1")
    ends_with(LookupError("odd"))
    assert main(["defects"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.splitlines()[-1].startswith("gatecert: internal error: LookupError: odd at ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_and_one_more_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def command(arguments: object) -> int:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(signal.SIGINT)  # while the first one is handled
        return 0

    monkeypatch.setattr(parser, "list_defects", command)
    assert main(["defects"]) == 3
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.raise_signal(one)  # at the very end


def test_after_a_while_a_second_interrupt_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def command(arguments: object) -> int:
        for _ in range(2):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                seen.append("interrupted")
        return 3

    monkeypatch.setattr(parser, "list_defects", command)
    monkeypatch.setattr(cli, "_SAME_WISH_S", 0.0)
    assert main(["defects"]) == 3
    assert seen == ["interrupted"] * 2


def test_what_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(arguments: object) -> int:
        signal.raise_signal(signal.SIGHUP)
        return 0

    monkeypatch.setattr(parser, "list_defects", command)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert main(["defects"]) == 0


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_our_streams_write_whatever_comes(monkeypatch: pytest.MonkeyPatch, errors: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors=errors)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # one that cannot be set up
    assert main(["report", "nowhere"]) == 2
    print("half \ud800, \udce9 and →")
    stream.flush()
    assert raw.getvalue() == b"half \\ud800, \\udce9 and \\u2192\n"


def test_a_closed_output_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["defects", "--json"]) == 0
    sys.stdout.close()
    sys.stderr.close()
