"""Says how fresh captures differ from those that are kept, and keeps new ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatecert.realclients import compare
from gatecert.realclients.clients import Client

_KEPT_FAULTS = "errors-claude-code*.json"


def tell(client: Client, out: Path, kept: Path) -> int:
    """Print how a client's capture in ``out`` differs from the kept one; returns how often.

    A version that is not kept is compared with the nearest older one, and what is new in it does
    not count.
    """
    fresh = _read(out / client.file_name)
    beginning = f"{client.program.capture}-"
    names = [place.stem.removeprefix(beginning) for place in kept.glob(f"{beginning}[0-9]*.json")]
    version = compare.nearest(client.version, names)
    if not version:
        print(f"{client.title}: no capture of this program is kept")
        return 0
    before = _read(kept / replace(client, version=version).file_name)
    lines = compare.differences(before, fresh)
    common = len(set(_flows(before)) & set(_flows(fresh)))
    return _say(client, version, lines, f"{common} flows")


def tell_faults(client: Client, out: Path, kept: Path) -> int:
    """As :func:`tell`, for what a client does about faults."""
    name = f"{client.program.capture}-{client.version}"
    fresh = _read(out / f"errors-{name}.json")["results"][name]
    known: dict[str, Any] = {}
    for place in sorted(kept.glob(_KEPT_FAULTS)):
        results = _read(place)["results"]
        known |= {key: results[key] for key in results if key.startswith(client.program.capture)}
    beginning = f"{client.program.capture}-"
    version = compare.nearest(client.version, [key.removeprefix(beginning) for key in known])
    before = known.get(beginning + version, {})
    lines = compare.fault_differences(before, fresh)
    return _say(client, version, lines, f"{len(set(before) & set(fresh))} faults")


def keep(out: Path, kept: Path) -> None:
    """Put captures of versions that are not kept yet beside the others; none is overwritten."""
    for place in sorted(out.glob("*.json")):
        if (kept / place.name).exists():
            print(f"{place.name}: kept already, and left as it is")
        else:
            (kept / place.name).write_bytes(place.read_bytes())
            print(f"{place.name}: kept")


def _say(client: Client, version: str, lines: list[str], among: str) -> int:
    print(f"{client.title}: {len(lines)} differences from {version} in {among}")
    for line in lines:
        print(f"  {line}")
    return len(lines) if version == client.version else 0


def _read(place: Path) -> dict[str, Any]:
    return dict(json.loads(place.read_text(encoding="utf-8")))


def _flows(capture: dict[str, Any]) -> list[str]:
    return [name for group in ("flows", "calls") for name in capture.get(group) or ()]
