"""What the recording server answered, rebuilt as scripts for our provider.

Its answers all carried one message id, which shows how the engine merges such answers; ours do too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gatecert.upstream import Block, Plan
from gatecert.upstream.messages_api import events

_MESSAGE_ID = "msg_fake"
_BASH = '{"command":"ls","description":"List the folder"}'


def _call(number: int, name: str, arguments: str) -> Block:
    return Block("tool_use", (arguments,), name, f"toolu_fake{number:02}")


_TEXT = Block("text", ("An answer for ", "the test."))
_THINKING = Block("thinking", ("Let me think",), signature="c2ln")
ANSWERS: Mapping[str, Sequence[Block]] = {
    "text": (_TEXT,),
    "think": (_THINKING, _TEXT),
    "bash": (Block("text", ("Looking.",)), _call(1, "Bash", _BASH)),
    "thinkbash": (_THINKING, _call(2, "Bash", _BASH)),
    "read": (_call(3, "Read", '{"file_path":"one.png"}'),),
    "tworead": (
        _call(4, "Read", '{"file_path":"one.txt"}'),
        _call(5, "Bash", _BASH),
    ),
    "agent": (
        _call(
            6,
            "Agent",
            '{"description":"Greet","prompt":"say hi","subagent_type":"general-purpose"}',
        ),
    ),
    "websearch": (_call(7, "WebSearch", '{"query":"gateway"}'),),
}


def plan_of(name: str, model: str = "a-model") -> Plan:
    """The provider's plan for an answer of this name by ``model``.

    A name that it does not know is a plain text.

    ``err:STATUS:TYPE|MESSAGE`` is an error.
    """
    if name.startswith("err:"):
        _, status, rest = name.split(":", 2)
        kind, _, message = rest.partition("|")
        return Plan(status=int(status), error={"type": kind, "message": message})
    blocks = ANSWERS.get(name, ANSWERS["text"])
    stop = "tool_use" if any(block.type == "tool_use" for block in blocks) else "end_turn"
    script = list(events(Plan(blocks=blocks, stop_reason=stop), "", model))
    return Plan(events=[[event, _with_id(data)] for event, data in script])


def _with_id(data: Any) -> Any:
    """The event's data with the one id that every answer carries."""
    copied = json.loads(json.dumps(data))
    if "message" in copied:
        copied["message"]["id"] = _MESSAGE_ID
    return copied
