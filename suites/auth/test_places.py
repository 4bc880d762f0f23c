"""Where a key may stand: two headers at once, other headers, the URL, and every path."""

from base64 import b64encode

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    WRONG_KEY,
    DesktopApp,
    Desktops,
    ScriptedProvider,
    Target,
    answered,
    carriers,
    expect,
    hints,
    not_let_in,
    requirement,
    sent_by_bearer,
)

_ENFORCED = ["enforces_keys"]
# what a developer's shell may hold beside the gateway's key: a personal key of the provider
_PERSONAL_KEY = "gk-personal-4tYk8Rw2Lq6Zx0VnB5mD7sHjC3gF"
_NO_KEY = {"Authorization": None, "x-api-key": None}


@requirement(
    "AUTH-21",
    SHOULD,
    source="observed: a token and another key in the environment are both sent, in their own headers",
    why="A developer with a personal key in the shell is locked out of the gateway in the terminal.",
    fix="Let a request in if either header holds a valid key, whatever stands in the other.",
    needs=_ENFORCED,
    since="0.2",
)
def test_valid_key_beside_a_foreign_one(desktops: Desktops) -> None:
    """A valid key in the configured header is accepted though the other header holds a foreign key."""
    turn = desktops(second_key=_PERSONAL_KEY).engine.turn("hi", stream=False)
    answered(turn, "a turn with the valid key in its header and another key in the other header")


@requirement(
    "AUTH-22",
    MAY,
    source="observed: a token and another key in the environment are both sent, in their own headers",
    why="Claude Desktop sends one header; terminals whose valid key stands in the other one are locked out.",
    fix="Look at both headers before refusing.",
    needs=["enforces_keys", "accepts_x_api_key"],
    since="0.2",
)
def test_valid_key_in_the_other_header(desktops: Desktops, target: Target) -> None:
    """A valid key in the other header is accepted though the configured header holds a foreign key."""
    sent_by_bearer(target.auth_scheme)
    app = desktops(api_key=_PERSONAL_KEY, second_key=target.api_key)
    turn = app.engine.turn("hi", stream=False)
    answered(turn, "a turn with a foreign key in the configured header and the valid one beside it")


@requirement(
    "AUTH-23",
    MUST,
    source="field: gateways that set the one credential header and leave the client's other one in place",
    why="Requests are billed to the user's personal account, past the company's, and the key is disclosed.",
    fix="Drop Authorization and x-api-key both before setting the provider's credential.",
    needs=["holds_provider_key"],
    since="0.2",
    hints=hints.OWN_KEY_ONLY,
)
def test_second_key_is_not_passed_on(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A second key that the client sends beside the valid one does not reach the provider."""
    for stream in (True, False):
        script = provider.script()
        desktops(second_key=_PERSONAL_KEY).engine.turn(script.text, stream=stream)
        for receipt in provider.receipts(script):
            found = carriers(receipt, _PERSONAL_KEY)
            expect(
                not found,
                "a request at the provider without the client's second key",
                f"that key in {', '.join(found)}",
                hop="gateway → provider",
                silent=True,
            )


@requirement(
    "AUTH-24",
    MUST,
    source="field: gateways that check the usual header and trust whatever else looks like a credential",
    why="Whoever reaches the gateway spends the company's tokens, with any text as a key.",
    fix="Refuse every request without a valid key in Authorization or x-api-key; other places do not count.",
    needs=_ENFORCED,
    since="0.2",
    hints=hints.KEY_REQUIRED,
)
def test_wrong_key_opens_from_no_other_place(desktop: DesktopApp) -> None:
    """An unknown key is refused under another scheme, in another header, a cookie and the URL too."""
    basic = b64encode(f"user:{WRONG_KEY}".encode()).decode()
    headers = [
        ("Authorization", f"Basic {basic}"),
        ("Authorization", f"Token {WRONG_KEY}"),
        ("Authorization", WRONG_KEY),
        ("Proxy-Authorization", f"Bearer {WRONG_KEY}"),
        ("api-key", WRONG_KEY),
        ("x-goog-api-key", WRONG_KEY),
        ("Cookie", f"token={WRONG_KEY}; session={WRONG_KEY}"),
    ]
    engine = desktop.engine
    for name, value in headers:
        turn = engine.turn("hi", stream=False, headers={**_NO_KEY, name: value})
        scheme = value.split()[0] if name == "Authorization" and " " in value else ""
        not_let_in(turn, f"a turn with an unknown key in {name} {scheme}".rstrip())
    path = f"/v1/messages?beta=true&key={WRONG_KEY}&api_key={WRONG_KEY}"
    not_let_in(engine.turn("hi", stream=False, headers=_NO_KEY, path=path), "a key in the URL")


@requirement(
    "AUTH-25",
    SHOULD,
    source="official: settings whose URL carries credentials are rejected",
    why="A key that works in the URL ends up in histories, access logs and tickets.",
    fix="Read keys from headers only.",
    needs=_ENFORCED,
    since="0.2",
    hints={
        "envoy": "name the place in from_headers of the jwt_authn provider: without it access_token in the query counts",
        "kong": "key_in_query: false in the key-auth plugin, whose default is true",
    },
)
def test_key_in_the_url_does_not_open(desktop: DesktopApp, target: Target) -> None:
    """The valid key in the query of the URL, and nowhere else, does not open the gateway."""
    for name in ("key", "apikey", "api_key", "api-key", "token", "access_token"):
        path = f"/v1/messages?beta=true&{name}={target.api_key}"
        turn = desktop.engine.turn("hi", stream=False, headers=_NO_KEY, path=path)
        not_let_in(turn, f"a turn with its key in the query parameter {name}")


@requirement(
    "AUTH-26",
    MAY,
    source="standard: RFC 9110 section 11.4, one or more blanks follow the scheme word",
    why="Claude Desktop writes one blank; scripts beside it that write two would fail.",
    fix="Skip all blanks after the scheme word.",
    needs=_ENFORCED,
    since="0.2",
)
def test_two_blanks_after_the_scheme_word(desktop: DesktopApp, target: Target) -> None:
    """Two blanks may stand between the scheme word and the key."""
    sent_by_bearer(target.auth_scheme)
    headers = {**_NO_KEY, "Authorization": f"Bearer  {target.api_key}"}
    turn = desktop.engine.turn("hi", stream=False, headers=headers)
    answered(turn, "a turn with two blanks after 'Bearer'")


@requirement(
    "AUTH-27",
    MUST,
    source="official: accept x-api-key on discovery, where a credential helper sends that header alone",
    why="Chat works and the model picker stays empty, without a word.",
    fix="Read the key from x-api-key on GET /v1/models as on /v1/messages.",
    needs=["accepts_x_api_key", "serves_models"],
    since="0.2",
    hints=hints.READ_X_API_KEY,
)
def test_discovery_takes_x_api_key(desktops: Desktops, target: Target) -> None:
    """Model discovery is answered with the key in x-api-key alone, and with it in both headers."""
    alone = desktops(auth_scheme="x-api-key")
    both = desktops(second_key=target.api_key)
    for app, what in ((alone, "the key in x-api-key"), (both, "the key in both headers")):
        answered(app.discover_models(), f"discovery with {what}")


@requirement(
    "AUTH-28",
    SHOULD,
    source="field: side routes that read another header than the main one",
    why="The client cannot count, and guesses when its context is full.",
    fix="Check the key in one place before routing, so that every path takes the same headers.",
    needs=["accepts_x_api_key", "serves_count_tokens"],
    since="0.2",
    hints=hints.READ_X_API_KEY,
)
def test_count_tokens_takes_x_api_key(desktops: Desktops) -> None:
    """count_tokens is answered with the key in x-api-key alone."""
    count = desktops(auth_scheme="x-api-key").engine.count_tokens("hi")
    answered(count, "count_tokens with the key in x-api-key")


@requirement(
    "AUTH-29",
    MUST,
    source="field: the Code tab is refused where Cowork works, and the other way round",
    why="One tab of the app works with the key, the other says that the key is wrong.",
    fix="Let the key decide; do not look at User-Agent or agent headers for it.",
    since="0.2",
)
def test_every_surface_is_let_in(desktop: DesktopApp) -> None:
    """The same key opens the gateway for chat, Cowork, Code and agents, as their User-Agents name them."""
    for surface in ("claude-desktop-3p", "local-agent", "local-agent, agent-sdk/0.2.187"):
        headers = {"User-Agent": f"claude-cli/2.1.330 (external, {surface})"}
        turn = desktop.engine.turn("hi", stream=False, headers=headers)
        answered(turn, f"a turn from the surface {surface!r}")


@requirement(
    "AUTH-30",
    MUST,
    source="official: the agent id header names an agent, not a user; field: keys remembered by session",
    why="Subagents, which carry ids that nobody could register, are refused, or get in without a key.",
    fix="Use agent and session ids for tracing only; the key of each request alone says who asks.",
    since="0.2",
)
def test_agent_id_is_no_identity(desktop: DesktopApp, desktops: Desktops, target: Target) -> None:
    """Agent and session ids neither shut out a valid key nor let in a wrong one."""
    for number in (1, 2):
        ids = {
            "x-claude-code-agent-id": f"a{number:016x}",
            "x-claude-code-parent-agent-id": f"a{number + 2:016x}",
        }
        turn = desktop.engine.turn("hi", stream=False, headers=ids)
        answered(turn, "a turn of a subagent with the valid key")
    if target.promises.enforces_keys:
        stranger = desktops(api_key=WRONG_KEY).engine
        turn = stranger.turn("hi", stream=False, headers=ids)
        not_let_in(turn, "a turn with a known agent id and an unknown key")
        stranger.session_id = desktop.engine.session_id
        turn = stranger.turn("hi", stream=False)
        not_let_in(turn, "a turn with the session id of a user and an unknown key")


@requirement(
    "AUTH-32",
    MUST,
    source="field: catch-all routes (Portkey 1.15.2) pass every header on for paths below /v1",
    why="A wrong base URL discloses the user's gateway key to the provider, though the answer is only a 404.",
    fix="Drop the client's credential on every route, or answer 404 without asking the provider.",
    needs=["holds_provider_key"],
    since="0.2",
    hints=hints.EXACT_PATHS,
)
def test_wrong_paths_do_not_pass_the_key_on(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn to a path that is no endpoint does not carry the client's key to the provider."""
    for path in ("/v1/gatecert", "/v1/v1/messages", "/v1/messages/", "/gatecert/v1/messages"):
        script = provider.script()
        desktop.engine.turn(script.text, path=path)
        for receipt in provider.receipts(script):
            found = carriers(receipt, target.api_key)
            expect(
                not found,
                f"a request to {path} not to reach the provider with the client's key",
                f"the key in {', '.join(found)} of {receipt.method} {receipt.path}",
                hop="gateway → provider",
                silent=True,
            )
