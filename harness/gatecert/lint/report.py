"""How a rule reports: a finding at the place of a setting, with the code's name."""

from __future__ import annotations

from gatecert.desktop.config.config import Config, Setting
from gatecert.desktop.config.placed import Place
from gatecert.lint.finding import CODES, Finding


def at_setting(name: str, setting: Setting, message: str, fix: str) -> Finding:
    """A finding about a setting's value."""
    return Finding(CODES[name], setting.path, setting.key, message, fix, setting.place)


def at_file(name: str, config: Config, message: str, fix: str, key: str = "") -> Finding:
    """A finding about what a file lacks."""
    return Finding(CODES[name], config.source.path, key, message, fix)


def at_place(name: str, path: str, key: str, place: Place, message: str, fix: str) -> Finding:
    """A finding about a place in a file."""
    return Finding(CODES[name], path, key, message, fix, place)
