"""Credentials: which ones open the gateway, which do not, and where they end up."""

from collections.abc import Sequence

from gatecert.suite import (
    MAY,
    MUST,
    SHOULD,
    WRONG_KEY,
    Asking,
    DesktopApp,
    Desktops,
    Exchange,
    Receipt,
    ScriptedProvider,
    Target,
    answered,
    carriers,
    expect,
    hints,
    not_let_in,
    own_answer,
    readable_error,
    refused,
    requirement,
    sent_by_bearer,
)

_ENFORCED = ["enforces_keys"]
_BOTH_SCHEMES = ["enforces_keys", "accepts_x_api_key"]
# a quoted part up to this length tells nobody the key; masked keys show four or so
_LONGEST_ECHO = 11


@requirement(
    "AUTH-01",
    MUST,
    source="guide: Set the Gateway connection (base URL, key, auth scheme)",
    why="Nobody can use Claude Desktop through this gateway.",
    fix="First see that the key given to gatecert is right and active; if it is, accept it under the scheme that the settings name.",
)
def test_configured_key_opens_the_gateway(desktop: DesktopApp) -> None:
    """The configured key is accepted under the configured scheme."""
    answered(desktop.test_connection(), "a request with the configured key")


@requirement(
    "AUTH-02",
    MUST,
    source="official: a gateway may be configured with the x-api-key scheme",
    why="Desktops configured with x-api-key, and most SDK clients beside them, are locked out.",
    fix="Read the key from x-api-key as well as from Authorization.",
    needs=["accepts_x_api_key"],
    hints=hints.READ_X_API_KEY,
)
def test_x_api_key_is_accepted(desktops: Desktops) -> None:
    """The key is accepted in the x-api-key header."""
    app = desktops(auth_scheme="x-api-key")
    answered(app.test_connection(), "a request with the key in x-api-key")


@requirement(
    "AUTH-03",
    MUST,
    source="guide: Troubleshooting, 401 or 403 for a key that is expired, revoked or of another workspace",
    why="Whoever reaches the gateway spends the company's tokens.",
    fix="Look every key up before anything else, and answer 401 for one that is unknown.",
    needs=_ENFORCED,
    hints=hints.KEY_REQUIRED,
)
def test_wrong_key_is_refused(desktops: Desktops) -> None:
    """A key the gateway does not know is refused with 401 or 403."""
    refused(desktops(api_key=WRONG_KEY).test_connection(), "a request with an unknown key")


@requirement(
    "AUTH-04",
    MUST,
    source="guide: Troubleshooting, the key is required",
    why="Whoever reaches the gateway spends the company's tokens.",
    fix="Refuse requests without Authorization and x-api-key with 401.",
    needs=_ENFORCED,
    hints=hints.KEY_REQUIRED,
)
def test_missing_key_is_refused(desktops: Desktops) -> None:
    """A request without any key is refused with 401 or 403."""
    refused(desktops(api_key=None).test_connection(), "a request without a key")


@requirement(
    "AUTH-05",
    MUST,
    source="guide: Troubleshooting, the key is expired",
    why="Keys of people who left keep working.",
    fix="Check a key's expiry on every request, not only when it is created or cached.",
    needs=[*_ENFORCED, "keys.expired"],
)
def test_expired_key_is_refused(desktops: Desktops, target: Target) -> None:
    """An expired key is refused with 401 or 403."""
    app = desktops(api_key=target.keys.expired)
    refused(app.test_connection(), "a request with an expired key")


@requirement(
    "AUTH-06",
    MUST,
    source="guide: Troubleshooting, the key is scoped to a different workspace",
    why="One team's budget pays for another team, and policies of the wrong workspace apply.",
    fix="Compare the key's workspace with the one this address serves; answer 401 or 403.",
    needs=[*_ENFORCED, "keys.other_workspace"],
)
def test_key_of_another_workspace_is_refused(desktops: Desktops, target: Target) -> None:
    """A key of another workspace is refused with 401 or 403."""
    app = desktops(api_key=target.keys.other_workspace)
    refused(app.test_connection(), "a request with another workspace's key")


@requirement(
    "AUTH-07",
    MUST,
    source="field: prefix and near-miss keys accepted by lax comparison",
    why="Guessing a key becomes feasible, and a mistyped key seems to work until it does not.",
    fix="Compare the whole key, exactly and case-sensitively.",
    needs=_ENFORCED,
    hints={
        "nginx": "map compares plain strings without regard to case: write keys as regular expressions that begin with ~^",
        "haproxy": "compare with -m str, and without -i",
    },
)
def test_near_miss_keys_are_refused(desktops: Desktops, target: Target) -> None:
    """A key that is cut short, lengthened or in another case is refused, in every header."""
    key = target.api_key
    near_misses = {
        "cut short": key[:-1],
        "lengthened": key + "x",
        "in another case": key.swapcase(),
    }
    schemes = {target.auth_scheme}
    schemes |= {"bearer", "x-api-key"} if target.promises.accepts_x_api_key else set()
    for scheme in sorted(schemes):
        for what, near_miss in near_misses.items():
            if near_miss not in (key, ""):
                app = desktops(api_key=near_miss, auth_scheme=scheme)
                not_let_in(app.test_connection(), f"a key {what}, sent by {scheme},")


@requirement(
    "AUTH-08",
    SHOULD,
    source="official: gateway errors are shown to the user with error.message",
    why="The user reads markup or a bare number, and cannot tell a wrong key from an outage.",
    fix='Answer {"type":"error","error":{"type":"authentication_error","message":...}} as JSON.',
    needs=_ENFORCED,
    hints=hints.JSON_REFUSAL,
)
def test_refusal_tells_the_user_why(desktops: Desktops) -> None:
    """The refusal of a wrong key carries JSON with a message for the user."""
    readable_error(_not_let_in(desktops), "the refusal")


@requirement(
    "AUTH-09",
    SHOULD,
    source="observed: engine 2.1.330 on a command line retries a 401 ten times over three minutes, in the desktop's environment never; 403 or x-should-retry: false stop it",
    why="Who uses the same gateway from a command line waits three minutes before seeing the error, and the log fills.",
    fix="Send x-should-retry: false with the 401, or answer 403.",
    needs=_ENFORCED,
    hints={
        "nginx": "add_header x-should-retry false always, where 401 is returned",
        "apache": 'Header always set x-should-retry false "expr=%{REQUEST_STATUS} == 401"',
        "envoy": "headers_to_add in a mapper of local_reply_config",
        "haproxy": "hdr x-should-retry false in the http-request return",
    },
)
def test_refusal_is_not_retried_for_minutes(desktops: Desktops) -> None:
    """The refusal of a wrong key makes the client stop at once."""
    exchange = _not_let_in(desktops)
    stops = exchange.status == 403 or exchange.header("x-should-retry") == "false"
    expect(
        stops,
        "403, or 401 with x-should-retry: false",
        f"HTTP {exchange.status} with x-should-retry {exchange.header('x-should-retry')!r}",
    )


@requirement(
    "AUTH-10",
    MUST,
    source="field: gateways that quote the offending key in their error text",
    why="Keys end up in screenshots, tickets and logs.",
    fix="Never put a credential into an error message or a header, not even in part.",
    needs=_ENFORCED,
)
def test_refusal_does_not_echo_the_key(desktops: Desktops) -> None:
    """The refusal repeats neither the key nor a long part of it."""
    exchange = _not_let_in(desktops)
    everything = exchange.text + "\n".join(f"{name}: {value}" for name, value in exchange.headers)
    length = _LONGEST_ECHO + 1
    parts = [WRONG_KEY[i : i + length] for i in range(len(WRONG_KEY) - length + 1)]
    expect(
        not any(part.lower() in everything.lower() for part in parts),
        "an answer without the key, or a long part of it",
        exchange.summary(),
    )


@requirement(
    "AUTH-11",
    MUST,
    source="guide: the gateway enforces policy before a model is called",
    why="Requests that were refused still cost money at the provider.",
    fix="Authenticate before the provider is called.",
    needs=_ENFORCED,
)
def test_refused_request_never_reaches_the_provider(
    desktops: Desktops, provider: ScriptedProvider
) -> None:
    """A turn with a wrong key never reaches a provider, not even after its refusal."""
    script = provider.script()
    turn = desktops(api_key=WRONG_KEY).engine.turn(script.text)
    expect(turn.exchange.status is not None, "an answer", turn.exchange.summary())
    receipts = provider.receipts(script, late=True)
    expect(
        not receipts,
        "no request at any provider",
        f"{len(receipts)} arrived at {receipts[0].provider if receipts else ''}",
        hop="gateway → provider",
        silent=True,
    )


@requirement(
    "AUTH-12",
    MUST,
    source="guide: the gateway holds the provider's credential, the user only the gateway's",
    why="The gateway key of every user is disclosed to the provider and its logs.",
    fix="Drop Authorization and x-api-key of the client and set the provider's own key.",
    needs=["holds_provider_key"],
    hints=hints.OWN_KEY_ONLY,
)
def test_key_is_not_passed_to_the_provider(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """The client's gateway key never reaches the provider, however it is sent: turns and token counts."""
    schemes = [target.auth_scheme]
    if target.promises.accepts_x_api_key:
        schemes = ["bearer", "x-api-key"]
    for scheme in schemes:
        engine = desktops(auth_scheme=scheme).engine
        turn, count = provider.script(), provider.script()
        answer = engine.turn(turn.text)
        if target.promises.serves_count_tokens:
            engine.count_tokens(count.text)
        receipts = provider.receipts(turn)
        arrived = receipts or scheme != target.auth_scheme  # AUTH-02 is about the other scheme
        expect(arrived, "the turn to arrive at the provider", answer.exchange.summary())
        _carry_no_key([*receipts, *provider.receipts(count)], target)


@requirement(
    "AUTH-13",
    MUST,
    source="observed: a client with both settings sends both headers",
    why="Clients that send both headers (a helper script, a leftover variable) are locked out.",
    fix="Let a request in if either header holds a valid key.",
    needs=["accepts_x_api_key"],
)
def test_both_headers_at_once_are_accepted(
    desktop: DesktopApp, asking: Asking, target: Target
) -> None:
    """The same key in Authorization and in x-api-key at once is accepted."""
    script = asking.ask()
    both = {"Authorization": f"Bearer {target.api_key}", "x-api-key": target.api_key}
    turn = desktop.engine.turn(script.text, headers=both)
    answered(turn, "a turn with the key in both headers")
    own_answer(script.answer, turn)


@requirement(
    "AUTH-14",
    MAY,
    source="standard: RFC 9110 section 11.1, the scheme word is case-insensitive",
    why="Claude Desktop writes Bearer; scripts beside it that write bearer would fail.",
    fix="Compare the scheme word without regard to case.",
    needs=_ENFORCED,
)
def test_scheme_word_in_lower_case(desktop: DesktopApp, asking: Asking, target: Target) -> None:
    """The scheme word may be written in lower case."""
    sent_by_bearer(target.auth_scheme)
    lower = {"Authorization": f"bearer {target.api_key}", "x-api-key": None}
    turn = desktop.engine.turn(asking.ask().text, headers=lower)
    answered(turn, "a turn with 'bearer' in lower case")


@requirement(
    "AUTH-16",
    MUST,
    source="field: catch-all routes (Portkey 1.15.2) pass Authorization on for the model list",
    why="Each start of the app discloses the user's gateway key to the provider.",
    fix="Drop the client's credential on every route, the model list's and the catch-all included.",
    needs=["holds_provider_key", "serves_models"],
    hints=hints.OWN_KEY_ONLY,
)
def test_discovery_does_not_pass_the_key_on(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """Model discovery does not carry the client's gateway key to the provider."""
    before = provider.newest()
    answered(desktop.discover_models(), "model discovery")
    _carry_no_key(provider.since(before), target)


@requirement(
    "AUTH-17",
    MUST,
    source="guide: Troubleshooting, the key is revoked",
    why="Keys of people who left, and keys that leaked, keep working.",
    fix="Ask the key store on every request, or let cached keys live for seconds only.",
    needs=[*_ENFORCED, "keys.revoked"],
    hints={
        "litellm": "general_settings.user_api_key_cache_ttl is how long a key is cached, in seconds",
    },
)
def test_revoked_key_is_refused(desktops: Desktops, target: Target) -> None:
    """A revoked key is refused with 401 or 403."""
    app = desktops(api_key=target.keys.revoked)
    refused(app.test_connection(), "a request with a revoked key")


@requirement(
    "AUTH-18",
    MUST,
    source="field: gateways that check the one header and trust the other",
    why="Whoever reaches the gateway spends the company's tokens, with any text as a key.",
    fix="Look up what x-api-key holds exactly as what Authorization holds.",
    needs=_BOTH_SCHEMES,
)
def test_wrong_key_is_refused_in_either_header(desktops: Desktops) -> None:
    """A wrong key is refused by bearer as well as in x-api-key."""
    for scheme in ("bearer", "x-api-key"):
        app = desktops(api_key=WRONG_KEY, auth_scheme=scheme)
        refused(app.test_connection(), f"a request with an unknown key, sent by {scheme},")


@requirement(
    "AUTH-19",
    MUST,
    source="observed: a client whose credential helper failed sends an empty bearer",
    why="Desktops without a key are served, and nobody knows whom to charge.",
    fix="Treat an empty credential like a missing one.",
    needs=_ENFORCED,
)
def test_empty_key_is_refused(desktop: DesktopApp) -> None:
    """An empty key (Authorization: Bearer without a token) is refused."""
    empty = {"Authorization": "Bearer", "x-api-key": None}
    not_let_in(desktop.engine.turn("hi", headers=empty, stream=False), "a turn with an empty key")


def _carry_no_key(receipts: Sequence[Receipt], target: Target) -> None:
    for receipt in receipts:
        found = carriers(receipt, target.api_key)
        expect(
            not found,
            "a request without the client's gateway key",
            f"the key in {', '.join(found)} of {receipt.method} {receipt.path}",
            hop="gateway → provider",
            silent=True,
        )


def _not_let_in(desktops: Desktops) -> Exchange:
    app = desktops(api_key=WRONG_KEY)
    return not_let_in(app.test_connection(), "a request with an unknown key")
