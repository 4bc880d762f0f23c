"""Findings as text, JSON, SARIF and GitHub annotations. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from gatecert.lint.finding import CODES, SEVERITIES, Finding
from gatecert.lint.linter import Linted

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


def as_text(linted: Linted) -> str:
    """One finding in two lines, as compilers write them, and a sum at the end."""
    lines = []
    for found in linted.findings:
        key = f" {found.key}:" if found.key else ""
        lines.append(f"{_where(found)}: {found.code.severity} {found.code.id}{key} {found.message}")
        lines.append(f"    fix: {found.fix}  [{found.code.name}]")
    lines += [f"{path}: cannot be read: {why}" for path, why in linted.unreadable]
    return "\n".join([*lines, _sum(linted)]) + "\n"


def _where(found: Finding) -> str:
    place = found.place
    line = f":{place.line}" if place.line else ""
    return f"{found.path}{line}{f':{place.column}' if line and place.column else ''}"


def _sum(linted: Linted) -> str:
    counts = Counter(found.code.severity for found in linted.findings)
    found = ", ".join(f"{counts[s]} {s}s" for s in reversed(SEVERITIES) if counts[s])
    files = f"{linted.files} file{'' if linted.files == 1 else 's'}"
    unread = f", {len(linted.unreadable)} unreadable" if linted.unreadable else ""
    return f"{files}{unread}: {found or 'nothing found'}"


def as_json(linted: Linted) -> str:
    """A document with every finding."""
    return json.dumps(
        {
            "files": linted.files,
            "unreadable": [{"path": path, "reason": why} for path, why in linted.unreadable],
            "findings": [_plain(found) for found in linted.findings],
        },
        indent=1,
    )


def _plain(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code.id,
        "name": found.code.name,
        "severity": found.code.severity,
        "path": found.path,
        "key": found.key,
        "line": found.place.line or None,
        "column": found.place.column or None,
        "message": found.message,
        "fix": found.fix,
        "sureness": found.code.sureness,
    }


def as_sarif(linted: Linted) -> str:
    """SARIF 2.1.0, for code scanning."""
    rules = list(CODES.values())
    driver = {"name": "gatecert", "rules": [_rule(code) for code in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, rules.index(found.code)) for found in linted.findings],
        "invocations": [
            {
                "executionSuccessful": not linted.unreadable,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"{path}: {why}"}}
                    for path, why in linted.unreadable
                ],
            }
        ],
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(code: Any) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.title},
        "defaultConfiguration": {"level": code.severity},
    }


def _result(found: Finding, index: int) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(found.path)}}
    if found.place.line:
        location["region"] = {"startLine": found.place.line}
        if found.place.column:
            location["region"]["startColumn"] = found.place.column
    key = f"{found.key}: " if found.key else ""
    return {
        "ruleId": found.code.id,
        "ruleIndex": index,
        "level": found.code.severity,
        "message": {"text": f"{key}{found.message}. Fix: {found.fix}"},
        "locations": [{"physicalLocation": location}],
    }


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else pure.as_posix()


def as_github(linted: Linted) -> str:
    """Workflow commands that GitHub shows beside the line."""
    lines = []
    for found in linted.findings:
        place = {"file": found.path, "line": found.place.line, "col": found.place.column}
        parts = [f"{name}={_property(str(value))}" for name, value in place.items() if value]
        parts.append(f"title={_property(f'{found.code.id} {found.code.name}')}")
        key = f"{found.key}: " if found.key else ""
        message = _data(f"{key}{found.message}. Fix: {found.fix}")
        lines.append(f"::{_GITHUB[found.code.severity]} {','.join(parts)}::{message}")
    lines += [
        f"::error file={_property(path)}::{_data(f'cannot be read: {why}')}"
        for path, why in linted.unreadable
    ]
    return "".join(line + "\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Linted], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
