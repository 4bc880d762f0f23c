"""Attribution: the gateway's log says of each request whose it is and who answered."""

from gatecert.suite import (
    MUST,
    SHOULD,
    CannotJudge,
    DesktopApp,
    Desktops,
    Entry,
    Exchange,
    Log,
    NotApplicable,
    Plan,
    Script,
    ScriptedProvider,
    Target,
    answered,
    expect,
    faults,
    given,
    requirement,
    same,
)

_LOG = "gateway → log"
_BOTH = (False, True)


@requirement(
    "META-25",
    MUST,
    source="guide: Verify it works, the request appears within seconds, tagged with the metadata",
    why="Nobody can say who used what: no analytics, no budgets, no answer when something went wrong.",
    fix="Write one entry for each request, with the metadata that came with it, streamed or not.",
    needs=["metadata", "attribution.metadata"],
    since="0.2",
)
def test_request_shows_up_tagged(
    desktops: Desktops, provider: ScriptedProvider, target: Target, log: Log
) -> None:
    """A turn shows up in the gateway's log within the promised time, tagged with exactly its metadata."""
    for stream in _BOTH:
        entry = _turn_in_the_log(desktops(), provider, log, stream=stream)
        same(given(target).metadata, entry.metadata, "the metadata in the log", hop=_LOG)


@requirement(
    "META-26",
    MUST,
    source="guide: Verify it works, the model is the one that the admin configured",
    why="Whoever checks the set-up by the log is told of a model that did not answer.",
    fix="Log the model that was asked at the provider, after every mapping and fallback.",
    needs=["attribution.model"],
    since="0.2",
)
def test_log_names_the_model(
    desktops: Desktops, provider: ScriptedProvider, target: Target, log: Log
) -> None:
    """The log names the model that the provider was asked for, or that the client asked for."""
    for name in (target.models.chat, target.models.background):
        for stream in _BOTH:
            app = desktops(chat_model=name)
            script = provider.script()
            turn = app.engine.turn(script.text, stream=stream)
            answered(turn, f"a turn with {name}")
            entry = _entry(log, turn.exchange, script.token, app)
            asked = {
                str(body.get("model"))
                for receipt in provider.receipts(script)
                if isinstance(body := receipt.json(), dict)
            }
            expect(
                entry.model in {name, *asked},
                f"the log to name the model {name}, or {' or '.join(asked)}",
                repr(entry.model),
                hop=_LOG,
                silent=True,
            )


@requirement(
    "META-27",
    MUST,
    source="guide: Verify it works, the provider is the one that the admin configured",
    why="In an outage, and in every bill, the wrong provider is looked at.",
    fix="Log the provider that answered, after the fallback; not the first of the list.",
    needs=["attribution"],
    since="0.2",
    hints={"portkey": "x-portkey-last-used-option-index names the target that answered"},
)
def test_gateway_names_the_provider(
    desktops: Desktops, provider: ScriptedProvider, target: Target, log: Log | None
) -> None:
    """Log or answer name the provider that answered, also after a fallback."""
    model = target.fallback.model or target.models.chat
    situations: dict[str, tuple[dict[str, Plan], str]] = {"the primary answers": ({}, "primary")}
    if target.promises.fallback:
        situations["the primary fails"] = ({"primary": faults.failure(target)}, "backup")
    for situation, (plans, expected) in situations.items():
        provider.settle()
        app = desktops(chat_model=model)
        script = provider.script(**plans)
        turn = app.engine.turn(script.text, stream=False)
        answered(turn, f"a turn when {situation}")
        told = _provider_told(turn.exchange, script.token, app, target, log)
        wanted = f"the provider to be told apart, and {expected} when {situation}"
        expect(_means(told, expected, target), wanted, repr(told), hop=_LOG, silent=True)


@requirement(
    "META-28",
    SHOULD,
    source="observed: turns, titles, subagents, searches and counts are requests of their own",
    why="A part of each conversation is nobody's in the bill, and slips past the policy.",
    fix="Treat metadata alike on every path: messages, count_tokens and models.",
    needs=["metadata"],
    since="0.2",
)
def test_whole_conversation_is_tagged(
    desktops: Desktops, provider: ScriptedProvider, target: Target, log: Log | None
) -> None:
    """Every request of a conversation has the same metadata at the provider and in the log, background traffic included."""
    at_provider, in_log = target.promises.forwards_metadata, bool(target.attribution.metadata)
    if not at_provider and not (log and in_log):
        raise NotApplicable("the target neither forwards metadata nor shows a log of it")
    app, configured = desktops(), given(target).metadata
    asked = _conversation(app, provider, target)
    for what, (script, exchange) in asked.items():
        answered(exchange, what)
        if at_provider and script is not None:
            for receipt in provider.receipts(script):
                header = target.promises.metadata_header
                sent = exchange.request.header(header)
                same(sent, receipt.header(header), f"{header} of {what}", hop="gateway → provider")
    if log and in_log:
        in_session = [what for what, (script, _) in asked.items() if script is not None]
        entries = log.of([app.engine.session_id], len(in_session))
        expect(
            len(entries) >= len(in_session),
            f"an entry in the log for each of {', '.join(in_session)}",
            f"{len(entries)}",
            hop=_LOG,
            silent=True,
        )
        discovery = asked.get("model discovery")
        if discovery is not None and _by_request_id(log, asked["a turn"][1]):
            entries += _by_request_id(log, discovery[1])
        for entry in entries:
            same(configured, entry.metadata, "the metadata of each entry", hop=_LOG)


@requirement(
    "META-29",
    SHOULD,
    source="guide: group requests by session; observed: X-Claude-Code-Session-Id on every request",
    why="A conversation cannot be followed in the log, nor its cost be told.",
    fix="Keep the session id (X-Claude-Code-Session-Id) of each request with its entry.",
    needs=["attribution.session"],
    since="0.2",
)
def test_sessions_group_what_belongs_together(
    desktops: Desktops, provider: ScriptedProvider, log: Log
) -> None:
    """In the log the requests of one conversation have one session id, and those of another have another."""
    for app in (desktops(), desktops()):
        for number, stream in enumerate(_BOTH, 1):
            entry = _turn_in_the_log(app, provider, log, stream=stream, number=number)
            same(app.engine.session_id, entry.session, "the session id in the log", hop=_LOG)


@requirement(
    "META-30",
    SHOULD,
    source="guide: use trace ids to group related prompts",
    why="What an organisation groups by its trace id falls apart in the log.",
    fix="Keep the trace id that came with a request; make up one only where none came.",
    needs=["attribution.trace"],
    since="0.2",
)
def test_trace_ids_are_kept(
    desktops: Desktops, provider: ScriptedProvider, target: Target, log: Log
) -> None:
    """A trace id that is configured as a header stands in the log with each request of it."""
    for trace in ("gatecert-trace-one", "gatecert-trace-two"):
        app = desktops(custom_headers={**target.headers, "x-portkey-trace-id": trace})
        entry = _turn_in_the_log(app, provider, log, stream=True)
        same(trace, entry.trace, "the trace id in the log", hop=_LOG)


def _turn_in_the_log(
    app: DesktopApp, provider: ScriptedProvider, log: Log, *, stream: bool, number: int = 1
) -> Entry:
    """The entry of a turn; ``number`` says how many its session has by then."""
    script = provider.script()
    turn = app.engine.turn(script.text, stream=stream)
    answered(turn, "a turn")
    return _entry(log, turn.exchange, script.token, app, number)


def _entry(log: Log, exchange: Exchange, token: str, app: DesktopApp, number: int = 1) -> Entry:
    """The entry of this request: by what only it has, else the newest of its session."""
    own = [token, exchange.header("request-id") or "", exchange.header("x-request-id") or ""]
    entries = log.of([*own, app.engine.session_id], number)
    expect(
        len(entries) >= number,
        f"an entry in the log within {log.places.within_ms:g} ms",
        "none that holds the request's id, its session id or its words",
        hop=_LOG,
        silent=True,
    )
    return next((entry for entry in entries if entry.names(own)), entries[-1])


def _by_request_id(log: Log, exchange: Exchange) -> list[Entry]:
    """The entries of an answer's own id, which not every log keeps."""
    own = exchange.header("request-id")
    return log.of([own]) if own else []


def _provider_told(
    exchange: Exchange, token: str, app: DesktopApp, target: Target, log: Log | None
) -> str:
    if target.attribution.reader == "response-header":
        return exchange.header(target.attribution.header) or ""
    if log is None or not target.attribution.provider:
        raise NotApplicable("the target does not say where its log names the provider")
    return _entry(log, exchange, token, app).provider


def _means(told: str, provider: str, target: Target) -> bool:
    """Whether what was told names this provider: by its value in [attribution] values, or itself."""
    values = target.attribution.values
    if values and provider not in values.values():
        raise CannotJudge("no-means", f"[attribution] values do not say what means {provider}")
    return values.get(told, told) == provider


def _conversation(
    app: DesktopApp, provider: ScriptedProvider, target: Target
) -> dict[str, tuple[Script | None, Exchange]]:
    turn, title, agent, search = (provider.script() for _ in range(4))
    asked: dict[str, tuple[Script | None, Exchange]] = {
        "a turn": (turn, app.engine.turn(turn.text).exchange),
        "a title request": (title, app.engine.title(title.text).exchange),
        "a subagent": (
            agent,
            app.engine.send_draft(app.engine.subagent_draft(agent.text)).exchange,
        ),
        "a web search": (search, app.engine.web_search(search.text).exchange),
    }
    if target.promises.serves_count_tokens:
        count = provider.script()
        asked["a token count"] = (count, app.engine.count_tokens(count.text))
    if target.promises.serves_models:
        asked["model discovery"] = (None, app.discover_models())
    return asked
