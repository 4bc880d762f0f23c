"""What each surface of the engine did about faults, beside what its profile does.

Recorded by ``nox -s clients -- --faults`` with a version of Claude Code on the command line, in the
environment of Claude Desktop and of Cowork, for a host that reads each event, and on a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.profiles import find_engine
from gatecert.desktop.recovery import Options, policy_of
from gatecert.errors import UsageError
from gatecert.fidelity import provided
from gatecert.fidelity.attempts import ByProfile, compare, results_in
from gatecert.fidelity.comparison import Comparison
from gatecert.fidelity.rehearsal import Case, recorded_draft

_KEY = re.compile(r"(.*) \((?:([a-z ]+), )?(?:CLAUDE_CODE_MAX_RETRIES=(\d+)|default retries)\)")
_PROVIDED = {**provided.BREAKING, **provided.REPEATING}
_CLIENT = "claude-code-"
# so long the provider waited before each event where a host read along
HOST_GAP_MS = 150


@dataclass(frozen=True)
class Surface:
    """Where a fault was met: the profile's name, and the flow with a request as it was sent there.

    ``gap_ms`` is the wait before each further event of a stream.
    """

    profile: str
    flow: str
    gap_ms: float = 0


SURFACES: Mapping[str, Surface] = {
    "": Surface("engine-print", "print_default_model"),
    "desktop": Surface("engine-desktop", "desktop_toolloop"),
    "cowork": Surface("engine-cowork", "desktop_cowork"),
    "terminal": Surface("engine-cli", "tty_quiet_new", HOST_GAP_MS),
    "desktop stream": Surface("engine-desktop", "sj_desktop", HOST_GAP_MS),
}


def compare_surfaces(captures: Path) -> ByProfile:
    """Every fault that was recorded by surface. Raises UsageError for a key that is not known."""
    for file in sorted(captures.glob("errors-claude-code-[0-9]*.json")):
        for client, faults in results_in(file).items():
            draft_of = cache(partial(recorded_draft, captures / f"{client}.json"))
            for key, captured in faults.items():
                version = client.removeprefix(_CLIENT)
                yield _compared(f"errors-{client}", version, key, captured, draft_of)


def _compared(
    stem: str, version: str, key: str, captured: Mapping[str, Any], draft_of: Callable[[str], Draft]
) -> tuple[str, Comparison]:
    found = _KEY.fullmatch(key)
    surface = SURFACES.get(found.group(2) or "") if found else None
    if found is None or surface is None:
        raise UsageError(f"{stem}.json: {key!r} names no fault and place that are known")
    profile = find_engine(f"{surface.profile}-{version}")
    if profile is None:
        raise UsageError(f"{stem}.json: there is no profile {surface.profile}-{version}")
    result = Comparison(stem, key)
    retries = int(found.group(3)) if found.group(3) else None
    case = Case(
        policy_of(profile),
        draft_of(surface.flow),
        _PROVIDED.get(found.group(1), [found.group(1)]),
        Options(max_retries=retries),
        gap_ms=surface.gap_ms,
    )
    compare(result, case, captured)
    return profile.name, result
