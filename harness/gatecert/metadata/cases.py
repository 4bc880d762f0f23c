"""The table of ways to write the metadata header, and what may become of each. Data, no I/O."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from gatecert.gateways.target import Target

Json = dict[str, Any]
Lines = Sequence[bytes]

# what may become of a request: it is served and filed as meant; it is refused; either of the two,
# but never anything else in silence; or, of contradictions, also as one of what they say
Expectation = Literal["same", "refused", "refused or same", "refused or one"]
SAME: Expectation = "same"
REFUSED: Expectation = "refused"
EITHER: Expectation = "refused or same"
ONE: Expectation = "refused or one"
GROUPS = (
    "writings",
    "mistakes",
    "no object",
    "values",
    "duplicates",
    "case and blanks",
    "encodings",
    "bounds",
)
_MOST_CHARS = 128


@dataclass(frozen=True)
class Setting:
    """What the cases of one target are made of: its header, its metadata and two of its keys.

    ``key`` is the key that routes or that is required, ``other`` another value of it, and ``free``
    a key whose values no policy lists.
    """

    header: str
    metadata: Json
    key: str
    other: str
    free: str

    @property
    def text(self) -> str:
        """The metadata as it is configured, written compactly."""
        return written(self.metadata)


@dataclass(frozen=True)
class Case:
    """One way to write the header.

    ``lines`` gives the header lines of a setting, whole; ``meant`` the metadata that they mean to
    whoever wrote them. ``strict``, ``documented`` and ``lenient`` are what a gateway of such rules
    may do with it.
    """

    name: str
    group: str
    lines: Callable[[Setting], Lines]
    meant: Callable[[Setting], Json]
    strict: Expectation
    documented: Expectation
    lenient: Expectation

    @property
    def routed(self) -> bool:
        """Whether it touches what may decide on the route; anything else only a log shows."""
        return self.group not in ("values", "encodings", "bounds")

    def expectation(self, rules: str) -> Expectation:
        """What is expected under such rules."""
        found: Expectation = getattr(self, rules)
        return found


def given(target: Target) -> Setting:
    """The setting of a target that sends metadata. Raises ValueError if it is no JSON object."""
    header = target.promises.metadata_header
    text = next(v for k, v in target.headers.items() if k.lower() == header.lower())
    metadata = json.loads(text)
    if not isinstance(metadata, dict) or not metadata:
        raise ValueError("the configured metadata is no JSON object with keys")
    routes = target.policy.routes
    named = [*routes, *target.promises.required_metadata_keys, *metadata]
    key = next(name for name in named if name in metadata)
    others = [value for value in routes.get(key, {}) if value != metadata[key]]
    listed = {*target.policy.allowed, *routes}
    free = next((name for name in ("user", "_user", *metadata) if name not in listed), "user")
    return Setting(header, metadata, key, others[0] if others else "elsewhere", free)


def rules_of(target: Target) -> str:
    """The rules by which a target judges metadata: ``strict``, ``documented`` or ``lenient``."""
    if target.policy.rules:
        return target.policy.rules
    return "strict" if target.promises.validates_metadata else "lenient"


def in_group(*groups: str) -> list[Case]:
    """The cases of these groups, in the order of the table."""
    return [case for case in CASES if case.group in groups]


def written(metadata: Mapping[str, Any]) -> str:
    """Metadata as compact JSON, in ASCII."""
    return json.dumps(metadata, separators=(",", ":"))


def _line(setting: Setting, value: str | bytes, name: str = "") -> Lines:
    data = value if isinstance(value, bytes) else value.encode("utf-8")
    return [(name or setting.header).encode() + b": " + data]


def _as_given(setting: Setting) -> Json:
    return setting.metadata


def _with(setting: Setting, value: Any, key: str = "") -> Json:
    return {**setting.metadata, key or setting.key: value}


def _edited(
    name: str,
    group: str,
    edit: Callable[[str], str | bytes],
    rules: tuple[Expectation, Expectation, Expectation],
) -> Case:
    """A case in which the text of the header is edited, and the same is meant."""
    return Case(name, group, lambda s: _line(s, edit(s.text)), _as_given, *rules)


def _meaning(
    name: str,
    group: str,
    change: Callable[[Setting], Json],
    rules: tuple[Expectation, Expectation, Expectation],
    write: Callable[[Json], str | bytes] = written,
) -> Case:
    """A case that means other metadata."""
    return Case(name, group, lambda s: _line(s, write(change(s))), change, *rules)


_ALWAYS = (SAME, SAME, SAME)
_BAD = (REFUSED, EITHER, EITHER)
_ODD = (EITHER, EITHER, EITHER)
_SPLIT = (REFUSED, ONE, ONE)


def _doubled(first: str, second: str) -> Callable[[Setting], Lines]:
    """The routing key twice in one object; ``given`` and ``other`` name the values."""

    def lines(s: Setting) -> Lines:
        values = {"given": s.metadata[s.key], "other": s.other}
        pairs = [(k, v) for k, v in s.metadata.items() if k != s.key]
        pairs += [(s.key, values[first]), (s.key, values[second])]
        inside = ",".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in pairs)
        return _line(s, "{" + inside + "}")

    return lines


def _two_lines(first: Callable[[Setting], str], second: Callable[[Setting], str]) -> Any:
    return lambda s: [*_line(s, first(s)), *_line(s, second(s))]


def _halves(setting: Setting) -> tuple[str, str]:
    """The text cut behind a comma; joined by a comma, as HTTP has it, the halves are whole."""
    first, _, second = setting.text.partition(",")
    return first, second


def _renamed(setting: Setting, name: str) -> Json:
    return {name if k == setting.key else k: v for k, v in setting.metadata.items()}


def _named(name: str, form: Callable[[str], str]) -> Case:
    return Case(
        name,
        "writings",
        lambda s: _line(s, s.text, form(s.header)),
        _as_given,
        *_ALWAYS,
    )


def _misnamed(name: str, form: Callable[[str], str]) -> Case:
    lines = lambda s: _line(s, s.text, form(s.header))  # noqa: E731
    return Case(name, "mistakes", lines, _as_given, *_BAD)


def _user(setting: Setting, name: str = "Jürgen Weiß") -> Json:
    return _with(setting, name, setting.free)


def _plain(metadata: Json) -> str:
    return json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))


CASES: Sequence[Case] = (
    _edited("compact JSON", "writings", str, _ALWAYS),
    _edited(
        "blanks behind colons and commas",
        "writings",
        lambda t: json.dumps(json.loads(t)),
        _ALWAYS,
    ),
    _edited(
        "keys in another order",
        "writings",
        lambda t: written(dict(reversed(json.loads(t).items()))),
        _ALWAYS,
    ),
    _named("the header's name in upper case", str.upper),
    _named("the header's name in lower case", str.lower),
    _edited("blanks around the value", "writings", lambda t: f"  {t}  ", _ALWAYS),
    _edited("a tab between tokens", "writings", lambda t: t.replace(",", ",\t", 1), _ALWAYS),
    _edited(
        "a letter of a key as an escape",
        "writings",
        lambda t: t.replace('"' + t[2], f'"\\u{ord(t[2]):04x}', 1),
        _ALWAYS,
    ),
    _meaning("a name with umlauts, as escapes", "writings", _user, _ALWAYS),
    _meaning(
        f"a value of {_MOST_CHARS} characters",
        "writings",
        lambda s: _user(s, "x" * _MOST_CHARS),
        _ALWAYS,
    ),
    _edited("a trailing comma", "mistakes", lambda t: t[:-1] + ",}", _BAD),
    _edited("single quotes", "mistakes", lambda t: t.replace('"', "'"), _BAD),
    _edited("keys without quotes", "mistakes", lambda t: "{" + t[1:].replace('"', "", 2), _BAD),
    _edited("a comment inside", "mistakes", lambda t: "{/* ours */" + t[1:], _BAD),
    _edited("True as in Python", "mistakes", lambda t: t[:-1] + ',"beta":True}', _BAD),
    _edited("NaN for a number", "mistakes", lambda t: t[:-1] + ',"cost":NaN}', _BAD),
    _edited(
        "curly quotes",
        "mistakes",
        lambda t: t.replace('{"', "{\u201c").replace('"}', "\u201d}").replace('"', "\u201d"),
        _BAD,
    ),
    _edited("the end cut off", "mistakes", lambda t: t[:-1], _BAD),
    _edited("two objects behind one another", "mistakes", lambda t: t + t, _BAD),
    _edited("base64", "mistakes", lambda t: base64.b64encode(t.encode()), _BAD),
    _edited("URL-encoded", "mistakes", quote, _BAD),
    _edited("an empty value", "mistakes", lambda t: "", _BAD),
    _edited("blanks alone", "mistakes", lambda t: "   ", _BAD),
    _misnamed("underscores in the header's name", lambda name: name.replace("-", "_")),
    _edited("an array around the object", "no object", lambda t: f"[{t}]", _BAD),
    _edited("a string", "no object", json.dumps, _BAD),
    _edited("a number", "no object", lambda t: "17", _BAD),
    _edited("true", "no object", lambda t: "true", _BAD),
    _edited("null", "no object", lambda t: "null", _BAD),
    _meaning("a number as value", "values", lambda s: _with(s, 4711, "cost_center"), _BAD),
    _meaning("true as value", "values", lambda s: _with(s, True, "beta"), _BAD),
    _meaning("null as value", "values", lambda s: _with(s, None, "project"), _BAD),
    _meaning("an array as value", "values", lambda s: _with(s, ["a", "b"], "projects"), _BAD),
    _meaning("an object as value", "values", lambda s: _with(s, {"id": "7"}, "project"), _BAD),
    _meaning(
        f"a value of {_MOST_CHARS + 1} characters",
        "values",
        lambda s: _user(s, "x" * (_MOST_CHARS + 1)),
        _BAD,
    ),
    Case(
        "a key twice in the object, the right value first",
        "duplicates",
        _doubled("given", "other"),
        _as_given,
        *_SPLIT,
    ),
    Case(
        "a key twice in the object, the right value last",
        "duplicates",
        _doubled("other", "given"),
        _as_given,
        *_SPLIT,
    ),
    Case(
        "the same header twice",
        "duplicates",
        _two_lines(lambda s: s.text, lambda s: s.text),
        _as_given,
        *_ODD,
    ),
    Case(
        "the header twice, the right one first",
        "duplicates",
        _two_lines(lambda s: s.text, lambda s: written(_with(s, s.other))),
        _as_given,
        *_SPLIT,
    ),
    Case(
        "the header twice, the right one last",
        "duplicates",
        _two_lines(lambda s: written(_with(s, s.other)), lambda s: s.text),
        _as_given,
        *_SPLIT,
    ),
    Case(
        "the object in two halves, in two headers",
        "duplicates",
        _two_lines(lambda s: _halves(s)[0], lambda s: _halves(s)[1]),
        _as_given,
        *_ODD,
    ),
    _meaning(
        "a key in another case", "case and blanks", lambda s: _renamed(s, s.key.swapcase()), _BAD
    ),
    _meaning("a blank behind a key", "case and blanks", lambda s: _renamed(s, f"{s.key} "), _BAD),
    _meaning(
        "a value in another case",
        "case and blanks",
        lambda s: _with(s, str(s.metadata[s.key]).swapcase()),
        _BAD,
    ),
    _meaning(
        "a blank behind a value",
        "case and blanks",
        lambda s: _with(s, f"{s.metadata[s.key]} "),
        _BAD,
    ),
    _meaning("a name with umlauts, as UTF-8", "encodings", _user, _ODD, _plain),
    _meaning(
        "a name with umlauts, as Latin-1",
        "encodings",
        _user,
        _ODD,
        lambda m: _plain(m).encode("latin-1"),
    ),
    _meaning(
        "8 KB of further keys",
        "bounds",
        lambda s: {**s.metadata, **{f"key{n:02}": "v" * 100 for n in range(70)}},
        _ODD,
    ),
    _meaning(
        "17 KB of further keys",
        "bounds",
        lambda s: {**s.metadata, **{f"key{n:03}": "v" * 100 for n in range(150)}},
        _ODD,
    ),
    _edited("a NUL inside", "bounds", lambda t: t[:3] + "\0" + t[3:], _ODD),
    _meaning(
        "a DEL inside a name",
        "bounds",
        lambda s: _user(s, "Jo\x7fhn"),
        _ODD,
        lambda m: written(m).replace("\\u007f", "\x7f"),
    ),
    _edited("a folded line", "bounds", lambda t: t.replace(",", ",\r\n ", 1), _ODD),
)
