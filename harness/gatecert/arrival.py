"""Lean turns and what arrives of them, for checks in which the size of a body plays no part.

A turn of the real engine is 50 to 140 kB, most of it instructions and tools that a check of one
field does not need. A lean turn has the engine's headers and fields with little in them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatecert.checks import a_receipt, answered, json_equal, same
from gatecert.desktop import DesktopApp, Turn
from gatecert.desktop.draft import Draft
from gatecert.requirements import expect
from gatecert.session.witness import ScriptedProvider
from gatecert.upstream import Plan, Receipt

Json = dict[str, Any]

TO_PROVIDER = "gateway → provider"
TO_CLIENT = "provider → gateway → client"
BOTH = (True, False)
READ: Json = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "type": "object",
        "properties": {"path": {"type": "string"}},
        "required": ["path"],
    },
}
# between two messages of the user, which a gateway may join as the provider does
READY: Json = {"role": "assistant", "content": [{"type": "text", "text": "Go on."}]}
# beyond 2^53 a double, which is what JavaScript and many gateways have, is not exact
_EXACT_INTEGER = 2**53


@dataclass(frozen=True)
class Arrival:
    """A turn that was answered, and what the provider received of it."""

    turn: Turn
    receipt: Receipt
    body: Json

    @property
    def sent(self) -> Json:
        """The body as the client sent it."""
        return dict(json.loads(self.turn.exchange.request.body))

    @property
    def further(self) -> Any:
        """The messages after the first one, as they arrived."""
        messages = self.body.get("messages")
        return messages[1:] if isinstance(messages, list) else messages


def lean_turn(
    desktop: DesktopApp,
    text: str,
    *,
    further: Sequence[Json] = (),
    fields: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    betas: Sequence[str] = (),
    stream: bool = False,
    path: str = "",
) -> Turn:
    """A turn with short instructions and one tool.

    ``further`` messages follow the user's ``text``, ``fields`` replace body fields and ``without``
    names some to leave out, ``betas`` come after the engine's own.
    """
    draft = lean_draft(
        desktop, text, further=further, fields=fields, without=without, betas=betas, stream=stream
    )
    return desktop.engine.send_draft(replace(draft, path=path or draft.path))


def lean_draft(
    desktop: DesktopApp,
    text: str,
    *,
    further: Sequence[Json] = (),
    fields: Mapping[str, Any] | None = None,
    without: Collection[str] = (),
    betas: Sequence[str] = (),
    stream: bool = False,
) -> Draft:
    """The draft of such a turn; nothing is sent."""
    first = {"role": "user", "content": [{"type": "text", "text": text}]}
    lean = {"system": [{"type": "text", "text": "Answer briefly."}], "tools": [READ]}
    extra = {**lean, **(fields or {})}
    draft = desktop.engine.draft([first, *further], stream=stream, extra=extra)
    together = dict.fromkeys([*draft.betas, *betas])
    return replace(draft.without_fields(*without), betas=tuple(together))


def arrivals(
    desktop: DesktopApp,
    provider: ScriptedProvider,
    *,
    plan: Plan | None = None,
    streams: Sequence[bool] = BOTH,
    **turn: Any,
) -> Iterator[Arrival]:
    """A lean turn, streamed and not, each answered and with its body at the provider.

    The client streams, and repeats without stream what failed. ``turn`` is for :func:`lean_turn`.
    """
    for stream in streams:
        script = provider.script(plan)
        sent = lean_turn(desktop, script.text, stream=stream, **turn)
        answered(sent, "a streamed turn" if stream else "a turn without stream")
        yield arrival(sent, a_receipt(provider.receipts(script)))


def arrival(turn: Turn, receipt: Receipt) -> Arrival:
    """A turn with its receipt, whose body must be a JSON object."""
    body = receipt.json()
    expect(
        isinstance(body, dict),
        "a JSON object at the provider",
        f"{receipt.body[:120]!r}",
        hop=TO_PROVIDER,
        silent=True,
    )
    return Arrival(turn, receipt, dict(body))


def field_of(body: Json, name: str, sent: Any) -> Any:
    """A field of a body; one that was sent as an empty list may be left out, it says no more."""
    return body.get(name, [] if sent == [] else None)


def kept(sent: Any, came: Any, what: str) -> None:
    """A part of the request arrived: the same, or written so that no model can tell."""
    same(sent, forgiven(sent, came), f"{what} at the provider", hop=TO_PROVIDER)


def kept_in_answer(sent: Any, came: Any, what: str) -> None:
    """A part of the answer arrived; the client reads every number as a double."""
    same(sent, forgiven(sent, came, doubles=True), what, hop=TO_CLIENT)


def forgiven(sent: Any, came: Any, *, doubles: bool = False) -> Any:
    """What came, with what was only written otherwise put back as it was sent. Pure.

    Forgiven are: a text as the one block that it is short for and the other way round, an empty
    content of a tool result left out or written, is_error false written (gateways that fill
    structures do so), 1.0 as 1 (JavaScript writes it so), and integers beyond 2^53 as their double.
    With ``doubles`` 1 may also come as 1.0, which a provider would refuse and a client cannot see.
    """
    if isinstance(sent, dict) and isinstance(came, dict):
        return _forgiven_members(sent, came, doubles)
    if isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        return [forgiven(a, b, doubles=doubles) for a, b in zip(sent, came, strict=True)]
    return sent if _number(sent) and _number(came) and _as_good(sent, came, doubles) else came


def _forgiven_members(sent: Json, came: Json, doubles: bool) -> Json:
    out = {name: forgiven(sent.get(name), value, doubles=doubles) for name, value in came.items()}
    holds_content = "role" in sent or sent.get("type") == "tool_result"
    if holds_content and "content" in sent:
        content = sent["content"]
        if json_equal(_blocks(content), _blocks(out.get("content", ""))):
            out["content"] = content
    if sent.get("type") == "tool_result":
        out = {name: value for name, value in out.items() if name in sent or not _idle(name, value)}
    return out


def _idle(name: str, value: Any) -> bool:
    """Whether a member of a tool result says only what its absence says."""
    return value is False if name == "is_error" else name == "content" and value in ("", [])


def _blocks(content: Any) -> Any:
    """A text as the block that it is short for; an empty one is no block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_good(sent: float, came: float, doubles: bool) -> bool:
    exact = isinstance(sent, int) and abs(sent) <= _EXACT_INTEGER and not doubles
    if exact and not isinstance(came, int):
        return False
    return sent == came if exact else _double(sent) == _double(came)


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf if number > 0 else -math.inf
