"""Defects of where a key may stand, and of what stands beside it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from gatecert.gateways.defects.registry import defect
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway
from gatecert.wire import Headers, Request


@defect("second-key-must-fit", "AUTH-21", "AUTH-22")
class SecondKeyMustFit(ReferenceGateway):
    """Of two keys that differ, both must be valid."""

    def authenticate(self, request: Request) -> Refusal | None:
        complaints = [self.judge_key(key) for key in self.credentials(request)]
        return next((c for c in complaints if c), super().authenticate(request))


@defect("x-api-key-shadows-bearer", "AUTH-21")
class XApiKeyShadowsBearer(ReferenceGateway):
    """Where x-api-key is present, Authorization is not read."""

    def credentials(self, request: Request) -> list[str]:
        return super().credentials(request)[-1:]


@defect("bearer-shadows-x-api-key", "AUTH-22")
class BearerShadowsXApiKey(ReferenceGateway):
    """Where Authorization is present, x-api-key is not read."""

    def credentials(self, request: Request) -> list[str]:
        return super().credentials(request)[:1]


@defect("leaves-second-key", "AUTH-23")
class LeavesSecondKey(ReferenceGateway):
    """The provider's key is set in x-api-key where the client sent none; the client's stays."""

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        if request.header("authorization") and request.header("x-api-key"):
            headers.append(("x-api-key", request.header("x-api-key") or ""))
        return headers


class _Trusting(ReferenceGateway):
    """Lets some requests in without a look at a key."""

    def trusts(self, request: Request) -> bool:
        raise NotImplementedError

    def authenticate(self, request: Request) -> Refusal | None:
        return None if self.trusts(request) else super().authenticate(request)


@defect("trusts-other-schemes", "AUTH-24")
class TrustsOtherSchemes(_Trusting):
    """An Authorization header of another scheme than Bearer is left to somebody behind."""

    def trusts(self, request: Request) -> bool:
        scheme = (request.header("authorization") or "").partition(" ")[0].lower()
        return scheme in ("basic", "negotiate", "digest")


@defect("trusts-session-cookie", "AUTH-24")
class TrustsSessionCookie(_Trusting):
    """Whoever has a cookie counts as signed in to the console."""

    def trusts(self, request: Request) -> bool:
        return "session=" in (request.header("cookie") or "")


@defect("trusts-api-key-header", "AUTH-24")
class TrustsApiKeyHeader(_Trusting):
    """Another vendor's api-key header is taken for checked."""

    def trusts(self, request: Request) -> bool:
        return bool(request.header("api-key"))


@defect("reads-key-from-url", "AUTH-25")
class ReadsKeyFromUrl(ReferenceGateway):
    """The key may stand in the query, as the key plugins of API gateways have it by default."""

    def credentials(self, request: Request) -> list[str]:
        return [*super().credentials(request), *parse_qs(request.query).get("apikey", [])]


@defect("splits-scheme-at-one-blank", "AUTH-26")
class SplitsSchemeAtOneBlank(ReferenceGateway):
    """The key begins right after the first blank, whatever stands there."""

    def credentials(self, request: Request) -> list[str]:
        _, _, token = (request.header("authorization") or "").partition(" ")
        return [] if token.startswith(" ") else super().credentials(request)


@defect("discovery-reads-bearer-only", "AUTH-27")
class DiscoveryReadsBearerOnly(ReferenceGateway):
    """The model list reads the key from Authorization alone."""

    def credentials(self, request: Request) -> list[str]:
        found = super().credentials(request)
        alone = request.path == "/v1/models" and not request.header("authorization")
        return [] if alone else found


@defect("counts-read-bearer-only", "AUTH-28")
class CountsReadBearerOnly(ReferenceGateway):
    """Token counts read the key from Authorization alone."""

    def credentials(self, request: Request) -> list[str]:
        found = super().credentials(request)
        alone = request.path.endswith("/count_tokens") and not request.header("authorization")
        return [] if alone else found


@defect("serves-code-only", "AUTH-29")
class ServesCodeOnly(ReferenceGateway):
    """Keys are for one part of the app: what Cowork and chat send is refused."""

    def authenticate(self, request: Request) -> Refusal | None:
        if "local-agent" in (request.header("user-agent") or ""):
            return Refusal(403, "permission_error", "this key is not entitled to this product")
        return super().authenticate(request)


@defect("knows-no-agents", "AUTH-30", "PASS-01", "META-28")
class KnowsNoAgents(ReferenceGateway):
    """An agent id is looked up like a user, and is of course unknown."""

    def authenticate(self, request: Request) -> Refusal | None:
        if request.header("x-claude-code-agent-id"):
            return Refusal(403, "permission_error", "unknown user")
        return super().authenticate(request)


@defect("agents-need-no-key", "AUTH-30")
class AgentsNeedNoKey(_Trusting):
    """An agent that was seen once is known, and its key is no longer looked at."""

    def trusts(self, request: Request) -> bool:
        return bool(request.header("x-claude-code-agent-id"))


@defect("believes-inner-addresses", "AUTH-39")
class BelievesInnerAddresses(_Trusting):
    """A request that claims to come from the own machine needs no key."""

    def trusts(self, request: Request) -> bool:
        return (request.header("x-forwarded-for") or "").startswith("127.")


class _OpenElsewhere(ReferenceGateway):
    """Passes further paths on, and asks for no key there."""

    def passes(self, path: str) -> bool:
        """Whether a path that is no endpoint is passed on."""
        raise NotImplementedError

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        unknown = isinstance(found, Refusal) and found.status == 404
        return "proxy" if unknown and self.passes(request.path) else found

    def authenticate(self, request: Request) -> Refusal | None:
        elsewhere = isinstance(super().endpoint(request), Refusal)
        return None if elsewhere else super().authenticate(request)


@defect("guards-exact-paths", "URL-02", "URL-13", "AUTH-40")
class GuardsExactPaths(_OpenElsewhere):
    """Slashes are merged for routing, and the key is asked for on the exact path."""

    def passes(self, path: str) -> bool:
        return "//" in path and re.sub("/+", "/", path) == "/v1/messages"

    def forwarded_target(self, request: Request) -> str:
        return re.sub("/+", "/", super().forwarded_target(request))


@defect("leaves-batches-open", "AUTH-40")
class LeavesBatchesOpen(_OpenElsewhere):
    """Endpoints of the provider beside the known ones are passed on without a key."""

    def passes(self, path: str) -> bool:
        return path in ("/v1/messages/batches", "/v1/files")


@defect("proxies-what-it-does-not-know", "AUTH-32", "URL-12")
class ProxiesWhatItDoesNotKnow(ReferenceGateway):
    """Below /v1 unknown paths go to the provider as they are, the client's headers included."""

    def _known(self, request: Request) -> bool:
        return not isinstance(super().endpoint(request), Refusal)

    def endpoint(self, request: Request) -> str | Refusal:
        found = super().endpoint(request)
        unknown = isinstance(found, Refusal) and found.status == 404
        return "proxy" if unknown and request.path.startswith("/v1/") else found

    def forwarded_headers(self, request: Request) -> Headers:
        headers = super().forwarded_headers(request)
        credential = request.header("authorization")
        if credential and not self._known(request):
            headers.append(("Authorization", credential))
        return headers
