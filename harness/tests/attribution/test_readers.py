"""Where entries come from: a file that grows and is rotated, an address, a stream."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gatecert.attribution import Log, LogUnreadable, open_log
from gatecert.attribution.readers import LogFile
from gatecert.gateways.promises import Attribution


class Served(ThreadingHTTPServer):
    """Serves entries: all of them at /log, each as an event at /stream."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.entries: list[Any] = []
        self.keys: list[str] = []
        self.status = 200
        self.more = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, entry: Any) -> None:
        with self.more:
            self.entries.append(entry)
            self.more.notify_all()


class Handler(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        self.server.keys.append(self.headers.get("authorization", ""))
        self.send_response(self.server.status)
        self.end_headers()
        if self.path == "/log":
            self.wfile.write(json.dumps({"entries": self.server.entries}).encode())
            return
        sent = 0
        self.wfile.write(b"event: connected\ndata: 1\n\n")
        while sent < 5:
            with self.server.more:
                if len(self.server.entries) == sent:
                    self.server.more.wait(timeout=3)
            for entry in self.server.entries[sent:]:
                sent += 1
                self.wfile.write(f"event: log\ndata: {json.dumps(entry)}\n\n".encode())
                self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def places(reader: str, **given: Any) -> Attribution:
    return Attribution(reader=reader, model="model", within_ms=3000, **given)


def test_an_endpoint_is_asked_until_the_entry_is_there(served: Served) -> None:
    served.entries = [{"id": "one", "model": "old"}]
    log = open_log(places("log-endpoint", url=f"{served.url}/log", key="log-key"))
    later = threading.Timer(0.2, served.add, [{"id": "two", "model": "new"}])
    later.start()
    assert [entry.model for entry in log.of(["two"])] == ["new"]
    assert set(served.keys) == {"Bearer log-key"}
    log.close()


def test_what_is_older_than_the_run_is_no_answer(served: Served) -> None:
    served.entries = [{"id": "one", "model": "old"}]
    log = open_log(Attribution(reader="log-endpoint", url=f"{served.url}/log", within_ms=50))
    assert log.of(["one"]) == []
    log.close()


def test_a_stream_is_read_beside(served: Served) -> None:
    log = open_log(places("log-stream", url=f"{served.url}/stream"))
    served.add({"id": "one", "model": "m1"})
    served.add({"id": "two", "model": "m2"})
    assert [entry.model for entry in log.of(["two"])] == ["m2"]
    assert [entry.model for entry in log.of(["one"])] == ["m1"]
    log.close()


@pytest.mark.parametrize("reader", ["log-endpoint", "log-stream"])
def test_a_log_that_is_closed_to_us_is_told(served: Served, reader: str) -> None:
    served.status = 403
    with pytest.raises(LogUnreadable, match=r"HTTP 403.*\[attribution\]"):
        open_log(places(reader, url=f"{served.url}/log"))


def test_a_log_that_is_not_there_is_told() -> None:
    with pytest.raises(LogUnreadable, match="does not answer"):
        open_log(places("log-endpoint", url="http://127.0.0.1:9/log"))


def test_a_file_is_read_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"id":"old"}\n')
    source = LogFile(path)
    assert list(source.fresh()) == []
    with path.open("a") as file:
        file.write('{"id":"one"}\nno JSON\n{"id":')
    assert list(source.fresh()) == [{"id": "one"}]
    with path.open("a") as file:
        file.write('"two"}\n')
    assert list(source.fresh()) == [{"id": "two"}]


def test_a_rotated_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"id":"old"}\n' * 3)
    source = LogFile(path)
    path.rename(tmp_path / "log.1")
    path.write_text('{"id":"new"}\n')
    assert list(source.fresh()) == [{"id": "new"}]


def test_a_file_may_come_with_its_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    source = LogFile(path)
    path.write_text('{"id":"one"}\n')
    assert list(source.fresh()) == [{"id": "one"}]


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable, match="cannot be read"):
        list(LogFile(tmp_path).fresh())


def test_many_may_look_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("")
    log = open_log(Attribution(reader="log-file", path=str(path), within_ms=2000))
    names = [f"request-{n:03}" for n in range(60)]

    def ask(name: str) -> int:
        with lock, path.open("a") as file:
            file.write(json.dumps({"id": name}) + "\n")
        return len(log.of([name]))

    lock = threading.Lock()
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, names)) == {1}


class Empty:
    """A log in which nothing ever comes."""

    def fresh(self) -> Iterator[Any]:
        yield from ()

    def close(self) -> None:
        pass


def test_a_log_looked_at_in_vain_is_not_waited_for_as_long_again() -> None:
    now = [0.0]
    waits = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    log = Log(places("log-file", path="x"), Empty(), clock=lambda: now[0], sleep=sleep)
    for _ in range(4):
        began = now[0]
        assert log.of(["one"]) == []
        waits.append(round(now[0] - began, 1))
    assert waits[:2] == [3.0, 3.0]
    assert max(waits[2:]) < 0.3
