"""The metadata header carries anything that it may carry."""

import json
from typing import Any

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    Desktops,
    Explore,
    ScriptedProvider,
    Target,
    answered,
    expect,
    requirement,
)

_FREE = ("user", "_user")  # a key whose value no policy can list
_MOST_CHARS = 128
# a JSON text is free in these; the header holds no letter beyond ASCII, which JSON escapes
_SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])
# a gateway may count an emoji as two characters, and keep no control character in its log
_LETTERS = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc", "Cn"])
_VALUES = st.one_of(
    st.text(_LETTERS, max_size=24).filter(str.strip),  # a user must have a name
    st.text(_LETTERS, min_size=_MOST_CHARS - 8, max_size=_MOST_CHARS),
    st.sampled_from(
        [
            *("O'Brien", 'a "b" c', "C:\\dir\\new", "a,b;c=d&e", "100% %20", "{}", "</script>"),
            *("Jürgen", "x" * _MOST_CHARS),
        ]
    ),
)
_WRITTEN = st.fixed_dictionaries(
    {
        "value": _VALUES,
        "first": st.integers(0, 3),
        "separators": _SEPARATORS,
        "escapes": st.booleans(),
    }
)


@requirement(
    "META-11",
    MUST,
    source="guide: fill the metadata template with the values of your platform team",
    why="Users with an apostrophe, an umlaut or a backslash in their name are refused, or filed under another.",
    fix="Take the header of each request as one JSON object of strings, and pass it on byte for byte.",
    needs=["metadata", "forwards_metadata"],
    since="0.2",
)
def test_any_metadata_arrives(
    desktops: Desktops, provider: ScriptedProvider, target: Target, explore: Explore
) -> None:
    """Any metadata arrives byte for byte: every value of up to 128 characters, in any order and form."""
    header = target.promises.metadata_header
    given = next(v for k, v in target.headers.items() if k.lower() == header.lower())
    others = {k: v for k, v in target.headers.items() if k.lower() != header.lower()}
    session = desktops().engine.session_id  # a session goes on when the settings have changed

    def check(example: dict[str, Any]) -> None:
        text = _text(json.loads(given), **example)
        script = provider.script()
        app = desktops(custom_headers={**others, header: text})
        app.engine.session_id = session
        answered(app.engine.turn(script.text, stream=False), f"a turn with the metadata {text}")
        came = [receipt.header(header) for receipt in provider.receipts(script)]
        expect(
            came and set(came) == {text},
            f"{header} at the provider to be {text}",
            ", ".join(str(value) for value in came) or "no request there",
            hop="gateway → provider",
            silent=True,
        )

    explore(_WRITTEN, check)


def _text(
    metadata: dict[str, str], value: str, first: int, separators: tuple[str, str], escapes: bool
) -> str:
    """The configured metadata with one value changed, written in one of the ways JSON allows."""
    key = next((name for name in _FREE if name in metadata), _FREE[0])
    items = list({**metadata, key: value}.items())
    turned = [*items[first:], *items[:first]]
    text = json.dumps(dict(turned), separators=separators)
    return text.replace("/", "\\/") if escapes else text
