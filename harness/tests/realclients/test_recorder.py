from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from gatecert.realclients.recorder import Recorder

BODY = b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}'
POST = (
    b"POST /v1/messages HTTP/1.1\r\nX-Api-Key: k\r\nzebra: 1\r\nAlpha: 2\r\nhost: h\r\n"
    b"anthropic-version: 2023-06-01\r\ncontent-length: %d\r\n\r\n" % len(BODY)
) + BODY


def through(
    port: int, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
) -> tuple[Recorder, bytes]:
    async def main() -> tuple[Recorder, bytes]:
        recorder = Recorder(port)
        url = urlsplit(await recorder.start())
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        answer = await asyncio.wait_for(talk(reader, writer), 10)
        writer.close()
        await recorder.stop()
        return recorder, answer

    return asyncio.run(main())


def test_bytes_pass_and_requests_are_kept_with_their_answers(provider_url: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(POST)
        first = await reader.readuntil(b"\r\n\r\n")
        await reader.read(65_536)
        writer.write(b"GET /nowhere HTTP/1.1\r\nhost: h\r\nx-api-key: k\r\n\r\n")
        return first + await reader.readuntil(b"\r\n\r\n")

    recorder, answer = through(urlsplit(provider_url).port or 0, talk)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 404" in answer
    assert [(s.request.target, s.status) for s in recorder.seen] == [
        ("/v1/messages", 200),
        ("/nowhere", 404),
    ]
    assert [name for name, _ in recorder.seen[0].request.headers][:3] == [
        *("X-Api-Key", "zebra", "Alpha")
    ]
    assert recorder.seen[0].request.body == BODY
    assert (recorder.connections, recorder.broken) == (1, [])
    assert recorder.seen[0].at_s <= recorder.seen[1].at_s


def test_an_answer_that_is_reset_is_reset_for_the_client_too() -> None:
    async def main() -> str:
        async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65_536)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        recorder = Recorder(server.sockets[0].getsockname()[1])
        url = urlsplit(await recorder.start())
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(POST)
        try:
            return repr(await asyncio.wait_for(reader.read(), 10))
        except ConnectionResetError:
            return "reset"
        finally:
            writer.close()
            await recorder.stop()
            server.close()

    assert asyncio.run(main()) == "reset"
