"""Which key was most likely meant by one that the client does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from gatecert.desktop.config.config import Config
from gatecert.desktop.config.keys import CLUSTERS, KEYS, flat_name, nested_place

SEVERAL = 100
_NEAR = 0.86
_MOST_CHARACTERS = 60
_LOWERED = {name.lower(): name for name in KEYS}
_GROUPS = {name.lower(): name for name in CLUSTERS}
_PLACES = {nested_place(name).lower(): name for name in KEYS if "." in nested_place(name)}


@lru_cache(maxsize=1024)
def meant(name: str) -> str:
    """The known key that a name means: in another case, in another form, or misspelt; or ``""``."""
    if len(name) > _MOST_CHARACTERS:
        return ""
    bare = "".join(c for c in name if c not in "_- ").lower()
    if found := _LOWERED.get(name.strip().lower()) or _LOWERED.get(bare):
        return found
    if "." in name:
        return _of_place(name)
    near = difflib.get_close_matches(name, KEYS, n=1, cutoff=_NEAR)
    return near[0] if near else ""


def _of_place(name: str) -> str:
    """The key that a place in the nested form means."""
    flat = flat_name(name.split("."))
    if flat in KEYS:
        return flat
    lowered = name.lower().replace("_", "").replace("-", "")
    joined = lowered.replace(".", "")
    if found := _PLACES.get(lowered) or _LOWERED.get(joined):
        return found
    near = difflib.get_close_matches(lowered, _PLACES, n=1, cutoff=_NEAR)
    return _PLACES[near[0]] if near else ""


def group_meant(name: str) -> str:
    """The group of the nested form that a name means, or ``""``."""
    near = difflib.get_close_matches(name[:_MOST_CHARACTERS].lower(), _GROUPS, n=1, cutoff=_NEAR)
    return _GROUPS[near[0]] if near else ""


def all_meant(names: Iterable[str]) -> set[str]:
    """The known keys that the first of these names mean; a file of thousands is no slip."""
    return {meant(name) for name in islice(names, SEVERAL)} - {""}


def is_misspelt(config: Config, *keys: str) -> bool:
    """Whether one of the keys was meant by a key that the client does not know, or went unread."""
    unread = {odd.key for odd in config.source.oddities}
    return bool((all_meant(config.unknown) | unread) & set(keys))
