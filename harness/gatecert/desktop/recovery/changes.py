"""How a request differs from the one before, in short words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.desktop.draft import Draft

_LISTS = ("messages", "tools", "system")
_MOST = 80


def changes(before: Draft, after: Draft) -> tuple[str, ...]:
    """What was changed, one entry for each place: ``+`` came, ``-`` went, ``a -> b`` differs."""
    return (*_fields("", before.body, after.body), *_rest(before, after))


def _fields(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        place = f"{path}.{key}"
        if old == new and (key in before) == (key in after):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _fields(place, old, new)
        elif key in _LISTS and key in before and key in after:
            yield f"{place}: {len(old or ())} -> {len(new or ())} entries"
        elif key not in after:
            yield f"- {place}{_told(old)}"
        elif key not in before:
            yield f"+ {place}{_told(new)}"
        else:
            yield f"{place}: {str(old)[:_MOST]} -> {str(new)[:_MOST]}"


def _told(value: Any) -> str:
    return f"={value!r}"[:_MOST] if isinstance(value, str | int) else ""


def _rest(before: Draft, after: Draft) -> Iterator[str]:
    gone = [beta for beta in before.betas if beta not in after.betas]
    come = [beta for beta in after.betas if beta not in before.betas]
    if gone or come:
        yield f"beta -{gone} +{come}"
    if before.timeout_s != after.timeout_s:
        yield f"hdr x-stainless-timeout: {before.timeout_s!r} -> {after.timeout_s!r}"
    for name in [*before.headers, *(n for n in after.headers if n not in before.headers)]:
        if before.headers.get(name) != after.headers.get(name):
            yield f"hdr {name.lower()}"  # never a value: it may be a credential
