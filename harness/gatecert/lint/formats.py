"""Findings as text, JSON, SARIF and GitHub annotations. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from gatecert.lint.codes import CODES
from gatecert.lint.finding import SEVERITIES, Code, Finding
from gatecert.lint.linter import Linted

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


def as_text(linted: Linted) -> str:
    """Findings grouped by file, each with what happens and the fix, and a sum at the end."""
    lines: list[str] = []
    last = ""
    for found in linted.findings:
        if found.path != last and last:
            lines.append("")
        last = found.path
        lines += _in_lines(found)
    lines += [f"{_safe(path)}: cannot be read: {why}" for path, why in linted.unreadable]
    lines += [""] if lines else []
    return "\n".join([*lines, _sum(linted)]) + "\n"


def _in_lines(found: Finding) -> list[str]:
    key = f"{found.key}: " if found.key else ""
    code = found.code
    return [
        f"{_where(found)}: {found.weight}: {key}{code.title} [{code.id} {code.name}]",
        f"    {found.message}",
        f"    fix: {found.fix}",
    ]


def _where(found: Finding) -> str:
    place = found.place
    line = f":{place.line}" if place.line else ""
    return f"{_safe(found.path)}{line}{f':{place.column}' if line and place.column else ''}"


def _safe(path: str) -> str:
    """A path without what could act on a terminal."""
    return path if path.isprintable() else ascii(path)[1:-1]


def _sum(linted: Linted) -> str:
    counts = Counter(found.weight for found in linted.findings)
    found = ", ".join(_counted(counts[s], s) for s in reversed(SEVERITIES) if counts[s])
    unread = f", {len(linted.unreadable)} unreadable" if linted.unreadable else ""
    return f"{_counted(linted.files, 'file')}{unread}: {found or 'nothing found'}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def as_json(linted: Linted) -> str:
    """A document with every finding."""
    document = {
        "files": linted.files,
        "unreadable": [{"path": path, "reason": why} for path, why in linted.unreadable],
        "findings": [_plain(found) for found in linted.findings],
    }
    return json.dumps(document, indent=1) + "\n"


def _plain(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code.id,
        "name": found.code.name,
        "severity": found.weight,
        "path": found.path,
        "key": found.key,
        "line": found.place.line or None,
        "column": found.place.column or None,
        "title": found.code.title,
        "message": found.message,
        "fix": found.fix,
        "sureness": found.code.sureness,
    }


def as_sarif(linted: Linted) -> str:
    """SARIF 2.1.0, for code scanning."""
    rules = list(CODES.values())
    run = {
        "tool": {"driver": {"name": "gatecert", "rules": [_rule(code) for code in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, rules.index(found.code)) for found in linted.findings],
        "invocations": [_invocation(linted)],
    }
    document = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1) + "\n"


def _invocation(linted: Linted) -> dict[str, Any]:
    return {
        "executionSuccessful": not linted.unreadable,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": f"cannot be read: {why}"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}],
            }
            for path, why in linted.unreadable
        ],
    }


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": f"{code.title}: {code.does}."},
        "help": {"text": f"Fix: {code.fix}. Example: {code.example}."},
        "defaultConfiguration": {"level": code.severity},
        "properties": {"sureness": code.sureness},
    }


def _result(found: Finding, index: int) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(found.path)}}
    if found.place.line:
        location["region"] = {"startLine": found.place.line}
        if found.place.column:
            location["region"]["startColumn"] = found.place.column
    return {
        "ruleId": found.code.id,
        "ruleIndex": index,
        "level": found.weight,
        "message": {"text": _sentence(found)},
        "locations": [{"physicalLocation": location}],
    }


def _sentence(found: Finding) -> str:
    key = f"{found.key}: " if found.key else ""
    return f"{key}{found.code.title}: {found.message}. Fix: {found.fix}"


def _uri(path: str) -> str:
    pure = PurePath(path)
    text = pure.as_posix().encode("utf-8", "surrogateescape")
    return pure.as_uri() if pure.is_absolute() else quote(text)


def as_github(linted: Linted) -> str:
    """Workflow commands that GitHub shows beside the line."""
    lines = []
    for found in linted.findings:
        place = {"file": found.path, "line": found.place.line, "col": found.place.column}
        parts = [f"{name}={_property(str(value))}" for name, value in place.items() if value]
        parts.append(f"title={_property(f'{found.code.id} {found.code.name}')}")
        message = _data(_sentence(found))
        lines.append(f"::{_GITHUB[found.weight]} {','.join(parts)}::{message}")
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
