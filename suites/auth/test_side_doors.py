"""The key is asked for beside turns too: on discovery and on token counts."""

from gatecert.suite import (
    MUST,
    SHOULD,
    WRONG_KEY,
    Desktops,
    NotApplicable,
    ScriptedProvider,
    expect,
    hints,
    not_let_in,
    refused,
    requirement,
)

_ENFORCED = ["enforces_keys"]
# other spellings of the endpoint, other endpoints of the provider, and none at all
_PATHS = (
    *("//v1/messages", "/v1//messages", "/v1/messages/", "/V1/MESSAGES", "/v1/messages;a=b"),
    *("/v1/%6dessages", "/messages", "/anthropic/v1/messages", "/v1/gatecert"),
    *("/v1/messages/batches", "/v1/files", "/v1/complete", "/v1/messages/count_tokens/"),
)
# what proxies, sign-on servers and meshes write into requests that they have let in
_CLAIMS = (
    *(("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Client-IP", "10.0.0.1")),
    *(("Forwarded", "for=127.0.0.1;proto=https"), ("X-Forwarded-Host", "localhost")),
    *(("X-Forwarded-User", "admin"), ("X-Remote-User", "admin"), ("X-Auth-Request-User", "admin")),
    *(("X-Internal", "true"), ("X-Forwarded-Client-Cert", "Subject=CN=gateway")),
)


@requirement(
    "AUTH-15",
    SHOULD,
    source="official: discovery carries the same credential as inference",
    why="The list of internal model routes is open to whoever asks.",
    fix="Check the key on GET /v1/models as on every other path.",
    needs=[*_ENFORCED, "serves_models"],
    hints=hints.CHECK_EVERYWHERE,
)
def test_discovery_needs_the_key_too(desktops: Desktops) -> None:
    """Model discovery with a wrong key is refused with 401 or 403."""
    refused(desktops(api_key=WRONG_KEY).discover_models(), "discovery with an unknown key")


@requirement(
    "AUTH-20",
    MUST,
    source="official: every endpoint carries the credential; field: side routes left open",
    why="A side door: whoever reaches it uses the company's provider account.",
    fix="Check the key before routing, so that no path is left out.",
    needs=[*_ENFORCED, "serves_count_tokens"],
    hints=hints.CHECK_EVERYWHERE,
)
def test_count_tokens_needs_the_key_too(desktops: Desktops) -> None:
    """count_tokens with a wrong key is refused with 401 or 403."""
    exchange = desktops(api_key=WRONG_KEY).engine.count_tokens("hi")
    if exchange.status == 404 and desktops().engine.count_tokens("hi").status == 404:
        raise NotApplicable("count_tokens is promised, but not there for any key")
    refused(exchange, "count_tokens, unknown key,")


@requirement(
    "AUTH-39",
    MUST,
    source="field: inner networks and sign-on proxies that are believed by a header which anybody can send",
    why="Whoever reaches the gateway spends the company's tokens, with one header in place of a key.",
    fix="Let in by the key alone; drop X-Forwarded-For, X-Forwarded-User and their like where they come from clients.",
    needs=_ENFORCED,
    since="0.2",
)
def test_claims_in_headers_do_not_open(desktops: Desktops) -> None:
    """A wrong key is refused whatever the headers claim of an inner address or a signed-on user."""
    engine = desktops(api_key=WRONG_KEY).engine
    if engine.turn("hi", stream=False).exchange.status == 200:
        raise NotApplicable("any key is let in, so that no claim has to open")
    for name, value in _CLAIMS:
        turn = engine.turn("hi", stream=False, headers={name: value})
        not_let_in(turn, f"a turn with an unknown key and {name}: {value}")


@requirement(
    "AUTH-40",
    MUST,
    source="field: key checks bound to exact paths, and catch-all routes that pass the rest on with the gateway's own key",
    why="Whoever reaches the gateway uses the company's provider account, files and batches included.",
    fix="Check the key before routing, on every path; pass on the paths that are needed, and no others.",
    needs=_ENFORCED,
    since="0.2",
    hints=hints.CHECK_EVERYWHERE,
)
def test_no_path_is_open(desktops: Desktops, provider: ScriptedProvider) -> None:
    """With a wrong key no path reaches a provider: other spellings, other endpoints, unknown ones."""
    stranger = desktops(api_key=WRONG_KEY)
    plain = provider.script()
    stranger.engine.turn(plain.text, stream=False)
    if provider.receipts(plain):
        raise NotApplicable(
            "the endpoint itself is open to any key, so that no side door is needed"
        )
    for path in _PATHS:
        script = provider.script()
        turn = stranger.engine.turn(script.text, stream=False, path=path)
        expect(
            not provider.receipts(script),
            f"a request to {path} with an unknown key to reach no provider",
            f"it at the provider, and {turn.exchange.summary()} for the client",
            hop="gateway → provider",
            silent=True,
        )
