"""OAuth 2.0 as a public client speaks it: what is asked, and what the answers say. No I/O.

Sources: RFC 6749, RFC 7636 (PKCE), RFC 8252 (loopback redirect), RFC 8414 (metadata), RFC 8628
(device flow), RFC 8707 (resource), OpenID Connect Core. The messages in the client's own words are
reported. The client does not verify a token's signature, which is the gateway's part.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from gatecert.desktop.credentials.credential import CredentialError
from gatecert.desktop.credentials.sign_in_settings import SignInSettings, is_safe_address
from gatecert.desktop.quoting import quoted
from gatecert.desktop.secret import Secret

CALLBACK = "/callback"
_MOST_SECONDS = 1e12  # beyond lie mistakes, and numbers that no float holds

Form = dict[str, str]


@dataclass(frozen=True)
class Server:
    """The endpoints of an authorization server; an empty one is not offered."""

    authorization: str = ""
    token: str = ""
    device_authorization: str = ""


@dataclass(frozen=True)
class Attempt:
    """One sign-in in a browser: what must come back, and what proves that it was ours."""

    redirect_uri: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    verifier: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe(48)))

    def authorization_url(self, endpoint: str, settings: SignInSettings) -> str:
        """Where the browser goes."""
        query = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(settings.scopes),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge(self.verifier.reveal()),
            "code_challenge_method": "S256",
            **_resource(settings),
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{encoded(query)}"

    def code(self, target: str, issuer: str = "") -> str:
        """The code in a callback's target. Raises CredentialError.

        A callback that names its issuer (RFC 9207) must name ``issuer``, if that is known.
        """
        __tracebackhide__ = True  # pytest would show the arguments
        answer = dict(parse_qsl(urlsplit(target).query))
        if answer.get("state") != self.state:
            raise CredentialError("wrong-state", "the sign-in came back for another attempt")
        if issuer and answer.get("iss", issuer) != issuer:
            raise CredentialError("wrong-issuer", "the sign-in came back from another issuer")
        if "error" in answer:
            told = quoted(answer.get("error_description") or answer["error"])
            raise CredentialError("refused", f"the identity provider refused: {told}")
        if not answer.get("code"):
            raise CredentialError("no-code", "the sign-in came back without a code")
        return answer["code"]

    def exchange_form(self, code: str, settings: SignInSettings) -> Form:
        """What turns the code into tokens."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": settings.client_id,
            "code_verifier": self.verifier.reveal(),
            **_resource(settings),
        }


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave. ``expires_in_s`` counts from then; None if it is not said."""

    access: Secret | None = None
    identity: Secret | None = None
    refresh: Secret | None = None
    expires_in_s: float | None = None


def encoded(form: Mapping[str, str]) -> str:
    """As OAuth sends it. Half a surrogate pair becomes a question mark, which nobody accepts."""
    return urlencode(form, errors="replace")


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def refresh_form(token: Secret, settings: SignInSettings) -> Form:
    """What turns a refresh token into new tokens."""
    return {
        "grant_type": "refresh_token",
        "refresh_token": token.reveal(),
        "client_id": settings.client_id,
        "scope": " ".join(settings.scopes),
        **_resource(settings),
    }


def read_server(document: Any, issuer: str | None = None) -> Server:
    """The endpoints in a metadata document. Raises CredentialError.

    ``issuer`` is what the document must name itself, if it is known.
    """
    if not isinstance(document, dict):
        raise CredentialError("discovery", "OIDC discovery failed (no JSON object)")
    if issuer is not None and document.get("issuer") != issuer:
        raise CredentialError("discovery", "OIDC discovery failed (it names another issuer)")
    return Server(
        _endpoint(document, "authorization_endpoint"),
        _endpoint(document, "token_endpoint"),
        _endpoint(document, "device_authorization_endpoint"),
    )


def checked_endpoint(url: str) -> str:
    """A URL that a credential may be sent to. Raises CredentialError."""
    if is_safe_address(url):
        return url
    raise CredentialError("discovery", "a sign-in address is not https (or http on loopback)")


def read_tokens(document: Any, bearer: str = "access_token") -> Tokens:
    """The tokens in an answer; ``bearer`` is the one that must be there. Raises CredentialError."""
    __tracebackhide__ = True  # pytest would show the arguments
    if not isinstance(document, dict):
        raise CredentialError("token-exchange", "Token exchange failed (no JSON object)")
    tokens = Tokens(
        _secret(document, "access_token"),
        _secret(document, "id_token"),
        _secret(document, "refresh_token"),
        seconds(document.get("expires_in")),
    )
    if bearer_of(tokens, bearer) is None:
        raise CredentialError("token-exchange", f"Token exchange failed (no {bearer})")
    return tokens


def bearer_of(tokens: Tokens, bearer: str) -> Secret | None:
    """The token that authenticates inference."""
    return tokens.identity if bearer == "id_token" else tokens.access


def claims(token: Secret) -> Mapping[str, Any]:
    """The claims of a JSON Web Token, unverified; empty if it is none."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return {}
    try:
        document = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def expires_at(tokens: Tokens, bearer: str, now: float) -> float | None:
    """When the bearer ends, in seconds of the epoch, as ``now`` is; None if nobody says."""
    token = bearer_of(tokens, bearer)
    said = seconds(claims(token).get("exp")) if token is not None else None
    if said is not None:
        return said
    return None if tokens.expires_in_s is None else now + tokens.expires_in_s


def seconds(value: Any) -> float | None:
    """A number of seconds from 0 on; None for whatever else an answer holds."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MOST_SECONDS else None


def _resource(settings: SignInSettings) -> Form:
    return {"resource": settings.resource} if settings.resource else {}


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    return checked_endpoint(found) if isinstance(found, str) and found else ""


def _secret(document: Mapping[str, Any], name: str) -> Secret | None:
    found = document.get(name)
    return Secret(found) if isinstance(found, str) and found else None
