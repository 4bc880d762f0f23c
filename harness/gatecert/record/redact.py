"""Redaction at the point of recording: what is not written cannot leak.

Two rules together: the values known to be secret are removed wherever and in whatever usual
encoding they appear, and headers that carry credentials lose their value whatever it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

_SECRET_HEADER = re.compile(
    r"(^|[-_])(authorization|api[-_]?key|key|token|secret|password|cookie|credential|signature)s?($|[-_])",
    re.IGNORECASE,
)
_OPEN_HEADERS = {"x-claude-code-session-id", "anthropic-beta"}
_SCHEMES = {"basic", "bearer", "digest", "negotiate", "token"}
_MIN_LENGTH = 6
_ONE_MARK = re.compile(r"<redacted:[^<>]*>")


class Redactor:
    """Replaces secrets by ``<redacted:NAME>``.

    A secret shorter than six characters is not searched for in running text, because it would eat
    innocent words; it still goes from credential headers.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        forms: dict[str, str] = {}
        for name, value in secrets:
            if len(value) >= _MIN_LENGTH:
                forms.update(dict.fromkeys(_encodings(value), name))
        self._forms = forms
        # longest first, so that a secret which contains another goes as a whole
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """A text without secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda m: f"<redacted:{self._forms[m.group()]}>", text)

    def header(self, name: str, value: str) -> str:
        """A header value without secrets; the scheme word of a credential stays readable."""
        if name.lower() in _OPEN_HEADERS or not _SECRET_HEADER.search(name) or not value:
            return self.text(value)
        scheme, blank, credential = value.partition(" ")
        if not blank or scheme.lower() not in _SCHEMES:
            return self._credential(value)
        return f"{scheme} {self._credential(credential)}"

    def _credential(self, value: str) -> str:
        """The name of a secret that is the whole value; anything else goes without a trace."""
        cleaned = self.text(value)
        return cleaned if _ONE_MARK.fullmatch(cleaned) else "<redacted>"

    def data(self, node: Any) -> Any:
        """Plain data (dicts, lists, strings) without secrets."""
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, dict):
            return {self.text(str(key)): self.data(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.data(value) for value in node]
        return node


def _encodings(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogateescape")
    in_json = json.dumps(value)[1:-1]
    return {
        value,
        in_json,
        in_json.replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(in_json)[1:-1],
        *_percent_forms(raw),
        raw.hex(),
        raw.hex().upper(),
        *_base64_forms(raw),
    }


def _percent_forms(raw: bytes) -> set[str]:
    """The value in URLs and forms, with escapes in either case."""
    forms = {quote(raw, safe=""), quote_plus(raw)}
    lower = {re.sub("%[0-9A-F]{2}", lambda m: m.group().lower(), form) for form in forms}
    return forms | lower


def _base64_forms(raw: bytes) -> set[str]:
    """What remains of the value in base64 at each of the three alignments (``user:key`` etc.)."""
    forms = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
        skipped = (0, 2, 3)[offset]
        # the last character may share bits with whatever follows
        core = encoded[skipped : len(encoded) - 1]
        if len(core) >= _MIN_LENGTH:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
