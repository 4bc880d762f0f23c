"""Framing: where one request ends and the next begins, with requests that no library would write."""

import time
from collections.abc import Callable, Mapping

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Heard,
    NotApplicable,
    OutgoingRequest,
    Raw,
    Script,
    ScriptedProvider,
    Target,
    Together,
    a_turn,
    answered,
    expect,
    raw_request,
    requirement,
    same,
)

_LENGTHS = ("content-length", "transfer-encoding")
_KEYS = ("x-api-key", "authorization", "api-key")
# a gateway that refuses, or answers, does so at once; one that waits for more may wait
_PATIENCE_S = 0.7
_Make = Callable[[bytes], bytes]
_RFC = "standard: RFC 9112, sections 6.1 to 6.3, 7.1 and 11.2"


@requirement(
    "SEC-30",
    MUST,
    source=_RFC,
    why="A stranger's request slips past the key check to the provider, or its answer is given to the next user.",
    fix="Refuse requests whose length can be read in two ways, and write the framing anew towards the provider.",
    since="0.2",
    hints={
        "haproxy": "keep `option http-restrict-req-hdr-names` and never set `option accept-invalid-http-request`"
    },
)
def test_no_request_is_smuggled(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target, raw: Raw
) -> None:
    """A second request that is hidden by an ambiguous length never gets past the key check."""
    promises = target.promises
    if not promises.enforces_keys and not promises.holds_provider_key:
        raise NotApplicable("without a key check a hidden request cannot be told from an open one")
    openly = raw.ask("without a key, openly", _without_key(desktop, provider.script()))
    if promises.enforces_keys and openly.status == 200:
        raise NotApplicable("a request without a key is let in openly, so none has to hide")
    shapes = _hiding(a_turn(desktop, provider.script().text))
    hidden = {shape: provider.script() for shape in shapes}
    sent = {shape: make(_without_key(desktop, hidden[shape])) for shape, make in shapes.items()}
    # the second answer is waited for: who closes after the first may end the second's way
    _ask_all(raw, sent, _patience(desktop, provider, raw), answers=2)
    for number, (shape, script) in enumerate(hidden.items()):
        found = provider.receipts(script, late=number == 0)
        # read as part of the first one's body, it is no request of its own, and no JSON
        arrived = [receipt for receipt in found if receipt.json() is not None]
        if promises.holds_provider_key and not promises.enforces_keys:
            arrived = [r for r in arrived if not any(map(r.header, _KEYS))]
        expect(
            not arrived,
            f"a request without a key, hidden by {shape}, to be refused or read as part of the body",
            "the hidden request at the provider",
            hop="gateway → provider",
            silent=True,
        )
    script = provider.script()
    turn = desktop.engine.turn(script.text)
    answered(turn, "the next user's turn")
    same(script.answer, turn.text, "the next user's answer", hop="gateway → client")


@requirement(
    "SEC-31",
    SHOULD,
    source=_RFC,
    why="Behind another proxy that reads the length differently, strangers can hide requests in requests.",
    fix="Answer 400 and close: for two different lengths, a length that is no plain number, an unknown transfer coding, or a blank before a colon.",
    since="0.2",
)
def test_ambiguous_lengths_are_refused(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """A request with two lengths, an odd one, or an odd transfer coding is not served."""
    patience_s = _patience(desktop, provider, raw)
    script = provider.script()
    shapes = _ambiguous(a_turn(desktop, script.text))
    _none_is_served(raw, shapes, patience_s)
    _none_arrived(provider, script)


@requirement(
    "SEC-32",
    SHOULD,
    source=_RFC,
    why="Behind another proxy that reads chunks differently, strangers can hide requests in requests.",
    fix="Read chunk sizes as hexadecimal digits alone, bounded, each chunk ended by CRLF; answer 400 otherwise.",
    since="0.2",
)
def test_broken_chunks_are_refused(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """A chunked body whose sizes are no plain hexadecimal numbers, or do not fit, is not served."""
    patience_s = _patience(desktop, provider, raw)
    script = provider.script()
    request = a_turn(desktop, script.text)
    size, body = f"{len(request.body):x}".encode(), request.body + b"\r\n0\r\n\r\n"
    bodies = {
        "a chunk size after 0x": b"0x" + size + b"\r\n" + body,
        "a chunk size with a plus sign": b"+" + size + b"\r\n" + body,
        "a negative chunk size": b"-" + size + b"\r\n" + body,
        "a chunk size beyond 64 bits": b"1" + size.rjust(16, b"0") + b"\r\n" + body,
        "a chunk size that is a word": b"all\r\n" + body,
    }
    chunked = ["Transfer-Encoding: chunked"]
    shapes = {
        shape: raw_request(request, drop=_LENGTHS, extra=chunked, body=data)
        for shape, data in bodies.items()
    }
    _none_is_served(raw, shapes, patience_s)
    _none_arrived(provider, script)


@requirement(
    "SEC-37",
    SHOULD,
    source="standard: RFC 9112, section 9.3.2",
    why="Behind a proxy that sends requests one after the other on a connection, users get each other's answers, or none.",
    fix="Answer the requests of a connection in their order, or close it after the first.",
    since="0.2",
)
def test_requests_on_a_connection_are_answered_in_order(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """Two requests sent at once on a connection are answered in order, or the connection ends."""
    scripts = [provider.script(), provider.script()]
    sent = b"".join(raw_request(a_turn(desktop, script.text)) for script in scripts)
    heard = raw.ask("two requests at once", sent, answers=2, wait_s=3)
    expect(heard.answers, "an answer to the first request", heard.summary())
    expect(
        len(heard.answers) >= 2 or heard.state != "open",
        "an answer to the second request, or the end of the connection",
        f"{heard.summary()}, and then nothing",
        silent=True,
    )
    for script, other, answer in zip(scripts, scripts[::-1], heard.answers, strict=False):
        expect(
            other.token not in answer.text,
            "each request of the connection to get its own answer",
            "the other one's",
            silent=True,
        )
        expect(
            answer.status != 200 or script.token in answer.text,
            "each request of the connection to get its own answer",
            f"HTTP {answer.status} with {answer.text[:80]!r}",
        )


@requirement(
    "SEC-38",
    SHOULD,
    source="standard: RFC 9112, section 6.1: no transfer coding for HTTP/1.0; nginx speaks 1.0 to what it proxies unless told otherwise",
    why="Behind such a proxy the chunk sizes stand in the middle of the stream, and the client cannot read it.",
    fix="Send no chunks to HTTP/1.0: end the body by closing the connection, or answer 426 or 505.",
    since="0.2",
    hints={"nginx": "in front of the gateway: proxy_http_version 1.1;"},
)
def test_http_1_0_gets_no_chunks(desktop: DesktopApp, provider: ScriptedProvider, raw: Raw) -> None:
    """A stream for an HTTP/1.0 peer is not chunked and ends with the connection, or is refused."""
    script = provider.script()
    request = a_turn(desktop, script.text, stream=True)
    line = "{method} {target} HTTP/1.0"
    heard = raw.ask("HTTP/1.0", raw_request(request, line=line, drop=["connection"]))
    expect(heard.answers, "a stream, or an error", heard.summary())
    answer = heard.answers[0]
    if answer.status in (505, *range(400, 500)):
        return
    expect(answer.status == 200, "HTTP 200, 426 or 505", heard.summary())
    expect(
        answer.header("transfer-encoding") is None,
        "no Transfer-Encoding towards HTTP/1.0",
        f"Transfer-Encoding: {answer.header('transfer-encoding')}",
    )
    expect(
        "message_stop" in answer.text and answer.complete,
        "the whole stream and then the connection's end",
        f"{len(answer.body)} bytes, connection {heard.state}",
    )


@requirement(
    "SEC-41",
    MUST,
    source="field: Portkey #1402; standard: RFC 9112, section 6.2; Node's parser refuses such an answer",
    why="The client, whose HTTP parser is Node's, refuses the answer; a proxy on the way may give its rest to the next user.",
    fix="Drop the provider's Content-Length where you send chunks, and Transfer-Encoding where you send a length.",
    since="0.2",
)
def test_an_answer_has_one_length(
    desktop: DesktopApp, provider: ScriptedProvider, raw: Raw
) -> None:
    """An answer, streamed or not, has a Content-Length or a Transfer-Encoding, never both or two."""
    for stream in (True, False):
        request = a_turn(desktop, provider.script().text, stream=stream)
        heard = raw.ask("a turn", raw_request(request))
        expect(heard.status == 200, "a turn to be answered with HTTP 200", heard.summary())
        names = [name.lower() for answer in heard.answers for name, _ in answer.headers]
        framing = [name for name in names if name in _LENGTHS]
        expect(
            len(framing) <= 1,
            f"{'a stream' if stream else 'a whole answer'} whose length is given in one way",
            " and ".join(framing),
            hop="gateway → client",
            silent=True,
        )


def _hiding(request: OutgoingRequest) -> Mapping[str, _Make]:
    """Ways to hide a second request behind the first, each made with the second one's bytes."""
    body = request.body
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"

    def by_length_or_chunks(*lines: str | bytes) -> _Make:
        """Whoever reads the length sees one request, whoever reads the chunks two."""

        def make(second: bytes) -> bytes:
            length = f"Content-Length: {len(chunked + second)}"
            extra = [length, *lines]
            return raw_request(request, drop=_LENGTHS, extra=extra, body=chunked + second)

        return make

    def chunks_with_a_short_length(second: bytes) -> bytes:
        size = f"{len(second):x}\r\n".encode()
        extra = ["Transfer-Encoding: chunked", f"Content-Length: {len(size)}"]
        data = size + second + b"\r\n0\r\n\r\n"
        return raw_request(request, drop=_LENGTHS, extra=extra, body=data)

    def two_lengths(second: bytes) -> bytes:
        lengths = [f"Content-Length: {n}" for n in (len(body + second), len(body))]
        return raw_request(request, drop=_LENGTHS, extra=lengths, body=body + second)

    def two_lengths_the_short_one_first(second: bytes) -> bytes:
        lengths = [f"Content-Length: {n}" for n in (len(body), len(body + second))]
        return raw_request(request, drop=_LENGTHS, extra=lengths, body=body + second)

    return {
        "a length and chunks": by_length_or_chunks("Transfer-Encoding: chunked"),
        "chunks and a short length": chunks_with_a_short_length,
        "two lengths": two_lengths,
        "two lengths, the short one first": two_lengths_the_short_one_first,
        "a length and two codings": by_length_or_chunks(
            "Transfer-Encoding: identity", "Transfer-Encoding: chunked"
        ),
        "a length and a folded coding": by_length_or_chunks("Transfer-Encoding:", " chunked"),
        "a length and a coding before a blank": by_length_or_chunks("Transfer-Encoding : chunked"),
        "a length and a coding after a tab": by_length_or_chunks("Transfer-Encoding:\x0bchunked"),
        "a length and a misspelt coding": by_length_or_chunks("Transfer-Encoding: xchunked"),
        "a length and a coding after a bare LF": by_length_or_chunks(
            b"X-Note: a\nTransfer-Encoding: chunked"
        ),
    }


def _ambiguous(request: OutgoingRequest) -> dict[str, bytes]:
    """Requests that somebody who is not strict would read without trouble."""
    size = len(request.body)
    right = f"Content-Length: {size}"
    chunked = f"{size:x}\r\n".encode() + request.body + b"\r\n0\r\n\r\n"
    lines: dict[str, tuple[list[str], bytes]] = {
        "two lengths of which the first fits": ([right, f"Content-Length: {size + 5}"], b""),
        "two lengths of which the last fits": ([f"Content-Length: {size + 5}", right], b""),
        "a length with a plus sign": ([f"Content-Length: +{size}"], b""),
        "a length with underscores": ([f"Content-Length: {size // 10}_{size % 10}"], b""),
        "a length in hexadecimal": ([f"Content-Length: {size:#x}"], b""),
        "an unknown transfer coding": ([right, "Transfer-Encoding: xchunked"], b""),
        "a blank before the colon": (["Transfer-Encoding : chunked"], chunked),
    }
    return {
        shape: raw_request(request, drop=_LENGTHS, extra=extra, body=body or request.body)
        for shape, (extra, body) in lines.items()
    }


def _without_key(desktop: DesktopApp, script: Script) -> bytes:
    """A turn without a key, and without the session id, by which a key may be remembered."""
    dropped = ["authorization", "x-api-key", "x-claude-code-session-id"]
    return raw_request(a_turn(desktop, script.text), drop=dropped)


def _patience(desktop: DesktopApp, provider: ScriptedProvider, raw: Raw) -> float:
    """How long to wait for an answer, in s: a request without fault is served first, and timed."""
    began = time.monotonic()
    heard = raw.ask("a request without fault", raw_request(a_turn(desktop, provider.script().text)))
    expect(heard.status == 200, "a request without fault to be answered", heard.summary())
    return max(_PATIENCE_S, 5 * (time.monotonic() - began))


def _ask_all(
    raw: Raw, shapes: Mapping[str, bytes], wait_s: float, answers: int = 1
) -> dict[str, Heard]:
    with Together(len(shapes)) as pool:
        asked = {
            shape: pool.submit(raw.ask, shape, data, answers=answers, wait_s=wait_s)
            for shape, data in shapes.items()
        }
    return {shape: one.result() for shape, one in asked.items()}


def _none_is_served(raw: Raw, shapes: Mapping[str, bytes], patience_s: float) -> None:
    heard = _ask_all(raw, shapes, patience_s)
    served = [shape for shape, one in heard.items() if one.status in range(200, 300)]
    expect(
        not served,
        f"a request with {' or '.join(served)} to be refused",
        f"HTTP {heard[served[0]].status}" if served else "",
        silent=True,
    )


def _none_arrived(provider: ScriptedProvider, script: Script) -> None:
    """No provider was sent such a request whole, whatever its sender was told."""
    arrived = [one for one in provider.receipts(script, late=True) if one.json() is not None]
    expect(
        not arrived,
        "no request of doubtful length to reach a provider",
        f"{len(arrived)} did, whole",
        hop="gateway → provider",
        silent=True,
    )
