from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gatecert.wire import ClientGone, Reply, Request, Server
from gatecert.wire.server import Handler

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]

LIMIT_S = 10
GET = b"GET /one HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def talk(handler: Handler, client: Talk, *, max_body_bytes: int = 1_000) -> bytes:
    """Let a client talk to a server with this handler, and return what the client makes of it."""

    async def scenario() -> bytes:
        server = Server(handler, max_body_bytes=max_body_bytes)
        host, port = await server.listen("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(host, port)
        try:
            return await asyncio.wait_for(client(reader, writer), LIMIT_S)
        finally:
            writer.close()
            listening = server._server
            assert listening is not None
            listening.close()
            await asyncio.wait_for(listening.wait_closed(), LIMIT_S)

    return asyncio.run(scenario())


def sending(*pieces: bytes) -> Talk:
    """A client that sends these pieces and reads until the server hangs up."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()

    return client


class Keeper:
    """A handler that keeps what came and answers with the path."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def __call__(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        await reply.answer(200, [("X-Case", "Kept")], request.path.encode())


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def test_a_connection_serves_many_requests(keeper: Keeper) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for _ in range(3):
            writer.write(GET)
            await reader.readuntil(b"/one")
        writer.write(LAST)
        return await reader.read()

    assert talk(keeper, client).endswith(b"\r\n\r\n/last")
    assert [request.path for request in keeper.requests] == ["/one", "/one", "/one", "/last"]


def test_requests_sent_ahead_are_answered_in_order(keeper: Keeper) -> None:
    came = talk(keeper, sending(GET + GET + LAST))
    assert came.count(b"HTTP/1.1 200") == 3
    assert [part[:5] for part in came.split(b"\r\n\r\n")[1:]] == [b"/oneH", b"/oneH", b"/last"]


def test_an_answer_can_be_overrun_by_bytes_that_are_not_its_own() -> None:
    async def overrun(request: Request, reply: Reply) -> None:
        await reply.answer_and_overrun(200, [("content-length", "4")], b"oops")

    head = b"HEAD /one HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    head_of_answer, blank, rest = talk(overrun, sending(head)).partition(b"\r\n\r\n")
    assert head_of_answer.startswith(b"HTTP/1.1 200")
    assert (blank, rest) == (b"\r\n\r\n", b"oops")


def test_bytes_sent_while_the_handler_works_are_kept(keeper: Keeper) -> None:
    entered = asyncio.Event()

    async def slow(request: Request, reply: Reply) -> None:
        entered.set()
        if request.path == "/one":
            await reply.start(200, [])
            await sent_ahead.wait()
            await reply.end()
        else:
            await keeper(request, reply)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        await entered.wait()
        writer.write(LAST[:20])
        await writer.drain()
        sent_ahead.set()
        writer.write(LAST[20:])
        return await reader.read()

    sent_ahead = asyncio.Event()
    assert talk(slow, client).endswith(b"/last")


def test_a_client_that_waits_is_told_to_go_on(keeper: Keeper) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head + b"Connection: close\r\n\r\n")
        told = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ok")
        return told + await reader.read()

    assert talk(keeper, client).startswith(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 \r\n")
    assert keeper.requests[0].body == b"ok"


def test_header_case_order_and_target_are_kept_both_ways(keeper: Keeper) -> None:
    head = b"GET //a/../%2F?q=%20&q HTTP/1.1\r\nhOST: h\r\nX-b: 1\r\nx-B: \xe9\r\n"
    came = talk(keeper, sending(head + b"Connection: close\r\n\r\n"))
    request = keeper.requests[0]
    assert (request.path, request.query) == ("//a/../%2F", "q=%20&q")
    assert request.headers[:3] == [("hOST", "h"), ("X-b", "1"), ("x-B", "é")]
    assert (request.header("X-B"), request.header("none")) == ("1", None)
    assert b"\r\nX-Case: Kept\r\n" in came


def test_a_chunked_body_is_put_together(keeper: Keeper) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    talk(keeper, sending(head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"))
    assert keeper.requests[0].body == b"abcde"


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_an_oversized_header_is_refused_and_does_not_hang(keeper: Keeper, size: int) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * size)
        return await reader.readline()

    assert talk(keeper, client).startswith(b"HTTP/1.1 431 ")
    assert keeper.requests == []


@pytest.mark.parametrize(
    "rubbish", [b"rubbish\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\r\n\r\n"]
)
def test_what_is_no_request_is_a_400(keeper: Keeper, rubbish: bytes) -> None:
    came = talk(keeper, sending(rubbish))
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in came
    assert keeper.requests == []


@pytest.mark.parametrize(("size", "too_large"), [(10, False), (11, True), (500_000, True)])
def test_a_body_beyond_the_limit_is_not_kept(keeper: Keeper, size: int, too_large: bool) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
    came = talk(keeper, sending(head + b"x" * size), max_body_bytes=10)
    assert came.startswith(b"HTTP/1.1 200 ")
    assert keeper.requests[0].too_large is too_large
    assert keeper.requests[0].body == (b"" if too_large else b"x" * size)


def test_an_answer_without_a_length_is_chunked_piece_by_piece() -> None:
    async def handler(request: Request, reply: Reply) -> None:
        await reply.start(200, [("Connection", "close")], "Fine")
        for piece in (b"ab", b"", b"c"):
            await reply.send(piece)
        await reply.end()

    came = talk(handler, sending(GET))
    assert came.startswith(b"HTTP/1.1 200 Fine\r\n")
    assert came.endswith(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")


def test_an_abort_ends_the_connection_in_the_middle() -> None:
    refused: list[str] = []

    async def handler(request: Request, reply: Reply) -> None:
        await reply.start(200, [("Content-Length", "5")])
        await reply.send(b"ab")
        reply.abort()
        try:
            await reply.send(b"c")
        except ClientGone:
            refused.append("c")

    assert talk(handler, sending(GET)).endswith(b"\r\n\r\nab")
    assert refused == ["c"]


def test_an_abort_by_reset_is_a_reset() -> None:
    async def handler(request: Request, reply: Reply) -> None:
        reply.abort(reset=True)

    with pytest.raises(ConnectionResetError):
        talk(handler, sending(GET))


@pytest.mark.parametrize("finished", [True, False])
def test_a_handler_that_returns_early_loses_the_connection(finished: bool) -> None:
    async def handler(request: Request, reply: Reply) -> None:
        await reply.start(200, [("Content-Length", "2")])
        await reply.send(b"ok" if finished else b"o")

    assert talk(handler, sending(GET)).endswith(b"ok" if finished else b"\r\n\r\no")


def test_a_client_that_leaves_is_noticed_while_the_handler_works() -> None:
    noticed: list[bool] = []
    entered = asyncio.Event()

    async def handler(request: Request, reply: Reply) -> None:
        entered.set()
        await asyncio.wait_for(reply.client_gone.wait(), LIMIT_S)
        noticed.append(True)
        with pytest.raises(ClientGone):
            await reply.start(200, [])
        noticed.append(reply.client_gone.is_set())

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET)
        await entered.wait()
        writer.write_eof()
        return await reader.read()

    assert talk(handler, client) == b""
    assert noticed == [True, True]


def test_an_address_that_is_taken_is_an_os_error(keeper: Keeper) -> None:
    async def listen_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        host, port = writer.get_extra_info("peername")
        with pytest.raises(OSError, match="address already in use"):
            await Server(keeper).listen(host, port)
        return b"refused"

    assert talk(keeper, listen_twice) == b"refused"
