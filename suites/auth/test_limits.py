"""Budgets, limits and policies: a key that is good and may not, told so that the client stops."""

from gatecert.suite import (
    MUST,
    DesktopApp,
    Desktops,
    Exchange,
    Script,
    ScriptedProvider,
    Target,
    expect,
    not_let_in,
    readable_error,
    refused,
    requirement,
)

_CLIENT = "observed: what the client repeats for three minutes is 408, 409, 429 and 5xx; on a command line 401 too"
_WHY = "The user waits for three minutes, with the gateway under eleven requests, and then reads no reason."
# that the client does not repeat it decides; with x-should-retry: false a 429 is as final
_REFUSED = (400, 402, 403, 412, 429)
# the client obeys a retry-after up to this, and takes anything longer for final
_LONGEST_S = 60


@requirement(
    "AUTH-41",
    MUST,
    source=_CLIENT,
    why=_WHY,
    fix="Refuse with 402, 403 or 412 and a message that names the budget and who can raise it.",
    needs=["keys.spent_budget"],
    since="0.2",
    hints={
        "litellm": "budget errors are 400 from 1.7x on; older releases answer 429",
        "portkey": "412 is what its usage limits answer, which the client does not repeat",
    },
)
def test_spent_budget_stops_the_client(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A key whose budget is spent is refused for good, at once and in words, before any provider is asked."""
    for exchange, app in _turns(desktops, provider, target, target.keys.spent_budget):
        refused(exchange, "a turn with a spent budget", _REFUSED)
        _read_at_once(exchange, app, "a turn with a spent budget")


@requirement(
    "AUTH-42",
    MUST,
    source="official: 429 with retry-after; observed: the client waits as long as retry-after says, up to 60 s",
    why=_WHY,
    fix="Send retry-after with each 429; above 60 s, or with x-should-retry: false, the client stops at once.",
    needs=["keys.rate_limited"],
    since="0.2",
    hints={"kong": "the rate-limiting plugin sends Retry-After unless hide_client_headers is set"},
)
def test_rate_limit_says_when_to_come_back(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A key over its limit is refused with 429 that says when to come back, or that stops the client at once."""
    for exchange, app in _turns(desktops, provider, target, target.keys.rate_limited):
        refused(exchange, "a turn over the rate limit", (429,))
        readable_error(exchange, "the refusal of a turn over the rate limit")
        line, told = app.engine.seen(exchange), exchange.header("retry-after") or ""
        once = line is not None and line.requests == 1
        expect(
            once or (told.isdigit() and 0 < int(told) <= _LONGEST_S),
            "a refusal that the client does not repeat, or retry-after in seconds up to 60",
            f"retry-after {told!r}, after which the client asks "
            f"{line.requests if line else 0} times in {line.waits_s if line else 0:.0f} s",
        )


@requirement(
    "AUTH-43",
    MUST,
    source=_CLIENT,
    why=_WHY,
    fix="Refuse with 403 and a message that says what the policy does not permit.",
    needs=["keys.not_permitted"],
    since="0.2",
    hints={"litellm": "key_model_access_denied answers 401 in older releases, which is repeated"},
)
def test_policy_refusal_stops_the_client(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A key that may not use the model is refused for good, at once and in words, before any provider is asked."""
    for exchange, app in _turns(desktops, provider, target, target.keys.not_permitted):
        refused(exchange, "a turn that a policy forbids", _REFUSED)
        _read_at_once(exchange, app, "a turn that a policy forbids")


def _turns(
    desktops: Desktops, provider: ScriptedProvider, target: Target, key: str
) -> list[tuple[Exchange, DesktopApp]]:
    """A turn with the key, streamed and not. Neither these nor a count reach a provider."""
    app, found = desktops(api_key=key), []
    for stream in (False, True):
        script = provider.script()
        exchange = app.engine.turn(script.text, stream=stream).exchange
        if exchange.status is not None and exchange.status >= 400:
            _reached_nobody(provider, script, "a turn that the gateway refuses")
        found.append((exchange, app))
    if target.promises.serves_count_tokens:
        script = provider.script()
        not_let_in(app.engine.count_tokens(script.text), "a token count with the same key")
        _reached_nobody(provider, script, "a token count that the gateway refuses")
    return found


def _reached_nobody(provider: ScriptedProvider, script: Script, what: str) -> None:
    expect(
        not provider.receipts(script, late=True),
        f"no request at a provider for {what}",
        "one",
        hop="gateway → provider",
        silent=True,
    )


def _read_at_once(exchange: Exchange, app: DesktopApp, what: str) -> None:
    readable_error(exchange, f"the refusal of {what}")
    line = app.engine.seen(exchange)
    expect(
        line is not None and line.requests == 1,
        f"the client not to repeat {what}",
        f"{exchange.summary()}, after which it asks {line.requests if line else 0} times",
    )
