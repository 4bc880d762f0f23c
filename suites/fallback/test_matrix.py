"""The fallback matrix: for each fault of a provider and each kind of request, from every side."""

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Fallbacks,
    NotApplicable,
    Plan,
    ScriptedProvider,
    Target,
    answered,
    expect,
    faults,
    repeated,
    requirement,
)

_PROMISED = ["fallback"]
_TURNS = (faults.WHOLE, faults.STREAMED, faults.HISTORY)
_WHY = "The provider's outage becomes the user's outage, although a backup stands ready."
_GUIDE = "guide: FAQ, configured fallbacks route to a backup provider"
_BILL = "Each turn of an outage is billed several times, and the outage gets longer under the load."


@requirement(
    "FALL-16",
    MUST,
    source=_GUIDE,
    why="At the busiest hour every user waits for minutes, although the backup has room.",
    fix="Trigger the fallback on 429, whatever its retry-after says.",
    needs=["fallback.429"],
    since="0.2",
    hints={
        "litellm": "router_settings.fallbacks, with num_retries: 0 for the primary",
        "nginx": "http_429 in proxy_next_upstream, beside non_idempotent",
        "portkey": "429 among strategy.on_status_codes, and no retry with use_retry_after_header",
    },
)
def test_rate_limit_falls_back(fallbacks: Fallbacks) -> None:
    """A turn survives a rate limit of the primary, with and without retry-after."""
    limits = [fault for fault in faults.named("failing") if fault.name.startswith("429")]
    fallbacks.judge("survival", faults=limits, modes=_TURNS)


@requirement(
    "FALL-17",
    MUST,
    source=_GUIDE,
    why="A provider that hangs takes every user's turn with it, for minutes.",
    fix="Give up on a primary whose answer has not begun within the limit, and ask the backup.",
    needs=["fallback.after_ms"],
    since="0.2",
    hints={
        "litellm": "stream_timeout and timeout in litellm_params of the primary",
        "nginx": "proxy_read_timeout with timeout in proxy_next_upstream, beside non_idempotent",
        "portkey": "request_timeout in the target, and 408 among strategy.on_status_codes",
    },
)
def test_silent_primary_falls_back(fallbacks: Fallbacks) -> None:
    """A turn survives a primary whose answer does not begin within the promised time."""
    silent = [faults.fault("answer does not begin in time")]
    fallbacks.judge("survival", faults=silent, modes=_TURNS)


@requirement(
    "FALL-18",
    MUST,
    source="field: fallbacks that look at statuses only; a crashed provider resets its connections",
    why=_WHY,
    fix="Treat a connection that is reset before the answer like a 5xx.",
    needs=["fallback.connection"],
    since="0.2",
    hints={"nginx": "error in proxy_next_upstream, beside non_idempotent"},
)
def test_reset_connection_falls_back(fallbacks: Fallbacks) -> None:
    """A turn survives a primary that resets the connection before its answer."""
    fallbacks.judge("survival", faults=[faults.fault("reset before the answer")], modes=_TURNS)


@requirement(
    "FALL-19",
    SHOULD,
    source="field: fallbacks that are configured for /v1/messages alone",
    why="In an outage long conversations are cut at a guess, too early or too late.",
    fix="Let /v1/messages/count_tokens take the same fallback as /v1/messages.",
    needs=["fallback.count_tokens", "serves_count_tokens"],
    since="0.2",
)
def test_count_falls_back(fallbacks: Fallbacks) -> None:
    """A token count survives whatever failure of the primary the target promises to survive."""
    fallbacks.judge("survival", faults=faults.named("failing"), modes=(faults.COUNT,))


@requirement(
    "FALL-20",
    MUST,
    source="field: fallback routes that know fewer blocks; a thought without its signature is refused",
    why="The outage hits whoever is in the middle of work with tools: the backup refuses the turn, or forgets.",
    fix="Send the backup the whole history, with thinking, signatures, tool uses and results.",
    needs=_PROMISED,
    since="0.2",
)
def test_history_survives(fallbacks: Fallbacks) -> None:
    """A turn with tools and thinking in its history survives, and every provider gets that history whole."""
    fallbacks.judge("survival", faults=faults.named("failing"), modes=(faults.HISTORY,))
    fallbacks.judge("history", faults=faults.FAULTS, modes=(faults.HISTORY,))


@requirement(
    "FALL-21",
    MUST,
    source="field: an HTML page or half a message of the provider, passed for an answer",
    why="The user gets an empty or a cut answer that looks finished, and nobody notices the outage.",
    fix="Ask the backup, or return an error; do not make a finished answer of a broken one.",
    needs=_PROMISED,
    since="0.2",
)
def test_broken_answer_is_not_passed_for_a_whole_one(fallbacks: Fallbacks) -> None:
    """A 200 of the primary that is no answer never becomes a finished answer to the client."""
    fallbacks.judge("honesty", "unity", faults=faults.named("broken"))


@requirement(
    "FALL-22",
    MUST,
    source="field: the backup's events behind the primary's in one answer, at every place of a break",
    why="The user reads two answers run into one, or half of one that looks whole; tools run twice.",
    fix="Once a byte of an answer has been passed on, end the stream with an error when it breaks.",
    needs=_PROMISED,
    since="0.2",
    hints={"litellm": "no fallback in the middle of a stream (mid-stream fallbacks off)"},
)
def test_begun_answer_stays_one(fallbacks: Fallbacks) -> None:
    """An answer that breaks off, wherever, stays one answer of one provider and is not passed for whole."""
    others = faults.named("begun", "failing", "healthy", "client", "both")
    fallbacks.judge("unity", faults=others)
    fallbacks.judge("honesty", faults=[one for one in others if one.kind != "both"])


@requirement(
    "FALL-23",
    MUST,
    source="field: failing calls sent twice; retries of the gateway on top of the fallback",
    why=_BILL,
    fix="Ask each provider once for each request of the client; the client retries by itself.",
    needs=_PROMISED,
    since="0.2",
    hints={
        "litellm": "num_retries: 0 in litellm_settings and router_settings",
        "portkey": "no retry in the config, or attempts as promised in [fallback]",
    },
)
def test_attempts_stay_within_the_promise(fallbacks: Fallbacks) -> None:
    """Whatever fails, and however, the providers get no more requests than promised for one of the client."""
    fallbacks.judge("attempts", faults=faults.FAULTS)


@requirement(
    "FALL-24",
    SHOULD,
    source="field: a client's own mistake replayed at every provider",
    why="Each mistake costs one call at every provider, and the wrong error comes back.",
    fix="Limit the fallback to failures of the provider: 429 and 5xx.",
    needs=_PROMISED,
    since="0.2",
    hints={
        "portkey": "strategy.on_status_codes: [429, 500, 502, 503, 504, 529]; without it every error falls back",
    },
)
def test_mistakes_are_not_replayed(fallbacks: Fallbacks) -> None:
    """A 400 and a 413 come back as they are and are not replayed at the backup: streamed, whole, counted."""
    fallbacks.judge("mistakes", "error", faults=faults.named("client"))


@requirement(
    "FALL-25",
    MUST,
    source="field: a backup provider's answers under the name of a model that nobody asked",
    why="Users and bills are told of another model than the one that answered.",
    fix="Return the model's name as the answering provider gave it, or as the client asked for it.",
    needs=_PROMISED,
    since="0.2",
)
def test_model_name_is_honest(fallbacks: Fallbacks) -> None:
    """Whoever answers, the answer names the model that was asked for, or the one that answered."""
    fallbacks.judge("model", faults=faults.FAULTS, modes=_TURNS)


@requirement(
    "FALL-26",
    MUST,
    source="official: errors are returned; field: a failed fallback answered as 200, or without words",
    why="An outage looks like an empty answer, or like a gateway that is broken itself.",
    fix="When the backup fails too, return an error from 500 on with error.message.",
    needs=_PROMISED,
    since="0.2",
)
def test_both_failing_is_told(fallbacks: Fallbacks) -> None:
    """When both providers fail, the client gets an error that it can show, in every kind of request."""
    fallbacks.judge("error", "honesty", faults=faults.named("both"))


@requirement(
    "FALL-27",
    MUST,
    source="field: requests hedged to a second provider, and limits meant for a dead one that hit a slow one",
    why="A long thought of the model is thrown away or paid for twice.",
    fix="Wait for a provider that is slow: first bytes within the promised limit, and any pause after them.",
    needs=_PROMISED,
    since="0.2",
)
def test_slow_providers_are_waited_for(fallbacks: Fallbacks) -> None:
    """A provider that is slow but good is waited for, primary and backup, and nobody else is asked."""
    slow = [one for one in faults.named("healthy") if one.name != faults.NO_FAULT]
    slow_backup = [faults.fault("500, and a slow backup")]
    fallbacks.judge("patience", faults=slow)
    fallbacks.judge("survival", faults=slow_backup, modes=_TURNS)


@requirement(
    "FALL-28",
    MUST,
    source="field: a cool-down that refuses the requests after a failure with 429 or 503",
    why="One failure of the provider shuts out every user for the length of the cool-down.",
    fix="While the primary cools down, ask the backup; refuse nothing that one provider would answer.",
    needs=_PROMISED,
    since="0.2",
    hints={
        "haproxy": "no observe layer7 with on-error mark-down; or a backup server beside",
        "litellm": "router_settings.disable_cooldowns: true",
        "nginx": "max_fails=0 for the servers of the upstream",
    },
)
def test_good_turn_after_failures_is_answered(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """Right after a row of failures a good turn is answered, by whichever provider."""
    for stream in (False, True):
        for _ in range(3):
            failed = provider.script(faults.failure(target), Plan(status=529))
            desktop.engine.turn(failed.text, stream=stream)
        script = provider.script()
        turn = desktop.engine.turn(script.text, stream=stream)
        answered(turn, "a good turn right after three that both providers refused")
        expect(
            turn.text == script.answer,
            "its own answer",
            turn.exchange.summary(),
            hop="provider → gateway → client",
        )


@requirement(
    "FALL-29",
    MUST,
    source="field: one header list for all routes, with the first provider's key in it",
    why="Each outage discloses one provider's key to the other, which may log it.",
    fix="Set the credential for each provider by itself, and drop whatever came before.",
    needs=[*_PROMISED, "holds_provider_key"],
    since="0.2",
    hints={"nginx": "proxy_set_header x-api-key in each location, none in the server block"},
)
def test_credentials_do_not_cross(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """The key of one provider never reaches the other, in a fallback or without one."""
    healthy = provider.script()
    answered(desktop.engine.turn(healthy.text), "a turn")
    failing = provider.script(faults.failure(target))
    answered(desktop.engine.turn(failing.text), "a turn whose primary fails")
    own = provider.keys(healthy)
    by_provider = provider.keys_by_provider(failing)
    at_backup = by_provider.get("backup", set())
    expect(at_backup, "a request with a credential at the backup", "none", hop="gateway → provider")
    if at_backup == own:
        raise NotApplicable("the gateway calls both providers with the same key")
    crossed = (at_backup & own) | (by_provider.get("primary", set()) - own)
    expect(
        not crossed,
        "each provider to be called with its own key only",
        f"{len(crossed)} credential(s) of the other provider",
        hop="gateway → provider",
        silent=True,
    )


@requirement(
    "FALL-30",
    MUST,
    source="observed: the client repeats a failed turn up to ten times by itself",
    why=_BILL,
    fix="Do not retry in the gateway what the client retries: no retry loops, no queue of failed requests.",
    needs=_PROMISED,
    since="0.2",
    hints={"litellm": "num_retries: 0", "portkey": "no retry in the config"},
)
def test_retries_do_not_multiply(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """However often the client repeats a turn, each repeat costs no more requests than the first."""
    script = provider.script(Plan(status=529), Plan(status=529))
    kept = repeated(desktop, script.text)
    asked = len(provider.receipts(script, late=True))
    most = kept * target.fallback.attempts
    expect(
        0 < asked <= most,
        f"at most {most} requests at the providers for {kept} of the client",
        f"{asked}",
        hop="gateway → provider",
        silent=True,
    )
