"""Which deviations have one cause: the same answer of the gateway stands behind them.

A gateway that answers every turn with the same 404 breaks nearly every requirement. Told one by
one, each with its own advice, they would hide the one thing to change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gatecert.record import RecordedExchange, Result
from gatecert.requirements import WRAPPED

# where several requirements fail with one answer, the most basic of them stands for all: what has
# to work before anything else can
_BASIC = (
    *("CONN-02", "AUTH-01", "URL-06", "META-01", "STREAM-01", "MSG-01"),
    *("MODEL-01", "MSG-13"),  # model discovery, count_tokens
    "MSG-08",  # messages of role system, which some models' every conversation has
    # what locks users out: whoever else got this answer was only locked out by it
    *("AUTH-34", "STREAM-87"),
    "MSG-18",  # the smallest of the bodies that a limit on their size refuses
)
_BY_KEY = (401, 403)
_REDIRECTS = (301, 302, 307, 308)
_BY_ADDRESS = (*_REDIRECTS, 400, 404, 405)
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# as Exchange.summary() writes an answer that is itself the trouble
_ANSWER = re.compile(
    rf"HTTP [3-5]\d\d(?: (?:with the body )?{_QUOTED}| with an empty body)?"
    r"|HTTP 2\d\d, then [^;]*"
    r"|no answer \(.*\)"
)
_STATUS = re.compile(r"HTTP ([3-5]\d\d)")
# the scripted provider's own answer to a path that it does not serve
_ELSEWHERE = re.compile(r"""HTTP 404 ['"]Not found: (?P<asked>[A-Z]+ /[^\s'"]*)['"]""")
_SERVED = ("/v1/messages", "/v1/messages/count_tokens", "/v1/models")
PATH_KEPT: Mapping[str, str] = {
    "apache": "the same path on both sides of ProxyPass",
    "caddy": "handle instead of handle_path, and no uri strip_prefix",
    "envoy": "no prefix_rewrite and no regex_rewrite in the route",
    "haproxy": "no replace-path and no set-path in http-request",
    "kong": "strip_path: false on the Route",
    "nginx": "the address alone in proxy_pass: a path behind it, even /, replaces the location's",
    "traefik": "no stripPrefix and no replacePath middleware on the router",
}
_SENTENCE = re.compile(r"[A-Za-z0-9]\S* \S")
# how many came of a list is a value, whatever the list
_ENTRIES = re.compile(r"\d+ entries instead of \d")
_VARYING = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{8,}\b|(?<![A-Za-z])\d+")
_FEWEST_WITH_AN_ANSWER = 2
# other sentences are less telling: one must come often to speak of one cause
_FEWEST_WITH_A_SENTENCE = 4
_FEWEST_TO_JOIN = 3
_TELLING_CHARACTERS = 8


def shared_answers(results: Sequence[Result]) -> dict[str, str]:
    """By identifier the answer behind a deviation, for those who share it with another one."""
    found = {r.id: answer for r in results if (answer := answer_of(r.came))}
    members: dict[str, list[str]] = {}
    for identifier, answer in found.items():
        members.setdefault(answer, []).append(identifier)
    shared = {answer: ids for answer, ids in members.items() if len(ids) >= _fewest(answer)}
    behind = {i: answer for answer, ids in shared.items() for i in ids}
    commonest = max(shared, key=lambda answer: len(shared[answer]), default="")
    if commonest and len(shared[commonest]) >= _FEWEST_TO_JOIN:
        others = [r for r in results if r.id not in behind and _is_behind(commonest, r)]
        behind |= {r.id: commonest for r in others}
    return behind


def answer_of(came: str) -> str:
    """The answer in what came, without what differs from request to request; ``""`` if none.

    A value that differs from the expected one, and a plain success, are no answers in this sense.
    """
    if is_wrapped(came) or _ENTRIES.match(came):
        return ""
    found = _ANSWER.search(came)
    if found:
        return _alike(found.group())
    telling = _SENTENCE.match(came) and not came.startswith(("HTTP 2", "an empty "))
    return _alike(came) if telling else ""


def is_wrapped(came: str) -> bool:
    """Whether the expected words came, with the gateway's own around them: one habit of it."""
    return came.endswith(f" {WRAPPED}")


def status_of(answer: str) -> int:
    """The HTTP status of an answer that is an error, or 0."""
    found = _STATUS.match(answer)
    return int(found[1]) if found else 0


def asked_elsewhere(came: str) -> str:
    """What the scripted provider was asked for instead of what it serves, or ``""``."""
    found = _ELSEWHERE.search(came)
    asked = found["asked"] if found else ""
    return "" if asked.partition(" ")[2] in _SERVED else asked


def most_basic(results: Sequence[Result], answer: str) -> Result:
    """The one of several, in the order of harm, that stands for all who got the answer."""
    status = status_of(answer)
    order = ["AUTH-01", *_BASIC] if status in _BY_KEY else list(_BASIC)
    order = ["URL-08", *order] if status in _REDIRECTS else order
    if status not in _BY_ADDRESS:  # then it is not the query that the gateway minds
        order.remove("URL-06")
    return min(results, key=lambda r: order.index(r.id) if r.id in order else len(order))


def _fewest(answer: str) -> int:
    # that nothing came in time has many causes
    telling = _ANSWER.match(answer) and not answer.startswith("no answer (timeout")
    return _FEWEST_WITH_AN_ANSWER if telling else _FEWEST_WITH_A_SENTENCE


def _is_behind(answer: str, result: Result) -> bool:
    """Whether a deviation told in other words comes from the answer: nothing else was seen."""
    status, words = status_of(answer), _words(answer)
    if not status:
        return False
    if result.came == str(status) or (words and all(w in _alike(result.came) for w in words)):
        return True
    exchanges = result.evidence.exchanges
    return bool(exchanges) and all(_shows(e, status, words) for e in exchanges)


def _shows(exchange: RecordedExchange, status: int, words: Sequence[str]) -> bool:
    if exchange.response is None or f" {status}" not in exchange.response.first_line:
        return False
    body = _alike(exchange.response.body)
    return all(word in body for word in words)


def _words(answer: str) -> list[str]:
    """The parts of an answer's text that look the same however it is quoted."""
    text = answer.partition(" ")[2].partition(" ")[2]
    pieces = re.split(r"[^\w ./:;,?=-]+", text.removeprefix("with the body"))
    return [p.strip() for p in pieces if len(p.strip()) >= _TELLING_CHARACTERS]


def _alike(text: str) -> str:
    """The text with numbers and identifiers taken out, but for an HTTP status."""
    return _VARYING.sub(_placeholder, text)


def _placeholder(found: re.Match[str]) -> str:
    is_status = found.string.startswith("HTTP ", max(0, found.start() - len("HTTP ")))
    return found.group() if is_status else "#"
