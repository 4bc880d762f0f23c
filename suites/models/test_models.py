"""Model discovery, and the names that arrive at the provider."""

from gatecert.suite import (
    MUST,
    SHOULD,
    Asking,
    DesktopApp,
    ScriptedProvider,
    Target,
    a_receipt,
    answered,
    at,
    expect,
    hints,
    own_answer,
    refused,
    requirement,
    same,
    usable_models,
)

_UNKNOWN = "claude-gatecert-no-such-model"
_SERVED = ["serves_models"]
_WIDE = "[1m]"  # asks for the long context, and is no part of the name


@requirement(
    "MODEL-01",
    MUST,
    source="official: GET <base>/v1/models?limit=1000 with a data array in either list style",
    why="The model picker stays empty, and the app may not leave the set-up window.",
    fix="Answer GET /v1/models with 200 and a JSON object with a data array of {id: ...}.",
    needs=_SERVED,
    hints={
        "litellm": "Claude names as model_name in model_list",
        "portkey": "GET /v1/models needs a provider: x-portkey-provider or x-portkey-config among the client's headers",
    },
)
def test_discovery_lists_usable_models(desktop: DesktopApp) -> None:
    """Model discovery answers with a list of which the client can use at least one name."""
    exchange = answered(desktop.discover_models(), "model discovery")
    body = exchange.json()
    expect(
        isinstance(body, dict) and isinstance(body.get("data"), list),
        "a JSON object with a data array",
        f"the body {exchange.text[:160]!r}",
    )
    names = [str(e.get("id")) for e in body["data"] if isinstance(e, dict)]
    expect(
        usable_models(body),
        "at least one name with claude, anthropic or a family word, and no other vendor's",
        f"{len(names)} names, none usable: {', '.join(names[:6])}" if names else "an empty list",
    )


@requirement(
    "MODEL-02",
    SHOULD,
    source="guide: Verify it works, the model is the one that was configured",
    why="The configured default is missing in the picker, and users choose something else.",
    fix="List every model name that the settings hand out.",
    needs=_SERVED,
    hints=hints.NAMED_MODELS,
)
def test_configured_model_is_listed(desktop: DesktopApp, target: Target) -> None:
    """The configured chat model is among the names that discovery offers."""
    exchange = answered(desktop.discover_models(), "model discovery")
    names = [name.removesuffix(_WIDE) for name in usable_models(exchange.json())]
    chat = target.models.chat.removesuffix(_WIDE)
    expect(chat in names, f"{chat} in the list", f"only {', '.join(names) or 'unusable names'}")


@requirement(
    "MODEL-03",
    SHOULD,
    source="observed: the client asks for limit=1000 and never for a second page",
    why="Models beyond the first page do not exist for the user.",
    fix="Put every model on one page and answer has_more: false.",
    needs=_SERVED,
)
def test_list_comes_on_one_page(desktop: DesktopApp) -> None:
    """The whole list comes on one page."""
    exchange = answered(desktop.discover_models(), "model discovery")
    more = at(exchange.json(), "has_more")
    expect(not more, "has_more false or absent", f"has_more {more!r}")


@requirement(
    "MODEL-04",
    MUST,
    source="guide: Verify it works, model and provider match the configuration",
    why="Users believe they talk to one model and are answered by another, at another price.",
    fix="Map the name as configured, or pass it on unchanged.",
    hints=hints.NAMED_MODELS,
)
def test_expected_model_arrives(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """The chat model arrives at the provider under the expected name, streamed and not."""
    expected = target.models.chat_at_provider or target.models.chat.removesuffix(_WIDE)
    for stream in (True, False):
        script = provider.script()
        answered(desktop.engine.turn(script.text, stream=stream), "a turn")
        model = at(a_receipt(provider.receipts(script)).json(), "model")
        same(expected, model, "the model at the provider", hop="gateway → provider")


@requirement(
    "MODEL-05",
    MUST,
    source="official: background calls use built-in ids such as the dated haiku, whatever is configured",
    why="Titles, summaries and sub-agents fail while chat works.",
    fix="Route the dated background model id (claude-haiku-4-5-20251001) as well.",
    hints={
        "litellm": "an entry of model_list with model_name: claude-haiku-4-5-20251001",
    },
)
def test_background_model_is_served(desktop: DesktopApp, asking: Asking, target: Target) -> None:
    """A turn with the background model is answered."""
    script = asking.ask()
    turn = desktop.engine.turn(script.text, model=target.models.background)
    answered(turn, f"a turn with {target.models.background}")
    own_answer(script.answer, turn)


@requirement(
    "MODEL-06",
    MUST,
    source="official: map every name users can pick, else answer 404",
    why="A mistyped model is served by some other model, and nobody notices.",
    fix="Answer 404 not_found_error for names that are not configured; have no silent default.",
    hints={
        "claude-code-router": "names other than provider,model go to the default route",
        "litellm": 'no model_name: "*" in model_list, and no default_fallbacks',
    },
)
def test_unknown_model_is_refused(desktop: DesktopApp) -> None:
    """A turn with an unknown model is refused with 400, 403 or 404."""
    turn = desktop.engine.turn("hi", model=_UNKNOWN)
    refused(turn, f"a turn with the model {_UNKNOWN}", (400, 403, 404))


@requirement(
    "MODEL-07",
    SHOULD,
    source="field: gateways that report the routed or the configured name at random",
    why="Usage reports of the client name a model that was never chosen.",
    fix="Return the model field of the provider's answer, or the name that was asked for.",
)
def test_answer_names_the_model(desktop: DesktopApp, asking: Asking, target: Target) -> None:
    """The answer names the model that was asked for, or the one that the provider answered with."""
    turn = desktop.engine.turn(asking.ask().text)
    answered(turn, "a turn")
    # of a live provider with no model configured the client asks the background model
    asked = desktop.settings.chat_model.removesuffix(_WIDE)
    plausible = {asked, target.models.chat_at_provider or asked}
    if target.turn_model:
        plausible = {asked, target.models.background_at_provider or asked}
    named = turn.assembled.model
    # a live model answers an alias by its dated name
    dated = not target.scripted and named.startswith(tuple(plausible))
    expect(
        named in plausible or dated,
        f"the model {' or '.join(sorted(plausible))} in message_start",
        f"the model {named}" if named else "no model there",
        hop="provider → gateway → client",
        silent=True,
    )


@requirement(
    "MODEL-08",
    MUST,
    source="guide: Verify it works, model and provider match the configuration",
    why="Titles, summaries and sub-agents run on a model that nobody chose, at another price.",
    fix="Map the name as configured, or pass it on unchanged; name the mapping in background_at_provider.",
    hints=hints.NAMED_MODELS,
)
def test_expected_background_model_arrives(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target
) -> None:
    """The background model arrives at the provider under the expected name."""
    script = provider.script()
    turn = desktop.engine.turn(script.text, model=target.models.background)
    answered(turn, f"a turn with {target.models.background}")
    expected = target.models.background_at_provider or target.models.background
    model = at(a_receipt(provider.receipts(script)).json(), "model")
    same(expected, model, "the model at the provider", hop="gateway → provider")
