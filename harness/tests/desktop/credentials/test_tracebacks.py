"""What pytest prints of an error, and what an error carries along: no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatecert.desktop import GatewaySettings
from gatecert.desktop.credentials import Credential, read_output
from gatecert.desktop.credentials.device_flow import read_device
from gatecert.desktop.credentials.oauth import Attempt, read_tokens
from gatecert.desktop.credentials.token_http import answered, post_form
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.secret import Secret
from gatecert.desktop.settings import normal_base_url
from gatecert.desktop.transport import HttpxTransport

CANARY = "sk-canary-4711"
GATEWAY = "https://gw.example"
SETTINGS = GatewaySettings(GATEWAY)
REQUEST = OutgoingRequest("POST", GATEWAY, [("Authorization", CANARY)], CANARY.encode())
FAILURES: dict[str, Callable[[], Any]] = {
    "two lines": lambda: read_output(f"{CANARY}\nmore".encode()),
    "not utf-8": lambda: read_output(CANARY.encode() + b"\xff"),
    "no token": lambda: read_output(f'{{"key": "{CANARY}"}}'.encode()),
    "unusable token": lambda: Credential(Secret(f"{CANARY}\n.")).applied(SETTINGS),
    "unusable header": lambda: Credential(Secret("t"), {"X-A": f"{CANARY}\n."}).applied(SETTINGS),
    "key": lambda: GatewaySettings(GATEWAY, f"{CANARY}\n."),
    "header": lambda: GatewaySettings(GATEWAY, "k", custom_headers={"X-A": f"{CANARY}\n."}),
    "key in a name": lambda: GatewaySettings(GATEWAY, custom_headers={f"X-A: {CANARY}": "v"}),
    "query": lambda: normal_base_url(f"{GATEWAY}?key={CANARY}"),
    "query of another scheme": lambda: normal_base_url(f"ftp://gw.example?key={CANARY}"),
    "password with a slash": lambda: normal_base_url(f"https://user:{CANARY}/@gw.example"),
    "no id_token": lambda: read_tokens({"access_token": CANARY}, "id_token"),
    "half a device": lambda: read_device({"device_code": CANARY}),
    "foreign callback": lambda: Attempt("http://127.0.0.1/callback").code(
        f"/callback?code={CANARY}"
    ),
    "unsafe address": lambda: post_form(HttpxTransport(), "http://id.example", {"code": CANARY}),
    "refused": lambda: answered(Exchange("sign-in", REQUEST, 401)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_neither_pytests_output_nor_the_error_itself_holds_a_secret(name: str) -> None:
    with pytest.raises((RuntimeError, ValueError)) as caught:
        FAILURES[name]()
    shown = caught.getrepr(style="long", funcargs=True, tbfilter=_as_pytest)
    assert type(caught.value).__name__ in str(shown)
    assert CANARY not in str(shown)
    for error in _chain(caught.value):
        assert CANARY not in f"{error!r} {error} {vars(error)}"


def _as_pytest(caught: pytest.ExceptionInfo[BaseException]) -> Any:
    """The frame whose arguments pytest prints: the last that is not hidden."""
    return caught.traceback.filter(caught)[-1:]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
