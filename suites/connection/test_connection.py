"""Launch, discovery, the connection test, and requests side by side."""

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Plan,
    ScriptedProvider,
    Together,
    Turn,
    answered,
    at,
    expect,
    hints,
    requirement,
    same,
)


@requirement(
    "CONN-01",
    SHOULD,
    source="observed: engine 2.1.330 sends HEAD <base>/api/hello at start, without a credential",
    why="The app starts all the same, but every start of every desktop leaves an error in the log.",
    fix="Answer HEAD below the base URL with any status at once, and ask for no credential.",
    hints={
        "nginx": "location = /api/hello { return 204; }, outside the key check",
        "envoy": "a route for /api/hello with direct_response",
        "haproxy": "http-request return status 204 if { path /api/hello }, before the key check",
    },
)
def test_start_probe_is_answered(desktop: DesktopApp) -> None:
    """The engine's start-up probe (a HEAD without credential) gets an answer, whatever it is."""
    probe = desktop.engine.start_probe()
    expect(probe.status is not None, "the HEAD probe to be answered", probe.summary())
    expect(
        probe.status not in (401, 403),
        "the probe, which never carries a credential, not to be asked for one",
        probe.summary(),
    )


@requirement(
    "CONN-02",
    MUST,
    source="official: rollout guide, one-token curl check; the Test connection button does the same",
    why="The administrator's Test connection button fails, and nobody rolls the settings out.",
    fix="Serve POST /v1/messages without stream and let max_tokens: 1 through.",
)
def test_connection_test_succeeds(desktop: DesktopApp) -> None:
    """The connection test (one token, no stream) is answered with a Message that has content and usage."""
    exchange = answered(desktop.test_connection(), "the connection test")
    body = exchange.json()
    expect(
        isinstance(body, dict) and isinstance(body.get("content"), list),
        "a Message with a content list",
        f"the body {exchange.text[:160]!r}",
    )
    expect(
        isinstance(at(body, "usage", "input_tokens"), int),
        "usage.input_tokens in the answer, which the client's checks read",
        f"usage is {at(body, 'usage')!r}",
    )


@requirement(
    "CONN-03",
    MUST,
    source="field: gateways that cool a provider down after one error answer good requests with 429",
    why="One user's bad request locks out everybody for minutes.",
    fix="Do not count the provider's 4xx answers as provider failures (turn the cool-down off).",
    hints=hints.NO_COOL_DOWN,
)
def test_an_error_does_not_poison_the_next_request(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """After a request that the provider refused, the next good request succeeds."""
    bad = provider.everywhere(Plan(status=400, error={"message": "messages: bad block"}))
    desktop.engine.turn(bad.text)
    good = provider.script()
    turn = desktop.engine.turn(good.text)
    answered(turn, "a good turn right after a refused one")
    same(good.answer, turn.text, "the answer's text", hop="provider → gateway → client")


@requirement(
    "CONN-04",
    MUST,
    source="observed: title request, subagents and turns run in parallel on several connections",
    why="Users read each other's answers, or one of their own turns shows up in another.",
    fix="Key nothing on connection, model or time; do not share response buffers between requests.",
)
def test_parallel_turns_are_not_mixed(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Eight turns at the same time each get their own answer, whole."""
    scripts = [provider.script(Plan(gap_ms=2)) for _ in range(8)]
    apps = [desktops() for _ in scripts]

    def ask(number: int) -> Turn:
        return apps[number].engine.turn(scripts[number].text)

    with Together(len(scripts)) as pool:
        turns = list(pool.map(ask, range(len(scripts))))
    for script, turn in zip(scripts, turns, strict=True):
        answered(turn, "each of eight turns in parallel")
        same(script.answer, turn.text, "its own answer's text", hop="provider → gateway → client")


@requirement(
    "CONN-05",
    MUST,
    source="observed: title request, subagents and turns run while another answer is streamed",
    why="While one user's answer is being written, everybody else waits.",
    fix="Serve requests at the same time: more workers, or an asynchronous server.",
)
def test_a_turn_does_not_wait_for_another(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A turn is answered while the stream of another one is still open."""
    slow = provider.script(Plan(hold_after=4, hold_ms=HOLD_MS))
    quick = provider.script()
    first, second = desktops(), desktops()
    with Together(1) as pool:
        streamed = pool.submit(first.engine.turn, slow.text)
        provider.wait_for_arrival(slow, streamed)
        turn = second.engine.turn(quick.text, stream=False)
        provider.release(slow)
        answered(streamed.result(), "a streamed turn")
    answered(turn, "a turn while another one is streamed")
    same(quick.answer, turn.text, "its answer's text", hop="provider → gateway → client")
    (held, *_) = [receipt.hold for receipt in provider.receipts(slow)] or ["never arrived"]
    expect(
        held == "released",
        "the second turn to be answered while the first one's stream was held open",
        f"its answer only when the first stream had gone on ({held})",
        hop="client → gateway",
    )
