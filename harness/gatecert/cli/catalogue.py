"""``gatecert requirements`` and ``gatecert defects``."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gatecert.errors import EXIT_CONFORMANT
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.variants import VARIANTS
from gatecert.requirements import GATEWAYS, Catalogue, Requirement, load_catalogue
from gatecert.session.paths import suites_folder


def list_requirements(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    catalogue = load_catalogue(suites_folder())
    areas = arguments.area
    chosen = Catalogue([r for r in catalogue if not areas or r.area in areas])
    if arguments.format == "json":
        document = {"hash": catalogue.hash, "requirements": chosen.to_json()}
        print(json.dumps(document, indent=1))
    elif arguments.format == "markdown":
        print(catalogue_page(chosen), end="")
    else:
        _print_table(chosen)
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
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("defect", "what it does", "breaks"):
        table.add_column(column, overflow="fold")
    for defect in DEFECTS.values():
        table.add_row(defect.name, escape(defect.summary), _few(defect.breaks))
    for variant in VARIANTS.values():
        table.add_row(variant.name, escape(variant.summary), "nothing (a harmless variant)")
    Console(highlight=False).print(table)
    return EXIT_CONFORMANT


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


def _print_table(catalogue: Catalogue) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("id", "level", "since", "area", "requirement"):
        table.add_column(column, overflow="fold")
    for one in catalogue:
        since = f"{one.since} (provisional)" if one.provisional else one.since
        table.add_row(one.id, one.level, since, one.area, escape(one.sentence))
    Console(highlight=False).print(table)


def _few(identifiers: tuple[str, ...] | list[str] | object) -> str:
    names = list(identifiers) if isinstance(identifiers, tuple | list) else []
    return ", ".join(names) if len(names) <= 10 else f"{len(names)} requirements"
