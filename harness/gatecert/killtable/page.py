"""The kill table as files: ``killtable.json`` and a page in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from gatecert.killtable.table import COSTLY, REPEAT, Checker, KillTable

_MOST_NAMES = 12


def write_table(table: KillTable, folder: Path) -> None:
    """Write ``killtable.json`` and ``killtable.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "killtable.json").write_text(json.dumps(table.to_json(), indent=1), "utf-8")
    (folder / "killtable.md").write_text(markdown(table), "utf-8")


def markdown(table: KillTable) -> str:
    """The table as a page."""
    lines = [*_requirements(table), *_gateways(table)]
    if table.checkers:
        lines += _checkers(table.checkers)
    return "\n".join(lines) + "\n"


def _requirements(table: KillTable) -> Iterator[str]:
    yield "# Kill table"
    yield ""
    yield (
        "Which seeded defect each requirement catches. Made by `gatecert killtable`. "
        "Milliseconds are measured for the reference and for defects of speed only, and a defect "
        f"is judged by {', '.join(COSTLY)} only where they are pinned to it."
    )
    if table.quick:
        yield ""
        yield (
            "A quick table: each defect was judged by the requirements pinned to it, so that what "
            "else it breaks was not looked for, and harmless variants several at once by all but "
            "the costly ones."
        )
    yield ""
    yield "| requirement | broken by |"
    yield "|---|---|"
    for identifier in table.requirements:
        yield f"| {identifier} | {_quoted(table.killers(identifier)) or '**nothing**'} |"


def _gateways(table: KillTable) -> Iterator[str]:
    yield ""
    yield "| gateway | kind | what it does | the report begins with | breaks |"
    yield "|---|---|---|---|---|"
    for row in table.rows:
        if row.kind != REPEAT:
            broken = _shortened(row.broken)
            yield f"| `{row.name}` | {row.kind} | {row.summary} | {row.first} | {broken} |"
    if table.repeats:
        clean = sum(not row.complaints for row in table.repeats)
        yield ""
        yield (
            f"The reference, run {len(table.repeats)} times more without milliseconds, "
            f"was clean {clean} times."
        )


def _checkers(checkers: Sequence[Checker]) -> Iterator[str]:
    yield ""
    yield (
        "What weakened checkers overlook: the defects of which they notice nothing any more, and "
        "the pinned requirements that they no longer find broken. Of each defect the first four "
        "pins are looked at."
    )
    yield ""
    yield "| checker | what it does | defects lost | pins lost | lost defects |"
    yield "|---|---|---|---|---|"
    for one in checkers:
        count, names = len(one.lost_defects), _quoted(one.lost_defects)
        yield f"| {one.name} | {one.summary} | {count} | {one.pins} | {names} |"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shortened(identifiers: Sequence[str]) -> str:
    if len(identifiers) <= _MOST_NAMES:
        return ", ".join(identifiers)
    return f"{', '.join(identifiers[:10])} and {len(identifiers) - 10} more"
