"""Redaction at the point of recording: what is not written cannot leak.

Three rules together: the values known to be secret are removed wherever and in whatever usual
encoding they appear; so are long parts of them, as a near-miss key or a cut excerpt shows them; and
headers that carry credentials lose their value whatever it is.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

_SECRET_HEADER = re.compile(
    r"(^|[-_])(authorization|authz?|api[-_]?key|key|token|secret|password|pass|pwd|pin|pat|jwt"
    r"|assertion|bearer|cookie|credential|signature)s?($|[-_])",
    re.IGNORECASE,
)
_OPEN_HEADERS = {"x-claude-code-session-id", "anthropic-beta"}
_SCHEMES = {"basic", "bearer", "digest", "negotiate", "token"}
_MIN_LENGTH = 6
# a part of a secret this long goes too: masked keys show less, and no word is that long by chance
_LEAST_RUN = 12
# any run of 11 characters holds one of the aligned blocks of 6 whole
_BLOCK = 6
_ONE_MARK = re.compile(r"<redacted:[^<>]*>")


class Redactor:
    """Replaces secrets by ``<redacted:NAME>``.

    A secret shorter than six characters is not searched for in running text, because it would eat
    innocent words; it still goes from credential headers.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        forms: dict[str, str] = {}
        secrets = list(secrets)
        for name, value in secrets:
            if len(value) >= _MIN_LENGTH:
                forms.update(dict.fromkeys(_encodings(value), name))
        self._forms = forms
        # longest first, so that a secret which contains another goes as a whole
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._blocks = [block for name, value in secrets for block in _blocks(name, value)]

    def text(self, text: str) -> str:
        """A text without secrets, and without parts of them of twelve characters or more."""
        if self._pattern is None:
            return text
        cleaned = self._pattern.sub(lambda m: f"<redacted:{self._forms[m.group()]}>", text)
        return self._without_parts(cleaned)

    def _without_parts(self, text: str) -> str:
        lowered = _lower(text)
        runs = [run for block in self._blocks for run in _runs(lowered, block)]
        if not runs:
            return text
        pieces, done = [], 0
        for start, end, name in _merged(runs):
            pieces += [text[done:start], f"<redacted:{name}>"]
            done = end
        return "".join([*pieces, text[done:]])

    def header(self, name: str, value: str) -> str:
        """A header value without secrets; the scheme word of a credential stays readable."""
        if not names_a_credential(name) or not value:
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


def names_a_credential(header: str) -> bool:
    """Whether a header carries a credential, by its name."""
    return header.lower() not in _OPEN_HEADERS and bool(_SECRET_HEADER.search(header))


@dataclass(frozen=True)
class _Block:
    """Six characters of a secret, in lower case, and where in it they stand."""

    name: str
    secret: str
    offset: int

    @property
    def text(self) -> str:
        return self.secret[self.offset : self.offset + _BLOCK]


def _blocks(name: str, value: str) -> list[_Block]:
    lowered = _lower(value)
    if len(lowered) < _LEAST_RUN:
        return [_Block(name, lowered, 0)] if len(lowered) >= _MIN_LENGTH else []
    return [_Block(name, lowered, at) for at in range(0, len(lowered) - _BLOCK + 1, _BLOCK)]


def _runs(text: str, block: _Block) -> Iterator[tuple[int, int, str]]:
    """Where a long run of the secret stands around an occurrence of the block."""
    secret, wanted = block.secret, block.text
    least = min(_LEAST_RUN, len(secret))
    at = text.find(wanted)
    while at >= 0:
        start, first = at, block.offset
        while start and first and text[start - 1] == secret[first - 1]:
            start, first = start - 1, first - 1
        end, last = at + len(wanted), block.offset + len(wanted)
        while end < len(text) and last < len(secret) and text[end] == secret[last]:
            end, last = end + 1, last + 1
        if end - start >= least:
            yield start, end, block.name
        at = text.find(wanted, at + 1)


def _merged(runs: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Runs that overlap as one, under the name of the first."""
    merged: list[tuple[int, int, str]] = []
    for start, end, name in sorted(runs):
        if merged and start < merged[-1][1]:
            before, until, first = merged[-1]
            merged[-1] = (before, max(until, end), first)
        else:
            merged.append((start, end, name))
    return merged


def _lower(text: str) -> str:
    """The text in lower case, and as long as it was."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


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
        *_markup_forms(value),
        "".join(f"\\u{ord(c):04x}" for c in value),
        "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in value),
        raw.hex(),
        raw.hex().upper(),
        *_base64_forms(raw),
    }


def _percent_forms(raw: bytes) -> set[str]:
    """The value in URLs and forms, with escapes in either case."""
    once = quote(raw, safe="")
    forms = {once, quote(raw), quote_plus(raw), quote(once)}
    lower = {re.sub("%[0-9A-F]{2}", lambda m: m.group().lower(), form) for form in forms}
    return forms | lower


def _markup_forms(value: str) -> set[str]:
    """The value in HTML: named entities, and numbered ones for all that is no letter or digit."""
    named = html.escape(value)
    numbered = {
        "".join(c if c.isalnum() else form.format(ord(c)) for c in value)
        for form in ("&#{};", "&#x{:x};", "&#x{:X};")
    }
    return {named, named.replace("&#x27;", "&#39;"), named.replace("/", "&#x2F;"), *numbered}


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
