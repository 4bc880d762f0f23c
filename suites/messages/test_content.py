"""What stands inside messages on their way to the provider: texts, pictures, documents, results."""

from typing import Any

from gatecert.suite import (
    MUST,
    READY,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    a_receipt,
    arrival,
    arrivals,
    expect,
    kept,
    kept_in_answer,
    lean_turn,
    requirement,
    same,
)

_HOP = "gateway → provider"
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_PICTURE = {"type": "base64", "media_type": "image/png", "data": _PNG}
_FORMS: list[dict[str, Any]] = [
    {"role": "assistant", "content": "A text."},
    {"role": "user", "content": [{"type": "text", "text": "One block."}]},
    {"role": "assistant", "content": [{"type": "text", "text": t} for t in ("Two ", "blocks.")]},
    {"role": "user", "content": " A text with blanks at its ends.\n"},
]
_SYSTEMS = (
    "A text of instructions.",
    [{"type": "text", "text": text} for text in ("One block, ", "and another.")],
)


@requirement(
    "MSG-27",
    MUST,
    source="field: schemas of gateways that know one form of content and meet the other",
    why="Turns end in 400, or parts of the conversation are missing or run together.",
    fix="Take a text as well as a list of blocks wherever the Messages API does: in system, in every message.",
    since="0.2",
)
def test_both_forms_of_content_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Content as a plain text and as a list of blocks, in system and in messages, arrives with the same meaning."""
    for system in _SYSTEMS:
        for came in arrivals(desktop, provider, further=_FORMS, fields={"system": system}):
            kept(_FORMS, came.further, "the messages")
            # system is compared as a message's content, which has the same two forms
            as_sent = {"role": "system", "content": system}
            kept(as_sent, {"role": "system", "content": came.body.get("system")}, "system")


@requirement(
    "MSG-28",
    SHOULD,
    source="official: inspect without modifying bodies",
    why="Prompt caches miss when a conversation is written in another form from one turn to the next.",
    fix="Pass content on in the form in which it came.",
    since="0.2",
)
def test_form_of_content_is_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A text stays a text and a list of blocks a list, in system and in messages."""
    for system in _SYSTEMS:
        for came in arrivals(desktop, provider, further=_FORMS, fields={"system": system}):
            same(_FORMS, came.further, "the messages at the provider", hop=_HOP)
            same(system, came.body.get("system"), "system at the provider", hop=_HOP)


@requirement(
    "MSG-33",
    MUST,
    source="observed: tools give back a text, blocks, a picture with a reminder, or nothing",
    why="The model does not see what a tool has found, or the turn after it ends in 400.",
    fix="Pass tool_result blocks on whole, whatever their content is.",
    since="0.2",
)
def test_every_form_of_tool_result_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Tool results arrive: a text, blocks, a picture with text, nothing at all, an error."""
    text = {"type": "text", "text": "Two lines.\r\n"}
    document = {"type": "text", "media_type": "text/plain", "data": "Some notes."}
    contents: list[dict[str, Any]] = [
        {"content": '{"rows": [1, 2]}\n'},
        {"content": [text, {"type": "text", "text": " And a reminder."}]},
        {"content": [{"type": "image", "source": _PICTURE}, text]},
        {"content": [{"type": "document", "source": document}]},
        {"content": ""},
        {"content": []},
        {},
        {"content": "no such file", "is_error": True},
    ]
    calls = [
        {"type": "tool_use", "id": f"toolu_01Form{n}", "name": "Read", "input": {"path": f"/{n}"}}
        for n, _ in enumerate(contents)
    ]
    results = [
        {"tool_use_id": call["id"], "type": "tool_result", **content}
        for call, content in zip(calls, contents, strict=True)
    ]
    history = [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    for came in arrivals(desktop, provider, further=history):
        kept(history, came.further, "the tool results")


@requirement(
    "MSG-36",
    MUST,
    source="official: pictures and documents are content blocks of the Messages API",
    why="The model answers without having seen the attached picture or PDF.",
    fix="Pass image and document blocks on whole: source, title, context and citations, in their place.",
    since="0.2",
)
def test_attachments_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A picture, a PDF and a text document arrive in their place, with title, context and citations."""
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQKJeLjz9MK"}
    notes = {"type": "text", "media_type": "text/plain", "data": "Grüße\r\nund Ende"}
    blocks = {"type": "content", "content": [{"type": "text", "text": "A part."}]}
    cited = {"enabled": True}
    content = [
        {"type": "text", "text": "First this picture:"},
        {"type": "image", "source": _PICTURE},
        {"type": "document", "source": pdf, "title": "Plan.pdf", "citations": cited},
        {"type": "document", "source": notes, "context": "Minutes.", "citations": cited},
        {"type": "document", "source": blocks, "title": "Parts"},
        {"type": "text", "text": "What do they say?"},
    ]
    further = [READY, {"role": "user", "content": content}]
    for came in arrivals(desktop, provider, further=further):
        kept(further, came.further, "the attachments")


@requirement(
    "MSG-37",
    SHOULD,
    source="official: pictures and documents may be named by address or by file id",
    why="Attachments that tools name by address fail, although the model takes them.",
    fix="Pass sources of type url and file on as they are; do not fetch or refuse them.",
    since="0.2",
)
def test_named_attachments_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Pictures and documents that are named by address or by file id arrive so."""
    address = {"type": "url", "url": "https://pictures.example/a%20b.png?size=2&x=%2F"}
    content = [
        {"type": "image", "source": address},
        {"type": "document", "source": {"type": "url", "url": "https://files.example/plan.pdf"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}},
    ]
    further = [READY, {"role": "user", "content": content}]
    betas = ("files-api-2025-04-14",)
    for came in arrivals(desktop, provider, further=further, betas=betas):
        kept(further, came.further, "the attachments")


@requirement(
    "MSG-55",
    SHOULD,
    source="field: blocks of server tools that a gateway restructures when they are sent back",
    why="A conversation in which the provider has searched ends in 400 with its next turn.",
    fix="Pass history on as it is: encrypted_content, encrypted_index and redacted data included.",
    since="0.2",
)
def test_server_tool_history_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A search by the provider and redacted thinking arrive unchanged when they are sent back."""
    found = {
        "type": "web_search_result",
        "url": "https://news.example/a",
        "title": "News",
        "encrypted_content": "EqgfCioIARgBIiQ3YTAwMjY1Mi1m+/A=" * 8,
        "page_age": "April 30, 2026",
    }
    citation = {
        "type": "web_search_result_location",
        "url": "https://news.example/a",
        "title": "News",
        "encrypted_index": "Eo8BCioIAhgBIiQyYjQ0OWJmZi1l",
        "cited_text": "It rained.",
    }
    call = {"id": "srvtoolu_01WYG3ziw53XMcoyKL4XcZmE", "name": "web_search"}
    content = [
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a"},
        {"type": "server_tool_use", **call, "input": {"query": "weather"}},
        {"type": "web_search_tool_result", "tool_use_id": call["id"], "content": [found]},
        {"type": "text", "text": "It rained.", "citations": [citation]},
    ]
    history = [{"role": "assistant", "content": content}, {"role": "user", "content": "And today?"}]
    for came in arrivals(desktop, provider, further=history):
        kept(history, came.further, "the history")


@requirement(
    "MSG-70",
    MUST,
    source="observed: engines ask for thinking with display omitted; each thought is then a signature without words",
    why="The turn after a tool call ends in 400, or the model has forgotten what it thought.",
    fix="Never drop a thinking block because its text is empty: the signature alone carries the thought.",
    since="0.2",
)
def test_wordless_thoughts_arrive(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Thoughts without words, a signature only, arrive in whole answers and when they are sent back."""
    signature = "EqQBCkYIWordless/+A=="
    thought = {"type": "thinking", "thinking": "", "signature": signature}
    call = {"type": "tool_use", "id": "toolu_01Wordless", "name": "Read", "input": {"path": "/a"}}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "Nothing."}
    history = [
        {"role": "assistant", "content": [thought, call]},
        {"role": "user", "content": [result]},
    ]
    fields = {"thinking": {"type": "adaptive", "display": "omitted"}}
    blocks = [
        Block("thinking", signature=signature),
        Block("text", ["Nothing there."]),
    ]
    for came in arrivals(
        desktop, provider, plan=Plan(blocks=blocks), further=history, fields=fields
    ):
        kept(history, came.further, "the history")
        kept(fields["thinking"], came.body.get("thinking"), "the thinking field")
        if not came.turn.stream:
            kept_in_answer([thought], came.turn.blocks[:1], "the thought of the answer")


@requirement(
    "MSG-56",
    MUST,
    source="field: blocks of a type that is not in the gateway's schema are dropped without a word",
    why="The model answers a question that it has seen only half of, and nobody is told.",
    fix="Pass content blocks of unknown types on, or refuse the request; never drop one.",
    since="0.2",
)
def test_unknown_block_is_not_dropped(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A content block of a type that the gateway cannot know arrives, or the request is refused."""
    block = {"type": "gatecert_future_block", "id": "adv_01", "content": [{"type": "note", "n": 1}]}
    asked: list[dict[str, Any]] = [{"type": "text", "text": "See this:"}, block]
    for stream in (True, False):
        script = provider.script()
        further: list[dict[str, Any]] = [
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": asked},
        ]
        turn = lean_turn(desktop, script.text, further=further, stream=stream)
        status = turn.exchange.status
        expect(
            status is not None and (status == 200 or 400 <= status < 500),
            "the block of an unknown type to be passed on, or refused with 4xx",
            turn.exchange.summary(),
        )
        if status == 200:
            came = arrival(turn, a_receipt(provider.receipts(script)))
            kept(further, came.further, "the block of an unknown type")
