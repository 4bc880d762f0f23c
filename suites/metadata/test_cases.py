"""Every way to write the metadata header, on three layers: answer, provider, log."""

import json
from typing import Any

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    SHOULD,
    Explore,
    Mailing,
    NotApplicable,
    expect,
    in_group,
    requirement,
)

_SILENT = (
    "Costs land on another account and prompts at another provider, while everything seems to work."
)
_TYPED = "A typing mistake in one settings file is found weeks later, in a bill or in an audit."
_PARSE = "Parse the header once, as JSON, and refuse with 400 what cannot be read; never go on without it."
_SECTION = (
    "observed: Portkey 1.15.2 takes broken metadata for none, and routes to the default in silence"
)
_LITTLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


@requirement(
    "META-12",
    MUST,
    source="standard: RFC 8259 on blanks, escapes and order; RFC 9110 on names and blanks of headers",
    why="Users whose settings were written by another tool are refused, or filed under nobody.",
    fix="Read the header by a JSON library, by a name in any case, and compare what it says.",
    needs=["metadata"],
    since="0.2",
)
def test_any_right_writing_is_read(mailing: Mailing) -> None:
    """However right metadata is written, it is served, routed and filed the same."""
    mailing.judge(in_group("writings"))


@requirement(
    "META-13",
    MUST,
    source=_SECTION,
    why=f"{_TYPED} {_SILENT}",
    fix=_PARSE,
    needs=["metadata"],
    since="0.2",
    hints={
        "portkey": "no default in the conditional strategy: what matches nothing is refused then"
    },
)
def test_mistakes_are_never_silent(mailing: Mailing) -> None:
    """Metadata with a mistake is refused for good, or served as it was meant: never filed or routed elsewhere."""
    mailing.judge(in_group("mistakes"))


@requirement(
    "META-14",
    MUST,
    source=_SECTION,
    why=f"{_TYPED} {_SILENT}",
    fix="Demand one JSON object; refuse arrays, strings, numbers, true and null.",
    needs=["metadata"],
    since="0.2",
)
def test_what_is_no_object_is_never_silent(mailing: Mailing) -> None:
    """Metadata that is no object is refused for good, or served as it was meant."""
    mailing.judge(in_group("no object"))


@requirement(
    "META-15",
    SHOULD,
    source="guide: values are strings of at most 128 characters; what becomes of others is not published",
    why="A value is cut or dropped in the reports, and its costs are nobody's.",
    fix="Refuse values that are no strings of up to 128 characters, or file them as they are.",
    needs=["metadata"],
    since="0.2",
)
def test_odd_values_are_never_lost(mailing: Mailing) -> None:
    """A value that is no short string is refused, or filed exactly as it is."""
    mailing.judge(in_group("values"))


@requirement(
    "META-16",
    MUST,
    source="standard: RFC 8259 and RFC 9110 leave open which of two counts; field: parsers disagree",
    why="Policy and bill look at different values: one request passes as one team and is charged to another.",
    fix="Refuse a key that stands twice and a header that comes twice; or read both everywhere alike.",
    needs=["metadata"],
    since="0.2",
)
def test_duplicates_count_once(mailing: Mailing) -> None:
    """Of a key or a header that comes twice one value counts, for the route and in the log alike."""
    mailing.judge(in_group("duplicates"))


@requirement(
    "META-17",
    MUST,
    source="guide: key names are case-sensitive and must match the policy exactly",
    why="A key in another case slips past the policy and out of the reports.",
    fix="Compare keys and values exactly, or without case everywhere; refuse what lacks a required key.",
    needs=["metadata"],
    since="0.2",
    hints={
        "portkey": "no default in the conditional strategy: what matches nothing is refused then"
    },
)
def test_case_and_blanks_matter_everywhere_alike(mailing: Mailing) -> None:
    """A key or value in another case, or with a blank, is refused, and never served by another route in silence."""
    mailing.judge(in_group("case and blanks"))


@requirement(
    "META-18",
    MUST,
    source="standard: RFC 9110 5.5 on bytes beyond ASCII; observed: Portkey 1.15.2 takes UTF-8 for Latin-1",
    why="Jürgen's costs are filed under a name that nobody has.",
    fix="Take the header's bytes for UTF-8 and refuse what is none, or refuse all bytes beyond ASCII.",
    needs=["metadata"],
    since="0.2",
)
def test_raw_letters_are_read_or_refused(mailing: Mailing) -> None:
    """A name with umlauts as raw bytes is filed under that name, or refused."""
    mailing.judge(in_group("encodings"))


@requirement(
    "META-19",
    SHOULD,
    source="standard: RFC 9110 on control characters and folded lines, RFC 6585 on 431",
    why="The client repeats the request for minutes, or a part of its metadata is gone.",
    fix="Refuse a header that is too large with 431 and one with control characters with 400; cut nothing off.",
    needs=["metadata"],
    since="0.2",
)
def test_bounds_are_told(mailing: Mailing) -> None:
    """Metadata that is very large or has control characters is served whole, or refused for good."""
    mailing.judge(in_group("bounds"))


@requirement(
    "META-20",
    MUST,
    source="guide: metadata JSON must be valid, and its keys match exactly",
    why=_SILENT,
    fix=_PARSE,
    needs=["metadata"],
    since="0.2",
)
def test_no_edit_of_metadata_leads_elsewhere(mailing: Mailing, explore: Explore) -> None:
    """Whatever characters are put into metadata, it is refused, or served by the route of right metadata."""
    if not mailing.routed:
        raise NotApplicable("the target names no route that depends on metadata ([policy] routes)")
    setting = mailing.setting
    text = setting.text
    places = st.integers(0, len(text) - 1)
    edits = st.lists(
        st.tuples(places, st.integers(0, 2), st.text(_LITTLE, max_size=2)), min_size=1, max_size=2
    )

    def check(example: list[tuple[int, int, str]]) -> None:
        edited = text
        for at, cut, put in sorted(example, reverse=True):
            edited = edited[:at] + put + edited[at + cut :]
        seen = mailing.send([f"{setting.header}: {edited}".encode()], "edited metadata")
        reached = list(seen.providers or ())
        expect(
            seen.refused or reached == ["primary"] or _of_another_tenant(edited, mailing),
            f"a refusal, or the route of right metadata (primary), for {edited}",
            f"HTTP {seen.status} and the route to {', '.join(reached) or 'nowhere'}",
            hop="gateway → provider",
            silent=True,
        )

    explore(edits, check)


def _of_another_tenant(edited: str, mailing: Mailing) -> bool:
    """Whether an edit happens to be the right metadata of another tenant."""
    try:
        found: Any = json.loads(edited)
    except ValueError:
        return False
    routes = mailing.target.policy.routes.get(mailing.setting.key, {})
    return isinstance(found, dict) and found.get(mailing.setting.key) in routes
