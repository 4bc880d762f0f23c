"""Probes, bursts and repeats: what a client sends beside its turns must not cost it the turns."""

from dataclasses import replace

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Asking,
    DesktopApp,
    Desktops,
    Exchange,
    Plan,
    Target,
    Together,
    answered,
    at,
    expect,
    own_answer,
    requirement,
)

_PROBES = 10
_COUNTS = 25
_USER_AGENTS = ("Dmi/JS 0.94.0", "Bun/1.4.4")  # a preflight and the start-up probe, as reported


@requirement(
    "CONN-06",
    SHOULD,
    source="observed: engine 2.1.197 sends HEAD <base>/ at start, without a credential",
    why="The app starts all the same, but every start of an older desktop leaves an error in the log.",
    fix="Answer HEAD on the base URL itself with any status at once, and ask for no credential.",
    since="0.2",
    hints={
        "nginx": "location = / { return 204; }, outside the key check",
        "envoy": "a route for / with direct_response",
        "haproxy": "http-request return status 204 if { path / }, before the key check",
    },
)
def test_start_probe_of_older_engines_is_answered(desktop: DesktopApp, desktops: Desktops) -> None:
    """The start-up probe of older engines (a HEAD on the base URL itself) gets an answer."""
    template = desktops().engine.start_probe().request
    older = replace(template, url=desktop.settings.url("/"))
    probe = desktop.engine.send("older start-up probe", older).exchange
    expect(probe.status is not None, "the HEAD on the base URL to be answered", probe.summary())
    expect(
        probe.status not in (401, 403),
        "the probe, which never carries a credential, not to be asked for one",
        probe.summary(),
    )


@requirement(
    "CONN-07",
    SHOULD,
    source="observed: engine 2.1.330 sends up to 25 token counts at the same time",
    why="The client believes that its context is small or full when it is not, and compacts at the wrong time.",
    fix="Let bursts of small requests of one key through; limit per minute, not per second.",
    needs=["serves_count_tokens"],
    since="0.2",
    hints={"nginx": "burst=50 nodelay on limit_req; without burst it refuses at once"},
)
def test_burst_of_token_counts_is_answered(desktop: DesktopApp, asking: Asking) -> None:
    """Twenty-five token counts at the same time, with one key, are all answered with a number."""
    asked = [asking.ask(Plan(hold_after=-1, hold_ms=HOLD_MS)) for _ in range(_COUNTS)]
    with Together(_COUNTS) as pool:
        sent = [pool.submit(desktop.engine.count_tokens, one.text) for one in asked]
        asking.release_all(asked, sent)
        counts = [one.result() for one in sent]
    failed = [count for count in counts if not _is_counted(count)]
    expect(
        not failed,
        f"each of {_COUNTS} token counts at once to be answered with input_tokens",
        f"{len(failed)} were not, first {failed[0].summary() if failed else ''}",
    )


@requirement(
    "CONN-08",
    MUST,
    source="field: probes that cause a storm of 429 (sub2api 6838, 6878)",
    why="An administrator who tries the button a few times, or ten desktops that start at nine, shut everybody out.",
    fix="Do not count connection tests against a limit so low that they stop a turn; no lock-out after small requests.",
    since="0.2",
)
def test_connection_tests_do_not_shut_out_a_turn(desktop: DesktopApp) -> None:
    """After ten connection tests in a row a turn is still answered."""
    answered(desktop.test_connection(), "the first connection test")
    later = [desktop.test_connection() for _ in range(_PROBES - 1)]
    failed = [test for test in later if test.status != 200]
    turn = desktop.engine.turn("hi", stream=False).exchange
    expect(
        turn.status == 200,
        f"a turn to be answered after {_PROBES} connection tests in a row",
        f"{turn.summary()}, and {len(failed)} of the tests had failed before it",
    )


@requirement(
    "CONN-09",
    MUST,
    source="standard: RFC 9112 section 6.3, the answer to a HEAD has no body",
    why="The first turn after the start of the app fails with a broken connection, at random.",
    fix="Send no body with the answer to a HEAD, whatever its Content-Length says.",
    since="0.2",
)
def test_connection_serves_a_turn_after_the_probe(desktop: DesktopApp, asking: Asking) -> None:
    """A connection that carried the start-up probes serves the next turn whole."""
    engine = desktop.engine
    template = engine.start_probe().request
    for path in ("/api/hello", "/"):
        script = asking.ask()
        engine.send("start-up probe", replace(template, url=desktop.settings.url(path)))
        turn = engine.turn(script.text)
        answered(turn, f"a turn on the connection of a HEAD on {path}")
        own_answer(script.answer, turn)


@requirement(
    "CONN-10",
    MUST,
    source="field: the connection test asks for a haiku that is not routed, or needs more than one token",
    why="Test connection fails although chat works, and nobody rolls the settings out.",
    fix="Route the background model for small whole answers too, and let max_tokens: 1 through for it.",
    since="0.2",
)
def test_connection_test_on_the_background_model(desktop: DesktopApp, target: Target) -> None:
    """The connection test is answered for the background model too, which a client may probe."""
    model = target.models.background
    exchange = answered(desktop.test_connection(model), f"the connection test with {model}")
    content = at(exchange.json(), "content")
    expect(
        isinstance(content, list),
        "a Message with a content list",
        f"{exchange.text[:160]!r}",
        silent=True,
    )


@requirement(
    "CONN-12",
    SHOULD,
    source="field: lists of allowed User-Agents block the client's preflights (claude-code 80191)",
    why="The app reports an unreachable gateway although turns would go through, after each update anew.",
    fix="Have no list of allowed User-Agents on this route; the key decides.",
    since="0.2",
)
def test_unusual_user_agents_are_let_through(desktop: DesktopApp) -> None:
    """Requests whose User-Agent is that of the client's runtime or preflight are answered."""
    for agent in _USER_AGENTS:
        turn = desktop.engine.turn("hi", stream=False, headers={"User-Agent": agent})
        answered(turn, f"a turn with the User-Agent {agent!r}")


@requirement(
    "CONN-13",
    SHOULD,
    source="observed: the engine sends X-Stainless-Retry-Count 0 every time, SDKs count up",
    why="SDK programs beside the app are refused just when they try again.",
    fix="Do not count retries by X-Stainless-Retry-Count, and refuse nothing because of it.",
    since="0.2",
)
def test_retry_count_decides_nothing(desktop: DesktopApp) -> None:
    """A turn is answered whatever its X-Stainless-Retry-Count says."""
    for count in ("0", "9"):
        headers = {"X-Stainless-Retry-Count": count}
        turn = desktop.engine.turn("hi", stream=False, headers=headers)
        answered(turn, f"a turn with X-Stainless-Retry-Count {count}")


@requirement(
    "CONN-11",
    MUST,
    source="standard: RFC 9112 section 9.3, the whole request is read before a connection is used again",
    why="After each refusal the user's next turn fails with an error that has nothing to do with it.",
    fix="Read the body of a refused request to its end, or close the connection with the refusal.",
    since="0.2",
)
def test_connection_serves_a_turn_after_a_refusal(desktop: DesktopApp, asking: Asking) -> None:
    """A connection on which a turn was refused serves the next turn whole."""
    script = asking.ask()
    desktop.engine.turn("hi", path="/gatecert/no-such-path")
    turn = desktop.engine.turn(script.text)
    answered(turn, "a turn on the connection of a refused one")
    own_answer(script.answer, turn)


def _is_counted(count: Exchange) -> bool:
    return count.status == 200 and isinstance(at(count.json(), "input_tokens"), int)
