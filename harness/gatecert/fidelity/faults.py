"""The recorder's faults as exchanges in memory, by the names that the captures use. Pure.

A name is what the recording server was told: ``err:429:rate_limit_error||retry-after=2``,
``s_rst_mid``, ``html``. A name that starts with ``s_`` spoils a stream only: asked without one, the
server answers well.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gatecert.desktop.exchange import Chunk, Exchange, Fault, OutgoingRequest

TEXT = "Hello from fake é€😀 end"
_PIECES = ("Hello fr", "om fake é", "€😀 end")
_PAGE = b"<html><body>login page</body></html>"
_BLOCKED = b"<html><head><title>Blocked</title></head><body>blocked by waf</body></html>"
_ARGUMENTS = {"command": "echo toolran", "description": "echo"}
_RESET = Fault("closed", "[Errno 104] Connection reset by peer")
_CUT = Fault(
    "closed",
    "peer closed connection without sending complete message body (incomplete chunked read)",
)
_NO_ZLIB = Fault("decoding", "Error -3 while decompressing data: incorrect header check")
_REFUSED = Fault("refused", "[Errno 111] Connection refused")
_JSON = "application/json"
_SSE = "text/event-stream"

Event = tuple[str, dict[str, Any]]
Spoil = Callable[[list[Event]], list[Event]]


def answer(name: str, request: OutgoingRequest, *, stream: bool, headers_s: float) -> Exchange:
    """What the recording server answers. ``headers_s`` is how long its client waits for headers."""
    kind, _, rest = name.partition(":")
    bare = Exchange("recorded", request)
    if kind in _WITHOUT_ANSWER:
        return replace(bare, fault=_WITHOUT_ANSWER[kind])
    if kind == "hang":
        fault = Fault("timeout", "no headers")
        return replace(bare, fault=fault, end_ms=headers_s * 1000)
    if kind in ("err", "openaierr", "htmlerr", "emptyerr", "redirect"):
        return _refused(bare, kind, rest)
    if kind in _OTHER:
        sort, body, known = _OTHER[kind]
        return _ok(bare, sort, body, known)
    if kind in ("jsonforstream",) or not stream:
        blocks = _tool_blocks() if kind == "endturntool" else [_text_block()]
        return _ok(bare, _JSON, _dumped(_message(kind, blocks)), True)
    return _stream(bare, kind, rest)


def _ok(bare: Exchange, sort: str, body: bytes, known: bool) -> Exchange:
    headers = [("content-type", sort), *([("request-id", "req_fake")] if known else [])]
    if sort == _SSE:
        headers.append(("transfer-encoding", "chunked"))
    return replace(bare, status=200, headers=headers, chunks=[Chunk(0.0, body)] if body else [])


def _refused(bare: Exchange, kind: str, rest: str) -> Exchange:
    status, _, said = rest.partition(":")
    sort, _, said = said.partition("|")
    message, _, header = said.partition("|")
    name, equals, value = header.partition("=")
    error = {"type": sort or "x", "message": message or f"fake {sort}"}
    bodies: dict[str, bytes] = {
        "err": _dumped({"type": "error", "error": error, "request_id": "req_fake"}),
        "openaierr": _dumped(
            {"error": {"message": "openai style", "type": "x", "param": None, "code": None}}
        ),
        "htmlerr": _BLOCKED,
    }
    headers = [(name, value)] if equals else []
    headers.append(("content-type", "text/html" if kind == "htmlerr" else _JSON))
    body = bodies.get(kind, b"")
    return replace(bare, status=int(status), headers=headers, chunks=[Chunk(0.0, body)])


def _stream(bare: Exchange, kind: str, rest: str) -> Exchange:
    events = _spoilt(kind, rest)
    body = b"".join(map(_encoded, events))
    if kind in _BYTES:
        body = _BYTES[kind](body)
    exchange = _ok(bare, _SSE, body, True)
    seconds = float(rest) if rest.replace(".", "").isdigit() else 0.0
    fault = _FAULTS.get(kind)
    if kind in ("s_slowbody", "s_stallmid") and seconds > 300:
        fault, seconds = Fault("timeout", "silence"), 300.0
        kept = [] if kind == "s_slowbody" else [Chunk(0.0, b"".join(map(_encoded, events[:3])))]
        exchange = replace(exchange, chunks=kept)
    return replace(exchange, fault=fault, end_ms=seconds * 1000)


def _spoilt(kind: str, rest: str) -> list[Event]:
    if kind.startswith("s_err_"):
        error = {"type": rest or "overloaded_error", "message": "Overloaded fake"}
        kept = {"s_err_early": 0, "s_err_start": 1}.get(kind, 3)
        return [*_plain()[:kept], ("error", {"type": "error", "error": error})]
    if kind in ("endturntool", "s_toolnoargs", "s_toolfullinput", "s_toolbadjson"):
        return _tool_events(kind)
    if kind == "s_rst_aftertool":
        return _tool_events(kind)[:6]
    events = _plain(*_STOPS.get(kind, ("end_turn", True)))
    return _SPOIL[kind](events) if kind in _SPOIL else events


def _plain(reason: str | None = "end_turn", filled: bool = True) -> list[Event]:
    text = _block_events(0, {"type": "text", "text": ""}, _deltas(_PIECES)) if filled else []
    return [_start(), *text, *_ending(reason)]


def _start() -> Event:
    usage = {"input_tokens": 10, "output_tokens": 1}
    head = {"id": "msg_fake", "type": "message", "role": "assistant", "model": "claude-x"}
    message: dict[str, Any] = {**head, "content": [], "stop_reason": None, "usage": usage}
    return "message_start", {"type": "message_start", "message": message}


def _ending(reason: str | None) -> list[Event]:
    delta = {"delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}
    return [
        ("message_delta", {"type": "message_delta", **delta}),
        ("message_stop", {"type": "message_stop"}),
    ]


def _block_events(
    index: int, block: Mapping[str, Any], deltas: Sequence[Mapping[str, str]]
) -> list[Event]:
    def event(name: str, **more: Any) -> Event:
        return name, {"type": name, "index": index, **more}

    return [
        event("content_block_start", content_block=dict(block)),
        *(event("content_block_delta", delta=dict(delta)) for delta in deltas),
        event("content_block_stop"),
    ]


def _deltas(pieces: Sequence[str]) -> list[dict[str, str]]:
    return [{"type": "text_delta", "text": piece} for piece in pieces]


def _tool_events(kind: str) -> list[Event]:
    head: dict[str, Any] = {"type": "tool_use", "id": "toolu_fake01", "name": "Bash", "input": {}}
    text = json.dumps(_ARGUMENTS)
    if kind == "s_toolfullinput":
        head["input"] = dict(_ARGUMENTS)
    pieces = {"s_toolnoargs": [], "s_toolfullinput": [], "s_toolbadjson": [text[:20]]}
    deltas = [{"type": "input_json_delta", "partial_json": p} for p in pieces.get(kind, [text])]
    reason = "end_turn" if kind == "endturntool" else "tool_use"
    running = _block_events(0, {"type": "text", "text": ""}, _deltas(["Running."]))
    return [_start(), *running, *_block_events(1, head, deltas), *_ending(reason)]


def _text_block() -> dict[str, Any]:
    return {"type": "text", "text": TEXT}


def _tool_blocks() -> list[dict[str, Any]]:
    tool = {"type": "tool_use", "id": "toolu_fake01", "name": "Bash", "input": dict(_ARGUMENTS)}
    return [{"type": "text", "text": "Running."}, tool]


def _message(kind: str, blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    reason, filled = _STOPS.get(kind, ("end_turn", True))
    usage = {"input_tokens": 10, "output_tokens": 5}
    content = list(blocks) if filled else []
    head = {"id": "msg_fake", "type": "message", "role": "assistant", "content": content}
    return {**head, "stop_reason": reason, "usage": usage}


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _encoded(event: Event) -> bytes:
    name, data = event
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _without(*names: str) -> Spoil:
    return lambda events: [event for event in events if event[0] not in names]


def _usage(start: Any, delta: Any) -> Spoil:
    """Set ``usage`` at both places; ``...`` leaves it, a missing one is ``KeyError`` itself."""

    def spoil(events: list[Event]) -> list[Event]:
        message, last = events[0][1]["message"], events[-2][1]
        for holder, value in ((message, start), (last, delta)):
            if value is KeyError:
                holder.pop("usage")
            elif value is not ...:
                holder["usage"] = value
        return events

    return spoil


def _more(at: int, *events: Event) -> Spoil:
    return lambda given: [*given[:at], *events, *given[at:]]


def _unknown_block(events: list[Event]) -> list[Event]:
    shiny = _block_events(0, {"type": "shiny_block"}, [])
    text = _block_events(1, {"type": "text", "text": ""}, _deltas(_PIECES))
    return [events[0], *shiny, *text, *events[-2:]]


def _delta(kind: str, **more: Any) -> Event:
    data = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **more}}
    return "content_block_delta", data


_WITHOUT_ANSWER = {"close": _RESET, "refused": _REFUSED}
# content type, body, whether a request-id comes with it
_OTHER: Mapping[str, tuple[str, bytes, bool]] = {
    "html": ("text/html", _PAGE, False),
    "empty": (_JSON, b"", False),
    "emptysse": (_SSE, b"", True),
    "errjson200": (
        _JSON,
        b'{"type":"error","error":{"type":"api_error","message":"err in 200"}}',
        True,
    ),
}
_STOPS: Mapping[str, tuple[str | None, bool]] = {
    "nullstop": (None, True),
    "maxtok": ("max_tokens", True),
    "refusal": ("refusal", False),
    "pause": ("pause_turn", True),
    "emptycontent": ("end_turn", False),
    "endturntool": ("end_turn", True),
}
_SPOIL: Mapping[str, Spoil] = {
    "s_nostop": _without("message_stop"),
    "s_nodelta": _without("message_delta", "message_stop"),
    "s_nostart": _without("message_start"),
    "s_nocbstart": _without("content_block_start"),
    "s_nocbstop": _without("content_block_stop"),
    "s_nousage": _usage(KeyError, KeyError),
    "s_nousagestart": _usage(KeyError, ...),
    "s_nousagedelta": _usage(..., KeyError),
    "s_nullusage": _usage(None, ...),
    "s_unknownevent": _more(2, ("shiny_event", {"type": "shiny_event"})),
    "s_unknowndelta": _more(3, _delta("shiny_delta", shiny="1")),
    "s_unknownblock": _unknown_block,
    "s_deltaafterstop": _more(6, _delta("text_delta", text=_PIECES[0])),
    "s_rst_headers": lambda events: [],
    "s_rst_start": lambda events: events[:1],
    "s_rst_mid": lambda events: events[:3],
    "s_fin_mid": lambda events: events[:3],
    "s_end_mid": lambda events: events[:3],
    "s_end_start": lambda events: events[:1],
}
_FAULTS: Mapping[str, Fault] = {
    "s_rst_headers": _RESET,
    "s_rst_start": _RESET,
    "s_rst_mid": _RESET,
    "s_rst_aftertool": _RESET,
    "s_fin_mid": _CUT,
    "s_gzip_mislabel": _NO_ZLIB,
}
_BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "s_crlf": lambda body: body.replace(b"\n", b"\r\n"),
    "s_cr": lambda body: body.replace(b"\n", b"\r"),
    "s_comments": lambda body: body.replace(b"event:", b": comment\n\nevent:"),
    "s_noevent": lambda body: b"\n".join(
        line for line in body.split(b"\n") if not line.startswith(b"event:")
    ),
    "s_nospace": lambda body: body.replace(b"event: ", b"event:").replace(b"data: ", b"data:"),
    "s_done": lambda body: body + b"data: [DONE]\n\n",
    "s_nolastblank": lambda body: body[:-1],
    "s_badjson": lambda body: body.replace(
        b'event: content_block_stop\ndata: {"type": "content_block_stop"',
        b'event: content_block_delta\ndata: {"type": broken\n\nevent: content_block_stop\n'
        b'data: {"type": "content_block_stop"',
    ),
    "s_bom": lambda body: b"\xef\xbb\xbf" + body,
    "s_fakegzip": lambda body: gzip.compress(body, mtime=0),
    "s_gzip_mislabel": lambda body: b"",
}
