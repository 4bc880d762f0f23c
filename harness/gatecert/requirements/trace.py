"""Which source line is covered by which requirement, or why it cannot be seen from outside.

A *source line* is one sentence of somebody who knows the client or its gateways: a line of the
official pages, a case from the field, an assertion that was measured, a promise of the set-up
guide. The file names them all, in our own words. Pure: text in, data and complaints out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_TAG = re.compile(r"(?P<source>[A-Z]{1,2}?)(?P<number>\d{1,6})")
_REQUIREMENT = re.compile(r"[A-Z]{2,8}-\d{2}")
_SOURCE_KEYS = {"title", "total"}
_LINE_KEYS = {"says", "covered_by", "limit", "unobservable"}
LINT, TEST = "lint:", "test:"


class TraceError(ValueError):
    """The file of source lines cannot be read; the message names the place."""


@dataclass(frozen=True)
class TraceSource:
    """Where lines come from; ``total`` is how many there are."""

    key: str
    title: str
    total: int


@dataclass(frozen=True)
class SourceLine:
    """One source line. It is covered, or says why it cannot be observed.

    ``covered_by`` holds identifiers, ``lint:name`` for a mistake that ``gatecert lint`` finds in a
    configuration, and ``test:path::name`` for a test of the simulated client. ``limit`` says what
    of the line these do not reach.
    """

    tag: str
    says: str
    covered_by: tuple[str, ...] = ()
    limit: str = ""
    unobservable: str = ""

    @property
    def source(self) -> str:
        """The key of the source: the tag without its number."""
        return self.tag.rstrip("0123456789")

    @property
    def requirements(self) -> list[str]:
        """The identifiers among what covers the line."""
        return [name for name in self.covered_by if _REQUIREMENT.fullmatch(name)]


@dataclass(frozen=True)
class Trace:
    """All sources and their lines, in the order of the file."""

    sources: Sequence[TraceSource]
    lines: Sequence[SourceLine]

    def of(self, source: str) -> list[SourceLine]:
        """The lines of one source."""
        return [line for line in self.lines if line.source == source]

    def covering(self, identifier: str) -> list[SourceLine]:
        """The lines that a requirement covers."""
        return [line for line in self.lines if identifier in line.covered_by]


@dataclass(frozen=True)
class Known:
    """What a line may be covered by. Where the harness's tests are not at hand, they are None."""

    live: Collection[str]
    retired: Collection[str]
    lint: Collection[str]
    tests: Collection[str] | None = None


@dataclass(frozen=True)
class Count:
    """How the lines of one source are covered; each line counts once, in the first that fits."""

    source: TraceSource
    by_requirements: int
    by_client: int
    unobservable: int


def read_trace(text: str) -> Trace:
    """Read the file. Raises TraceError with the tag and what is wrong there."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise TraceError(f"is not valid TOML: {exc}") from None
    unknown = sorted(set(raw) - {"sources", "lines"})
    if unknown:
        raise TraceError(f"unknown table [{unknown[0]}]")
    sources = [_source(key, raw) for key, raw in raw.get("sources", {}).items()]
    lines = [_line(tag, raw) for tag, raw in raw.get("lines", {}).items()]
    return Trace(sources, lines)


def complaints(trace: Trace, known: Known) -> list[str]:
    """Everything that is wrong with a trace, each with its tag; empty if it is sound."""
    keys = {source.key for source in trace.sources}
    found = [
        f"{source.key}: {len(trace.of(source.key))} lines, and the source has {source.total}"
        for source in trace.sources
        if len(trace.of(source.key)) != source.total
    ]
    for line in trace.lines:
        if line.source not in keys:
            found.append(f"{line.tag}: there is no source {line.source}")
        found += [f"{line.tag}: {text}" for text in _line_complaints(line, known)]
    return found


def counts(trace: Trace) -> list[Count]:
    """How much of each source is covered, in the order of the file."""
    return [_count(source, trace.of(source.key)) for source in trace.sources]


def uncovering(trace: Trace, identifiers: Iterable[str]) -> list[str]:
    """The identifiers that cover no source line; their own source says where they come from."""
    used = {name for line in trace.lines for name in line.covered_by}
    return [one for one in identifiers if one not in used]


def _count(source: TraceSource, lines: Sequence[SourceLine]) -> Count:
    by_requirements = sum(1 for line in lines if line.requirements)
    covered = sum(1 for line in lines if line.covered_by)
    return Count(source, by_requirements, covered - by_requirements, len(lines) - covered)


def _line_complaints(line: SourceLine, known: Known) -> Iterable[str]:
    if not line.covered_by and not line.unobservable:
        yield "is mapped to nothing: give covered_by or unobservable"
    if line.covered_by and line.unobservable:
        yield "is covered and unobservable at once; what the cover leaves out is its limit"
    if line.limit and not line.covered_by:
        yield "has a limit and nothing that covers it"
    if len(set(line.covered_by)) < len(line.covered_by):
        yield "names one cover twice"
    for name in line.covered_by:
        if trouble := _trouble(name, known):
            yield f"{name} {trouble}"


def _trouble(name: str, known: Known) -> str:
    """What is wrong with the name of something that covers a line, or ``""``."""
    if name.startswith(LINT):
        return "" if name.removeprefix(LINT) in known.lint else "is no code of gatecert lint"
    if name.startswith(TEST):
        there = known.tests is None or name.removeprefix(TEST) in known.tests
        return "" if there else "is no test of the harness"
    if name in known.retired:
        return "is retired"
    return "" if name in known.live else "is no requirement"


def _source(key: str, raw: Any) -> TraceSource:
    _check_keys(f"source {key}", raw, _SOURCE_KEYS)
    title, total = raw.get("title"), raw.get("total")
    if not isinstance(title, str) or not title:
        raise TraceError(f"source {key}: title must be a text, not empty")
    if not isinstance(total, int) or isinstance(total, bool) or total < 1:
        raise TraceError(f"source {key}: total must be a number from 1 on")
    return TraceSource(key, title, total)


def _line(tag: str, raw: Any) -> SourceLine:
    if not _TAG.fullmatch(tag):
        raise TraceError(f"{tag}: a tag is the key of a source and a number")
    _check_keys(tag, raw, _LINE_KEYS)
    texts = {key: raw.get(key, "") for key in ("says", "limit", "unobservable")}
    for key, text in texts.items():
        if not isinstance(text, str) or (key in raw and not text.strip()):
            raise TraceError(f"{tag}: {key} must be a text, not empty")
    if not texts["says"]:
        raise TraceError(f"{tag}: says is missing, the line in our words")
    names = raw.get("covered_by", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TraceError(f"{tag}: covered_by must be a list of names")
    return SourceLine(tag, texts["says"], tuple(names), texts["limit"], texts["unobservable"])


def _check_keys(place: str, raw: Any, known: Collection[str]) -> None:
    if not isinstance(raw, dict):
        raise TraceError(f"{place}: must be a table")
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise TraceError(
            f"{place}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
