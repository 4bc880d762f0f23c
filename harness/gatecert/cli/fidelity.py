"""``gatecert fidelity``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gatecert.desktop.profiles import profile_names
from gatecert.errors import EXIT_CONFORMANT, EXIT_NOT_CONFORMANT, UsageError
from gatecert.fidelity.explained import read_explanations
from gatecert.fidelity.plans import read_plans
from gatecert.fidelity.render import FORMATS
from gatecert.fidelity.run import measure
from gatecert.gateways.tables import near
from gatecert.session.paths import fixtures_folder


def measure_fidelity(arguments: argparse.Namespace) -> int:
    """Compare profiles with captures. Raises UsageError and RunError."""
    names = profile_names()
    wanted = [name for one in arguments.profile or [""] for name in _matching(one, names)]
    folder = fixtures_folder()
    captures = Path(arguments.captures) if arguments.captures else folder / "captures"
    result = measure(
        captures,
        read_plans(folder / "fidelity" / "flows.toml"),
        read_explanations(folder / "fidelity" / "explained.toml"),
        set(wanted),
        whole=set(wanted) == set(names) and not arguments.captures,
    )
    if not result.scores:
        raise UsageError(f"{captures} holds nothing about {', '.join(sorted(set(wanted)))}")
    _write(FORMATS[arguments.format](result), arguments.out)
    return EXIT_CONFORMANT if result.clean else EXIT_NOT_CONFORMANT


def _matching(name: str, names: list[str]) -> list[str]:
    """The profiles of this name, or whose names begin with it. Raises UsageError for none."""
    found = [known for known in names if known == name] or [k for k in names if k.startswith(name)]
    if not found:
        raise UsageError(
            f"--profile {name!r} is unknown{near(name, names)}; there are {', '.join(names)}"
        )
    return found


def _write(text: str, out: str | None) -> None:
    if not out:
        sys.stdout.write(text)
        return
    try:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text(text, "utf-8")
    except OSError as exc:
        raise UsageError(f"--out {out} cannot be written: {exc.strerror}") from None
