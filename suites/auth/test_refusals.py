"""How a key is refused: whole keys only, on every request, in the open, and without after-effects."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

from gatecert.suite import (
    MUST,
    SHOULD,
    WRONG_KEY,
    DesktopApp,
    Desktops,
    Exchange,
    NotApplicable,
    Target,
    answered,
    carriers,
    expect,
    not_let_in,
    requirement,
)

_ENFORCED = ["enforces_keys"]
_ATTEMPTS = 11  # what one engine on a command line sends with a wrong key
_LARGE = 4_000_000
_SHORTEST_SOUGHT = 12  # characters; a shorter key may be an everyday word


@requirement(
    "AUTH-31",
    MUST,
    source="official: refusals are told by their status, which the client acts on",
    why="The user sees a broken answer and not that the key is wrong, and the client tries again and again.",
    fix="Check the key before the answer is begun; refuse a streamed turn with 401 as any other.",
    needs=_ENFORCED,
    since="0.2",
)
def test_streamed_turn_is_refused_by_status(desktops: Desktops) -> None:
    """A streamed turn with a wrong key is refused by the status, not by an event in an answer of 200."""
    turn = desktops(api_key=WRONG_KEY).engine.turn("hi")
    exchange = not_let_in(turn, "a streamed turn with an unknown key")
    expect(
        not exchange.is_event_stream,
        "the refusal not to be an event stream",
        f"{exchange.summary()} of the type {exchange.header('content-type')!r}",
    )


@requirement(
    "AUTH-33",
    MUST,
    source="field: keys looked up by the masked form that the console shows",
    why="Who has seen a masked key in a screenshot has the key.",
    fix="Compare the whole key, or a hash of the whole key.",
    needs=_ENFORCED,
    since="0.2",
)
def test_key_with_another_middle_is_refused(desktops: Desktops, target: Target) -> None:
    """A key with the right beginning and end and another middle is refused."""
    key = target.api_key
    first, last = len(key) // 2 - 1, len(key) // 2 + 1
    turned = "".join("x" if character != "x" else "y" for character in key[first:last])
    app = desktops(api_key=key[:first] + turned + key[last:])
    not_let_in(app.test_connection(), "a key of which the two middle characters differ")


@requirement(
    "AUTH-34",
    SHOULD,
    source="observed: an engine on a command line sends a wrong key eleven times",
    why="One colleague's mistyped key shuts out the whole office, or its owner even after mending it.",
    fix="Slow down or block the wrong key, not the address; let a valid key in at once.",
    needs=_ENFORCED,
    since="0.2",
)
def test_refusals_do_not_lock_out_a_good_key(desktop: DesktopApp, target: Target) -> None:
    """After eleven requests with a wrong key the right key is let in at once."""
    wrong = _carrying(target, WRONG_KEY)
    for _ in range(_ATTEMPTS):
        not_let_in(desktop.engine.turn("hi", stream=False, headers=wrong), "a wrong key")
    turn = desktop.engine.turn("hi", stream=False)
    answered(turn, f"a turn with the right key after {_ATTEMPTS} with a wrong one")


@requirement(
    "AUTH-35",
    SHOULD,
    source="standard: RFC 9112 section 9.6, who refuses early must not reset the connection",
    why="With pictures in the conversation a wrong key looks like a broken network, and is tried for minutes.",
    fix="Read the rest of the body, or close slowly, when refusing before the body has come.",
    needs=_ENFORCED,
    since="0.2",
    hints={"nginx": "lingering_close on (the default)"},
)
def test_refusal_of_a_large_request_is_seen(desktops: Desktops) -> None:
    """The refusal of a large request with a wrong key (4 MB) reaches the client."""
    turn = desktops(api_key=WRONG_KEY).engine.turn("x" * _LARGE, stream=False)
    not_let_in(turn, "a request of 4 MB with an unknown key")


@requirement(
    "AUTH-36",
    SHOULD,
    source="observed: a token pasted with its scheme word is sent as 'Bearer Bearer ...'",
    why="A mistake in pasting the key looks like an outage of the gateway, which the client retries.",
    fix="Refuse an Authorization header that cannot be read with 401; do not fail on it.",
    needs=_ENFORCED,
    since="0.2",
)
def test_malformed_credentials_are_no_server_error(desktop: DesktopApp, target: Target) -> None:
    """An Authorization header of an unusual form is served or refused with 4xx, never answered 5xx."""
    key = target.api_key
    for value, what in {
        f"Bearer Bearer {key}": "with the scheme word twice",
        f"Bearer {WRONG_KEY} {WRONG_KEY}": "with two keys",
        WRONG_KEY: "without a scheme word",
        "Bearer": "with nothing but the scheme word",
        "Basic": "of another scheme, without a credential",
        "Basic !!!": "of another scheme, which cannot be decoded",
        ",": "with nothing but a comma",
    }.items():
        headers = {"x-api-key": None, "Authorization": value}
        exchange = desktop.engine.turn("hi", stream=False, headers=headers).exchange
        expect(
            exchange.status is not None and exchange.status < 500,
            f"a turn with an Authorization header {what} to be served or refused with 4xx",
            exchange.summary(),
        )


@requirement(
    "AUTH-37",
    MUST,
    source="field: gateways that send the consumer's key back in a header",
    why="Keys end up in support files and screenshots of people who do not know that they are there.",
    fix="Name the key's owner or id in headers and messages, never the key.",
    since="0.2",
)
def test_answers_do_not_echo_the_key(desktop: DesktopApp, target: Target) -> None:
    """No answer repeats the client's key: turns, discovery, unknown paths and methods."""
    if len(target.api_key) < _SHORTEST_SOUGHT:
        raise NotApplicable("the key is so short that its text may stand in any answer")
    engine = desktop.engine
    turn = engine.turn("hi", stream=False).exchange
    answers = [
        engine.turn("hi").exchange,
        turn,
        desktop.send("OPTIONS", replace(turn.request, method="OPTIONS")),
        engine.turn("hi", path="/gatecert/no-such-path").exchange,
        desktop.discover_models(),
    ]
    for answer in answers:
        found = carriers(answer, target.api_key)
        expect(
            not found,
            f"the answer to {_named(answer)} not to carry the client's key",
            f"it in {', '.join(found)}",
            hop="gateway → client",
            silent=True,
        )


@requirement(
    "AUTH-38",
    MUST,
    source="official: a gateway with interactive sign-in checks the token's issuer and audience",
    why="Anybody can write a token with any name in it, and spend the company's tokens under that name.",
    fix="Check signature, issuer and audience of every token; accept no algorithm 'none'.",
    needs=_ENFORCED,
    since="0.2",
    hints={
        "envoy": "issuer and audiences of each provider in the jwt_authn filter",
        "litellm": "issuer and audience under general_settings.litellm_jwtauth.issuers",
    },
)
def test_forged_token_is_refused(desktops: Desktops) -> None:
    """An identity token of an unknown issuer is refused, unsigned as well as signed with another key."""
    claims = {
        "iss": "https://login.gatecert.invalid",
        "aud": "gatecert",
        "sub": "user@gatecert.invalid",
        "exp": 4_102_444_800,  # the year 2100
    }
    for algorithm, signature in (("none", ""), ("HS256", "signature"), ("RS256", "signature")):
        parts = ({"alg": algorithm, "typ": "JWT", "kid": "gatecert"}, claims)
        token = ".".join([*(_encoded(json.dumps(part)) for part in parts), _encoded(signature)])
        app = desktops(api_key=token, auth_scheme="bearer")
        not_let_in(app.test_connection(), f"a token of an unknown issuer ({algorithm})")


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _carrying(target: Target, key: str) -> dict[str, str]:
    """The header that carries a key under the target's scheme."""
    if target.auth_scheme == "x-api-key":
        return {"x-api-key": key}
    return {"Authorization": f"Bearer {key}"}


def _named(answer: Exchange) -> str:
    return f"{answer.request.method} /{answer.request.url.partition('://')[2].partition('/')[2]}"
