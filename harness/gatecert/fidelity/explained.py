"""Differences that are known and explained, each in one line: ``fixtures/fidelity/explained.toml``.

An explanation that matches no difference is stale, and as wrong as a difference without one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from gatecert.errors import UsageError
from gatecert.fidelity.comparison import Difference

_KEYS = {"capture", "flow", "path", "why"}
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Explanation:
    """Why differences at a place are right. All but ``why`` are patterns of names (``*``, ``?``).

    ``request`` None stands for every request of the flow.
    """

    capture: str
    flow: str
    path: str
    why: str
    request: int | None = None

    def covers(self, capture: str, flow: str) -> bool:
        """Whether it is about this flow."""
        return fnmatchcase(capture, self.capture) and fnmatchcase(flow, self.flow)

    def matches(self, difference: Difference) -> bool:
        """Whether it explains this difference."""
        return (
            self.covers(difference.capture, difference.flow)
            and self.request in (None, difference.request)
            and fnmatchcase(difference.path, self.path)
        )

    def __str__(self) -> str:
        where = "" if self.request is None else f" #{self.request}"
        return f"{self.capture} {self.flow}{where} {self.path}"


def read_explanations(file: Path) -> list[Explanation]:
    """The explanations in a file. Raises UsageError."""
    try:
        entries = tomllib.loads(file.read_text("utf-8")).get("explained", [])
        return [_explanation(entry) for entry in entries]
    except OSError as exc:
        raise UsageError(f"{file} cannot be read: {exc.strerror}") from None
    except (AttributeError, TypeError, ValueError) as exc:
        raise UsageError(f"{file} is no list of explanations: {exc}") from None


def why(explanations: Sequence[Explanation], difference: Difference) -> str:
    """The explanation of a difference, ``""`` if there is none."""
    return next((e.why for e in explanations if e.matches(difference)), "")


def stale(
    explanations: Sequence[Explanation],
    differences: Sequence[Difference],
    compared: Collection[tuple[str, str]],
    *,
    whole: bool,
) -> list[Explanation]:
    """The explanations that match no difference.

    In a run that is not ``whole`` only those can be judged that give the full name of a flow that
    was ``compared`` (capture and name): a pattern may be about flows that were left out.
    """
    unused = [e for e in explanations if not any(e.matches(d) for d in differences)]
    return unused if whole else [e for e in unused if (e.capture, e.flow) in compared]


def _explanation(entry: dict[str, object]) -> Explanation:
    missing = sorted(_KEYS - set(entry))
    if missing:
        raise ValueError(f"{entry} has no {missing[0]}")
    unknown = sorted(set(entry) - _KEYS - {"request"})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    request = entry.get("request")
    if request is not None and type(request) is not int:
        raise ValueError(f"request {request!r} is no number")
    reason = str(entry["why"])
    if not reason.strip() or "\n" in reason or len(reason) > _MOST_CHARACTERS:
        raise ValueError(f"why must be one line of at most {_MOST_CHARACTERS} characters")
    capture, flow, path = (str(entry[key]) for key in ("capture", "flow", "path"))
    if not capture.strip("*?") or not path.strip("*?."):
        raise ValueError(f"{capture!r} {path!r} would explain everything: name capture and path")
    return Explanation(capture, flow, path, reason, request)
