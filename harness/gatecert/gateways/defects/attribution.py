"""Defects of how metadata is read, obeyed and filed."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from typing import Any

import httpx

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal, strict_json
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.gateways.reference.log import Noted
from gatecert.wire import Reply, Request


class _Reader(ReferenceGateway):
    """Reads the header's text in a way of its own."""

    def metadata(self, request: Request) -> Any:
        try:
            text = self.header_text(request)
            return self.read(text) if text is not None else None
        except ValueError:
            return None

    def header_text(self, request: Request) -> str | None:
        """The text to read, None where there is none."""
        header = self.config.metadata.header.lower()
        lines = [value for name, value in request.headers if name.lower() == header]
        return lines[0].encode("latin-1").decode() if len(lines) == 1 else None

    def read(self, text: str) -> Any:
        """Metadata from text. Raises ValueError."""
        return strict_json(text)


@defect("knows-the-header-in-lower-case", "PASS-13", "META-12", "META-16", "META-18")
class KnowsTheHeaderInLowerCase(_Reader):
    """The header is looked up under its name in lower case alone."""

    def header_text(self, request: Request) -> str | None:
        return dict(request.headers).get(self.config.metadata.header)


@defect("forgives-comments", "META-13")
class ForgivesComments(_Reader):
    """Metadata is read as JSON with comments."""

    def read(self, text: str) -> Any:
        return strict_json(re.sub(r"/\*.*?\*/", "", text))


@defect("decodes-urls", "META-13")
class DecodesUrls(_Reader):
    """Metadata may be URL-encoded."""

    def read(self, text: str) -> Any:
        return strict_json(httpx.QueryParams(f"m={text}").get("m") or text)


@defect("takes-any-value", "META-15")
class TakesAnyValue(ReferenceGateway):
    """Values may be of any kind and length."""

    def check_metadata(self, request: Request) -> Refusal | None:
        refusal = super().check_metadata(request)
        return None if refusal and "must be a string" in refusal.message else refusal


@defect("cuts-long-values", "META-15")
class CutsLongValues(_Reader):
    """Values are cut at 128 characters without a word."""

    def read(self, text: str) -> Any:
        found = super().read(text)
        if not isinstance(found, dict):
            return found
        return {k: v[:128] if isinstance(v, str) else v for k, v in found.items()}


@defect("first-of-two-headers", "META-16")
class FirstOfTwoHeaders(_Reader):
    """Of a header that comes twice the first one counts."""

    def header_text(self, request: Request) -> str | None:
        text = request.header(self.config.metadata.header)
        return None if text is None else text.encode("latin-1").decode()


@defect("last-of-two-keys", "META-16")
class LastOfTwoKeys(_Reader):
    """Of a key that stands twice the last one counts."""

    def read(self, text: str) -> Any:
        return json.loads(text)


@defect("trims-values", "META-17")
class TrimsValues(_Reader):
    """Blanks around keys and values are removed, although the policy names them exactly."""

    def read(self, text: str) -> Any:
        found = super().read(text)
        if not isinstance(found, dict):
            return found
        return {k.strip(): v.strip() if isinstance(v, str) else v for k, v in found.items()}


@defect("reads-bytes-as-latin-1", "META-18")
class ReadsBytesAsLatin1(_Reader):
    """The header's bytes are taken for Latin-1, whatever they are."""

    def header_text(self, request: Request) -> str | None:
        header = self.config.metadata.header.lower()
        lines = [value for name, value in request.headers if name.lower() == header]
        return lines[0] if len(lines) == 1 else None


@defect("keeps-twenty-keys", "META-19")
class KeepsTwentyKeys(_Reader):
    """Of many keys the first twenty are kept."""

    def read(self, text: str) -> Any:
        found = super().read(text)
        return dict(list(found.items())[:20]) if isinstance(found, dict) else found


@defect("matches-values-by-prefix", "META-17", "META-21")
class MatchesValuesByPrefix(ReferenceGateway):
    """A value that begins like an allowed one passes for it."""

    def check_metadata(self, request: Request) -> Refusal | None:
        refusal = super().check_metadata(request)
        found = self.metadata(request)
        if (
            refusal is None
            or not isinstance(found, dict)
            or "must be one of" not in refusal.message
        ):
            return refusal
        lists = self.config.metadata.allowed.items()
        begun = all(str(found.get(k)).startswith(tuple(allowed)) for k, allowed in lists)
        return None if begun else refusal


@defect("checks-no-values", "META-17", "META-21", "META-20")
class ChecksNoValues(ReferenceGateway):
    """Values are not compared with the list of the policy."""

    def check_metadata(self, request: Request) -> Refusal | None:
        refusal = super().check_metadata(request)
        return None if refusal and "must be one of" in refusal.message else refusal


@defect("one-route-for-all-teams", "META-23", "META-24")
class OneRouteForAllTeams(ReferenceGateway):
    """Every team goes to the first provider."""

    def routes(self, request: Request) -> list[Route]:
        routes = super().routes(request)
        other = routes[0].name == "other"
        return [Route("primary", self.config.providers["primary"])] if other else routes


@defect("remembers-the-last-team", "META-24")
class RemembersTheLastTeam(ReferenceGateway):
    """The team is kept in a variable that all requests share, while the policy service is asked."""

    _team: Any = None

    async def forward(self, request: Request, reply: Reply) -> None:
        self._team = self.metadata(request)
        await asyncio.sleep(0.02)
        await super().forward(request, reply)

    def routes(self, request: Request) -> list[Route]:
        found, policy = self._team, self.config.metadata
        team = found.get(policy.route_key) if isinstance(found, dict) else None
        if policy.routes.get(str(team)) == "other":
            return [Route("other", self.config.providers["other"])]
        return super().routes(request)


@defect(
    "files-without-tags",
    *"META-12 META-25 META-18 META-19 META-24 META-28".split(),
)
class FilesWithoutTags(ReferenceGateway):
    """The log has no metadata."""

    def logged_metadata(self, request: Request) -> Any:
        return None


@defect("files-streams-without-tags", "META-25", "META-28")
class FilesStreamsWithoutTags(ReferenceGateway):
    """Streamed turns are filed under nobody."""

    def logged_metadata(self, request: Request) -> Any:
        return None if b'"stream":true' in request.body else super().logged_metadata(request)


@defect(
    "files-short-tags",
    *"META-12 META-25 META-18 META-19 META-24 META-28".split(),
)
class FilesShortTags(ReferenceGateway):
    """The log has values of at most eight characters."""

    def logged_metadata(self, request: Request) -> Any:
        found = super().logged_metadata(request)
        return {k: str(v)[:8] for k, v in found.items()} if isinstance(found, dict) else found


@defect("logs-the-default-model", "META-26")
class LogsTheDefaultModel(ReferenceGateway):
    """The log names the first model of the list."""

    def logged_answer(self, request: Request, route: Route, response: httpx.Response) -> Noted:
        noted = super().logged_answer(request, route, response)
        return {**noted, "model": self.config.models[0]}


@defect("logs-the-first-provider", "META-27")
class LogsTheFirstProvider(ReferenceGateway):
    """After a fallback the log still names the primary."""

    def logged_answer(self, request: Request, route: Route, response: httpx.Response) -> Noted:
        noted = super().logged_answer(request, route, response)
        return {**noted, "provider": "primary" if route.name == "backup" else route.name}


@defect("files-counts-under-nobody", "META-28")
class FilesCountsUnderNobody(ReferenceGateway):
    """Token counts and title requests are not filed with metadata."""

    def logged_metadata(self, request: Request) -> Any:
        count = request.path.endswith("/count_tokens")
        return None if count else super().logged_metadata(request)


@defect("files-no-discovery", "META-28")
class FilesDiscoveryUnderNobody(ReferenceGateway):
    """Discovery is not filed with metadata."""

    def logged_metadata(self, request: Request) -> Any:
        return None if request.method == "GET" else super().logged_metadata(request)


@defect("files-no-session", "META-28", "META-29")
class FilesNoSession(ReferenceGateway):
    """Each request is a session of its own in the log."""

    def logged_answer(self, request: Request, route: Route, response: httpx.Response) -> Noted:
        noted = super().logged_answer(request, route, response)
        return {**noted, "session": secrets.token_hex(8)}


@defect("makes-up-trace-ids", "META-30")
class MakesUpTraceIds(ReferenceGateway):
    """The trace id of a request is replaced by one of the gateway's own."""

    def logged_answer(self, request: Request, route: Route, response: httpx.Response) -> Noted:
        noted = super().logged_answer(request, route, response)
        return {**noted, "trace": secrets.token_hex(16)}
