"""The page: safe against what a gateway sent, sound without scripts, and true to the record."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from sample import (
    HOSTILE,
    VERDICT_OF,
    sample_evidence,
    sample_measurements,
    sample_message,
    sample_record,
    sample_result,
    sample_results,
)

from gatecert.record import Evidence, RunRecord
from gatecert.report import html, render_html

VOID = {"meta", "link", "input", "line", "polyline", "br", "img", "hr"}
Element = tuple[str, dict[str, str]]


class Page(HTMLParser):
    """A page as its elements, with the text below each that has an id."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.texts: dict[str, str] = {}
        self.inlined: dict[str, str] = {"style": "", "script": ""}
        self.unbalanced: list[str] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop()[0] if self._open else "nothing"
        if opened != tag:
            self.unbalanced.append(f"<{opened}> closed by </{tag}>")

    def handle_data(self, data: str) -> None:
        for tag, attributes in self._open:
            if tag in self.inlined:
                self.inlined[tag] += data
            elif "id" in attributes:
                self.texts[attributes["id"]] = self.texts.get(attributes["id"], "") + data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}.items()
        return [found for name, found in self.elements if name == tag and wanted <= found.items()]


def page(record: RunRecord | None = None) -> Page:
    return Page(render_html(record or sample_record()))


PAGE = page()


def test_every_element_is_closed_where_it_should_be() -> None:
    assert PAGE.unbalanced == []


def test_hostile_strings_bring_no_element_of_their_own() -> None:
    text = render_html(sample_record())
    assert text.count("<script") == 1
    assert "onerror=alert(1)&gt;" in text
    assert {tag for tag, _ in PAGE.elements}.isdisjoint(
        {"img", "iframe", "object", "embed", "form"}
    )
    for _, attributes in PAGE.elements:
        assert not [name for name in attributes if name.startswith("on")]


def test_template_code_from_a_gateway_is_not_run() -> None:
    assert "{{ 7 * 7 }}" in PAGE.texts["AUTH-03"]


def test_hidden_characters_are_shown_as_escapes() -> None:
    text = render_html(sample_record())
    hidden = {c for c in HOSTILE if not c.isprintable()}
    assert len(hidden) > 10
    assert not [c for c in hidden if c in text]
    assert '<b class="esc">\\u202e</b>' in text
    assert '<b class="esc">\\x1b</b>[31m' in text
    text.encode("utf-8")


def test_bytes_hidden_in_variation_selectors_are_shown_and_emoji_stay() -> None:
    came = "plain\ufe00\ufe0e\U000e0100 \u26a0\ufe0f"
    text = render_html(sample_record(results=[sample_result("AUTH-03", came=came)]))
    for shown in ("\\ufe00", "\\ufe0e", "\\U000e0100"):
        assert f'<b class="esc">{shown}</b>' in text
    assert "\u26a0\ufe0f" in text


def test_the_page_asks_for_nothing_from_outside() -> None:
    assert not [attributes for _, attributes in PAGE.elements if "src" in attributes]
    assert PAGE.all("link") == [{"rel": "icon", "href": "data:,"}]
    assert not re.search(r"url\(|@import|https?:", PAGE.inlined["style"])
    assert not re.search(r"https?:|fetch\(|XMLHttp|import\(|WebSocket", PAGE.inlined["script"])
    own = {"run.json", "junit.xml", "summary.md"}
    outside = {a["href"] for a in PAGE.all("a")} - own
    assert {h for h in outside if not h.startswith("#")} == {"https://example.com/issues/7"}


def test_the_policy_allows_the_pages_own_style_and_script_only() -> None:
    (policy,) = [m for m in PAGE.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        digest = hashlib.sha256(PAGE.inlined[tag].encode()).digest()
        assert rules[directive] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert not [attributes for _, attributes in PAGE.elements if "style" in attributes]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,hi",
        "//evil.test",
        "https:",
        "https://a b",
        "https://evil.test/\u202e",
        "https://[",
        "file:///etc/passwd",
    ],
)
def test_only_web_addresses_become_links(link: str) -> None:
    assert html.link(link) == ""
    known = sample_result("MSG-05", known={"reason": "r", "link": link})
    found = page(sample_record(results=[known]))
    assert link not in {a["href"] for a in found.all("a")}
    assert html.link("https://example.com/issues/7?q=1#x") == "https://example.com/issues/7?q=1#x"


def test_every_requirement_is_a_folded_row_with_its_verdict_in_words() -> None:
    rows = PAGE.all("details", class_="req")
    assert {row["id"]: row["data-verdict"] for row in rows} == VERDICT_OF
    assert not [row for row in rows if "open" in row]
    for identifier, verdict in VERDICT_OF.items():
        assert verdict.replace("-", " ") in PAGE.texts[identifier]


def test_rows_follow_the_areas_and_the_records_order() -> None:
    rows = [row["id"] for row in PAGE.all("details", class_="req")]
    assert rows[:4] == ["CONN-01", "AUTH-03", "AUTH-09", "URL-02"]


def test_a_row_tells_everything_on_its_requirement() -> None:
    text = PAGE.texts["MSG-05"]
    for words in (
        "Expected",
        "What came",
        "a clean text",
        "Why it matters to a Claude Desktop user",
        "why MSG-05 matters",
        "What the user sees",
        "The user waits, then reads",
        "(observed, if the gateway always answers like this)",
        "What to change",
        "fix for MSG-05",
        "Suspect",
        "gateway, on the hop gateway → provider",
        "official: page of the client",
        "the vendor works on it",
        "messages/test_it.py::test_msg_05",
        "What the client sent and saw",
        "POST /v1/messages?beta=true HTTP/1.1",
        "Ended early:",
        "What the provider received",
        "status 200, outcome answered",
        "2 further transcripts left out",
        "Bearer $GATEWAY_KEY",
    ):
        assert words in text, words


def test_a_row_without_the_users_line_does_without() -> None:
    result = sample_result("AUTH-03", evidence=Evidence())
    assert "What the user sees" not in render_html(sample_record(results=[result]))


def test_a_body_keeps_its_first_line_feed() -> None:
    """HTML drops a line feed at the start of pre, so the page writes one of its own."""
    body = "\nfirst"
    receipt = replace(sample_evidence().receipts[0], request=sample_message(body=body))
    result = sample_result("AUTH-03", evidence=Evidence([], [receipt], 0, []))
    assert f">\n{body}</pre>" in render_html(sample_record(results=[result]))


def test_measurements_are_a_table_and_a_plot() -> None:
    found = page(sample_record(results=sample_results("OVER-01")))
    text = found.texts["OVER-01"]
    for words in ("p50, ms", "overhead, ms", "gateway − direct", "2.25", "budget, ms", "3.00"):
        assert words in text, words
    assert "samples" not in text
    assert len(found.all("polyline")) == 2


def test_hostile_measurements_are_only_text() -> None:
    rows = [
        {**row, "name": HOSTILE, "arm": HOSTILE, HOSTILE: HOSTILE} for row in sample_measurements()
    ]
    result = sample_result("OVER-01", evidence=Evidence([], [], 0, rows))
    found = page(sample_record(results=[result]))
    assert found.unbalanced == []
    assert len(found.all("script")) == 1


def test_a_row_tells_its_own_part_of_a_table() -> None:
    text = " ".join(PAGE.texts["AUTH-03"].split())
    assert "Situations: Fallback matrix" in text
    assert "Of 4 situations that this requirement tells of: 1 good, 1 lost but told" in text
    assert "502, streamed" in text


def test_the_first_screen_answers_before_anything_else() -> None:
    assert PAGE.texts["verdict"].endswith("Not fit: 1 requirement broken")
    headings = [tag for tag, _ in PAGE.elements if tag in ("h1", "h2", "h3", "h4")]
    assert headings[:2] == ["h1", "h2"]
    (order,) = [i for i, (tag, _) in enumerate(PAGE.elements) if tag == "h1"]
    links = [a["href"] for tag, a in PAGE.elements[order:] if tag == "a"]
    assert links[:5] == ["#not-verified", "#grid-1", "#AUTH-03", "#STREAM-07", "#MSG-05"]


@pytest.mark.parametrize(
    ("identifiers", "more", "title"),
    [
        (["CONN-01"], {}, "Fit for Claude Desktop"),
        (["CONN-01", "AUTH-03"], {}, "Not fit: 1 requirement broken"),
        (["CONN-01", "MSG-05"], {}, "Not fit: 1 recorded deviation still shows"),
        (["CONN-01"], {"state": "interrupted"}, "Incomplete: the run was interrupted"),
        (["CONN-01", "OVER-01"], {}, "Incomplete: 1 requirement could not be verified"),
    ],
)
def test_the_headline_stands_on_the_page_and_in_its_title(
    identifiers: list[str], more: dict[str, Any], title: str
) -> None:
    text = render_html(sample_record(results=sample_results(*identifiers), **more))
    assert f"</span>{title}</h1>" in text
    assert f"<title>{title} · " in text


def test_the_first_screen_names_three_changes_with_the_harm_to_users() -> None:
    areas = ("overhead", "errors", "streaming", "auth")
    broken = [
        sample_result(
            "AUTH-03", id=f"X-{place}", area=area, why=f"harm {area}", fix=area, came=area
        )
        for place, area in enumerate(areas)
    ]
    text = render_html(sample_record(results=broken))
    first = text[text.index('<ol class="changes">') : text.index("</ol>")]
    assert re.findall(r"harm (\w+)", first) == ["auth", "streaming", "errors"]
    assert first.count("Suspect: gateway (gateway → provider).") == 3
    assert first.count("The user waits, then reads") == 1
    assert first.count("the same as for X-3.") == 2


def test_the_first_screen_names_the_cause_and_counts_what_it_breaks() -> None:
    came = "HTTP 404 'no route'"
    same = [
        sample_result("AUTH-03", id=f"MSG-{n}", area="messages", came=came) for n in range(10, 30)
    ]
    basic = sample_result("AUTH-03", id="URL-06", area="urls", came=came, fix="Ignore the query.")
    text = render_html(sample_record(results=[*same, basic]))
    first = text[text.index('<ol class="changes">') : text.index("</ol>")]
    assert "<b>Ignore the query.</b>" in first
    assert first.count("<li>") == 1
    assert re.findall(r'href="#([A-Z0-9-]+)"', first) == [
        "URL-06",
        *(f"MSG-{n}" for n in range(10, 18)),
    ]
    words = " ".join(re.sub(r"<[^>]+>", "", first).split())
    assert "21 requirements fail with this answer, also MSG-10, MSG-11" in words
    assert words.endswith("MSG-17 and 12 more.")


def test_headers_are_tables_that_a_keyboard_can_scroll() -> None:
    heads = PAGE.all("div", class_="head")
    assert heads
    assert all(head.get("tabindex") == "0" and head.get("aria-label") for head in heads)
    text = render_html(sample_record())
    assert '<tr><th scope="row">Content-Type:</th><td>application/json</td></tr>' in text


def test_what_was_not_verified_is_listed_with_the_reason() -> None:
    record = sample_record(
        state="interrupted", not_verified=["ERR-06", "OVER-01", "FALL-01"], state_detail="by hand"
    )
    text = render_html(record)
    section = text[text.index('<h2 id="not-verified">') : text.index('<h2 id="not-applicable">')]
    for words in ("by hand", "ERR-06", "reason of ERR-06", "OVER-01", "FALL-01", "not reached"):
        assert words in section, words


def test_what_does_not_apply_is_counted_and_listed() -> None:
    text = render_html(sample_record())
    section = text[text.index('<h2 id="not-applicable">') :]
    for words in ("1 requirement switched off", "AUTH-09", "reason of AUTH-09"):
        assert words in section, words
    assert section.index("<details") < section.index("reason of AUTH-09")


def test_a_run_that_never_started_has_a_page() -> None:
    record = sample_record(
        results=[], state="not-started", state_detail="no gateway", not_verified=["AUTH-01"]
    )
    found = page(record)
    assert "Incomplete: the run could not start" in found.texts["verdict"]
    assert found.unbalanced == []


@pytest.mark.parametrize("results", [[], ["CONN-01"], ["AUTH-09"], ["OVER-01"]])
def test_no_link_on_the_page_leads_nowhere(results: list[str]) -> None:
    found = page(sample_record(results=sample_results(*results) if results else None))
    ids = {a["id"] for _, a in found.elements if "id" in a}
    targets = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert targets <= ids
    named = {a["aria-labelledby"] for _, a in found.elements if "aria-labelledby" in a}
    assert named <= ids
    assert len([1 for _, a in found.elements if "id" in a]) == len(ids)


def test_without_scripts_no_dead_control_is_shown() -> None:
    (tools,) = PAGE.all("div", id="tools")
    assert "hidden" in tools
    assert not [a for a in PAGE.all("button") if a.get("class") == "copy"]


def test_tables_have_headers_and_the_page_has_its_landmarks() -> None:
    assert PAGE.all("th")
    assert all("scope" in th for th in PAGE.all("th"))
    for tag in ("header", "nav", "main", "footer", "h1"):
        assert len(PAGE.all(tag)) == 1, tag
    assert PAGE.all("html") == [{"lang": "en"}]


def test_style_and_script_stay_small() -> None:
    assert len(PAGE.inlined["style"]) + len(PAGE.inlined["script"]) < 40_000


def colours(css: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block)) for block in blocks]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_enough(theme: int) -> None:
    palette = colours(PAGE.inlined["style"])[theme]
    pairs = [(f, b) for f in ("ink", "dim", "link") for b in ("bg", "card", "sunk")]
    pairs += [(tone, f"{tone}-bg") for tone in ("good", "bad", "care", "note", "odd")]
    low = [pair for pair in pairs if contrast(palette[pair[0]], palette[pair[1]]) < 4.5]
    assert low == []


def test_the_page_is_the_same_for_the_same_record() -> None:
    record = sample_record()
    again = RunRecord.from_json(record.to_json())
    assert render_html(record) == render_html(again)
