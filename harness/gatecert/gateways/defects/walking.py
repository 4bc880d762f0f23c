"""Where defects find what they bend: the blocks of a request, every value of a body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


def blocks_of(holder: Json) -> Iterator[Json]:
    """The content blocks of a message, a tool result or an answer."""
    content = holder.get("content")
    blocks = content if isinstance(content, list) else []
    return (block for block in blocks if isinstance(block, dict))


def messages_of(body: Json) -> Iterator[Json]:
    """The messages of a request."""
    messages = body.get("messages")
    yield from messages if isinstance(messages, list) else ()


def request_blocks(body: Json) -> Iterator[Json]:
    """Every content block in the messages of a request, those inside of results not included."""
    for message in messages_of(body):
        yield from blocks_of(message)


def results_of(body: Json) -> Iterator[Json]:
    """Every tool result of a request."""
    return (block for block in request_blocks(body) if block.get("type") == "tool_result")


def calls_of(body: Json) -> Iterator[Json]:
    """Every tool call of a request."""
    return (block for block in request_blocks(body) if block.get("type") == "tool_use")


def tools_of(body: Json) -> Iterator[Json]:
    """The tools that a request offers."""
    tools = body.get("tools")
    yield from tools if isinstance(tools, list) else ()


def keep_only(holder: Json, names: str) -> None:
    """Drop the members that are not among these words."""
    for name in [name for name in holder if name not in names.split()]:
        del holder[name]


def keep_blocks(holder: Json, wanted: Callable[[Json], bool]) -> None:
    """Drop the content blocks that are not wanted."""
    if isinstance(holder.get("content"), list):
        holder["content"] = [block for block in holder["content"] if wanted(block)]


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with every value in it changed, the innermost first."""
    if isinstance(value, dict):
        return change({name: mapped(entry, change) for name, entry in value.items()})
    if isinstance(value, list):
        return change([mapped(entry, change) for entry in value])
    return change(value)


def rewrite(body: Json, change: Callable[[Any], Any]) -> None:
    """Change every value of a body in place."""
    changed = mapped(dict(body), change)
    body.clear()
    body.update(changed)
