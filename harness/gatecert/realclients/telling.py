"""Says how fresh captures differ from those that are kept, and keeps new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gatecert.realclients import compare
from gatecert.realclients.clients import Client

# captures that no profile is measured against yet
FRESH = "fresh"
_KEPT_FAULTS = "errors-claude-code*.json"


def tell(client: Client, out: Path, kept: Path) -> int:
    """Print how a client's capture in ``out`` differs from the kept one; returns how often.

    A version that is not kept is compared with the nearest older one, and what is new in it does
    not count.
    """
    fresh = _read(out / client.file_name)
    beginning = f"{client.program.capture}-"
    places = {p.stem.removeprefix(beginning): p for p in kept.rglob(f"{beginning}[0-9]*.json")}
    version = compare.nearest(client.version, list(places))
    if not version:
        print(f"{client.title}: no capture of this program is kept")
        return 0
    before = _read(places[version])
    lines = compare.differences(before, fresh)
    common = len(set(_flows(before)) & set(_flows(fresh)))
    return _say(client, version, lines, f"{common} flows")


def tell_faults(client: Client, out: Path, kept: Path) -> int:
    """As :func:`tell`, for what a client does about faults."""
    name = f"{client.program.capture}-{client.version}"
    fresh = _read(out / f"errors-{name}.json")["results"][name]
    known: dict[str, Any] = {}
    for place in sorted(kept.rglob(_KEPT_FAULTS)):
        for key, results in _read(place)["results"].items():
            # of two captures of one version the older one comes first, and counts
            known[key] = {**results, **known.get(key, {})}
    beginning = f"{client.program.capture}-"
    version = compare.nearest(client.version, [key.removeprefix(beginning) for key in known])
    before = known.get(beginning + version, {})
    lines = compare.fault_differences(before, fresh)
    return _say(client, version, lines, f"{len(set(before) & set(fresh))} faults")


def keep(out: Path, kept: Path) -> None:
    """Put captures of versions that are not kept yet into ``kept/fresh``; none is overwritten."""
    there = {place.name for place in kept.rglob("*.json")}
    (kept / FRESH).mkdir(exist_ok=True)
    for place in sorted(out.glob("*.json")):
        if place.name in there:
            print(f"{place.name}: kept already, and left as it is")
        else:
            (kept / FRESH / place.name).write_bytes(place.read_bytes())
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
