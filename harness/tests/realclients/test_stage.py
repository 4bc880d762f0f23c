from __future__ import annotations

import pytest

from gatecert.realclients.recorder import Seen
from gatecert.realclients.stage import at_rest
from gatecert.wire import Request


def seen(method: str, at_s: float) -> Seen:
    return Seen(Request(method, "/", [], b""), 0, at_s)


@pytest.mark.parametrize(
    ("came", "now_s", "expected"),
    [
        ([], 100.0, False),
        ([seen("HEAD", 1.0)], 100.0, False),
        ([seen("HEAD", 1.0), seen("GET", 2.0)], 4.0, False),
        ([seen("HEAD", 1.0), seen("GET", 2.0)], 6.0, True),
        ([seen("POST", 9.0), seen("HEAD", 9.5)], 12.1, False),
    ],
)
def test_when_a_client_is_at_rest(came: list[Seen], now_s: float, expected: bool) -> None:
    assert at_rest(came, now_s) is expected
