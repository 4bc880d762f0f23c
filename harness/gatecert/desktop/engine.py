"""The engine: all inference of Chat, Cowork and Code, one attempt at a time.

Headers, their order and case, and the bodies follow :mod:`gatecert.desktop.profiles` and
:mod:`gatecert.desktop.shapes`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from gatecert.desktop import shapes
from gatecert.desktop.assemble import Assembled, assemble
from gatecert.desktop.draft import MESSAGES, Draft
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.profiles import COUNT_TOKENS_BETAS, EngineProfile
from gatecert.desktop.recovery import (
    Clock,
    Limits,
    Options,
    Persisted,
    SeenLine,
    persist,
    policy_of,
)
from gatecert.desktop.recovery import seen as seen_after
from gatecert.desktop.settings import GatewaySettings
from gatecert.desktop.sse import ServerSentEvent, SseParser
from gatecert.desktop.transport import Transport

HeaderList = list[tuple[str, str]]
OnEvent = Callable[[ServerSentEvent], bool]

COUNT_TOKENS = "/v1/messages/count_tokens?beta=true"
START_PROBE = "/api/hello"


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation: the exchange, and for a stream its events."""

    exchange: Exchange
    stream: bool
    events: Sequence[ServerSentEvent] = ()
    comments: int = 0
    unfinished: bool = False
    _assembled: list[Assembled] = field(default_factory=list, repr=False)

    @property
    def assembled(self) -> Assembled:
        """The streamed answer put together as the client does it."""
        if not self._assembled:
            self._assembled.append(assemble(self.events))
        return self._assembled[0]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks of the answer, streamed or not; empty if there is no message."""
        if self.stream:
            return self.assembled.blocks
        body = self.exchange.json()
        content = body.get("content") if isinstance(body, dict) else None
        blocks = content if isinstance(content, list) else []
        return [block for block in blocks if isinstance(block, dict)]

    @property
    def text(self) -> str:
        """What the user reads."""
        return "".join(str(b.get("text", "")) for b in self.blocks if b.get("type") == "text")


class Engine:
    """Sends what the engine sends, with the settings that were read at launch.

    ``always`` holds body fields that replace the engine's own on every turn. ``renew_credential``
    fetches settings with a new credential after a 401, or None if there is none to be had.
    """

    def __init__(
        self, profile: EngineProfile, settings: GatewaySettings, transport: Transport
    ) -> None:
        self.profile = profile
        self.settings = settings
        self.session_id = str(uuid.uuid4())
        self.always: dict[str, Any] = {}
        self.renew_credential: Callable[[], GatewaySettings | None] | None = None
        self._transport = transport

    def turn(
        self,
        text: str,
        *,
        stream: bool = True,
        model: str | None = None,
        messages: Sequence[dict[str, Any]] | None = None,
        extra: Mapping[str, Any] | None = None,
        on_event: OnEvent | None = None,
        headers: Mapping[str, str | None] | None = None,
        path: str = MESSAGES,
    ) -> Turn:
        """A chat turn with ``text`` as the user's words, or with ``messages`` as they are.

        ``extra`` sets body fields, ``headers`` replaces headers (None removes one), ``on_event``
        sees each event as it arrives and leaves the stream by returning False.
        """
        turns = messages if messages is not None else [shapes.first_message(text)]
        draft = self.draft(turns, stream=stream, model=model, extra=extra)
        return self.send_draft(replace(draft, path=path, headers=headers or {}), on_event)

    def draft(
        self,
        messages: Sequence[shapes.Json],
        *,
        stream: bool = True,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Draft:
        """A chat turn as this engine would ask for it; nothing is sent."""
        model = model or self.settings.chat_model
        body = shapes.turn_body(
            self.profile,
            model,
            messages,
            session_id=self.session_id,
            stream=stream,
            extra={**self.always, **(extra or {})},
        )
        timeout_s = self.profile.timeout_s if stream else self.profile.whole_timeout_s
        return Draft("chat turn", body, self.profile.betas(model), timeout_s)

    def send_draft(self, draft: Draft, on_event: OnEvent | None = None) -> Turn:
        """Send a request once, as the draft has it."""
        timeout = None if draft.timeout_s is None else str(draft.timeout_s)
        changes = {"X-Stainless-Timeout": timeout, **draft.headers}
        body = shapes.encode(dict(draft.body))
        request = self.request(draft.path, body, draft.betas, changes)
        return self.send(draft.purpose, request, stream=draft.stream, on_event=on_event)

    def persist(
        self,
        draft: Draft,
        *,
        options: Options | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> Persisted:
        """Send a turn with every repeat, fallback and continuation that this engine makes.

        With the default clock it really waits, up to some three minutes and longer.
        """
        return persist(
            lambda asked: self.send_draft(asked).exchange,
            draft,
            policy_of(self.profile),
            options=options,
            clock=clock,
            limits=limits,
            renew=self._renew if self.renew_credential is not None else None,
        )

    def seen(self, exchange: Exchange) -> SeenLine | None:
        """What this engine's user sees after an answer, if the gateway gives it every time."""
        return seen_after(exchange, self.profile)

    def _renew(self) -> bool:
        fresh = self.renew_credential() if self.renew_credential is not None else None
        if fresh is not None:
            self.settings = fresh
        return fresh is not None

    def title(self, text: str) -> Turn:
        """The side request that finds a title; it goes out before a first turn."""
        model = self.settings.chat_model
        body = shapes.title_body(self.profile, model, text, self.session_id)
        betas = self.profile.betas(model)
        return self.send_draft(Draft("title request", body, betas, self.profile.timeout_s))

    def count_tokens(self, text: str) -> Exchange:
        """Ask how many tokens a text has."""
        body = {
            "model": self.settings.chat_model,
            "messages": [{"role": "user", "content": text}],
            "tools": [],
        }
        draft = Draft("count tokens", body, COUNT_TOKENS_BETAS, None, COUNT_TOKENS)
        return self.send_draft(draft).exchange

    def start_probe(self) -> Exchange:
        """The connectivity probe at start: a HEAD without credential or custom headers."""
        url = self.settings.url(START_PROBE)
        headers = [
            ("Connection", "keep-alive"),
            ("User-Agent", "Bun/1.4.4"),
            ("Accept", "*/*"),
            ("Host", _host(url)),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ]
        return self._transport.send("start-up probe", OutgoingRequest("HEAD", url, headers))

    def request(
        self,
        path: str,
        body: bytes,
        betas: Sequence[str],
        changes: Mapping[str, str | None] | None = None,
    ) -> OutgoingRequest:
        """An inference request with the engine's headers in the engine's order."""
        url = self.settings.url(path)
        tail = [
            ("Connection", "keep-alive"),
            ("Host", _host(url)),
            ("Accept-Encoding", "gzip, deflate, br, zstd"),
            ("Content-Length", str(len(body))),
        ]
        own = [*self._own_headers(betas), *tail]
        last = [name.lower() for name, _ in tail]
        headers = sorted(
            with_custom(own, self.settings.custom_headers),
            key=lambda pair: (pair[0].lower() in last and last.index(pair[0].lower()) + 1, pair[0]),
        )
        return OutgoingRequest("POST", url, _changed(headers, changes or {}), body)

    def send(
        self,
        purpose: str,
        request: OutgoingRequest,
        *,
        stream: bool = False,
        on_event: OnEvent | None = None,
    ) -> Turn:
        """Send a request of any make; ``stream`` says that events are expected."""
        parser = SseParser()
        events: list[ServerSentEvent] = []

        def on_chunk(data: bytes) -> bool:
            fresh = parser.feed(data)
            events.extend(fresh)
            return on_event is None or all(on_event(event) for event in fresh)

        exchange = self._transport.send(purpose, request, on_chunk if stream else None)
        return Turn(exchange, stream, events, parser.comments, parser.unfinished)

    def _own_headers(self, betas: Sequence[str]) -> HeaderList:
        profile = self.profile
        credential = self.settings.credential()
        return [
            ("Accept", "application/json"),
            *([credential] if credential else []),
            ("Content-Type", "application/json"),
            ("User-Agent", profile.user_agent),
            ("X-Claude-Code-Session-Id", self.session_id),
            ("X-Stainless-Arch", "x64"),
            ("X-Stainless-Lang", "js"),
            ("X-Stainless-OS", "Linux"),
            ("X-Stainless-Package-Version", profile.sdk_version),
            ("X-Stainless-Retry-Count", "0"),
            ("X-Stainless-Runtime", "node"),
            ("X-Stainless-Runtime-Version", profile.runtime_version),
            ("X-Stainless-Timeout", str(profile.timeout_s)),
            ("anthropic-beta", ",".join(betas)),
            ("anthropic-dangerous-direct-browser-access", "true"),
            ("anthropic-version", "2023-06-01"),
            ("x-app", "cli"),
        ]


def with_custom(own: HeaderList, custom: Mapping[str, str]) -> HeaderList:
    """The client's own headers and the custom ones, each name once.

    A custom header wins, except over the client's credential and betas. Source: observed on engine
    2.1.330.
    """
    kept = {name.lower() for name, _ in own} & {"authorization", "anthropic-beta"}
    won = {name.lower() for name in custom} - kept
    return [
        *((name, value) for name, value in own if name.lower() not in won),
        *((name, value) for name, value in custom.items() if name.lower() in won),
    ]


def _changed(headers: HeaderList, changes: Mapping[str, str | None]) -> HeaderList:
    lowered = {name.lower(): value for name, value in changes.items()}
    present = {name.lower() for name, _ in headers}
    changed = []
    for name, value in headers:
        replacement = lowered.get(name.lower(), value)
        if replacement is not None:
            changed.append((name, replacement))
    added = [(n, v) for n, v in changes.items() if v is not None and n.lower() not in present]
    return [*changed, *added]


def _host(url: str) -> str:
    return urlsplit(url).netloc
