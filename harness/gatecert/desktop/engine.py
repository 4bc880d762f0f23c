"""The engine: all inference of Chat, Cowork and Code, one attempt at a time.

What it sends follows its profile (:mod:`gatecert.desktop.profiles`); headers are made in
:mod:`gatecert.desktop.headers`, bodies in :mod:`gatecert.desktop.shapes`.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gatecert.desktop import shapes
from gatecert.desktop.assemble import Assembled, assemble
from gatecert.desktop.draft import MESSAGES, Draft
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.faithful import Reading, read_stream
from gatecert.desktop.headers import (
    HeaderList,
    changed,
    inference_headers,
    lookup_headers,
    probe_headers,
)
from gatecert.desktop.messages import marked, opening, subagent_opening
from gatecert.desktop.profiles import COUNT_FALLBACK_BETAS, COUNT_TOKENS_BETAS, EngineProfile
from gatecert.desktop.prompt import Json
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

OnEvent = Callable[[ServerSentEvent], bool]

COUNT_TOKENS = "/v1/messages/count_tokens?beta=true"
DISCOVERY = "/v1/models?limit=1000"


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
        """The streamed answer put together, with all that departs from the protocol."""
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

    ``always`` holds body fields that replace the engine's own on every turn. ``apart`` is a second
    transport: discovery does not wait for a connection of the conversation, in older engines the
    probe at start does not. ``renew_credential`` fetches settings with a new credential after a
    401, or None if there is none to be had.
    """

    def __init__(
        self,
        profile: EngineProfile,
        settings: GatewaySettings,
        transport: Transport,
        apart: Transport | None = None,
    ) -> None:
        self.profile = profile
        self.settings = settings
        self.session_id = str(uuid.uuid4())
        self.always: dict[str, Any] = {}
        self.renew_credential: Callable[[], GatewaySettings | None] | None = None
        self._transport = transport
        self._apart = transport if apart is None else apart

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
        turns = messages if messages is not None else self.opening(text, model)
        draft = self.draft(turns, stream=stream, model=model, extra=extra)
        return self.send_draft(replace(draft, path=path, headers=headers or {}), on_event)

    def opening(self, text: str, model: str | None = None) -> list[Json]:
        """The messages of a first turn, with their cache mark."""
        model = model or self.settings.chat_model
        return marked(self.profile, model, opening(self.profile, model, text))

    def draft(
        self,
        messages: Sequence[Json],
        *,
        stream: bool = True,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
        purpose: str = "main",
    ) -> Draft:
        """A chat turn as this engine would ask for it; nothing is sent.

        ``purpose`` is ``main`` or ``compact``, which differ in their betas.
        """
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
        return Draft("chat turn", body, self.profile.betas(model, purpose), timeout_s)

    def subagent_draft(self, prompt: str, *, model: str | None = None) -> Draft:
        """The first request of a subagent; its model is the background model unless named.

        Source: the dated haiku for agents that explore is reported, the shape is observed.
        """
        profile, model = self.profile, model or self.settings.background_model
        messages = marked(profile, model, subagent_opening(profile, model, prompt))
        body = shapes.turn_body(
            profile,
            model,
            messages,
            session_id=self.session_id,
            stream=True,
            extra=self.always,
            subagent=True,
        )
        agent_id = "a" + secrets.token_hex(8)
        betas = profile.betas(model)
        return Draft("subagent", body, betas, profile.timeout_s, agent_id=agent_id)

    def send_draft(self, draft: Draft, on_event: OnEvent | None = None) -> Turn:
        """Send a request once, as the draft has it."""
        request = self.written(draft)
        return self.send(draft.purpose, request, stream=draft.stream, on_event=on_event)

    def written(self, draft: Draft) -> OutgoingRequest:
        """A draft as it stands on the wire; nothing is sent."""
        timeout = None if draft.timeout_s is None else str(draft.timeout_s)
        changes = {"X-Stainless-Timeout": timeout, **draft.headers}
        body = shapes.encode(dict(draft.body))
        return self.request(draft.path, body, draft.betas, changes, agent_id=draft.agent_id)

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

    def read(self, exchange: Exchange) -> Reading:
        """What this engine makes of a streamed answer; :class:`Turn` has the protocol's view."""
        return read_stream(exchange.body, policy_of(self.profile).reader)

    def seen(self, exchange: Exchange) -> SeenLine | None:
        """What this engine's user sees after an answer, if the gateway gives it every time."""
        return seen_after(exchange, self.profile)

    def _renew(self) -> bool:
        fresh = self.renew_credential() if self.renew_credential is not None else None
        if fresh is not None:
            self.settings = fresh
        return fresh is not None

    def title(self, text: str, *, model: str | None = None) -> Turn:
        """The side request that finds a title for ``text``; it goes out before a first turn."""
        draft = self._side_draft("title request", "title", shapes.title_body, text, model)
        return self.send_draft(draft)

    def web_search(self, query: str) -> Turn:
        """The side request behind the tool WebSearch."""
        draft = self._side_draft("web search", "search", shapes.search_body, query, None)
        return self.send_draft(draft)

    def count_tokens(self, text: str, *, model: str | None = None) -> Exchange:
        """Ask how many tokens a text has."""
        body = shapes.count_body(model or self.settings.chat_model, text)
        draft = Draft("count tokens", body, COUNT_TOKENS_BETAS, None, COUNT_TOKENS)
        return self.send_draft(draft).exchange

    def count_by_message(self) -> Exchange:
        """What engine 2.1.197 does where counting is not served: a message of one token."""
        body = shapes.count_fallback_body(self.settings.chat_model, self.session_id)
        timeout_s = self.profile.timeout_s
        draft = Draft("count by message", body, COUNT_FALLBACK_BETAS, timeout_s)
        return self.send_draft(draft).exchange

    def start_probe(self) -> Exchange:
        """The connectivity probe at start: a HEAD without credential or custom headers."""
        url = self.settings.url(self.profile.release.probe_path)
        request = OutgoingRequest("HEAD", url, probe_headers(self.profile, url))
        own = self.profile.release.probe_apart
        return (self._apart if own else self._transport).send("start-up probe", request)

    def discover(self) -> Exchange:
        """Ask the gateway for its models. The answer is never waited for by a turn."""
        url, settings = self.settings.url(DISCOVERY), self.settings
        headers = lookup_headers(
            self.profile.version, url, settings.credentials(), settings.custom_headers
        )
        request = OutgoingRequest("GET", url, headers)
        own = not self.profile.release.probe_apart
        return (self._apart if own else self._transport).send("model discovery", request)

    def request(
        self,
        path: str,
        body: bytes,
        betas: Sequence[str],
        changes: Mapping[str, str | None] | None = None,
        *,
        agent_id: str = "",
    ) -> OutgoingRequest:
        """An inference request with the engine's headers in the engine's order."""
        url = self.settings.url(path)
        headers: HeaderList = inference_headers(
            self.profile,
            url,
            self.settings.credentials(),
            self.settings.custom_headers,
            session_id=self.session_id,
            betas=betas,
            agent_id=agent_id,
            body_bytes=len(body),
        )
        return OutgoingRequest("POST", url, changed(headers, changes or {}), body)

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

    def _side_draft(
        self, label: str, purpose: str, body: Callable[..., Json], text: str, model: str | None
    ) -> Draft:
        model = model or self.settings.chat_model
        made = body(self.profile, model, text, self.session_id)
        return Draft(label, made, self.profile.betas(model, purpose), self.profile.timeout_s)
