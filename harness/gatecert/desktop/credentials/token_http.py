"""The requests of a sign-in, over the client's transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gatecert.desktop.credentials.credential import CredentialError
from gatecert.desktop.credentials.oauth import Server, checked_endpoint, encoded, read_server
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.settings import compose_url
from gatecert.desktop.transport import RequestNotSent, Transport

OF_ISSUER = "/.well-known/openid-configuration"
OF_GATEWAY = "/.well-known/oauth-authorization-server"


def server_of_issuer(transport: Transport, issuer: str) -> Server:
    """The endpoints of an OpenID provider. Raises CredentialError."""
    return read_server(_discovered(transport, compose_url(issuer, OF_ISSUER)), issuer)


def server_of_gateway(transport: Transport, base_url: str) -> Server:
    """The endpoints of a gateway that is the authorization server itself.

    Below the base URL, whatever path that has. Raises CredentialError.
    """
    return read_server(_discovered(transport, compose_url(base_url, OF_GATEWAY)))


def post_form(transport: Transport, url: str, form: Mapping[str, str]) -> Exchange:
    """Post a form as OAuth wants it. Raises CredentialError for an address that is not safe."""
    __tracebackhide__ = True  # pytest would show the arguments
    body = encoded(form).encode("ascii")
    headers = [
        ("Host", urlsplit(checked_endpoint(url)).netloc),
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
    ]
    return _sent(transport, OutgoingRequest("POST", url, headers, body))


def answered(exchange: Exchange, step: str = "Token exchange") -> Any:
    """The JSON of a good answer; otherwise raises CredentialError in the client's words."""
    if exchange.status == 200:
        return exchange.json()
    raise CredentialError("token-exchange", f"{step} failed ({_status(exchange)})")


def _discovered(transport: Transport, url: str) -> Any:
    headers = [("Host", urlsplit(checked_endpoint(url)).netloc), ("Accept", "application/json")]
    exchange = _sent(transport, OutgoingRequest("GET", url, headers))
    if exchange.status != 200:
        raise CredentialError("discovery", f"OIDC discovery failed ({_status(exchange)})")
    return exchange.json()


def _sent(transport: Transport, request: OutgoingRequest) -> Exchange:
    try:
        return transport.send("sign-in", request)
    except RequestNotSent as exc:
        raise CredentialError("discovery", f"a sign-in address cannot be asked: {exc}") from None


def _status(exchange: Exchange) -> str:
    if exchange.status is not None:
        return f"HTTP {exchange.status}"
    return exchange.fault.kind if exchange.fault else "no answer"
