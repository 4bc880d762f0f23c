"""What is wrong with what became of metadata. Pure: an outcome and an expectation go in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatecert.checks import json_equal
from gatecert.gateways.target import Target
from gatecert.metadata.cases import EITHER, ONE, REFUSED, SAME, Case, Setting, rules_of

LAYERS = ("answer", "provider", "attribution")
# these the client repeats, for minutes; a 401 does so where its engine runs on a command line
REPEATED = (401, 408, 409, 425, 429)
NOWHERE = ""
_SHOWN = 100


@dataclass(frozen=True)
class Outcome:
    """What was seen of a request on the three layers.

    ``status`` is None without an answer. ``providers`` are those it reached; None if nobody can say
    what the route means. ``attributed`` is the metadata under which the log files it: None where it
    is filed under nobody, ``...`` where no log tells. ``sent`` are the values of the header.
    """

    status: int | None
    summary: str
    providers: Sequence[str] | None
    attributed: Mapping[str, Any] | Any | None = ...
    sent: Sequence[str] = ()

    @property
    def refused(self) -> bool:
        """Whether the gateway refused, in whatever way."""
        return self.status is None or self.status >= 400


@dataclass(frozen=True)
class Wrong:
    """What is wrong on one layer; ``silent`` if the client was told all is well."""

    layer: str
    expected: str
    came: str
    silent: bool = False


def judged(case: Case, setting: Setting, target: Target, seen: Outcome) -> list[Wrong]:
    """All that is wrong with what became of a case, layer by layer."""
    expectation = case.expectation(rules_of(target))
    blind = case.group == "case and blanks" and target.policy.case == "insensitive"
    expectation = EITHER if blind else expectation
    if expectation == SAME and seen.refused:
        return [Wrong("answer", "the request to be served", seen.summary)]
    if expectation == REFUSED and not seen.refused:
        return [Wrong("answer", "the request to be refused", seen.summary, silent=True)]
    if seen.refused:
        return list(_refusal(seen))
    meant = [case.meant(setting)]
    if blind:
        meant.append(setting.metadata)
    if expectation == ONE:
        meant.append({**setting.metadata, setting.key: setting.other})
    return list(_served(case, setting, target, seen, meant))


def _refusal(seen: Outcome) -> Iterator[Wrong]:
    """A refusal is final for the client, and nothing has gone out."""
    final = seen.status is not None and 400 <= seen.status < 500 and seen.status not in REPEATED
    if not final:
        wanted = "an answer of 4xx that the client does not repeat for minutes"
        yield Wrong("answer", wanted, seen.summary)
    if seen.providers:
        came = f"one at {', '.join(seen.providers)}"
        yield Wrong("provider", "no request at any provider of what is refused", came)


def _served(
    case: Case,
    setting: Setting,
    target: Target,
    seen: Outcome,
    meant: Sequence[Mapping[str, Any]],
) -> Iterator[Wrong]:
    """What is served is routed and filed as it was meant, and both ways alike."""
    fitting = [one for one in meant if _filed_as(seen, one)]
    if not fitting:
        wanted = " or ".join(_short(one) for one in meant)
        came = "nobody" if seen.attributed is None else _short(seen.attributed)
        yield Wrong("attribution", f"it to be filed under {wanted}", came, silent=True)
        fitting = list(meant)
    routes = [route_of(one, setting, target) for one in fitting]
    if seen.providers is not None and all(list(seen.providers) != [route] for route in routes):
        came = ", ".join(seen.providers) or "nowhere"
        yield Wrong("provider", _route_wanted(dict.fromkeys(routes)), came, silent=True)


def route_of(metadata: Mapping[str, Any], setting: Setting, target: Target) -> str:
    """The provider to which metadata leads, or NOWHERE; right metadata leads to the primary."""
    for key, routes in target.policy.routes.items():
        if metadata.get(key) in routes:
            return routes[metadata[key]]
        if metadata.get(key) != setting.metadata.get(key):
            return NOWHERE
    return "primary"


def _route_wanted(routes: Iterable[str]) -> str:
    named = " or ".join(route for route in routes if route)
    if not named:
        return "it to be refused, as no route is promised for it"
    return f"it to be routed to {named}"


def _filed_as(seen: Outcome, meant: Mapping[str, Any]) -> bool:
    """Whether the log has it as meant, or keeps the text as it came and makes nothing of it."""
    if seen.attributed is ... or json_equal(seen.attributed, dict(meant)):
        return True
    if not isinstance(seen.attributed, Mapping):
        return False
    return seen.attributed.get("") in seen.sent or _byte_for_byte(seen)


def _byte_for_byte(seen: Outcome) -> bool:
    """Whether the log holds the very bytes that came, which are no UTF-8 and shown as such."""
    for text in seen.sent:
        if "\ufffd" in text:
            try:
                return json_equal(seen.attributed, json.loads(text))
            except ValueError:
                continue
    return False


def _short(metadata: Any) -> str:
    text = repr(dict(metadata)) if isinstance(metadata, Mapping) else repr(metadata)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 30]} … {text[-25:]}"
