"""A fidelity run as text for people and as JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from gatecert.fidelity.comparison import KINDS
from gatecert.fidelity.score import Fidelity, ProfileScore

_COLUMNS = (
    ("all", ()),
    ("headers", ("header",)),
    ("top level", ("top",)),
    ("body", ("body",)),
    ("flow", ("flow",)),
    ("attempts", ("attempt",)),
    ("urls", ("url",)),
    ("models", ("model",)),
)
_OPEN, _EXPLAINED = "UNEXPLAINED", "explained"


def as_text(result: Fidelity) -> str:
    """A table of scores, then every difference with its explanation."""
    width = max((len(score.name) for score in result.scores), default=7) + 2
    titles = "".join(f"{title:>11}" for title, _ in _COLUMNS)
    lines = [f"{'profile':{width}}{titles}{'flows':>7}{'points':>8}{'open':>6}"]
    lines += [_row(score, width) for score in result.scores]
    for score in result.scores:
        lines += _differences(score)
    for explanation in result.stale:
        lines.append(f"STALE        {explanation}: explains no difference; take it out")
    if result.unmeasured:
        lines.append(f"\nNOT MEASURED, for want of a capture: {', '.join(result.unmeasured)}")
    lines.append(_sum(result))
    return "\n".join(lines) + "\n"


def as_json(result: Fidelity) -> str:
    """The same for programs; percentages are numbers, or null where nothing was compared."""
    document = {
        "clean": result.clean,
        "unexplained": len(result.unexplained),
        "profiles": [_profile_json(score) for score in result.scores],
        "stale": [str(explanation) for explanation in result.stale],
        "unmeasured": list(result.unmeasured),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


FORMATS = {"text": as_text, "json": as_json}


def _row(score: ProfileScore, width: int) -> str:
    cells = "".join(f"{_percent(score.percent(*kinds)):>11}" for _, kinds in _COLUMNS)
    points = sum(score.points.values())
    return f"{score.name:{width}}{cells}{score.flows:>7}{points:>8}{len(score.unexplained):>6}"


def _percent(value: float | None) -> str:
    """Never rounded up to 100."""
    if value is None:
        return "-"
    return "100 %" if value == 100 else f"{min(value, 99.99):.2f} %"


def _differences(score: ProfileScore) -> list[str]:
    if not score.differences:
        return []
    lines = ["", f"{score.name}: {len(score.differences)} differences"]
    for difference, reason in score.differences:
        lines.append(f"  {_EXPLAINED if reason else _OPEN:12} {difference}")
        if reason:
            lines.append(f"  {'':12} because: {reason}")
    return lines


def _sum(result: Fidelity) -> str:
    total = sum(len(score.differences) for score in result.scores)
    flows = sum(score.flows for score in result.scores)
    return (
        f"\n{len(result.scores)} profiles, {flows} flows, {total} differences, "
        f"{len(result.unexplained)} of them unexplained, {len(result.stale)} stale explanations"
    )


def _profile_json(score: ProfileScore) -> dict[str, Any]:
    return {
        "name": score.name,
        "score": score.percent(),
        "scores": {kind: score.percent(kind) for kind in KINDS},
        "flows": score.flows,
        "points": dict(score.points),
        "equal": dict(score.equal),
        "differences": [
            {
                "capture": d.capture,
                "flow": d.flow,
                "request": d.request,
                "path": d.path,
                "expected": d.expected,
                "actual": d.actual,
                "why": reason or None,
            }
            for d, reason in score.differences
        ],
    }
