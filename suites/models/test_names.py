"""Names: what discovery lists, what a turn may ask for, and what becomes of it on every route."""

from dataclasses import replace

from gatecert.suite import (
    HOLD_MS,
    MAY,
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Exchange,
    NotApplicable,
    Plan,
    ScriptedProvider,
    Target,
    Together,
    a_receipt,
    answered,
    at,
    expect,
    hints,
    refused,
    requirement,
    same,
    usable_models,
)

_SERVED = ["serves_models"]
_UNKNOWN = "claude-gatecert-no-such-model"
_WIDE = "[1m]"  # asks for the long context, and is no part of the name
_WIDE_BETA = "context-1m-2025-08-07"
_PATIENCE_S = 3.0  # the engine's own, for discovery
_MOST_TRIED = 12
_ENGINE_BEGINNINGS = ("claude", "anthropic")


@requirement(
    "MODEL-09",
    SHOULD,
    source="official: answer /v1/models directly and within 3 s, when the engine gives up",
    why="The picker shows an old list or none, and the app starts late.",
    fix="Keep the list ready; do not ask every provider for it while the client waits.",
    needs=_SERVED,
    since="0.2",
)
def test_discovery_is_answered_in_time(desktops: Desktops) -> None:
    """Model discovery is answered within the engine's patience of three seconds."""
    patient = desktops(silence_s=_PATIENCE_S)
    answered(
        patient.discover_models(), f"discovery by a client that leaves after {_PATIENCE_S:g} s"
    )


@requirement(
    "MODEL-10",
    MUST,
    source="official: map the built-in ids of background calls too; observed: claude-haiku-4-5 by its bare name",
    why="Titles and summaries fail while chat works.",
    fix="Route claude-haiku-4-5 beside its dated name, whatever the configured names are.",
    since="0.2",
    hints={"litellm": "an entry of model_list with model_name: claude-haiku-4-5"},
)
def test_undated_background_model_is_served(desktop: DesktopApp) -> None:
    """The background model is served by its undated built-in name, claude-haiku-4-5, too."""
    turn = desktop.engine.turn("hi", model="claude-haiku-4-5")
    answered(turn, "a turn with claude-haiku-4-5")
    expect(turn.text, "an answer with text", "an answer without any", silent=True)


@requirement(
    "MODEL-11",
    MUST,
    source="field: a name that still ends in [1m] reaches the gateway (sw 3244, ollama 18180)",
    why="Whoever picks the long context gets server errors, or another model in silence.",
    fix="Take [1m] off the name and serve the model, or refuse the name with 404.",
    since="0.2",
)
def test_wide_name_is_served_or_refused(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A name that ends in [1m] is served by that very model, or refused with 4xx."""
    chat = target.models.chat.removesuffix(_WIDE)
    expected = target.models.chat_at_provider or chat
    script = provider.script()
    turn = desktop.engine.turn(script.text, extra={"model": chat + _WIDE})
    what = f"a turn with the model {chat}{_WIDE}"
    if turn.exchange.status != 200:
        refused(turn, what, range(400, 500))
        return
    same(script.answer, turn.text, "the answer's text", hop="provider → gateway → client")
    model = str(at(a_receipt(provider.receipts(script)).json(), "model"))
    hop = "gateway → provider"
    same(expected, model.removesuffix(_WIDE), f"the model at the provider for {what}", hop=hop)


@requirement(
    "MODEL-12",
    MUST,
    source="official: the connection test tells a rejected model; map every name, else answer 404",
    why="Test connection is green for a mistyped model, the settings are rolled out, and every turn fails.",
    fix="Let the connection test go to the provider like any request; do not answer it yourself.",
    since="0.2",
)
def test_connection_test_fails_for_an_unknown_model(desktop: DesktopApp) -> None:
    """The connection test with an unknown model is refused with 400, 403 or 404."""
    exchange = desktop.test_connection(_UNKNOWN)
    refused(exchange, f"the connection test with the model {_UNKNOWN}", (400, 403, 404))


@requirement(
    "MODEL-13",
    SHOULD,
    source="field: lists with names that nobody configured, none of which is served",
    why="The user picks a model from the list, and every turn with it fails.",
    fix="List what is routed for this key, and nothing else.",
    needs=_SERVED,
    since="0.2",
    hints=hints.NAMED_MODELS,
)
def test_listed_models_are_served(desktop: DesktopApp) -> None:
    """Each name that discovery offers (the first twelve) is served by a request of one token."""
    exchange = answered(desktop.discover_models(), "model discovery")
    names = usable_models(exchange.json())[:_MOST_TRIED]
    tests = {name: desktop.test_connection(name) for name in names}
    failed = {name: test for name, test in tests.items() if not _is_served(test)}
    told = [f"{name}: {test.summary()}" for name, test in failed.items()]
    expect(
        not failed,
        "every listed name to be served",
        f"{len(failed)} of {len(names)} refused: {'; '.join(told[:3])}",
    )


@requirement(
    "MODEL-14",
    SHOULD,
    source="official: entries of the list are objects with an id",
    why="The picker shows names twice, or leaves models out for no visible reason.",
    fix="Give each entry its id as a text, list each id once, and let display_name be a text or absent.",
    needs=_SERVED,
    since="0.2",
)
def test_list_is_well_formed(desktop: DesktopApp) -> None:
    """Every entry of the list has an id, no id comes twice, and display names are texts."""
    exchange = answered(desktop.discover_models(), "model discovery")
    data = at(exchange.json(), "data")
    entries = data if isinstance(data, list) else []
    ids = [at(entry, "id") for entry in entries]
    strange = [
        str(entry)[:80] for entry, one in zip(entries, ids, strict=True) if not _is_text(one)
    ]
    expect(
        not strange, "an id in every entry of the list", f"{len(strange)} without, as {strange[:1]}"
    )
    twice = sorted({one for one in ids if ids.count(one) > 1})
    expect(not twice, "each id once", f"more than once: {', '.join(twice[:5])}")
    shown = [at(entry, "display_name") for entry in entries]
    wrong = [name for name in shown if name is not None and not isinstance(name, str)]
    expect(not wrong, "display names that are texts", f"{wrong[:3]!r}")


@requirement(
    "MODEL-15",
    SHOULD,
    source="field: lists that leave out, or fail with, providers that are down (aio-coding-hub 254)",
    why="Whoever starts the app during an outage loses the configured model, and keeps the wrong choice.",
    fix="List what is configured, whether or not its provider is well.",
    needs=_SERVED,
    since="0.2",
    hints=hints.NO_COOL_DOWN,
)
def test_list_does_not_shrink_when_a_provider_fails(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """While the provider fails, discovery lists the same models as before."""
    before = usable_models(answered(desktop.discover_models(), "model discovery").json())
    failure = provider.everywhere(Plan(status=500, error={"message": "Internal server error"}))
    for _ in range(2):
        desktop.engine.turn(failure.text)
    found = answered(desktop.discover_models(), "model discovery while the provider fails")
    missing = sorted(set(before) - set(usable_models(found.json())))
    expect(not missing, "the same models as before", f"a list without {', '.join(missing[:5])}")


@requirement(
    "MODEL-16",
    SHOULD,
    source="field: names mapped on the route of messages and not on that of counts",
    why="Counts fail or are those of another model, and the client compacts at the wrong time.",
    fix="Map names before routing, for count_tokens as for messages.",
    needs=["serves_count_tokens"],
    since="0.2",
)
def test_expected_model_arrives_for_counting(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """For count_tokens the model arrives at the provider under the same name as for a turn."""
    script = provider.script()
    answered(desktop.engine.count_tokens(script.text), "count_tokens")
    receipts = provider.receipts(script)
    if not receipts:
        raise NotApplicable("the gateway counts tokens itself")
    expected = target.models.chat_at_provider or target.models.chat.removesuffix(_WIDE)
    model = at(a_receipt(receipts).json(), "model")
    same(expected, model, "the model at the provider for count_tokens", hop="gateway → provider")


@requirement(
    "MODEL-17",
    MAY,
    source="official: the terminal offers only names that begin with claude or anthropic",
    why="Claude Desktop shows the models; in the terminal and in older engines the list is empty.",
    fix="Let names begin with claude or anthropic; put a route's own words behind.",
    needs=_SERVED,
    since="0.2",
)
def test_a_name_suits_every_client(desktop: DesktopApp) -> None:
    """At least one listed name begins with claude or anthropic, as the terminal wants it."""
    exchange = answered(desktop.discover_models(), "model discovery")
    names = usable_models(exchange.json())
    suited = [name for name in names if name.lower().startswith(_ENGINE_BEGINNINGS)]
    # that no name is usable at all is another requirement's matter
    told = ", ".join(names[:5])
    expect(suited or not names, "a name that begins with claude or anthropic", told)


@requirement(
    "MODEL-18",
    MUST,
    source="observed: the long context is asked for by a beta, under the bare name of the model",
    why="The long context that the user picked ends at 200k, and the conversation breaks off.",
    fix="Pass context-1m-2025-08-07 on with every other value of anthropic-beta.",
    since="0.2",
    hints=hints.BETAS,
)
def test_long_context_is_asked_for(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """A turn with the long context is served by the chat model, and its beta reaches the provider."""
    wide = target.models.chat.removesuffix(_WIDE) + _WIDE
    script = provider.script()
    answered(desktop.engine.turn(script.text, model=wide), "a turn with the long context")
    receipt = a_receipt(provider.receipts(script))
    betas = receipt.header("anthropic-beta") or ""
    expect(
        _WIDE_BETA in betas,
        f"{_WIDE_BETA} in anthropic-beta at the provider",
        betas or "no anthropic-beta there",
        hop="gateway → provider",
        silent=True,
    )
    expected = target.models.chat_at_provider or target.models.chat.removesuffix(_WIDE)
    model = at(receipt.json(), "model")
    same(expected, model, "the model at the provider", hop="gateway → provider")


@requirement(
    "MODEL-19",
    SHOULD,
    source="observed: discovery is asked for beside open turns, on a connection of its own",
    why="While somebody's answer is written, the app starts late and shows an old list.",
    fix="Serve the list at once, whatever else is open: more workers, or an asynchronous server.",
    needs=_SERVED,
    since="0.2",
)
def test_discovery_does_not_wait_for_a_turn(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Model discovery is answered while the stream of a turn is still open."""
    slow = provider.script(Plan(hold_after=4, hold_ms=HOLD_MS))
    first, second = desktops(), desktops()
    with Together(1) as pool:
        streamed = pool.submit(first.engine.turn, slow.text)
        provider.wait_for_arrival(slow, streamed)
        found = second.discover_models()
        provider.release(slow)
        streamed.result()
    answered(found, "discovery while a turn is open")
    (held, *_) = [receipt.hold for receipt in provider.receipts(slow)] or ["never arrived"]
    expect(
        held == "released",
        "discovery to be answered while a turn's stream was held open",
        f"its answer only when the stream had gone on ({held})",
        hop="client → gateway",
    )


@requirement(
    "MODEL-20",
    SHOULD,
    source="field: lists that change their form by header; observed: anthropic-version 2026-10-21 in the newest SDKs",
    why="After an update of the client the picker is empty, though nothing changed at the gateway.",
    fix="Answer with a data array whatever anthropic-version says.",
    needs=_SERVED,
    since="0.2",
)
def test_list_does_not_depend_on_the_version(desktop: DesktopApp) -> None:
    """Discovery lists the same models under anthropic-version 2023-06-01 and 2026-10-21."""
    first = answered(desktop.discover_models(), "model discovery")
    headers = [
        (name, "2026-10-21" if name.lower() == "anthropic-version" else value)
        for name, value in first.request.headers
    ]
    newer = replace(first.request, headers=headers)
    found = answered(desktop.engine.send("model discovery", newer), "discovery by a newer client")
    missing = sorted(set(usable_models(first.json())) - set(usable_models(found.json())))
    expect(
        not missing,
        "the same models under anthropic-version 2026-10-21",
        f"a list without {', '.join(missing[:5])}: {found.text[:80]!r}",
    )


def _is_served(test: Exchange) -> bool:
    """Whether a model is there at all; being busy is no fault of the list."""
    return test.status in (200, 429, 529)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
