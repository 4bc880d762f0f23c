"""What all tests of the harness share: examples that can be had again, no network, and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

from gatecert.wire import Child

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # as for a job in the background, and every process that a test starts would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup() -> None:
    """Keep each test, and the fixtures set up for it, on loopback."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    """The address of a scripted provider in a process of its own."""
    child = Child.python("provider", "gatecert.upstream", ["127.0.0.1:0"])
    yield child.facts["url"]
    child.stop()
