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
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any
from urllib.parse import quote, quote_plus

from gatecert.credentials import named_like_a_credential

_OPEN_HEADERS = {
    "x-claude-code-session-id",
    "anthropic-beta",
    "anthropic-dangerous-direct-browser-access",
}
_LARGE = 10_000
_MOST_RECENT = 4
_SCHEMES = {"basic", "bearer", "digest", "negotiate", "token"}
_MIN_LENGTH = 6
# a part of a secret this long goes too: masked keys show less, and no word is that long by chance
_LEAST_RUN = 12
# any run of 11 characters holds one of the text's aligned pieces of 6 whole
_PIECE = 6
# what announces an escape that _ESCAPE can read; to look for a sign is far cheaper
_ESCAPE_SIGNS = ("%", "&", "\\u00", "\\x", "\\/")
# each branch begins with a plain character, which makes the search fast; backslashes are bounded,
# or a body full of them would take forever
_ESCAPE = re.compile(
    r"%(?:25)*(?P<percent>[2-9a-f][0-9a-f])"
    r"|\\\\{0,7}(?:(?:u00|x)(?P<number>[2-9a-f][0-9a-f])|(?P<plain>[\"/]))"
    r"|&(?:amp;)*(?P<entity>\#x0*[2-9a-f][0-9a-f]|\#0*\d{2,3}|lt|gt|amp|quot|apos);",
    re.IGNORECASE,
)
_LOWER_CASE = bytes(ord(low) if (low := chr(n).lower()) <= "\xff" else n for n in range(256))

# where something secret stands in a text (start, end), and the name it is shown under
Span = tuple[int, int, str]


class Redactor:
    """Replaces secrets by ``<redacted:NAME>``.

    A secret shorter than six characters is not searched for in running text, because it would eat
    innocent words; it still goes from credential headers. Of two names for one value the first
    counts.
    """

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._forms: dict[str, str] = {}
        self._names: dict[str, str] = {}
        secrets = list(secrets)
        for name, value in secrets:
            self._names.setdefault(value, name)
            self._names.setdefault(_mark(name), name)
            if len(value) >= _MIN_LENGTH:
                for form in _encodings(value):
                    self._forms.setdefault(form, name)
        self._likely = [(_bytes(form), form) for form in self._forms]
        self._parts = _Parts(secrets)
        self._recent: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A text without secrets, and without parts of them of twelve characters or more."""
        if not self._forms:
            return text
        if len(text) < _LARGE:
            return self._cleaned(text)
        # a body is recorded several times: as it was sent, as it arrived, and to be sent again
        if text not in self._recent:
            while len(self._recent) >= _MOST_RECENT:
                del self._recent[next(iter(self._recent))]
            self._recent[text] = self._cleaned(text)
        return self._recent[text]

    def _cleaned(self, text: str) -> str:
        whole = self._whole(text)
        rest = _blanked(text, whole)
        spans = [*whole, *self._parts.runs(rest), *self._parts.escaped_runs(rest)]
        return _marked(text, spans) if spans else text

    def _whole(self, text: str) -> list[Span]:
        """Where secrets stand exactly, in any encoding."""
        data = _bytes(text)
        present = [form for likely, form in self._likely if likely in data]
        if not present:
            return []
        # longest first, so that a secret which contains another goes as a whole
        ordered = sorted(present, key=len, reverse=True)
        found = re.finditer("|".join(map(re.escape, ordered)), text)
        return [(m.start(), m.end(), self._forms[m.group()]) for m in found]

    def header(self, name: str, value: str) -> str:
        """A header value without secrets; the scheme word of a credential stays readable."""
        if not _carries_a_credential(name) or not value:
            return self.text(value)
        scheme, blank, credential = value.partition(" ")
        if not blank or scheme.lower() not in _SCHEMES or value in self._names:
            return self._credential(value)
        return f"{scheme} {self._credential(credential)}"

    def _credential(self, value: str) -> str:
        """The name of a secret that is the whole value; anything else goes without a trace.

        A near miss has no name: whoever sends the request again must not send the right key.
        """
        name = self._names.get(value)
        return "<redacted>" if name is None else _mark(name)

    def data(self, node: Any) -> Any:
        """Plain data (dicts, lists, strings) without secrets."""
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, dict):
            return {self.text(str(key)): self.data(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.data(value) for value in node]
        return node


def _carries_a_credential(header: str) -> bool:
    return header.lower() not in _OPEN_HEADERS and named_like_a_credential(header)


class _Parts:
    """Finds long runs of secrets, in upper or lower case; short secrets only as a whole.

    A text is cut into pieces of six characters, and the pieces that occur anywhere in a secret are
    where to look closer. So the cost hardly depends on how many secrets there are, and how long.
    """

    def __init__(self, secrets: Sequence[tuple[str, str]]) -> None:
        self._short: list[tuple[str, str]] = []
        self._places: dict[tuple[bytes], list[tuple[str, str, int]]] = {}
        for name, value in secrets:
            folded = _folded(value)
            if len(folded) >= _LEAST_RUN:
                for piece, offset in _all_pieces(folded):
                    self._places.setdefault(piece, []).append((name, folded, offset))
            elif len(folded) >= _MIN_LENGTH:
                self._short.append((name, folded))
        self._known = frozenset(self._places)
        self._longest = max((len(value) for _, value in secrets), default=0)

    def runs(self, text: str) -> Iterator[Span]:
        """Where runs of secrets stand in a text."""
        data = _folded_bytes(text)
        cut = struct.iter_unpack(f"{_PIECE}s", memoryview(data)[: len(data) // _PIECE * _PIECE])
        pieces = self._known.intersection(cut)
        short = [(name, secret) for name, secret in self._short if _bytes(secret) in data]
        if pieces or short:
            folded = _folded(text)
            for piece in pieces:
                yield from self._around(piece, folded, data)
            for name, secret in short:
                for found in re.finditer(re.escape(secret), folded):
                    yield found.start(), found.end(), name

    def escaped_runs(self, text: str) -> Iterator[Span]:
        """Where runs of secrets stand whose characters are escaped for URLs, HTML or JSON."""
        if not any(sign in text for sign in _ESCAPE_SIGNS):
            return
        for escapes in _neighbours(text, self._longest):
            start = max(0, escapes[0].start() - self._longest)
            end = min(len(text), escapes[-1].end() + self._longest)
            plain = _Unescaped(text, start, end, escapes)
            for begin, end, name in self.runs(plain.text):
                yield plain.place(begin), plain.place(end), name

    def _around(self, piece: tuple[bytes], text: str, data: bytes) -> Iterator[Span]:
        at = data.find(piece[0])
        while at >= 0:
            following = at + 1
            if at % _PIECE == 0:
                for name, secret, offset in self._places[piece]:
                    start, end = _common_run(text, at, secret, offset)
                    if end - start >= _LEAST_RUN:
                        yield start, end, name
                        # what lies inside the run whole has gone with it
                        following = max(following, end - _PIECE + 1)
            at = data.find(piece[0], following)


def _all_pieces(secret: str) -> Iterator[tuple[tuple[bytes], int]]:
    data = _folded_bytes(secret)
    for offset in range(len(data) - _PIECE + 1):
        yield (data[offset : offset + _PIECE],), offset


def _common_run(text: str, at: int, secret: str, offset: int) -> tuple[int, int]:
    """The run of equal characters around two places; an empty one if they differ there."""
    start, first = at, offset
    while start and first and text[start - 1] == secret[first - 1]:
        start, first = start - 1, first - 1
    end, last = at, offset
    while end < len(text) and last < len(secret) and text[end] == secret[last]:
        end, last = end + 1, last + 1
    return (start, end) if end > at else (at, at)


def _folded(text: str) -> str:
    """The text in lower case, and as long as it was: one letter alone would become two."""
    return text.replace("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "i").lower()


def _bytes(text: str) -> bytes:
    """A byte for each character, to find likely places fast; other writing is told apart later."""
    return text.encode("latin-1", "replace")


def _folded_bytes(text: str) -> bytes:
    return _bytes(text).translate(_LOWER_CASE)


class _Unescaped:
    """A stretch of a text without its escapes, and where each of its characters stood before."""

    def __init__(self, text: str, start: int, end: int, escapes: Iterable[re.Match[str]]) -> None:
        pieces: list[str] = []
        self._before: list[int] = []
        for escape in escapes:
            pieces += [text[start : escape.start()], _character(escape)]
            self._before += [start, escape.start()]
            start = escape.end()
        pieces.append(text[start:end])
        self._before += [start, end]
        self._after = [0, *accumulate(map(len, pieces))]
        self.text = "".join(pieces)

    def place(self, at: int) -> int:
        """Where the character stood, or for the length of the text where it ended."""
        piece = bisect_right(self._after, at) - 1
        return self._before[piece] + at - self._after[piece]


def _neighbours(text: str, reach: int) -> Iterator[list[re.Match[str]]]:
    """The escapes in a text, together if no more than ``reach`` characters are between them."""
    together: list[re.Match[str]] = []
    for escape in _ESCAPE.finditer(text):
        if together and escape.start() - together[-1].end() > reach:
            yield together
            together = []
        together.append(escape)
    if together:
        yield together


def _character(escape: re.Match[str]) -> str:
    number = escape["percent"] or escape["number"]
    if number:
        return chr(int(number, 16))
    if escape["entity"]:
        # a number that stands for nothing is still one place
        return html.unescape(f"&{escape['entity'].lower()};") or "\0"
    return escape["plain"]


def _mark(name: str) -> str:
    return f"<redacted:{name}>"


def _blanked(text: str, spans: Iterable[Span]) -> str:
    """The text with something in the place of each span that is in no secret."""
    pieces, done = [], 0
    for start, end, _ in spans:
        pieces += [text[done:start], "\0" * (end - start)]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _marked(text: str, spans: Iterable[Span]) -> str:
    """The text with a mark in the place of each span."""
    pieces, done = [], 0
    for start, end, name in _merged(spans):
        pieces += [text[done:start], _mark(name)]
        done = end
    return "".join([*pieces, text[done:]])


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap as one, under the name of the first; the longer one begins first."""
    merged: list[Span] = []
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            before, until, first = merged[-1]
            merged[-1] = (before, max(until, end), first)
        else:
            merged.append((start, end, name))
    return merged


def _encodings(value: str) -> set[str]:
    """The forms that are searched for exactly; whatever :data:`_ESCAPE` reads needs none."""
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
    once = quote(raw, safe="")
    forms = {once, quote(raw), quote_plus(raw), quote(once)}
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
