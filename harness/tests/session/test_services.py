from __future__ import annotations

import errno
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from gatecert.errors import RunError, UsageError
from gatecert.gateways.target import SampleKeys, Target
from gatecert.session.options import RunOptions
from gatecert.session.services import (
    Services,
    answers,
    check_reachable,
    check_settings,
    reachable,
    start_services,
)
from gatecert.upstream import Provider
from gatecert.upstream.address import address_text, provider_url
from gatecert.wire import Child, ChildError

LIMIT_S = 10


def has_ipv6() -> bool:
    try:
        free_port("::1")
    except OSError:
        return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])


ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
Talk = Callable[[socket.socket], None]


def target(base_url: str = "https://gw.example", api_key: str = "sk-1", **more: object) -> Target:
    return Target("gw", "external", base_url, api_key, **more)  # type: ignore[arg-type]


def read_head(sock: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (more := sock.recv(65_536)):
        head += more
    return head


def hold(sock: socket.socket) -> None:
    """Take everything, say nothing, and wait until the other side leaves."""
    while sock.recv(65_536):
        pass


@contextmanager
def gateway(talk: Talk = hold, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that holds one talk after the other; yields HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with sock, suppress(OSError):
                        sock.settimeout(LIMIT_S)
                        if context is None:
                            talk(sock)
                            continue
                        with context.wrap_socket(sock, server_side=True) as secured:
                            talk(secured)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT_S)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ACME_KEY", "sk-acme")
    return "ACME_KEY"


@contextmanager
def run(key: str, listen: str, folder: Path) -> Iterator[Services]:
    """The services of a run against an external gateway."""
    folder.mkdir(exist_ok=True)
    with gateway() as address:
        options = RunOptions(gateway=f"http://{address}", api_key_env=key, upstream_listen=listen)
        services = start_services(options, folder, print)
        yield services
        services.stop()


@contextmanager
def upstream(listen: str) -> Iterator[str]:
    """``gatecert upstream`` as a user starts it; yields what it says first."""
    command = [sys.executable, "-P", "-m", "gatecert", "upstream", "--listen", listen]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()
            process.wait(LIMIT_S)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9111"),
        ("10.0.0.5", "http://10.0.0.5:9111"),
        ("provider.test", "http://provider.test:9111"),
        ("::1", "http://[::1]:9111"),
        ("0.0.0.0", "http://127.0.0.1:9111"),
        ("::", "http://[::1]:9111"),
        ("0:0:0:0:0:0:0:0", "http://[::1]:9111"),
    ],
)
def test_a_provider_is_reached_from_here(host: str, url: str) -> None:
    assert provider_url(host, 9111) == url


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert address_text("::1", 1) == "[::1]:1"
    assert address_text("localhost", 1) == "localhost:1"


def test_a_run_starts_its_own_provider(key: str, tmp_path: Path) -> None:
    port = free_port()
    with run(key, f"127.0.0.1:{port}", tmp_path) as services:
        assert services.target.upstream_url == f"http://127.0.0.1:{port}"
        provider = Provider(services.target.upstream_url)
        assert provider.hello() == 0
        assert not provider.standalone()
        provider.close()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1"),
        pytest.param("[::1]", "http://[::1]", marks=ipv6),
        pytest.param("[::]", "http://[::1]", marks=ipv6),
    ],
)
def test_a_run_reaches_its_provider_wherever_it_listens(
    key: str, tmp_path: Path, host: str, url: str
) -> None:
    port = free_port(host.strip("[]"))
    with run(key, f"{host}:{port}", tmp_path) as services:
        assert services.target.upstream_url == f"{url}:{port}"
        provider = Provider(services.target.upstream_url)
        assert provider.hello() == 0
        provider.close()


def test_a_run_shares_a_provider_that_stands_by_itself(key: str, tmp_path: Path) -> None:
    with upstream("127.0.0.1:0") as said:
        url = said.split()[3]
        address = url.removeprefix("http://")
        provider = Provider(url)
        assert provider.standalone()
        with run(key, address, tmp_path) as first, run(key, address, tmp_path) as second:
            assert first.target.upstream_url == second.target.upstream_url == url
        assert provider.hello() == 0
        provider.close()


def test_a_run_does_not_borrow_another_runs_provider(key: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    words = rf"^the provider's address {address} is in use by another run; wait for it, or choose"
    with (
        run(key, address, tmp_path),
        pytest.raises(RunError, match=words),
        run(key, address, tmp_path / "b"),
    ):
        pass


def test_an_address_that_something_else_has_is_named_with_advice(key: str, tmp_path: Path) -> None:
    words = r"address {} is in use; free it, or choose another with \[upstream\] listen"
    with (
        gateway(lambda sock: sock.sendall(b"SSH-2.0\r\n")) as address,
        pytest.raises(RunError, match=words.format(address)),
        run(key, address, tmp_path),
    ):
        pass


def test_an_address_of_another_machine_is_not_to_be_freed(key: str, tmp_path: Path) -> None:
    with pytest.raises(ChildError) as caught:
        Child.python("the scripted provider", "gatecert.upstream", ["192.0.2.1:9111"])
    assert str(caught.value) == (
        f"the provider's address 192.0.2.1:9111 cannot be had ({os.strerror(errno.EADDRNOTAVAIL)})"
    )
    assert caught.value.facts["in_use"] is False


@pytest.mark.parametrize("address", ["..:9111", f"{'a' * 300}:9111"])
def test_an_address_that_is_no_name_is_refused(address: str) -> None:
    with pytest.raises(ChildError, match=r"cannot be had \(its host is no name\)$"):
        Child.python("the scripted provider", "gatecert.upstream", [address])


def test_a_provider_that_dies_is_not_blamed_on_its_address(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatecert.wire.child._START", "raise SystemExit(7)")
    words = r"^the scripted provider ended with exit code 7 before it was ready$"
    with pytest.raises(RunError, match=words), run(key, f"127.0.0.1:{free_port()}", tmp_path):
        pass


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        pytest.param("[::1]:0", "scripted provider at http://[::1]:", marks=ipv6),
        ("0.0.0.0:0", "and every other address of this machine"),
        ("127.0.0.1:0", "scripted provider at http://127.0.0.1:"),
    ],
)
def test_gatecert_upstream_says_where_it_is(listen: str, words: str) -> None:
    with upstream(listen) as said:
        assert words in said
        provider = Provider(said.split()[3])
        assert provider.standalone()
        provider.close()


@pytest.mark.parametrize(("listen", "code"), [("", 2), ("192.0.2.1:1", 3)])
def test_gatecert_upstream_refuses_in_one_line(listen: str, code: int) -> None:
    command = [sys.executable, "-P", "-m", "gatecert", "upstream", "--listen", listen]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("https://a..b", "no host can have this name"),
        (f"https://{'a' * 300}.example", "no host can have this name"),
        ("http://gw.example", "must use https"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_the_users_mistake(base_url: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"settings cannot be used: baseUrl: .*{words}"):
        check_settings(target(base_url))
    with pytest.raises(RunError, match="cannot be reached"):
        check_reachable(base_url)


@pytest.mark.parametrize("headers", [{"Host": "h"}, {"x-a": "漢"}, {"x-a": "a\nb"}, {"x a": "v"}])
def test_headers_that_cannot_be_sent_are_the_users_mistake(headers: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="custom header"):
        check_settings(target(headers=headers))


@pytest.mark.parametrize(
    "keys", [("sk-漢", SampleKeys()), ("sk-1", SampleKeys(expired="sk-漢"))], ids=["own", "expired"]
)
def test_keys_that_cannot_be_sent_are_the_users_mistake(keys: tuple[str, SampleKeys]) -> None:
    with pytest.raises(UsageError, match="the API key has a character") as caught:
        check_settings(target(api_key=keys[0], keys=keys[1]))
    assert "漢" not in str(caught.value)


def test_settings_that_can_be_used_are() -> None:
    check_settings(target(headers={"x-a": " v "}, keys=SampleKeys(expired="sk-old")))


def test_a_gateway_that_hangs_is_reachable_and_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatecert.session.services._LIMIT_S", 0.2)
    with gateway() as address:
        assert reachable(f"http://{address}") == ""
        assert not answers(f"http://{address}")
        assert not answers(f"https://{address}".replace("127.0.0.1", "localhost"))


def test_a_gateway_that_is_gone_neither_is_reachable_nor_answers() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert "refused" in reachable(url)
    assert not answers(url)


def test_a_gateway_that_hangs_up_does_not_answer() -> None:
    with gateway(lambda sock: None) as address:
        assert not answers(f"http://{address}")


@pytest.mark.parametrize("base_url", ["https://a..b", f"https://{'a' * 300}", "", "http://[::1"])
def test_an_address_that_is_none_does_not_answer(base_url: str) -> None:
    assert reachable(base_url)
    assert not answers(base_url)


@pytest.mark.parametrize(
    ("path", "line"), [("", b"HEAD / HTTP/1.1"), ("/a/b", b"HEAD /a/b HTTP/1.1")]
)
@pytest.mark.parametrize("said", [b"HTTP/1.1 503 X\r\n\r\n", b"H"])
def test_any_byte_is_an_answer(path: str, line: bytes, said: bytes) -> None:
    heads: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        heads.append(read_head(sock))
        sock.sendall(said)

    with gateway(talk) as address:
        assert answers(f"http://{address}{path}")
    assert heads[0].split(b"\r\n")[:2] == [line, f"Host: {address}".encode()]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_a_gateway_with_any_certificate_answers(tmp_path: Path) -> None:
    pem = tmp_path / "own.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=other.example", "-keyout", str(pem), "-out", str(tmp_path / "c.pem")),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem", pem)

    def talk(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with gateway(talk, context) as address:
        assert answers(f"https://{address}")


def test_what_was_started_is_stopped_if_the_gateway_is_down(key: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    options = RunOptions(
        gateway=f"http://127.0.0.1:{free_port()}", api_key_env=key, upstream_listen=address
    )
    with pytest.raises(RunError, match="cannot be reached"), ExitStack():
        start_services(options, tmp_path, print)
    assert reachable(f"http://{address}")
