"""Requests beside one another: waited for, but not after a Ctrl-C."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from gatecert.session.together import Together

LIMIT_S = 10


def test_all_that_is_under_way_is_waited_for() -> None:
    with Together(2) as pool:
        asked = [pool.submit(threading.Event().wait, 0.05) for _ in range(3)]
    assert all(one.done() for one in asked)


def test_so_it_is_when_a_requirement_is_not_met() -> None:
    with pytest.raises(ValueError, match="not met"), Together(1) as pool:
        asked = pool.submit(threading.Event().wait, 0.05)
        raise ValueError("not met")
    assert asked.done()


def test_a_ctrl_c_waits_for_none_and_begins_no_further() -> None:
    release = threading.Event()
    under_way: Future[bool]
    with pytest.raises(KeyboardInterrupt), Together(1) as pool:
        under_way = pool.submit(release.wait, LIMIT_S)
        queued = pool.submit(release.wait, LIMIT_S)
        raise KeyboardInterrupt
    assert not under_way.done()
    assert queued.cancelled()
    release.set()
    assert under_way.result(LIMIT_S)
