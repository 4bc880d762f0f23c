"""What the system still has to deliver of what was sent."""

from __future__ import annotations

import socket
import sys

import pytest

from gatecert.wire.sendqueue import undelivered_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is sure to tell")


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    return near, far


def test_what_a_peer_does_not_read_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    with near, far:
        assert undelivered_bytes(near.fileno()) == 0
        near.settimeout(0.2)
        with pytest.raises(TimeoutError):
            near.sendall(b"x" * 100_000_000)  # more than any buffer holds
        assert undelivered_bytes(near.fileno()) > 0


def test_nothing_is_told_of_a_closed_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    near.close()
    far.close()
    assert undelivered_bytes(near.fileno()) == 0
