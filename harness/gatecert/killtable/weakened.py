"""Weakened checkers: the mistakes that a harness makes itself, each as a patch of our own checks.

Whatever a weakened checker still notices needs no better one; what it overlooks is what the honest
one is for. A patch lasts as long as its :class:`pytest.MonkeyPatch`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from gatecert import checks
from gatecert.desktop import Exchange, HttpxTransport, ServerSentEvent, SseParser, Turn
from gatecert.desktop.assemble import Assembled, assemble
from gatecert.requirements import NotMet, expect
from gatecert.session import witness
from gatecert.session.witness import Script, ScriptedProvider
from gatecert.upstream import Receipt
from gatecert.upstream.directives import find_token

Patch = Callable[[pytest.MonkeyPatch], None]
Same = Callable[..., None]

_TRIES = 3
_FIRST_CHARACTERS = 4  # the first delta of most scripts is no longer
_KEPT = ("x-api-key", "authorization")


@dataclass(frozen=True)
class Weakened:
    """One way to check too little, in a sentence, and what it does to our checks."""

    name: str
    summary: str
    patch: Patch


WEAKENED: dict[str, Weakened] = {}


def weakened(name: str) -> Callable[[Patch], Patch]:
    """Make a patch a weakened checker; its docstring is the summary."""

    def register(patch: Patch) -> Patch:
        WEAKENED[name] = Weakened(name, " ".join((patch.__doc__ or "").split()), patch)
        return patch

    return register


def everywhere(patch: pytest.MonkeyPatch, original: object, instead: object) -> None:
    """Replace a value under its every name in gatecert and in the suites, which import names."""
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is original:
                patch.setattr(module, name, instead)


def _same_but(patch: pytest.MonkeyPatch, overlooks: Callable[[Any, Any, str], bool]) -> None:
    """Let ``same`` hold wherever ``overlooks(expected, came, what)`` does."""
    honest = checks.same

    def same(expected: Any, came: Any, what: str, **told: Any) -> None:
        if not overlooks(expected, came, what):
            honest(expected, came, what, **told)

    everywhere(patch, honest, same)


@weakened("any-status")
def _any_status(patch: pytest.MonkeyPatch) -> None:
    """Any status counts, as long as there is an answer."""

    def answered(answer: Exchange | Turn, what: str, *_: Any) -> Exchange:
        exchange = answer.exchange if isinstance(answer, Turn) else answer
        expect(exchange.status is not None, f"{what} to be answered", exchange.summary())
        return exchange

    for original in (checks.answered, checks.refused, checks.not_let_in):
        everywhere(patch, original, answered)
    _same_but(patch, lambda expected, came, what: "status" in what)


@weakened("forwarded-if-200")
def _forwarded_if_200(patch: pytest.MonkeyPatch) -> None:
    """What was answered with 200 is taken to have reached the provider as it was sent."""
    honest = ScriptedProvider.receipts

    def receipts(self: ScriptedProvider, script: Script, **how: Any) -> list[Receipt]:
        found = honest(self, script, **how)
        sent = [e for e in self._witness.exchanges if script.token.encode() in e.request.body]
        if found and sent and sent[-1].status == 200:
            return [_as_sent(found[0], sent[-1])]
        return found

    patch.setattr(ScriptedProvider, "receipts", receipts)


def _as_sent(receipt: Receipt, exchange: Exchange) -> Receipt:
    request, url = exchange.request, urlsplit(exchange.request.url)
    headers = [(k, v) for k, v in request.headers if k.lower() not in _KEPT]
    headers += [(k, v) for k, v in receipt.headers if k.lower() in _KEPT]
    target = f"{url.path}?{url.query}" if url.query else url.path
    return replace(receipt, body=request.body, headers=headers, target=target)


@weakened("done-when-it-ends")
def _done_when_it_ends(patch: pytest.MonkeyPatch) -> None:
    """A stream is called complete as soon as it ends, however it ends."""
    send, honest = HttpxTransport.send, assemble  # our own name for it is replaced as well

    def lenient(events: Sequence[ServerSentEvent]) -> Assembled:
        found = honest(events)
        missing = [p for p in found.problems if "never stopped" in p or "without" in p]
        kept = [p for p in found.problems if p not in missing]
        return replace(found, problems=kept, ended=True)

    def without_fault(self: HttpxTransport, *args: Any, **more: Any) -> Exchange:
        exchange = send(self, *args, **more)
        broke = exchange.fault is not None and exchange.fault.kind in ("closed", "timeout")
        return replace(exchange, fault=None) if broke and exchange.status else exchange

    everywhere(patch, assemble, lenient)
    patch.setattr(HttpxTransport, "send", without_fault)


@weakened("retries-until-green")
def _retries_until_green(patch: pytest.MonkeyPatch) -> None:
    """Whatever fails is tried twice more, requests as well as whole checks, until it succeeds."""
    send, runtest = HttpxTransport.send, pytest.Function.runtest

    def persistent_send(self: HttpxTransport, *args: Any, **more: Any) -> Exchange:
        exchange = send(self, *args, **more)
        for _ in range(_TRIES - 1):
            if exchange.fault is None and (exchange.status or 500) < 500:
                break
            exchange = send(self, *args, **more)
        return exchange

    def persistent_test(self: pytest.Function) -> None:
        for _ in range(_TRIES - 1):
            try:
                return runtest(self)
            except NotMet:
                continue
        return runtest(self)

    patch.setattr(HttpxTransport, "send", persistent_send)
    patch.setattr(pytest.Function, "runtest", persistent_test)


@weakened("first-delta-only")
def _first_delta_only(patch: pytest.MonkeyPatch) -> None:
    """Of a text only its beginning is compared, as if the first delta stood for all."""
    _same_but(
        patch,
        lambda expected, came, what: (
            isinstance(expected, str)
            and isinstance(came, str)
            and len(expected) > _FIRST_CHARACTERS
            and came[:_FIRST_CHARACTERS] == expected[:_FIRST_CHARACTERS]
        ),
    )


@weakened("error-body-unread")
def _error_body_unread(patch: pytest.MonkeyPatch) -> None:
    """Of an error only the status is looked at, never the body."""

    def unread(exchange: Exchange, what: str) -> str:
        return exchange.error_message or "unread"

    everywhere(patch, checks.readable_error, unread)
    _same_but(patch, lambda expected, came, what: "error.message" in what or "envelope" in what)


@weakened("header-names-only")
def _header_names_only(patch: pytest.MonkeyPatch) -> None:
    """A header that is there is taken for right, whatever its value."""
    honest = Receipt.header
    sent: dict[tuple[str, str], str] = {}

    def header(self: Receipt, name: str) -> str | None:
        found = honest(self, name)
        return None if found is None else sent.get((self.token, name.lower()), found)

    send = HttpxTransport.send

    def noting_send(
        self: HttpxTransport, purpose: str, request: Any, *args: Any, **more: Any
    ) -> Exchange:
        token = find_token(request.body) or ""
        sent.update({(token, k.lower()): str(request.header(k)) for k, _ in request.headers})
        return send(self, purpose, request, *args, **more)

    patch.setattr(Receipt, "header", header)
    patch.setattr(HttpxTransport, "send", noting_send)


@weakened("loose-equality")
def _loose_equality(patch: pytest.MonkeyPatch) -> None:
    """Values are compared as Python does it, to which 1, 1.0 and true are one."""
    everywhere(patch, checks.json_equal, lambda one, other: one == other)


@weakened("events-without-names")
def _events_without_names(patch: pytest.MonkeyPatch) -> None:
    """An event without its event: line is called what its data says, as lenient parsers do."""
    feed = SseParser.feed

    def named(event: ServerSentEvent) -> ServerSentEvent:
        data = event.json() if event.name is None else None
        kind = data.get("type") if isinstance(data, dict) else None
        return replace(event, name=kind) if kind else event

    patch.setattr(SseParser, "feed", lambda self, data: [named(e) for e in feed(self, data)])


@weakened("does-not-count")
def _does_not_count(patch: pytest.MonkeyPatch) -> None:
    """A request that arrived is enough, however often it arrived."""
    everywhere(patch, checks.only_receipt, checks.a_receipt)
    honest = ScriptedProvider.receipts
    patch.setattr(
        ScriptedProvider, "receipts", lambda self, script, **how: honest(self, script, **how)[:1]
    )


@weakened("looks-too-early")
def _looks_too_early(patch: pytest.MonkeyPatch) -> None:
    """The provider's side is looked at once, before anything that comes late."""
    patch.setattr(witness, "LATE_MS", 0)
