"""The page docs/comparison.md, from figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatecert.gateways.defects import DEFECTS, Defect

HEAD = """\
# Beside another tester

Made by `nox -s comparison` on {date}; the figures are in `comparison/figures.json`.

llm-comply {llm-comply} is the one tester of the Anthropic API found that installs from a package
registry and judges the API rather than the model. It is a good tool for another question: does an
*endpoint* answer in the shape of the vendor's schema? gatecert asks whether Claude Desktop works
through a *gateway*. The figures say how far the one answers the other's question, no more.

## How it was measured

- One gateway for both: gatecert's embedded reference, as it is, in {variants} harmless variants,
  and bent by each of {defects} seeded defects. gatecert {gatecert}, Python {python}, loopback, one
  run each.
- Behind it a small stand-in for a model (`harness/tests/live_model.py`), which answers words to
  words, a tool call where one is demanded, thinking where it is on, and refuses what the API
  refuses. It sends every field of the newest schema, because llm-comply demands them.
- llm-comply with its own nine Anthropic cases and default settings, twice: with a bearer, which is
  its default, and with the flags that its README gives for Anthropic (x-api-key). A fault counts as
  caught if either run exits with other than 0.
- gatecert twice: as a black box on the very same gateway and stand-in, where it may not script
  anything, and with its scripted provider, as the kill table pins and `gatecert killtable` verifies
  it. A fault counts as caught if a requirement of any level is called broken, provisional ones
  included.{later}
- The gateway checks no metadata here, because llm-comply cannot send a header with commas in it.

## Fair to whom?

The defects are gatecert's own: each exists because a requirement shall find it, so its column with
the scripted provider is full by construction. The second table has faults that were chosen before
most of the requirements were written. llm-comply never claims to test keys, addresses, model lists,
what arrives at the provider, fallback, or how fast answers come, and it sees one side alone; that
is why the faults that no ordinary request shows are counted apart: those on the provider's side, of
metadata, fallback and speed, and those that show to an attacker only. Many of the others show only
when the provider fails or breaks off, which a healthy model does not do: no black box finds those,
not even gatecert's. What llm-comply does and gatecert does not: four other API formats, and the
vendor's whole schema for answers.
"""

LIMITS = """\
## Limits

One machine, busy with other work, and one run each; but for the seconds both tools are
deterministic here. A stand-in is no model: llm-comply may find more, or less, before a real one.
Not compared: anthropic-compatibility-tester (Go) cannot be built without its module registry;
zing-audit 0.11.0 installs, and asks whether a relay serves the model that it names, by profiles of
real models, which no stand-in can satisfy; the others that were found are suites inside the
gateways' own repositories.
"""


def page(figures: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The page."""
    rows: Mapping[str, Any] = figures["rows"]
    check(known)
    defects = [name for name in DEFECTS if name in rows]
    variants = [name for name, row in rows.items() if row["kind"] == "variant"]
    outside = [name for name in defects if not is_inside(DEFECTS[name], known)]
    inside = [name for name in defects if name not in outside]
    counts = {"variants": len(variants), "defects": len(defects), "later": later(rows)}
    healthy = ["reference", *variants]
    columns = ("llm-comply", "gatecert, black box", "gatecert, scripted")
    parts = [
        HEAD.format(**figures, **counts),
        "## Summary\n",
        *table(
            ("", *columns),
            [
                summary("faults that an ordinary request can show, caught", outside, rows),
                summary("faults that none shows, caught", inside, rows),
                alarms("false alarms on the reference and its variants", healthy, rows),
                plain(figures["plain"]),
                times(rows),
            ],
        ),
        "\n## The first of these lines, by the module that holds the defects\n",
        *table(("defects of", *columns), by_area(outside, rows)),
        "\n## The faults of an earlier measurement\n",
        *earlier(known["earlier"], rows),
        "\n" + LIMITS,
    ]
    return "\n".join(parts).rstrip() + "\n"


def by_area(names: Sequence[str], rows: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """How many faults of each module each caught."""
    areas: dict[str, list[str]] = {}
    for name in names:
        areas.setdefault(area_of(DEFECTS[name]), []).append(name)
    return [summary(area.replace("_", " "), of, rows) for area, of in areas.items()]


def later(rows: Mapping[str, Any]) -> str:
    """What is said of defects that were added after the measurement."""
    count = len(set(DEFECTS) - set(rows))
    return f" {count} defects that were added since are not in the figures." if count else ""


def check(known: Mapping[str, Any]) -> None:
    """Refuse names that no defect has."""
    named = [*known["inside"], *(e["defect"] for e in known["earlier"] if "defect" in e)]
    unknown = sorted({name for name in named if name not in DEFECTS})
    unknown += sorted(set(known["inside_areas"]) - {area_of(defect) for defect in DEFECTS.values()})
    if unknown:
        raise SystemExit(f"faults.toml names no defect: {', '.join(unknown)}")


def is_inside(defect: Defect, known: Mapping[str, Any]) -> bool:
    """Whether no ordinary request shows the defect."""
    return defect.name in known["inside"] or area_of(defect) in known["inside_areas"]


def area_of(defect: Defect) -> str:
    """The module that holds a defect."""
    return defect.gateway.__module__.rpartition(".")[2]


def summary(title: str, names: Sequence[str], rows: Mapping[str, Any]) -> tuple[str, ...]:
    """How many of some faults each caught."""
    caught = [sum(bool(rows[n][key]) for n in names) for key in ("llm-comply", "black_box")]
    scripted = sum(bool(DEFECTS[n].breaks) for n in names)
    return (title, *(f"{count} of {len(names)}" for count in (*caught, scripted)))


def alarms(title: str, names: Sequence[str], rows: Mapping[str, Any]) -> tuple[str, ...]:
    """How many harmless gateways each complained about."""
    wrong = [sum(bool(rows[n][key]) for n in names) for key in ("llm-comply", "black_box")]
    return (title, *(f"{count} of {len(names)}" for count in wrong), f"0 of {len(names)}")


def plain(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What each says of a healthy answer that lacks the newest fields."""
    told = [
        f"{len(row[key])} {what} fail" if row[key] else "none"
        for key, what in (("llm-comply", "of 9 cases"), ("black_box", "requirements"))
    ]
    return ("false alarms where the provider leaves the newest fields out", *told, "none")


def times(rows: Mapping[str, Any]) -> tuple[str, ...]:
    """The median duration of a run."""
    medians = [
        sorted(row[key] for row in rows.values())[len(rows) // 2]
        for key in ("llm-comply_s", "black_box_s")
    ]
    return (
        "seconds for a run (median)",
        *(f"{median:.1f}" for median in medians),
        "see the record",
    )


def earlier(faults: Sequence[Mapping[str, str]], rows: Mapping[str, Any]) -> list[str]:
    """The table of the earlier faults, with the defect that comes closest."""
    lines = []
    for fault in faults:
        name = fault.get("defect", "")
        cells = line(name, rows[name])[1:] if name in rows else ("", "", "")
        lines.append((fault["fault"], f"`{name}`" if name else "none of ours", *cells))
    head = ("fault", "our defect", "llm-comply", "gatecert, black box", "gatecert, scripted")
    return table(head, lines)


def line(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """One fault, and what each says of it."""
    return (
        f"`{name}`",
        few([case.removeprefix("anth-") for case in row["llm-comply"]]),
        few(row["black_box"]),
        few(DEFECTS[name].breaks),
    )


def few(names: Sequence[str]) -> str:
    """Some names; a dash for none."""
    if len(names) <= 3:
        return ", ".join(names) or "–"
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
