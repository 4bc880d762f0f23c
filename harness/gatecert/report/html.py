"""The report as one HTML page without any outside request.

Whatever a gateway sent is hostile input: everything is escaped, invisible characters are made
visible, and the content security policy allows only the page's own style and script, by their hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gatecert.record import Result, RunRecord
from gatecert.report import grids, plot, words
from gatecert.report.facts import facts, settings, slowest
from gatecert.report.headline import headline
from gatecert.report.hints import as_sentence, recognised, short_hints, told_hints
from gatecert.report.provisional import provisional_line
from gatecert.report.triage import by_area, changes, unverified
from gatecert.report.visible import marked, visible
from gatecert.requirements import REASONS

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_CHANGES = 3
_MOST_ALSO = 8
_MOST_BAD = 12
_NOT_IN_TABLE = ("name", "samples_ms")

Measurement = Mapping[str, Any]


def render_html(record: RunRecord) -> str:
    """The whole page. It is valid UTF-8 whatever the record holds."""
    css, js = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            headline=headline(record),
            changes=changes(record)[:_MOST_CHANGES],
            most_also=_MOST_ALSO,
            facts=facts(record),
            tables=grids.tables(record),
            most_bad=_MOST_BAD,
            settings=settings(record),
            slowest=slowest(record),
            gateways=recognised(record.target, record.results),
            verdicts=words.in_order([r.verdict for r in record.results]),
            areas=by_area(record),
            unverified=unverified(record),
            not_applicable=[r for r in record.results if r.verdict == "not-applicable"],
            css=Markup(css),  # noqa: S704
            js=Markup(js),  # noqa: S704
            policy=_policy(css, js),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        marked=marked,
        label=words.verdict_label,
        area=words.area_label,
        meaning=words.verdict_meaning,
        symbol=words.symbol,
        duration=words.duration,
        number=words.number,
        counted=words.count,
        link=link,
        reason=lambda code: REASONS.get(code, ""),
        grouped=grouped,
        columns=columns,
        plots=plot.plots,
        tally=tally,
        hinted=told_hints,
        hinted_shortly=short_hints,
        sentence=as_sentence,
        provisional=provisional_line,
    )
    environment.globals.update(plot=plot, grids=grids)
    return environment


def link(text: str) -> str:
    """The text if it may stand as the target of a link, else an empty string."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    plain = visible(text) == text and not any(c.isspace() for c in text)
    return text if plain and parts.scheme in ("http", "https") and parts.netloc else ""


def grouped(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    """The rows of measurements by the quantity they name."""
    found: dict[str, list[Measurement]] = {}
    for row in measurements:
        found.setdefault(str(row.get("name", "")), []).append(row)
    return found


def columns(rows: Sequence[Measurement]) -> list[tuple[str, str]]:
    """Key and heading of each column of a table of measurements; raw samples are left out."""
    keys = dict.fromkeys(key for row in rows for key in row if key not in _NOT_IN_TABLE)
    return [(key, _heading(key)) for key in keys]


def tally(results: Sequence[Result], verdict: str) -> int:
    """How many of the results have this verdict."""
    return sum(r.verdict == verdict for r in results)


def _heading(key: str) -> str:
    in_ms = key.endswith("_ms")
    return key.removesuffix("_ms").replace("_", " ") + (", ms" if in_ms else "")


def _finalize(value: Any) -> Any:
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return visible(value) if plain else value


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _policy(css: str, js: str) -> str:
    allowed = {
        "default-src": "'none'",
        "style-src": _hash(css),
        "script-src": _hash(js),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {source}" for name, source in allowed.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
