"""Paths that mean the endpoint, or look like it: mended in full or refused, never half."""

from collections.abc import Callable
from dataclasses import replace

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    answered,
    expect,
    hints,
    not_let_in,
    refused,
    requirement,
    usable_models,
)

_PAST_POLICY = (
    "A path that only looks different goes past key check and policy, and nobody notices."
)


@requirement(
    "URL-11",
    MUST,
    source="standard: RFC 3986 section 6.2.2.2, %6d and m are the same in a path",
    why=_PAST_POLICY,
    fix="Decode the path once, before every check, and let all checks see the same path; or answer 404.",
    since="0.2",
    hints={
        "envoy": "path_with_escaped_slashes_action: REJECT_REQUEST in the HTTP connection manager",
        "nginx": "check the key inside location = /v1/messages, which sees the path decoded, not by $request_uri",
    },
)
def test_encoded_path_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A path with percent-encoded letters or slashes is served like the plain one or clearly refused."""
    for path in ("/v1/%6dessages", "/v1%2Fmessages", "/v1/messages%2F", "/v1/messages%3Fbeta=true"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-12",
    MUST,
    source="standard: RFC 3986 section 5.2.4, dot segments are removed before a path is used",
    why=_PAST_POLICY,
    fix="Remove dot segments before every check, or answer 400 or 404 for paths that have them.",
    since="0.2",
    hints={"envoy": "normalize_path: true in the HTTP connection manager"},
)
def test_dotted_path_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A path with dot segments is served like the plain one or clearly refused."""
    for path in ("/v1/./messages", "/v1/gatecert/../messages", "/gatecert/../v1/messages"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-13",
    MUST,
    source="field: Portkey 1.15.2 proxies /v1/messages/ and /v1//messages past its own handlers",
    why=_PAST_POLICY,
    fix="Treat the path like /v1/messages, or answer 404; never hand it to a catch-all route.",
    since="0.2",
    hints=hints.EXACT_PATHS,
)
def test_further_slashes_do_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A slash at the end or doubled inside is served like the plain path or clearly refused."""
    for path in ("/v1/messages/", "/v1//messages", "/v1/messages//"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-14",
    MUST,
    source="standard: RFC 3986 section 6.2.2.1, the path is case-sensitive",
    why=_PAST_POLICY,
    fix="Compare the path by case everywhere, or fold it once before every check.",
    since="0.2",
)
def test_upper_case_path_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A path in upper case is served like the plain one or clearly refused."""
    for path in ("/V1/MESSAGES", "/v1/Messages"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-15",
    MUST,
    source="field: servers that cut ;parameters off after the check of the path and not before",
    why=_PAST_POLICY,
    fix="Refuse paths with a semicolon, or cut it off before every check.",
    since="0.2",
)
def test_path_parameters_do_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A path with ;parameters is served like the plain one or clearly refused."""
    for path in ("/v1/messages;gatecert=1", "/v1;gatecert=1/messages"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-16",
    MUST,
    source="field: routes that match the beginning of a path, and catch-alls below /v1",
    why="Endpoints that nobody released are open, outside routing and policy.",
    fix="Match whole paths; answer 404 for what is no endpoint.",
    since="0.2",
    hints=hints.EXACT_PATHS,
)
def test_longer_path_does_not_half_work(
    served_right_or_refused: Callable[..., None],
) -> None:
    """A path that only begins like the endpoint is served like it or clearly refused."""
    for path in ("/v1/messages2", "/v1/messages/gatecert", "/v1/messages.json"):
        served_right_or_refused(path=f"{path}?beta=true")


@requirement(
    "URL-17",
    SHOULD,
    source="standard: RFC 9110 section 15.5.6",
    why="Crawlers and preflights of other programs cost money, and firewalls that look at POST miss them.",
    fix="Answer 405 (or 404) for methods other than POST on /v1/messages.",
    since="0.2",
    hints={
        "nginx": "if ($request_method != POST) { return 405; }",
        "haproxy": "http-request deny deny_status 405 if !METH_POST",
        "kong": "methods: [POST] on the Route",
    },
)
def test_turn_by_another_method_is_refused(desktop: DesktopApp) -> None:
    """A turn sent by PUT, PATCH or DELETE is refused."""
    turn = desktop.engine.turn("hi", stream=False)
    answered(turn, "a turn by POST")
    for method in ("PUT", "PATCH", "DELETE"):
        other = replace(turn.exchange.request, method=method)
        not_let_in(desktop.engine.send(f"turn by {method}", other), f"a turn sent by {method}")


@requirement(
    "URL-18",
    SHOULD,
    source="observed: engines count with ?beta=true, the newest SDKs without it",
    why="The client cannot count, and guesses when its context is full.",
    fix="Route on the path; ignore the query on every endpoint.",
    needs=["serves_count_tokens"],
    since="0.2",
)
def test_query_plays_no_part_in_counting(desktop: DesktopApp) -> None:
    """/v1/messages/count_tokens is served with ?beta=true and without any query."""
    first = answered(desktop.engine.count_tokens("hi"), "count_tokens with ?beta=true")
    plain = replace(first.request, url=first.request.url.partition("?")[0])
    answered(desktop.engine.send("count tokens", plain), "count_tokens without a query")


@requirement(
    "URL-19",
    SHOULD,
    source="field: base URLs under which the list is served and turns are not, or a page in its place",
    why="Setting up looks fine, models are listed, and then every turn fails.",
    fix="Serve the list and the turns under the same base URLs, and no console under all others.",
    needs=["serves_models"],
    since="0.2",
)
def test_discovery_under_a_wrong_base_url_agrees_with_turns(desktops: Desktops) -> None:
    """Under a wrong base URL discovery is refused, or lists models that turns are then served with."""
    right = desktops().settings
    for suffix in ("/v1", "/gatecert-no-such-prefix"):
        wrong = desktops(base_url=right.url(suffix))
        found = wrong.discover_models()
        if found.status != 200:
            refused(found, f"discovery under …{suffix}", (*range(300, 500), 501))
            continue
        asked = f"discovery under a base URL that ends in {suffix}"
        what = f"{found.header('content-type') or 'an untyped body'} {found.text[:100]!r}"
        names = usable_models(found.json())
        expect(names, f"{asked} to be refused, or to list models", what, silent=True)
        turn = wrong.engine.turn("hi", stream=False).exchange
        expect(
            turn.status == 200,
            f"{asked} and a turn there to be both served or both refused",
            f"{len(names)} models, and for the turn {turn.summary()}",
            silent=True,
        )
