"""Who may import whom: data flows one way, and a new arrow is a decision, not an accident."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gatecert

PACKAGE = Path(gatecert.__file__).parent
# each part, and the parts it may know besides itself
ALLOWED = {
    "errors": set(),
    "cache": set(),
    "credentials": set(),
    "wire": set(),
    "desktop": set(),
    "record": {"credentials"},
    "upstream": {"wire"},
    "requirements": set(),
    "gateways": {"cache", "credentials", "errors", "wire"},
    "overhead": {"desktop", "upstream", "gateways"},
    "report": {"record", "requirements"},
    "checks": {"desktop", "upstream", "requirements"},
    "arrival": {"checks", "desktop", "requirements", "session", "upstream"},
    "session": {
        *("cache", "checks", "errors", "wire", "desktop", "record", "upstream"),
        *("requirements", "gateways", "overhead", "report"),
    },
    "attribution": {"gateways", "requirements"},
    "metadata": {
        *("attribution", "checks", "desktop", "gateways", "record", "requirements"),
        *("session", "upstream"),
    },
    "fallbacks": {
        *("arrival", "checks", "desktop", "gateways", "record", "requirements"),
        *("session", "upstream"),
    },
    "suite": {
        *("attribution", "fallbacks", "metadata"),
        *("arrival", "checks", "desktop", "gateways", "overhead", "requirements"),
        *("session", "upstream"),
    },
    "lint": {"credentials", "desktop", "errors", "gateways"},
    "fidelity": {"desktop", "errors", "upstream", "wire"},
    "realclients": {"cache", "errors", "fidelity", "gateways", "upstream", "wire"},
    "killtable": {
        *("desktop", "errors", "gateways", "record", "report", "requirements", "session"),
        *("upstream", "wire"),
    },
    "pytest_plugin": {"errors", "requirements", "session"},
    "cli": {
        *("desktop", "errors", "fidelity", "gateways", "killtable", "lint", "record", "report"),
        *("requirements", "session", "upstream"),
    },
}


def arrows(part: str) -> set[str]:
    place = PACKAGE / part
    files = list(place.rglob("*.py")) if place.is_dir() else [PACKAGE / f"{part}.py"]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            found |= {n.split(".")[1] for n in names if n.startswith("gatecert.")}
    return found - {part}


def test_every_part_has_its_place_here() -> None:
    present = {
        p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }
    assert present - {"__init__", "__main__"} == set(ALLOWED)


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_a_part_imports_only_what_it_may(part: str) -> None:
    assert arrows(part) <= ALLOWED[part]


def test_the_arrows_make_no_circle() -> None:
    left = dict(ALLOWED)
    while left:
        free = [part for part, known in left.items() if not known & set(left)]
        assert free, f"a circle among {sorted(left)}"
        for part in free:
            del left[part]


def test_httpx_stays_behind_its_seams() -> None:
    users = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if "import httpx" in file.read_text("utf-8") and "defects" not in file.parts
    }
    assert users == {
        "desktop/transport.py",  # the client's seam
        "upstream/client.py",
        "attribution/readers.py",
        "gateways/reference/gateway.py",
        "gateways/variants/bodies.py",
        "gateways/variants/doors.py",
        "gateways/variants/refusals.py",
        "gateways/variants/streams.py",
        "gateways/variants/transfer.py",
        "gateways/managed/portkey.py",
    }
