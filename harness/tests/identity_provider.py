"""An identity provider on loopback, and a gateway that believes only the tokens meant for it."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from gatecert.desktop.credentials import Prompt
from gatecert.desktop.credentials.oauth import challenge

CLIENT = "claude-desktop-of-acme"
TEXT = {"type": "text", "text": "hi"}
GATEWAY = "https://gateway.acme.example"
Answer = tuple[int, Any, dict[str, str]]
Form = dict[str, str]
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    return status, body, headers


def refused(error: str, status: int = 400, **more: str) -> Answer:
    return answer(status, {"error": error, **more})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._say(self.server.on_get(self.path, dict(self.headers)))  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._say(self.server.on_post(self.path, dict(self.headers), body))  # type: ignore[attr-defined]

    def _say(self, told: Answer) -> None:
        status, body, headers = told
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class IdentityProvider(_Server):
    """Gives id and access tokens for a code, a refresh token, or a confirmed device.

    ``audience`` is whom an id_token is for. ``device`` are the errors that polls get, in order,
    before the device is confirmed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.key = ECKey.generate_key("P-256", {"kid": "1"})
        self.issuer = self.url
        self.audience = CLIENT
        self.lifetime_s = 3600
        self.clock: Callable[[], float] = lambda: 1_000_000_000.0
        self.metadata: dict[str, Any] = {}
        self.metadata_status = 200
        self.token_status = 200
        self.nonce = ""
        self.refreshes_identity = True
        self.gives_refresh_token = True
        self.replaces_refresh_token = True
        self.device: list[str] = []
        self.device_answer: dict[str, Any] = {}
        self.posts: list[Form] = []
        self._codes: dict[str, Form] = {}
        self._refresh: set[str] = set()

    def on_get(self, target: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(target)
        if parts.path.startswith("/.well-known/") or "/.well-known/" in parts.path:
            return answer(self.metadata_status, self._described())
        if parts.path == "/authorize":
            return self._authorize(dict(parse_qsl(parts.query)))
        return answer(404)

    def on_post(self, target: str, _: dict[str, str], body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode()))
        self.posts.append(form)
        if urlsplit(target).path == "/device":
            return answer(200, {**self._device(), **self.device_answer})
        if self.token_status != 200:
            return answer(self.token_status, {"error": "invalid_client"})
        grants = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            DEVICE_GRANT: self._by_device,
        }
        return grants[form["grant_type"]](form)

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "device_authorization_endpoint": f"{self.url}/device",
            **self.metadata,
        }

    def _authorize(self, asked: Form) -> Answer:
        back = urlsplit(asked["redirect_uri"])
        if back.hostname != "127.0.0.1" or back.path != "/callback":
            return refused("invalid_request", error_description="AADSTS50011: redirect")
        if asked["client_id"] != CLIENT:
            return self._back(asked, error="unauthorized_client", error_description="AADSTS65001")
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return self._back(asked, code=code)

    def _back(self, asked: Form, **told: str) -> Answer:
        query = urlencode({**told, "state": asked["state"]})
        return answer(302, Location=f"{asked['redirect_uri']}?{query}")

    def _by_code(self, form: Form) -> Answer:
        asked = self._codes.pop(form["code"], None)
        proof = {
            "redirect_uri": form.get("redirect_uri", ""),
            "client_id": form.get("client_id", ""),
            "code_challenge": challenge(form.get("code_verifier", "")),
            "code_challenge_method": "S256",
        }
        if asked is None or any(asked.get(name) != value for name, value in proof.items()):
            return refused("invalid_grant")
        return answer(200, self._tokens(asked, {"nonce": self.nonce or asked["nonce"]}))

    def _by_refresh(self, form: Form) -> Answer:
        if form["refresh_token"] not in self._refresh:
            return refused("invalid_grant")
        tokens = self._tokens(form, {})
        if self.replaces_refresh_token:
            self._refresh.remove(form["refresh_token"])
        else:
            del tokens["refresh_token"]
        if not self.refreshes_identity:
            del tokens["id_token"]
        return answer(200, tokens)

    def _by_device(self, form: Form) -> Answer:
        if self.device:
            return refused(self.device.pop(0))
        return answer(200, self._tokens(form, {}))

    def _device(self) -> dict[str, Any]:
        return {
            "device_code": secrets.token_urlsafe(),
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.url}/activate",
            "expires_in": 600,
            "interval": 5,
        }

    def _tokens(self, asked: Form, more: dict[str, Any]) -> dict[str, Any]:
        tokens = {
            "token_type": "Bearer",
            "expires_in": self.lifetime_s,
            "id_token": self.signed(self.audience, **more),
            "access_token": self.signed(asked.get("resource", "nobody")),
        }
        if self.gives_refresh_token:
            tokens["refresh_token"] = secrets.token_urlsafe()
            self._refresh.add(str(tokens["refresh_token"]))
        return tokens

    def signed(self, audience: str, **more: Any) -> str:
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": "user-1",
            "jti": secrets.token_hex(8),
            "exp": int(self.clock()) + self.lifetime_s,
            **more,
        }
        return jwt.encode({"alg": "ES256", "kid": "1"}, claims, self.key)


class VerifyingGateway(_Server):
    """Serves those whose token is signed by the provider, names it, and is meant for ``audience``.

    ``revoked`` tokens are refused once more than the rest.
    """

    def __init__(self, provider: IdentityProvider, audience: str) -> None:
        super().__init__()
        self.provider = provider
        self.issuer = provider.issuer
        self.audience = audience
        self.revoked: set[str] = set()
        self.tokens: list[str] = []

    def on_get(self, target: str, headers: dict[str, str]) -> Answer:
        models = {"data": [{"type": "model", "id": "claude-sonnet-4-5"}]}
        return self._if_valid(headers, models)

    def on_post(self, target: str, headers: dict[str, str], body: bytes) -> Answer:
        message = {"type": "message", "role": "assistant", "content": [TEXT], "usage": {}}
        return self._if_valid(headers, message)

    def _if_valid(self, headers: dict[str, str], body: Any) -> Answer:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if token in self.revoked or not self._is_valid(token):
            message = {"type": "authentication_error", "message": "the token is not for us"}
            return answer(401, {"type": "error", "error": message})
        return answer(200, body)

    def _is_valid(self, token: str) -> bool:
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(self.provider.clock()),
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, KeySet([self.provider.key]), algorithms=["ES256"]).claims
            rules.validate(claims)
        except (JoseError, ValueError):
            return False
        return True


class StoppedClock:
    def __init__(self, provider: IdentityProvider) -> None:
        self.time = 1_000_000_000.0
        provider.clock = self.now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class User:
    """Opens whatever the client asks for, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Prompt] = []

    def __call__(self, prompt: Prompt) -> None:
        self.asked.append(prompt)
        visit(prompt)


def visit(prompt: Prompt) -> None:
    """A browser: opens the page and follows its redirect back to the client."""
    page = httpx.get(prompt.url, follow_redirects=True, trust_env=False)
    page.raise_for_status()


@contextmanager
def serving(server: _Server) -> Iterator[None]:
    """The server answers while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
