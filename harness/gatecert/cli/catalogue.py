"""``gatecert requirements`` (with ``--trace`` and ``--retired``) and ``gatecert defects``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gatecert.errors import EXIT_CONFORMANT, RunError
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS
from gatecert.lint import CODES
from gatecert.requirements import GATEWAYS, Catalogue, Requirement, load_catalogue
from gatecert.requirements.identifiers import Identifiers, parse_identifiers
from gatecert.requirements.trace import Known, Trace, TraceError, complaints, read_trace
from gatecert.requirements.tracepage import (
    COUNTED,
    count_rows,
    cover_text,
    trace_json,
    trace_page,
)
from gatecert.session.paths import fixtures_folder, suites_folder


def list_requirements(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    catalogue = load_catalogue(suites_folder())
    if arguments.trace:
        return _list_trace(catalogue, arguments.format)
    if arguments.retired:
        return _list_retired()
    areas = arguments.area
    shown = [r for r in catalogue if r.provisional or not arguments.provisional]
    chosen = Catalogue([r for r in shown if not areas or r.area in areas])
    if arguments.format == "json":
        document = {"hash": catalogue.hash, "requirements": chosen.to_json()}
        print(json.dumps(document, indent=1))
    elif arguments.format == "markdown":
        print(catalogue_page(chosen), end="")
    else:
        rows = [(one.id, one.level, _since(one), one.area, one.sentence) for one in chosen]
        _print_rows(("id", "level", "since", "area", "requirement"), rows)
    return EXIT_CONFORMANT


def catalogue_page(catalogue: Catalogue) -> str:
    """The catalogue as a Markdown page."""
    lines = [
        "# Requirement catalogue",
        "",
        "Made by `gatecert requirements --format markdown`; the suites are its only source.",
        *_provisional_note(catalogue),
    ]
    area = ""
    for one in catalogue:
        if one.area != area:
            area = one.area
            lines += ["", f"## {area}"]
        lines += ["", *_entry(one)]
    return "\n".join(lines) + "\n"


def _provisional_note(catalogue: Catalogue) -> list[str]:
    if not any(one.provisional for one in catalogue):
        return []
    return [
        "",
        "What is *provisional* is new in this version: a MUST among it warns until the next one, "
        "unless `--enforce-provisional` is given.",
    ]


def list_defects(arguments: argparse.Namespace) -> int:
    """Print the seeded defects and the harmless variants."""
    if arguments.json:
        document = {
            "defects": [
                {"name": d.name, "summary": d.summary, "breaks": list(d.breaks)}
                for d in DEFECTS.values()
            ],
            "variants": [{"name": v.name, "summary": v.summary} for v in VARIANTS.values()],
        }
        print(json.dumps(document, indent=1))
        return EXIT_CONFORMANT
    rows = [(d.name, d.summary, _few(d.breaks)) for d in DEFECTS.values()]
    rows += [(v.name, v.summary, "nothing (a harmless variant)") for v in VARIANTS.values()]
    _print_rows(("defect", "what it does", "breaks"), rows)
    return EXIT_CONFORMANT


def load_identifiers() -> Identifiers:
    """Every identifier that was ever given out. Raises RunError."""
    path = fixtures_folder() / "requirements" / "identifiers.txt"
    try:
        return parse_identifiers(path.read_text("utf-8"))
    except ValueError as exc:
        raise RunError(f"{path.name}: {exc}") from None


def load_trace() -> Trace:
    """The source lines. Raises RunError."""
    path = fixtures_folder() / "requirements" / "trace.toml"
    try:
        return read_trace(path.read_text("utf-8"))
    except TraceError as exc:
        raise RunError(f"{path.name}: {exc}") from None


def _list_trace(catalogue: Catalogue, form: str) -> int:
    trace, identifiers = load_trace(), load_identifiers()
    known = Known([r.id for r in catalogue], identifiers.retired, CODES)
    if found := complaints(trace, known):
        raise RunError(f"trace.toml: {found[0]}" + (f" ({len(found)} in all)" if found[1:] else ""))
    if form == "json":
        print(json.dumps(trace_json(trace, catalogue, identifiers.retired), indent=1))
    elif form == "markdown":
        print(trace_page(trace, catalogue, identifiers.retired), end="")
    else:
        _print_trace(trace)
    return EXIT_CONFORMANT


def _print_trace(trace: Trace) -> None:
    lines = [(line.tag, line.says, cover_text(line)) for line in trace.lines]
    _print_rows(("line", "says", "covered by"), lines)
    _print_rows(COUNTED, count_rows(trace))


def _list_retired() -> int:
    retired = load_identifiers().retired
    for name, one in retired.items():
        print(f"{name}  retired in {one.release}: {one.why}")
    if not retired:
        print("no identifier is retired")
    return EXIT_CONFORMANT


def _since(one: Requirement) -> str:
    return f"{one.since} (provisional)" if one.provisional else one.since


def _entry(one: Requirement) -> list[str]:
    needs = f" Applies if the target has: {', '.join(one.needs)}." if one.needs else ""
    hints = [f"  - {GATEWAYS[key]}: {hint}" for key, hint in sorted(one.hints.items())]
    return [
        f"### {one.id} ({one.level}{', provisional' if one.provisional else ''})",
        "",
        f"{one.sentence}{needs}",
        "",
        f"- Why it matters: {one.why}",
        f"- What to change: {one.fix}",
        *hints,
        f"- Source: {one.source.kind}, {one.source.reference}",
        f"- Test: `suites/{one.node}`",
    ]


def _print_rows(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in heading:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    Console(highlight=False).print(table)


def _few(identifiers: tuple[str, ...] | list[str] | object) -> str:
    names = list(identifiers) if isinstance(identifiers, tuple | list) else []
    return ", ".join(names) if len(names) <= 10 else f"{len(names)} requirements"
