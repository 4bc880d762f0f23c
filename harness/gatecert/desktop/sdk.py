"""Anthropic's SDKs as clients: one call, one request, in the SDK's own headers and key order.

What differs between languages and majors is data in :mod:`gatecert.desktop.profiles.sdks`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.headers import HeaderList, host_of
from gatecert.desktop.profiles import SdkProfile
from gatecert.desktop.transport import Transport
from gatecert.desktop.urls import sdk_url

Json = dict[str, Any]

MAX_TOKENS = 64


class SdkRefusal(ValueError):
    """The SDK raises an error of its own and sends nothing."""


@dataclass(frozen=True)
class Call:
    """A method of the SDK.

    ``kind`` is ``create``, ``stream``, ``count`` or ``get``, and decides on the timeout that is
    announced. ``helper`` says that the SDK's own stream helper is used, ``beta`` that the call is
    made in the beta namespace.
    """

    kind: str
    path: str
    helper: bool = False
    beta: str = ""


CALLS = {
    "create": Call("create", "/v1/messages"),
    "stream": Call("stream", "/v1/messages", helper=True),
    "rawstream": Call("stream", "/v1/messages"),
    "betacreate": Call("create", "/v1/messages", beta="foo-2026-01-01"),
    "count": Call("count", "/v1/messages/count_tokens"),
    "betacount": Call("count", "/v1/messages/count_tokens", beta="token-counting-2024-11-01"),
    "models": Call("get", "/v1/models"),
    "models1000": Call("get", "/v1/models?limit=1000"),
    "model": Call("get", "/v1/models/{model}"),
}


@dataclass(frozen=True)
class SdkClient:
    """A client object of the SDK.

    ``key`` and ``token`` are what the caller or the environment gives; ``arguments`` names those of
    the two that came as arguments. ``headers`` are the caller's own.
    """

    profile: SdkProfile
    base_url: str
    transport: Transport
    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    arguments: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, name: str, model: str, text: str) -> Exchange:
        """Make the call of this name. Raises SdkRefusal where the SDK sends nothing."""
        call = CALLS[name]
        path = call.path.format(model=model)
        if call.beta and self.profile.beta_query:
            path += "?beta=true"
        url = sdk_url(self.profile.language, self.base_url, path)
        body = b"" if call.kind == "get" else _encoded(self.profile, call, model, text)
        headers = request_headers(self, call, url, len(body))
        method = "GET" if call.kind == "get" else "POST"
        return self.transport.send(name, OutgoingRequest(method, url, headers, body))


def request_headers(client: SdkClient, call: Call, url: str, body_bytes: int) -> HeaderList:
    """The headers of a call, in the SDK's order. Raises SdkRefusal for what no header carries."""
    own = _own_headers(client.profile, call, url, body_bytes)
    places: dict[str, HeaderList] = {
        "<credential>": credentials(client),
        "<custom>": _custom(client, own),
        "<call>": _of_the_call(client.profile, call),
    }
    headers: HeaderList = []
    for name in client.profile.order:
        value = own.get(name)
        headers += places.get(name, [(name, value)] if value is not None else [])
    return headers


def credentials(client: SdkClient) -> HeaderList:
    """The credential headers. Raises SdkRefusal without one, or with too many."""
    profile = client.profile
    if client.key is None and client.token is None:
        raise SdkRefusal("no credential was given")
    if profile.both == "key" and client.arguments >= {"key", "token"}:
        raise SdkRefusal("at most one credential may be given")
    pairs = []
    if client.key is not None:
        bearer = profile.key_header.lower() == "authorization"
        pairs.append((profile.key_header, f"Bearer {client.key}" if bearer else client.key))
    hidden = profile.key_hides_token and client.arguments == {"key"}
    if client.token is not None and not (client.key and (profile.both == "key" or hidden)):
        pairs.append((profile.bearer_header, f"Bearer {client.token}"))
    return pairs if profile.language == "python" else sorted(pairs)


def _own_headers(profile: SdkProfile, call: Call, url: str, body_bytes: int) -> dict[str, str]:
    """Every header of the SDK that this request has, by the name in its profile's order."""
    timed = profile.untimed_value if call.kind in profile.untimed else "600"
    values = {
        "host": host_of(url),
        "connection": "keep-alive",
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "accept-language": "*",
        "sec-fetch-mode": "cors",
        "user-agent": profile.user_agent,
        "anthropic-version": profile.anthropic_version,
        "x-stainless-lang": "python" if profile.language == "python" else "js",
        "x-stainless-package-version": profile.version,
        "x-stainless-os": "Linux",
        "x-stainless-arch": "x64",
        "x-stainless-runtime": profile.runtime,
        "x-stainless-runtime-version": profile.runtime_version,
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": "600",
        "x-stainless-async": "false",
        "x-stainless-timeout": timed,
        "content-type": "application/json" if body_bytes else "",
        "content-length": str(body_bytes) if body_bytes else "",
    }
    named = {name: values.get(name.lower(), "") for name in profile.order}
    return {name: value for name, value in named.items() if value}


def _custom(client: SdkClient, own: dict[str, str]) -> HeaderList:
    """The caller's headers; one of the SDK's names replaces it, in Python where it stands."""
    python = client.profile.language == "python"
    pairs: HeaderList = []
    lowered = {name.lower(): name for name in own}
    for name, value in client.headers.items():
        replaced = lowered.get(name.lower())
        if replaced is not None and python:
            own[replaced] = sendable(client.profile, value)
            continue
        if replaced is not None:
            del own[replaced]
        pairs.append((name, sendable(client.profile, value)))
    return pairs


def sendable(profile: SdkProfile, value: str) -> str:
    """A header value as it goes on the wire, one character a byte.

    No SDK sends a line break. Raises SdkRefusal.
    """
    if "\r" in value or "\n" in value:
        raise SdkRefusal("a header value has a line break")
    try:
        return value.encode(profile.charset).decode("latin-1")
    except UnicodeEncodeError:
        raise SdkRefusal(f"a header value is no {profile.charset}") from None


def _of_the_call(profile: SdkProfile, call: Call) -> HeaderList:
    helper = list(profile.stream_helper) if call.helper else []
    return [*helper, *([("anthropic-beta", call.beta)] if call.beta else [])]


def _encoded(profile: SdkProfile, call: Call, model: str, text: str) -> bytes:
    """The body; Python sorts its keys, TypeScript keeps the caller's order."""
    messages: Sequence[Json] = [{"role": "user", "content": text}]
    body: Json = {"model": model}
    if call.kind != "count":
        body["max_tokens"] = MAX_TOKENS
    body["messages"] = messages
    if profile.language == "python":
        body = dict(sorted(body.items()))
    if call.kind == "stream":
        body["stream"] = True
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
