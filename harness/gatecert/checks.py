"""Small named checks that several requirements share. Each raises NotMet with what to know."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from gatecert.desktop import Exchange, Turn
from gatecert.requirements import WRAPPED, NotApplicable, expect, fail
from gatecert.upstream import Receipt

# made up, known to no gateway, and unlike any text that a gateway could answer by itself
WRONG_KEY = "gk-wrong-7Qm2xV9tKc4ZpL8sWn3bHd6yRf1gJa5e"
_REFUSALS = (401, 403)
_TELLING_CHARACTERS = 8
_EMPTY: Sequence[tuple[Any, str]] = (
    (None, "nothing"),
    ("", "an empty text"),
    (0, "zero"),
    ([], "an empty list"),
    ({}, "an empty object"),
)


def answered(answer: Exchange | Turn, what: str) -> Exchange:
    """The request was answered with 200, to its end."""
    exchange = answer.exchange if isinstance(answer, Turn) else answer
    expect(exchange.status == 200, f"{what} to be answered with HTTP 200", exchange.summary())
    expect(exchange.fault is None, f"the answer to {what} to be complete", exchange.summary())
    return exchange


def refused(answer: Exchange | Turn, what: str, statuses: Collection[int] = _REFUSALS) -> Exchange:
    """The request was refused with one of the statuses."""
    exchange = answer.exchange if isinstance(answer, Turn) else answer
    wanted = _either(sorted(statuses))
    expect(
        exchange.status in statuses,
        f"{what} to be refused with HTTP {wanted}",
        exchange.summary(),
        silent=exchange.status is not None and exchange.status < 300,
    )
    return exchange


def _either(statuses: Sequence[int]) -> str:
    """Statuses in words, a hundred of one kind as 4xx."""
    classes = [k for k in range(1, 6) if set(range(k * 100, k * 100 + 100)) <= set(statuses)]
    rest = [str(status) for status in statuses if status // 100 not in classes]
    return " or ".join([*(f"{k}xx" for k in classes), *rest])


def not_let_in(answer: Exchange | Turn, what: str) -> Exchange:
    """The request was refused in some way, with any status from 400 on."""
    exchange = answer.exchange if isinstance(answer, Turn) else answer
    expect(
        exchange.status is not None and exchange.status >= 400,
        f"{what} to be refused",
        exchange.summary(),
        silent=exchange.status is not None,
    )
    return exchange


def readable_error(exchange: Exchange, what: str) -> str:
    """The body is JSON with a message for the user; returns the message."""
    expect(
        exchange.error_message,
        f"{what} to carry a JSON body with error.message, which the client shows",
        f"the {exchange.header('content-type') or 'untyped'} body {exchange.text[:160]!r}",
    )
    return exchange.error_message


def own_answer(expected: str | None, turn: Turn) -> None:
    """The turn's text is the one expected or, where a live model wrote it, any text at all."""
    hop = "provider → gateway → client"
    if expected is None:
        expect(turn.text.strip(), "an answer with text", turn.exchange.summary(), hop=hop)
    else:
        same(expected, turn.text, "the answer's text", hop=hop)


def sent_by_bearer(scheme: str) -> None:
    """The settings name bearer; where they do not, nothing says that Authorization is read."""
    if scheme != "bearer":
        raise NotApplicable(f"the settings name {scheme}, and not bearer")


def carriers(message: Exchange | Receipt, key: str) -> list[str]:
    """Where an answer of the gateway, or a request at the provider, carries a key."""
    found = [name for name, value in message.headers if key in value]
    body = message.text.encode() if isinstance(message, Exchange) else message.body
    return [*found, "the body"] if key.encode() in body else found


def only_receipt(receipts: Sequence[Receipt], provider: str = "primary") -> Receipt:
    """The request arrived exactly once, at this provider."""
    seen = [f"{r.method} {r.target} at {r.provider}" for r in receipts]
    expect(
        len(receipts) == 1 and receipts[0].provider == provider,
        f"exactly one request at the provider {provider!r}",
        f"{len(receipts)} arrived: {'; '.join(seen) or 'none'}",
        hop="gateway → provider",
        silent=True,
    )
    return receipts[0]


def a_receipt(receipts: Sequence[Receipt], provider: str = "primary") -> Receipt:
    """The request arrived at this provider; that it came once is another requirement's matter."""
    found = [receipt for receipt in receipts if receipt.provider == provider]
    elsewhere = ", ".join(sorted({receipt.provider for receipt in receipts}))
    expect(
        found,
        f"the request to arrive at the provider {provider!r}",
        f"it at {elsewhere}" if elsewhere else "nothing there",
        hop="gateway → provider",
        silent=True,
    )
    return found[0]


def same(expected: Any, came: Any, what: str, *, hop: str, silent: bool = True) -> None:
    """Two values are equal as JSON, kinds of numbers included; what came is told as the difference.

    Python's own comparison takes 1, 1.0 and true for the same, which a provider does not.
    """
    if not json_equal(expected, came):
        wanted = f"{what} to be {_short(expected)}"
        fail(wanted, _difference(expected, came), hop=hop, silent=silent)


def same_names(expected: Collection[str], came: Collection[str], what: str, *, hop: str) -> None:
    """Two sets of names are equal."""
    further = sorted(set(came) - set(expected))
    missing = sorted(set(expected) - set(came))
    told = [f"further ones: {', '.join(further)}"] if further else []
    told += [f"missing: {', '.join(missing)}"] if missing else []
    expect(not told, f"{what} to be the same", "; ".join(told), hop=hop, silent=True)


def shows_the_break(turn: Turn, receipts: Sequence[Receipt], place: str = "") -> None:
    """A stream that the provider cut, at some ``place``, reached the client as broken off."""
    exchange, message = turn.exchange, turn.assembled
    hop, where = "provider → gateway → client", f" {place}" if place else ""
    expect(
        any(receipt.outcome == "cut" for receipt in receipts),
        "the turn to reach the provider, which cuts its stream",
        exchange.summary(),
        hop="gateway → provider",
    )
    http = " (the gateway spoke HTTP/1.0 to it, where a cut looks like an end)"
    hint = http if any(receipt.http_version == "1.0" for receipt in receipts) else ""
    expect(
        exchange.fault is None or exchange.fault.kind != "timeout",
        f"the break{where} to be passed on at once",
        f"a connection that stayed open without a byte ({exchange.summary()})",
        hop=hop,
    )
    # where the end of the connection is the end of the body, nothing can be told: see STREAM-27
    closed = exchange.fault is not None or exchange.ends_by_close
    honest = closed or message.error is not None or exchange.status != 200
    ended = f"{'with' if message.ended else 'without'} message_stop"
    if b"event: error" in exchange.body and message.error is None:
        ended += (
            "; nobody can read its error event, in a cut line or without a blank line behind it"
        )
    expect(
        honest and not message.ended,
        f"a connection closed without its end, or an error event, after a break{where}",
        f"HTTP {exchange.status} with a proper end after {len(turn.events)} events, {ended}{hint}",
        hop=hop,
        silent=True,
    )


def at(node: Any, *path: str | int) -> Any:
    """A member deep in JSON, or None where there is none: a gateway may answer anything."""
    for step in path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def json_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; the order of keys plays no part."""
    return _written(one) == _written(other)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _difference(expected: Any, came: Any) -> str:
    if isinstance(expected, dict | list) and type(came) is type(expected):
        return _place_of_difference(expected, came)
    if not isinstance(expected, str) or not isinstance(came, str) or not came:
        return _short(came)
    pairs = enumerate(zip(expected, came, strict=False))
    place = next((i for i, (a, b) in pairs if a != b), min(len(expected), len(came)))
    if len(expected) >= _TELLING_CHARACTERS and expected in came:
        before, _, after = came.partition(expected)
        added = before or after
        told = added if len(added) <= 60 else f"{added[:50]}…"
        return f"{told!r} {WRAPPED}"
    if len(came) <= 160:
        return repr(came)
    around = came[max(0, place - 20) : place + 40]
    since = f"from character {place + 1} on" if place else "from the first on"
    return f"{len(came)} characters that differ {since}: …{around!r}…"


def _place_of_difference(expected: Any, came: Any, path: str = "") -> str:
    """The first place at which two JSON values differ, and what stands there."""
    if isinstance(expected, dict) and isinstance(came, dict):
        keys = [*expected, *(key for key in came if key not in expected)]
        key = next(k for k in keys if not json_equal(expected.get(k, ...), came.get(k, ...)))
        step = f"{path}.{key}" if path else str(key)
        if key not in came:
            return f"no {step}"
        if key not in expected:
            return f"a further {step}: {_short(came[key])}"
        return _place_of_difference(expected[key], came[key], step)
    if isinstance(expected, list) and isinstance(came, list):
        if len(expected) != len(came):
            where = f" in {path}" if path else ""
            return f"{len(came)} entries instead of {len(expected)}{where}{_lost(expected, came)}"
        pairs = enumerate(zip(expected, came, strict=True))
        place = next(i for i, (a, b) in pairs if not json_equal(a, b))
        return _place_of_difference(expected[place], came[place], f"{path}[{place}]")
    what = _difference(expected, came) if isinstance(came, str) else _short(came)
    return f"{path}: {what}" if path else what


def _lost(expected: list[Any], came: list[Any]) -> str:
    """Which entry is gone, where one is and the others stayed as they were."""
    for place, entry in enumerate(expected):
        if json_equal([*expected[:place], *expected[place + 1 :]], came):
            return f", without {_short(entry)}"
    return ""


def _short(value: Any) -> str:
    """A value in words; what is empty is named, for ``''`` and ``0`` tell a reader little."""
    for empty, words in _EMPTY:
        if type(value) is type(empty) and value == empty:
            return words
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:110]} … {text[-40:]}"
