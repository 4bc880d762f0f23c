"""Isolation: nothing of one user, key or request reaches another."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from gatecert.suite import (
    MUST,
    WRONG_KEY,
    Block,
    DesktopApp,
    Desktops,
    Exchange,
    Plan,
    Raw,
    ScriptedProvider,
    Target,
    Together,
    Turn,
    a_turn,
    answered,
    expect,
    not_let_in,
    raw_request,
    requirement,
)

_FIRST = "Amber words, meant for the first one who asks."
_SECOND = "Blue words, meant for the second one who asks."
_ROUTES = ("primary", "backup", "other")


@requirement(
    "SEC-01",
    MUST,
    source="field: equal requests that are open at the same time are merged into one (request coalescing, proxy cache locks)",
    why="A user reads the answer that another user's conversation was given.",
    fix="Send every request to the provider by itself; never merge requests for a model.",
    needs=["keys.second_user"],
    since="0.2",
    hints={"nginx": "leave proxy_cache (and with it proxy_cache_lock) off for this location"},
)
def test_equal_requests_at_once_are_not_merged(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """Two users who send the same words at the same time each get their own answer."""
    script = provider.script([_says(_FIRST, hold_after=3, hold_ms=1500), _says(_SECOND)])
    one, two = _two_users(desktops, target)
    with Together(1) as pool:
        early = pool.submit(one.engine.turn, script.text)
        provider.wait_for_arrival(script, early)
        if early.done():  # refused, or it would be held: then the second one's answer is no proof
            answered(early.result(), "the first user's turn")
        late = two.engine.turn(script.text)
        provider.release(script)
        _nothing_of([_FIRST], late, "the second user's turn")
        _nothing_of([_SECOND], early.result(), "the first user's turn")


@requirement(
    "SEC-02",
    MUST,
    source="field: response caches whose key leaves the credential out",
    why="A user reads the answer that was written for somebody else, with what that one had told the model.",
    fix="Do not cache answers of the Messages API, or make the credential part of the cache key.",
    needs=["keys.second_user"],
    since="0.2",
    hints={
        "nginx": "proxy_cache off; or a proxy_cache_key that contains $http_authorization and $http_x_api_key",
        "litellm": "litellm_settings: cache: false",
    },
)
def test_no_cached_answer_for_another_key(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A request that equals one of another key is answered by the provider anew, streamed and not."""
    one, two = _two_users(desktops, target)
    for stream in (True, False):
        script = provider.script([_says(_FIRST), _says(_SECOND)])
        answered(one.engine.turn(script.text, stream=stream), "the first user's turn")
        turn = two.engine.turn(script.text, stream=stream)
        _nothing_of([_FIRST], turn, "the second user's turn with the same words")


@requirement(
    "SEC-03",
    MUST,
    source="field: caches (semantic ones above all) that compare the words alone",
    why="A conversation gets the answer of another one, of another model, or of another user of the same key.",
    fix="Do not cache answers of the Messages API; a cache key must hold the whole body and every header.",
    since="0.2",
    hints={"litellm": "litellm_settings: cache: false"},
)
def test_no_cached_answer_for_another_request(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """The same words with another session, model, system prompt, betas or metadata are asked anew."""
    routes = {name: [f"Words {n} of {name}." for n in range(6)] for name in _ROUTES}
    script = provider.script(*([_says(text) for text in texts] for texts in routes.values()))
    first = desktop.engine.turn(script.text, stream=False)
    answered(first, "the first turn")
    fresh = [text for texts in routes.values() for text in texts if text != first.text]
    for what, ask in _differing(desktop, desktops, target).items():
        turn = ask(script.text)
        if turn.exchange.status == 200:  # a model or a user that is refused tells nothing
            _nothing_repeated(turn, fresh, what)
            fresh = [text for text in fresh if text != turn.text]


@requirement(
    "SEC-04",
    MUST,
    source="field: caches in front of the key check (CDNs, reverse proxies)",
    why="Whoever reaches the gateway gets model lists and answers without a key of their own.",
    fix="Check the key before a cache is asked, or cache nothing.",
    needs=["enforces_keys", "serves_models"],
    since="0.2",
)
def test_no_cached_answer_without_a_valid_key(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider
) -> None:
    """What a valid key was given is refused to a wrong one, for the model list and for a turn.

    Where any key is let in anyway, that is another requirement's matter.
    """
    stranger = desktops(api_key=WRONG_KEY)
    stranger.engine.session_id = desktop.engine.session_id
    answered(desktop.discover_models(), "the model list")
    listed = stranger.discover_models()
    fresh = replace(listed.request, url=f"{listed.request.url}&gatecert={secrets.token_hex(4)}")
    if _let_in(listed) and not _let_in(stranger.send("a list that no cache has", fresh)):
        not_let_in(listed, "the model list for a wrong key, asked right afterwards,")
    script = provider.script(_says(_FIRST))
    answered(desktop.engine.turn(script.text, stream=False), "a turn")
    turn = stranger.engine.turn(script.text, stream=False)
    other = stranger.engine.turn(provider.script(_says(_SECOND)).text, stream=False)
    if not _let_in(other.exchange):
        not_let_in(turn, "the same turn with a wrong key")


def _let_in(exchange: Exchange) -> bool:
    """Whether an answer was given; where every wrong key gets one, no cache is to blame."""
    return exchange.status is not None and exchange.status < 400


@requirement(
    "SEC-05",
    MUST,
    source="field: authentication remembered for a connection; egress proxies carry many users on one",
    why="Behind a company's egress proxy one user's requests run under another user's key, budget and policy.",
    fix="Check the credential of every request, not of the connection's first one.",
    needs=["enforces_keys"],
    since="0.2",
)
def test_each_request_of_a_connection_is_judged_by_itself(
    desktop: DesktopApp, desktops: Desktops, raw: Raw
) -> None:
    """On one connection a request with a wrong key is refused although the one before was let in."""
    with raw.connect() as connection:
        good = _small_request(desktop)
        first = raw.say(connection, "a request with the right key", good)
        expect(first.status == 200, "the right key to be let in", first.summary())
        bad = _small_request(desktops(api_key=WRONG_KEY))
        second = raw.say(connection, "a wrong key on the same connection", bad, answers=2)
    served = [answer.status for answer in second.answers[1:] if answer.status < 400]
    expect(
        not served,
        "the wrong key to be refused on a connection that the right key has used",
        second.summary(),
        silent=True,
    )


@requirement(
    "SEC-06",
    MUST,
    source="field: gateways that call the provider through one HTTP session with a cookie jar",
    why="Sessions at the provider, and whatever is tied to them, are shared by all users.",
    fix="Use no cookie jar towards the provider; drop Cookie and Set-Cookie.",
    since="0.2",
    hints={"nginx": 'proxy_hide_header Set-Cookie; proxy_set_header Cookie "";'},
)
def test_cookies_do_not_travel_to_others(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A cookie of the provider, or of a client, shows up neither in another's request nor answer."""
    marks = ["gatecertprovider7Qm2", "gatecertclient9Xv4"]
    setting = provider.everywhere(Plan(headers={"set-cookie": f"session={marks[0]}; Path=/"}))
    cookie = {"cookie": f"session={marks[1]}"}
    answered(desktop.engine.turn(setting.text, headers=cookie), "a turn with cookies on both sides")
    for app in (_another(desktops, target), desktops()):
        script = provider.script()
        exchange = answered(app.engine.turn(script.text), "the next turn")
        arrived = [value for r in provider.receipts(script) for _, value in r.headers]
        for mark in marks:
            where = ["a request"] if any(mark in value for value in arrived) else []
            where += ["an answer"] if any(mark in value for _, value in exchange.headers) else []
            expect(
                not where,
                "the next request and its answer to carry no cookie of an earlier one",
                f"the cookie {mark!r} in {' and '.join(where)} of somebody else",
                hop="gateway → provider",
                silent=True,
            )


@requirement(
    "SEC-07",
    MUST,
    source="official: the Messages API keeps no state; the client sends the whole conversation each time",
    why="What one conversation contained is told to the model in another one, perhaps of another user.",
    fix="Keep nothing of a request once it is answered, neither words nor headers; turn memory features off for this route.",
    since="0.2",
)
def test_nothing_is_remembered_between_requests(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A request carries nothing of earlier ones, not even of its own session."""
    earlier: list[str] = []
    for app in (desktop, desktop, _another(desktops, target)):
        script = provider.script()
        header = {f"x-gatecert-{len(earlier)}": script.token}  # a name that no other turn has
        turn = app.engine.turn(f"{script.text} Please remember that.", headers=header)
        answered(turn, "a turn")
        receipts = provider.receipts(script)
        bodies = [receipt.body.decode("utf-8", "replace") for receipt in receipts]
        values = [value for receipt in receipts for _, value in receipt.headers]
        words = any(old in body for old in earlier for body in bodies)
        headers = any(old in value for old in earlier for value in values)
        expect(
            not words and not headers,
            "the provider to receive what the client sent in this request",
            "words of an earlier request with it"
            if words
            else "a header of an earlier one with it",
            hop="gateway → provider",
            silent=True,
        )
        earlier.append(script.token)


@requirement(
    "SEC-08",
    MUST,
    source="field: buffers and connections that are handed over too early under load",
    why="In the busy hour users read each other's answers.",
    fix="Tie every answer to its own request; look for shared buffers, globals and pooled connections.",
    since="0.2",
)
def test_answers_of_many_users_do_not_mix(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """Twelve turns of two users that are open at the same time hold nothing of one another."""
    users = [desktop, _another(desktops, target)]
    marks = [f"words-of-turn-{number:02d}" for number in range(12)]
    scripts = [provider.everywhere(_repeats(mark)) for mark in marks]
    with Together(len(scripts)) as pool:
        asked = [
            pool.submit(users[number % 2].engine.turn, script.text)
            for number, script in enumerate(scripts)
        ]
        for script, one in zip(scripts, asked, strict=True):
            provider.wait_for_arrival(script, one)
        for script in reversed(scripts):
            provider.release(script)
        turns = [one.result() for one in asked]
    for own, turn in zip(marks, turns, strict=True):
        if turn.exchange.status == 429:
            continue  # a limit on what is open at once mixes nothing
        others = [mark for mark in marks if mark != own]
        _nothing_of(others, turn, "one of twelve turns at the same time")
    expect(
        any(turn.exchange.status == 200 for turn in turns),
        "at least one of twelve turns at the same time to be answered",
        turns[0].exchange.summary(),
    )


@requirement(
    "SEC-09",
    MUST,
    source="field: connections that go back to the pool with unread bytes on them (response queue poisoning)",
    why="A user reads the rest of an answer that another user had stopped.",
    fix="Close the provider's connection when a client leaves; never hand it on with bytes left.",
    since="0.2",
)
def test_remains_of_a_stopped_answer_reach_nobody(
    desktop: DesktopApp, desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """After a user has stopped an answer, the next turns of others hold nothing of it."""
    other = _another(desktops, target)
    stopped = provider.script(Plan(blocks=[Block("text", [f"{_FIRST} "] * 200)], gap_ms=1))
    desktop.engine.turn(stopped.text, on_event=lambda event: event.name != "content_block_delta")
    for stream in (True, False, True):
        turn = other.engine.turn(provider.script().text, stream=stream)
        _nothing_of([_FIRST, stopped.token], turn, "the turn after somebody stopped an answer")


def _says(text: str, *, hold_after: int | None = None, hold_ms: float = 0) -> Plan:
    return Plan(blocks=[Block("text", [text])], hold_after=hold_after, hold_ms=hold_ms)


def _repeats(mark: str) -> Plan:
    """Held in the middle; every piece of its text bears the mark."""
    return Plan(blocks=[Block("text", [f"{mark} "] * 8)], hold_after=6, hold_ms=3000)


def _another(desktops: Desktops, target: Target) -> DesktopApp:
    """A second user with a key of their own, if the target gives one."""
    return desktops(api_key=target.keys.second_user or target.api_key)


def _two_users(desktops: Desktops, target: Target) -> tuple[DesktopApp, DesktopApp]:
    """Two users whose requests are alike but for the key."""
    one, two = desktops(), _another(desktops, target)
    two.engine.session_id = one.engine.session_id
    return one, two


def _differing(
    desktop: DesktopApp, desktops: Desktops, target: Target
) -> dict[str, Callable[[str], Turn]]:
    """Ways to ask with the same words what is not the same request."""
    engine = desktop.engine

    def with_another_system_prompt(text: str) -> Turn:
        draft = engine.draft(engine.opening(text), stream=False)
        blocks = [*draft.body["system"], {"type": "text", "text": "Answer in French."}]
        return engine.send_draft(draft.with_fields(system=blocks))

    def with_fewer_betas(text: str) -> Turn:
        draft = engine.draft(engine.opening(text), stream=False)
        return engine.send_draft(replace(draft, betas=draft.betas[:-1]))

    ways: dict[str, Callable[[str], Turn]] = {
        "another session": lambda text: desktops().engine.turn(text, stream=False),
        "another model": lambda text: engine.turn(
            text, stream=False, model=target.models.background
        ),
        "another system prompt": with_another_system_prompt,
        "other betas": with_fewer_betas,
    }
    metadata = _metadata_of_another_user(target)
    if metadata is not None:
        peer = desktops(custom_headers={**target.headers, **metadata})
        peer.engine.session_id = engine.session_id
        ways["another user's metadata"] = lambda text: peer.engine.turn(text, stream=False)
    return ways


def _metadata_of_another_user(target: Target) -> dict[str, str] | None:
    header = target.promises.metadata_header
    name, text = next(((k, v) for k, v in target.headers.items() if k.lower() == header), ("", ""))
    try:
        metadata = json.loads(text)
    except ValueError:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("user"), str):
        return None
    return {name: json.dumps({**metadata, "user": "someone-else"}, separators=(",", ":"))}


def _small_request(app: DesktopApp) -> bytes:
    return raw_request(a_turn(app, "Hello"))


def _nothing_repeated(turn: Turn, fresh: Sequence[str], what: str) -> None:
    expect(
        any(text in turn.text for text in fresh),
        f"the provider's new answer to the same words with {what}",
        f"the answer to an earlier request: {turn.text[:80]!r}",
        hop="gateway → client",
        silent=True,
    )


def _nothing_of(foreign: Sequence[str], answer: Turn, what: str) -> Exchange:
    """The request was answered, and with nothing of these texts."""
    told = f"{answer.text}\n{answer.exchange.text}"
    found = next((text for text in foreign if text in told), "")
    expect(
        not found,
        f"{what} to be answered with nothing that belongs to another request",
        f"HTTP {answer.exchange.status} with {found[:80]!r}, which belongs to another request",
        hop="gateway → client",
        silent=True,
    )
    return answered(answer, what)
