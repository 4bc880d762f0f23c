"""How a rule reports: a finding by its code's name, at the place of a setting.

``detail`` says what is the case here; the code adds what the client does, unless ``does`` replaces
it, and the fix, unless ``fix`` does.
"""

from __future__ import annotations

from gatecert.desktop.config.config import Config, Setting
from gatecert.desktop.config.placed import NOWHERE, Place
from gatecert.lint.codes import CODES
from gatecert.lint.finding import Finding


def at_place(
    name: str,
    path: str,
    key: str,
    place: Place,
    detail: str = "",
    *,
    does: str = "",
    fix: str = "",
    severity: str = "",
) -> Finding:
    """A finding about a place in a file."""
    code = CODES[name]
    message = "; ".join(part for part in (detail, does or code.does) if part)
    return Finding(code, path, key, message, fix or code.fix, place, severity)


def at_setting(
    name: str,
    setting: Setting,
    detail: str = "",
    *,
    does: str = "",
    fix: str = "",
    severity: str = "",
    inside: tuple[str | int, ...] = (),
) -> Finding:
    """A finding about a setting's value, or a member or item inside it."""
    place = setting.raw.at(*inside)
    return at_place(
        name, setting.path, setting.key, place, detail, does=does, fix=fix, severity=severity
    )


def at_file(name: str, config: Config, key: str, detail: str = "", fix: str = "") -> Finding:
    """A finding about what a file lacks."""
    return at_place(name, config.source.path, key, NOWHERE, detail, fix=fix)
