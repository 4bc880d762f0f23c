"""Directives: what the provider shall do, riding in the user's message.

A directive is JSON between two marks, inside the text of the newest user message. A gateway passes
user text on untouched even where it rewrites headers, paths and formats, so the provider can be
steered through any gateway, in parallel, without shared state. The token in front of the JSON is
also the name under which the receipts are kept; it is found even when the body around it is broken.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gatecert.upstream.compression import CODINGS

PROVIDERS = ("primary", "backup", "other")

_OPTIONAL = ("stop_sequence", "hold_after", "cut_events", "cut_bytes", "end_events")
_TOKEN = re.compile(r"gc-[0-9a-f]{32}")
_MARK = re.compile(r"@@gatecert (gc-[0-9a-f]{32}) (\{.*?\}) @@", re.DOTALL)


class DirectiveError(ValueError):
    """A directive that the provider cannot obey."""


@dataclass(frozen=True)
class Block:
    """One content block of the answer.

    ``type`` is ``text``, ``thinking``, ``tool_use`` or ``server_tool_use``. ``pieces`` are the
    deltas: their text for text and thinking, their partial JSON for a tool's input; each is made
    ``widen`` times as long, and all of them are sent ``repeat`` times over, so that a short
    directive asks for a long answer. A block of any other type is given ``whole``, as it stands
    in a Message; see :meth:`of`.
    """

    type: str
    pieces: Sequence[str] = ()
    name: str = ""
    id: str = ""
    signature: str = ""
    repeat: int = 1
    widen: int = 1
    whole: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, whole: Mapping[str, Any]) -> Block:
        """A block of any type, as it stands in a Message."""
        return cls(str(whole.get("type")), whole=whole)

    @property
    def joined(self) -> str:
        """What the client must end up with: all pieces put together."""
        return "".join(piece * self.widen for piece in self.pieces) * self.repeat

    def deltas(self) -> Iterator[str]:
        """The text of each delta."""
        for _ in range(self.repeat):
            for piece in self.pieces:
                yield piece * self.widen


@dataclass(frozen=True)
class Plan:
    """What one provider does with one request. Times are in ms.

    ``error`` is ``{"type": ..., "message": ...}`` in the Messages API envelope; ``body`` replaces
    the whole body byte for byte, ``body_base64`` by bytes that are no text; it is sent
    ``body_times`` times over. A header's value may be a list, for a header of several lines.
    ``message`` adds or replaces fields of the Message (whole answers only), ``usage`` adds counts.
    ``events`` replaces the event script by ``[name, data]`` pairs.
    ``hold_after`` stops after so many events (-1: before the head of any answer, 0: before the
    body of any) until the
    token is released, the client leaves or ``hold_ms`` have passed; of a list, each needs a release
    of its own. ``cut_events`` and ``cut_bytes`` end the connection early, by RST if ``reset``; of
    both, the bytes are counted after the events. After ``end_events`` the answer ends properly,
    though its script goes on. ``drop`` closes the connection before any answer.
    ``compress`` uses the coding ``coding`` where the request offers it, also for what ``body``
    holds, flushed after each event. ``measured`` announces a stream's Content-Length instead of
    chunking it. ``chunks`` are the bytes of each write of a stream, whatever its events are (the
    last one serves the rest); ``newline`` ends its lines, and with ``comments`` one stands before
    each event. ``echo`` answers with what was received.
    ``quote`` names a header whose value, as received, ends the error's message.
    ``work_ms`` is exact service time (sleep, then spin), ``delay_ms`` a plain wait; ``gap_ms`` is
    the wait before each further event, or a list of them (the last one serves the rest).
    """

    status: int = 200
    headers: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, str] | None = None
    body: str | None = None
    body_base64: str | None = None
    body_times: int = 1
    blocks: Sequence[Block] = ()
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
    input_tokens: int = 2095
    output_tokens: int = 57
    cache_creation_input_tokens: int = 1180
    cache_read_input_tokens: int = 28_440
    ping: bool = True
    events: Sequence[Sequence[Any]] | None = None
    error_event: Mapping[str, str] | None = None
    error_event_after: int = 0
    delay_ms: float = 0
    work_ms: float = 0
    gap_ms: float | Sequence[float] = 0
    hold_after: int | Sequence[int] | None = None
    hold_ms: float = 4000
    cut_events: int | None = None
    cut_bytes: int | None = None
    end_events: int | None = None
    reset: bool = False
    drop: bool = False
    compress: bool = False
    coding: str = "gzip"
    measured: bool = False
    chunks: Sequence[int] = ()
    newline: str = "\n"
    comments: bool = False
    echo: bool = False
    quote: str = ""


@dataclass(frozen=True)
class Directive:
    """One token and, for each provider, one plan for each of its attempts.

    The last plan of a provider serves all later attempts; a provider that is not named answers
    with the default plan.
    """

    token: str
    plans: Mapping[str, Sequence[Plan]] = field(default_factory=dict)

    def plan(self, provider: str, attempt: int) -> Plan:
        """The plan for the given attempt (from 0) at a provider."""
        plans = self.plans.get(provider) or (Plan(),)
        return plans[min(attempt, len(plans) - 1)]


def new_token() -> str:
    """A fresh token."""
    return "gc-" + secrets.token_hex(16)


def embed(directive: Directive) -> str:
    """The directive as text for a user message, in ASCII and without its end mark inside."""
    plans = {name: [_plan_json(p) for p in ps] for name, ps in directive.plans.items()}
    text = json.dumps(plans, separators=(",", ":")).replace("@", "\\u0040")
    return f"@@gatecert {directive.token} {text} @@"


def find(body: Any) -> Directive | None:
    """The newest directive in a request body (parsed JSON), or None.

    Older turns of a conversation carry older directives; the last one counts. Raises
    DirectiveError for one that cannot be obeyed.
    """
    found: re.Match[str] | None = None
    if isinstance(body, dict):
        for text in _strings(body.get("messages")):
            for match in _MARK.finditer(text):
                found = match
    if found is None:
        return None
    return parse(found.group(1), found.group(2))


def find_token(data: bytes) -> str | None:
    """The last token in raw bytes, for bodies that are no longer JSON."""
    tokens = _TOKEN.findall(data.decode("utf-8", "replace"))
    return tokens[-1] if tokens else None


def parse(token: str, text: str) -> Directive:
    """Read a directive's JSON. Raises DirectiveError with the place that is wrong."""
    try:
        raw = json.loads(text)
    except ValueError as exc:
        raise DirectiveError(f"the directive is not JSON: {exc}") from None
    plans: dict[str, tuple[Plan, ...]] = {}
    for provider, entries in raw.items():
        if provider not in PROVIDERS:
            raise DirectiveError(f"unknown provider {provider!r}; known: {', '.join(PROVIDERS)}")
        listed = entries if isinstance(entries, list) else [entries]
        plans[provider] = tuple(_plan(entry, provider) for entry in listed)
    return Directive(token, plans)


def _plan(raw: Mapping[str, Any], provider: str) -> Plan:
    known = {f.name for f in fields(Plan)}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise DirectiveError(f"unknown key {unknown[0]!r} in the plan for {provider}")
    values = dict(raw)
    for key, value in raw.items():
        _check_kind(key, value, provider)
    try:
        values["blocks"] = tuple(Block(**block) for block in raw.get("blocks", ()))
    except TypeError as exc:
        raise DirectiveError(f"blocks of the plan for {provider}: {exc}") from None
    return Plan(**values)


def _check_kind(key: str, value: Any, provider: str) -> None:
    """Raise DirectiveError if a value is not of the kind its key takes."""
    kinds: dict[str, tuple[type, ...]] = {"status": (int,), "blocks": (list,), "body": (str,)}
    kinds |= dict.fromkeys(("headers", "error", "error_event", "message", "usage"), (dict,))
    switches = ("ping", "reset", "drop", "compress", "echo", "measured", "comments")
    kinds |= dict.fromkeys(switches, (bool,))
    texts = ("stop_reason", "stop_sequence", "body_base64", "coding", "quote", "newline")
    kinds |= dict.fromkeys(texts, (str,))
    kinds |= {"events": (list,), "body_times": (int,), "gap_ms": (int, float, list)}
    kinds |= {"chunks": (list,), "hold_after": (int, list)}
    wanted = kinds.get(key, (int, float))
    optional = value is None and key in (
        "body",
        "body_base64",
        "error",
        "error_event",
        "events",
        *_OPTIONAL,
    )
    fits = isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))
    if not fits and not optional:
        names = " or ".join(one.__name__ for one in wanted)
        raise DirectiveError(f"{key} in the plan for {provider} must be {names}, not {value!r}")
    if key == "coding" and value not in CODINGS:
        raise DirectiveError(f"coding in the plan for {provider} must be one of {CODINGS}")
    if key == "status" and not 200 <= value <= 599:
        raise DirectiveError(f"status in the plan for {provider} must be 200 to 599, not {value}")
    if key == "chunks" and not all(type(size) is int and size > 0 for size in value):
        raise DirectiveError(f"chunks in the plan for {provider} must be sizes from 1, not {value}")


_PLAIN = vars(Plan())


def _plan_json(plan: Plan) -> dict[str, Any]:
    changed = {key: value for key, value in vars(plan).items() if value != _PLAIN[key]}
    return {key: _entries(v) if isinstance(v, list | tuple) else v for key, v in changed.items()}


def _entries(values: Sequence[Any]) -> list[Any]:
    return [asdict(v) if isinstance(v, Block) else v for v in values]


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
