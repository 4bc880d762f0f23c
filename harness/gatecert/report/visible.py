"""Text from outside, with everything a reader could not see made visible.

A gateway's answer may hold characters that hide, reorder or recolour what stands beside them. In
every output they appear as the escape that Python would write, such as ``\\u202e`` or ``\\x1b``.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# printable by category, but nothing is drawn for them
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# variation selectors can carry hidden bytes; U+FE0F stays, since ordinary emoji need it
_SMUGGLING = frozenset(map(chr, [*range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)]))
# what CI systems take for a command: at a line's beginning, or anywhere in it
_COMMAND = re.compile(r"^::|##(?=[A-Za-z]*\[)")
_CANDIDATE = re.compile(r"[^\t\n\x20-\x7e]")


def visible(text: str) -> str:
    """The text with controls, direction marks and invisible characters as escapes.

    Line feed and tab stay. What results can be written as UTF-8 and stands in XML.
    """
    return _CANDIDATE.sub(lambda found: _shown(found.group()), text)


def marked(text: str) -> Markup:
    """As :func:`visible`, as HTML in which each escape is told apart from the text around it."""
    pieces: list[str] = []
    end = 0
    for found in _CANDIDATE.finditer(text):
        shown = _shown(found.group())
        if shown != found.group():
            pieces += [escape(text[end : found.start()]), f'<b class="esc">{shown}</b>']
            end = found.end()
    return Markup("".join([*pieces, escape(text[end:])]))  # noqa: S704


def one_line(text: str, most: int = 0) -> str:
    """As :func:`visible`, folded into one line that no terminal or CI system obeys.

    With ``most`` it has no more characters than that; the middle of a longer one is left out.
    """
    line = _COMMAND.sub(_apart, " ".join(visible(text).split()))
    if not most or len(line) <= most:
        return line
    tail = most // 4
    return f"{line[: most - tail - 3]} … {line[-tail:]}"


def _apart(found: re.Match[str]) -> str:
    return " ".join(found.group())


def _shown(character: str) -> str:
    hidden = not character.isprintable() or character in _BLANK or character in _SMUGGLING
    return character.encode("unicode_escape").decode("ascii") if hidden else character
