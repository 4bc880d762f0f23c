"""Requests beside one another: waited for, but not after a Ctrl-C."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from gatecert.session.together import Together


def test_all_that_is_under_way_is_waited_for() -> None:
    with Together(2) as pool:
        asked = [pool.submit(threading.Event().wait, 0.05) for _ in range(3)]
    assert all(one.done() for one in asked)


def broken_off_by(
    raised: BaseException, wait_s: float, release: threading.Event, asked: list[Future[bool]]
) -> None:
    """Ask twice, one after the other, and raise while the first is under way."""
    with Together(1) as pool:
        asked += [pool.submit(release.wait, wait_s), pool.submit(release.wait, wait_s)]
        raise raised


def test_so_it_is_when_a_requirement_is_not_met() -> None:
    asked: list[Future[bool]] = []
    with pytest.raises(ValueError, match="not met"):
        broken_off_by(ValueError("not met"), 0.05, threading.Event(), asked)
    assert [one.done() for one in asked] == [True, True]


def test_a_ctrl_c_waits_for_none_and_begins_no_further() -> None:
    release, asked = threading.Event(), list[Future[bool]]()
    with pytest.raises(KeyboardInterrupt):
        broken_off_by(KeyboardInterrupt(), 30, release, asked)
    assert not asked[0].done()
    assert asked[1].cancelled()
    release.set()
