"""Defects of the metadata policy."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from typing import Any

import httpx

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route
from gatecert.wire import Headers, Reply, Request

_REFUSALS = ("META-03", "META-04", "META-05", "META-06", "META-07")


@defect("drops-metadata", "META-02", "META-11", "META-28")
class DropsMetadata(ReferenceGateway):
    """The metadata header does not reach the provider."""

    def forwarded_headers(self, request: Request) -> Headers:
        header = self.config.metadata.header
        return [(k, v) for k, v in super().forwarded_headers(request) if k.lower() != header]


@defect("lower-cases-metadata", "META-02", "META-11", "META-28")
class LowerCasesMetadata(ReferenceGateway):
    """The metadata header is written anew on its way, in another form."""

    def forwarded_headers(self, request: Request) -> Headers:
        header = self.config.metadata.header
        return [
            (k, json.dumps(json.loads(v), indent=None) if k.lower() == header else v)
            for k, v in super().forwarded_headers(request)
        ]


@defect(
    "mends-trailing-comma",
    *"META-03 META-10 META-13 META-16 META-18 META-22".split(),
)
class MendsTrailingComma(ReferenceGateway):
    """A trailing comma in the metadata is forgiven."""

    def metadata(self, request: Request) -> Any:
        text = request.header(self.config.metadata.header) or ""
        try:
            return json.loads(re.sub(r",\s*}", "}", text))
        except ValueError:
            return None


@defect("mends-single-quotes", "META-04", "META-13")
class MendsSingleQuotes(ReferenceGateway):
    """Metadata in single quotes is read as a Python literal."""

    def metadata(self, request: Request) -> Any:
        text = request.header(self.config.metadata.header) or ""
        found = super().metadata(request)
        if found is None and text.startswith("{'"):
            with contextlib.suppress(ValueError, SyntaxError):
                return ast.literal_eval(text)
        return found


@defect("ignores-key-case", "META-05", "META-17")
class IgnoresKeyCase(ReferenceGateway):
    """Key names are compared without regard to case."""

    def metadata(self, request: Request) -> Any:
        found = super().metadata(request)
        return {k.lower(): v for k, v in found.items()} if isinstance(found, dict) else found


@defect(
    "requires-no-keys",
    *"META-05 META-06 META-13 META-17 META-20".split(),
)
class RequiresNoKeys(ReferenceGateway):
    """Required keys may be absent."""

    def check_metadata(self, request: Request) -> Refusal | None:
        refusal = super().check_metadata(request)
        absent = not request.header(self.config.metadata.header)
        return None if absent or (refusal and "lacks the key" in refusal.message) else refusal


@defect("accepts-other-json", "META-07", "META-14")
class AcceptsOtherJson(ReferenceGateway):
    """Arrays, strings and numbers pass for metadata."""

    def check_metadata(self, request: Request) -> Refusal | None:
        try:
            found = json.loads(request.header(self.config.metadata.header) or "")
        except ValueError:
            return super().check_metadata(request)
        return super().check_metadata(request) if isinstance(found, dict) else None


@defect(
    "broken-metadata-is-empty",
    *"META-03 META-04 META-09 META-10 META-13 META-16 META-20 META-22".split(),
)
class BrokenMetadataIsEmpty(ReferenceGateway):
    """Metadata that cannot be parsed counts as empty, and the request goes to the default route."""

    def check_metadata(self, request: Request) -> Refusal | None:
        try:
            json.loads(request.header(self.config.metadata.header) or "null")
        except ValueError:
            return None
        return super().check_metadata(request)


@defect(
    "refuses-metadata-on-discovery",
    *"""
        MODEL-01 AUTH-16 AUTH-27 META-08 MODEL-02 MODEL-03 MODEL-09 MODEL-13 MODEL-14
        MODEL-15 MODEL-17 MODEL-19 MODEL-20 PASS-04 SEC-04 META-28
    """.split(),
)
class RefusesMetadataOnDiscovery(ReferenceGateway):
    """Discovery with the metadata header is refused."""

    def check_metadata(self, request: Request) -> Refusal | None:
        if request.method == "GET" and request.header(self.config.metadata.header):
            return self.metadata_refusal("is not allowed here")
        return super().check_metadata(request)


@defect(
    "metadata-refusal-is-401",
    *"""
        META-05 META-03 META-04 META-06 META-07 META-09 META-10 META-13 META-14
        META-15 META-16 META-17 META-18 META-22
    """.split(),
)
class MetadataRefusalIs401(ReferenceGateway):
    """Bad metadata is refused like a bad key, which the client retries for three minutes."""

    def metadata_refusal(self, what: str) -> Refusal:
        refused = super().metadata_refusal(what)
        return Refusal(401, "authentication_error", refused.message)


@defect(
    "nameless-metadata-refusal",
    *_REFUSALS,
    *"META-22".split(),
)
class NamelessMetadataRefusal(ReferenceGateway):
    """Bad metadata is refused without a word on what is bad."""

    def metadata_refusal(self, what: str) -> Refusal:
        return Refusal(400, "invalid_request_error", "Bad request")


@defect(
    "checks-metadata-late",
    *"META-10 META-13 META-14 META-15 META-16 META-17 META-18".split(),
)
class ChecksMetadataLate(ReferenceGateway):
    """The provider is called before the metadata is checked."""

    _refused: Request | None = None

    def check_metadata(self, request: Request) -> Refusal | None:
        refusal = super().check_metadata(request)
        self._refused = request if refusal and request.method == "POST" else None
        return refusal

    async def refuse(self, reply: Reply, refusal: Refusal) -> None:
        if self._refused is not None and self.config.metadata.header in refusal.message:
            route = Route("primary", self.config.providers["primary"])
            with contextlib.suppress(httpx.HTTPError):
                async with self.open(self._refused, route) as response:
                    await response.aread()
        await super().refuse(reply, refusal)


@defect("unescapes-metadata", "META-11")
class UnescapesMetadata(ReferenceGateway):
    """The backslashes of the metadata are taken for a shell's, and removed on the way."""

    def forwarded_headers(self, request: Request) -> Headers:
        header = self.config.metadata.header
        return [
            (k, v.replace("\\", "") if k.lower() == header else v)
            for k, v in super().forwarded_headers(request)
        ]


@defect("short-metadata-values", "META-11", "META-12")
class ShortMetadataValues(ReferenceGateway):
    """Metadata values of more than 64 characters are refused."""

    def check_metadata(self, request: Request) -> Refusal | None:
        found = self.metadata(request)
        if isinstance(found, dict) and any(len(str(v)) > 64 for v in found.values()):
            return self.metadata_refusal("has a value of more than 64 characters")
        return super().check_metadata(request)


@defect("remembers-metadata-by-session", "META-11")
class RemembersMetadataBySession(ReferenceGateway):
    """The metadata of a session's first request is passed on with all its later ones."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._first: dict[str, str] = {}

    def forwarded_headers(self, request: Request) -> Headers:
        header, session = self.config.metadata.header, request.header("x-claude-code-session-id")
        return [
            (k, self._first.setdefault(session or "", v) if k.lower() == header else v)
            for k, v in super().forwarded_headers(request)
        ]
