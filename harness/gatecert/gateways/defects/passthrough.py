"""Defects of headers and encodings on their way through."""

from __future__ import annotations

from typing import Any

import httpx

from gatecert.gateways.defects.bending import BentRequest, LosesHeader
from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Reply, Request

_LISTED = {
    *("accept", "accept-encoding", "content-type", "user-agent", "anthropic-version"),
    *("anthropic-beta", "x-portkey-metadata", "x-claude-code-session-id", "x-api-key"),
}
_KNOWN_ANTHROPIC = (
    *("anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"),
)
_NEEDED_BACK = (
    *("content-", "request-id", "retry-after", "x-should-retry", "anthropic-", "cache-control"),
)


class _BentHeaders(ReferenceGateway):
    """Changes headers on their way to the provider, one by one."""

    def change(self, name: str, value: str) -> str | None:
        """The other value, or None to drop the header; ``name`` is in lower case."""
        raise NotImplementedError

    def forwarded_headers(self, request: Request) -> Headers:
        changed = [(k, self.change(k.lower(), v)) for k, v in super().forwarded_headers(request)]
        return [(k, v) for k, v in changed if v is not None]


@defect("forwards-listed-headers-only", *"PASS-01 PASS-03 PASS-05 PASS-06 PASS-11 PASS-12".split())
class ForwardsListedHeadersOnly(_BentHeaders):
    """Only headers on the gateway's list reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        return value if name in _LISTED else None


@defect("drops-stainless-headers", "PASS-01")
class DropsStainlessHeaders(_BentHeaders):
    """The SDK's own headers do not reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        return None if name.startswith("x-stainless-") else value


@defect("introduces-itself", "PASS-02")
class IntroducesItself(_BentHeaders):
    """The provider sees the gateway's User-Agent."""

    def change(self, name: str, value: str) -> str | None:
        return "acme-gateway/3.1" if name == "user-agent" else value


@defect("drops-custom-headers", "PASS-03", "PASS-11", "PASS-12")
class DropsCustomHeaders(_BentHeaders):
    """Headers that an administrator configured do not reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        return None if name.startswith("x-acme-") else value


@defect("cuts-custom-headers-at-commas", "PASS-03")
class CutsCustomHeadersAtCommas(_BentHeaders):
    """Of a custom header only what stands before the first comma reaches the provider."""

    def change(self, name: str, value: str) -> str | None:
        return value.partition(",")[0] if name.startswith("x-acme-") else value


@defect("discovery-refuses-custom-headers", "PASS-04")
class DiscoveryRefusesCustomHeaders(ReferenceGateway):
    """Discovery with a header that the gateway does not know is refused."""

    def check_metadata(self, request: Request) -> Refusal | None:
        if request.method == "GET" and any(
            k.lower().startswith("x-acme") for k, _ in request.headers
        ):
            return Refusal(400, "invalid_request_error", "Unknown header")
        return super().check_metadata(request)


@defect("known-anthropic-headers-only", "PASS-05", "PASS-06")
class KnownAnthropicHeadersOnly(_BentHeaders):
    """Of the anthropic-* headers only those that the gateway knows reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        known = name in _KNOWN_ANTHROPIC or not name.startswith("anthropic-")
        return value if known else None


@defect("drops-workspace-id", "PASS-06")
class DropsWorkspaceId(_BentHeaders):
    """anthropic-workspace-id does not reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        return None if name == "anthropic-workspace-id" else value


@defect("keeps-eight-betas", "PASS-07")
class KeepsEightBetas(_BentHeaders):
    """Only the first eight values of anthropic-beta reach the provider."""

    def change(self, name: str, value: str) -> str | None:
        return ",".join(value.split(",")[:8]) if name == "anthropic-beta" else value


@defect("first-header-line-wins", "PASS-08")
class FirstHeaderLineWins(ReferenceGateway):
    """Of a header in several lines the first one reaches the provider."""

    def forwarded_headers(self, request: Request) -> Headers:
        kept: dict[str, tuple[str, str]] = {}
        for name, value in super().forwarded_headers(request):
            kept.setdefault(name.lower(), (name, value))
        return list(kept.values())


@defect("default-beta", "PASS-09")
class DefaultBeta(ReferenceGateway):
    """A request without anthropic-beta gets one of the gateway's choice."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        absent = request.header("anthropic-beta") is None
        return [*headers, *([("anthropic-beta", "context-1m-2025-08-07")] if absent else [])]


@defect("drops-safeguards", "PASS-10")
class DropsSafeguards(BentRequest):
    """The field safeguards does not reach the provider, while its beta does."""

    def change_request(self, body: dict[str, Any]) -> None:
        body.pop("safeguards", None)


@defect("cuts-long-headers", "PASS-11")
class CutsLongHeaders(_BentHeaders):
    """A header longer than 4 kB is cut."""

    def change(self, name: str, value: str) -> str | None:
        return value[:4096]


@defect("reads-headers-as-utf8", "PASS-12")
class ReadsHeadersAsUtf8(_BentHeaders):
    """Header values are read as UTF-8, and what is none is replaced."""

    def change(self, name: str, value: str) -> str | None:
        return value.encode("latin-1").decode("utf-8", "replace").replace("\ufffd", "?")


@defect("compares-header-names", "PASS-13")
class ComparesHeaderNames(ReferenceGateway):
    """The key's header is not found when its name is in capitals."""

    def credentials(self, request: Request) -> list[str]:
        capitals = any(k in ("AUTHORIZATION", "X-API-KEY") for k, _ in request.headers)
        return [] if capitals else super().credentials(request)


@defect("tells-the-clients-address", "PASS-14")
class TellsTheClientsAddress(ReferenceGateway):
    """The provider is told the client's internal address."""

    def forwarded_headers(self, request: Request) -> Headers:
        return [*super().forwarded_headers(request), ("X-Forwarded-For", "10.20.30.40")]


@defect("request-id-on-errors-only", "PASS-15")
class RequestIdOnErrorsOnly(ReferenceGateway):
    """Answers carry no request-id, errors do."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        failed = response.status_code >= 400
        return [(k, v) for k, v in headers if failed or k.lower() != "request-id"]


@defect("loses-rate-limit-headers", "PASS-16")
class LosesRateLimitHeaders(ReferenceGateway):
    """anthropic-ratelimit-* does not reach the client."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, v) for k, v in headers if not k.lower().startswith("anthropic-ratelimit-")]


@defect("loses-organization-id", "PASS-17")
class LosesOrganizationId(LosesHeader):
    """anthropic-organization-id does not reach the client."""

    lost = "anthropic-organization-id"


@defect("answers-with-listed-headers-only", "PASS-18")
class AnswersWithListedHeadersOnly(ReferenceGateway):
    """Only headers on the gateway's list reach the client."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, v) for k, v in headers if k.lower().startswith(_NEEDED_BACK)]


@defect("last-header-line-wins", "PASS-19")
class LastHeaderLineWins(ReferenceGateway):
    """Of a response header in several lines the last one reaches the client."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        return list(dict(super().relayed_headers(response)).items())


@defect("labels-json-as-text", "MSG-20", "PASS-20")
class LabelsJsonAsText(ReferenceGateway):
    """Whole answers and errors are labelled as plain text."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, "text/plain" if v == "application/json" else v) for k, v in headers]


@defect("knows-gzip-only", "ERR-31", "PASS-21")
class KnowsGzipOnly(ReferenceGateway):
    """Codings other than gzip are passed on without the header that names them."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        return [(k, v) for k, v in headers if k.lower() != "content-encoding" or v == "gzip"]


@defect("loses-encoding-of-streams", "STREAM-53", "PASS-21")
class LosesEncodingOfStreams(ReferenceGateway):
    """Compressed streams lose the header that says so."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        streams = response.headers.get("content-type", "").startswith("text/event-stream")
        return [(k, v) for k, v in headers if not streams or k.lower() != "content-encoding"]


@defect("always-asks-for-compression", "MSG-23", "PASS-22")
class AlwaysAsksForCompression(ReferenceGateway):
    """The provider is asked to compress for clients that cannot read it."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        kept = [(k, v) for k, v in headers if k.lower() != "accept-encoding"]
        return [*kept, ("Accept-Encoding", "gzip, br")]


@defect("counts-characters", "MSG-21", "MSG-50", "MSG-59", "ERR-27", "PASS-22", "PASS-23")
class CountsCharacters(ReferenceGateway):
    """Content-Length counts characters, and an answer is cut to it."""

    def relayed_headers(self, response: httpx.Response) -> Headers:
        headers = super().relayed_headers(response)
        if response.headers.get("content-length") is None:
            return headers
        return [(k, v) for k, v in headers if k.lower() != "content-length"]

    async def relay(self, request: Request, response: httpx.Response, reply: Reply) -> None:
        whole = response.headers.get("content-length") is not None
        if not whole or response.headers.get("content-encoding"):
            await super().relay(request, response, reply)
            return
        body = b"".join([piece async for piece in self.pieces(request, response)])
        cut = body[: len(body.decode("utf-8", "replace"))]
        await reply.answer(response.status_code, self.relayed_headers(response), cut)
