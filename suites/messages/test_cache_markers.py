"""Cache markers on their way to the provider."""

from collections.abc import Iterator
from typing import Any

from gatecert.suite import (
    MUST,
    READ,
    READY,
    SHOULD,
    DesktopApp,
    ScriptedProvider,
    arrivals,
    expect,
    kept,
    requirement,
)

_HOP = "gateway → provider"
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_HOUR = {"type": "ephemeral", "ttl": "1h"}
_CALL = {"type": "tool_use", "id": "toolu_01Mark", "name": "Read", "input": {"path": "/a"}}
_RESULT = {"tool_use_id": "toolu_01Mark", "type": "tool_result", "content": "line 1"}
_PICTURE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": _PNG},
}
_BETAS = ("extended-cache-ttl-2025-04-11", "prompt-caching-scope-2026-01-05")


def _loop(marker: dict[str, Any]) -> list[dict[str, Any]]:
    """A tool loop whose last block, a tool result, is marked."""
    result = {**_RESULT, "cache_control": marker}
    return [{"role": "assistant", "content": [_CALL]}, {"role": "user", "content": [result]}]


@requirement(
    "MSG-43",
    MUST,
    source="observed: the last block of a request is marked, and that is mostly a tool result",
    why="The whole conversation is paid anew with each step of a tool loop, tenfold.",
    fix="Keep cache_control on blocks of every type: tool_result, image, document, text.",
    since="0.2",
)
def test_marker_of_the_last_block_arrives(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """The cache marker of the last block arrives, be it a tool result or a picture."""
    marked_picture = {**_PICTURE, "cache_control": {"type": "ephemeral"}}
    picture = [READY, {"role": "user", "content": [marked_picture]}]
    for further in (_loop({"type": "ephemeral"}), picture):
        for came in arrivals(desktop, provider, further=further):
            kept(further, came.further, "the marked messages")


@requirement(
    "MSG-44",
    SHOULD,
    source="field: markers lost on tools and calls, and ttl, scope and top-level markers dropped",
    why="Parts of each turn are paid anew, or an hour's cache lasts five minutes.",
    fix="Pass cache_control on whole wherever it stands, ttl and scope included, also at the top of the body.",
    since="0.2",
)
def test_markers_arrive_wherever_they_stand(
    desktop: DesktopApp, provider: ScriptedProvider
) -> None:
    """Markers with ttl and scope arrive on system, tools, calls, results and at the top of the body."""
    wide = {**_HOUR, "scope": "global"}
    call, result = {**_CALL, "cache_control": _HOUR}, {**_RESULT, "cache_control": _HOUR}
    history = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    fields = {
        "system": [{"type": "text", "text": "Answer briefly.", "cache_control": wide}],
        "tools": [READ, {**READ, "name": "Later", "cache_control": _HOUR}],
    }
    for came in arrivals(desktop, provider, further=history, fields=fields, betas=_BETAS):
        kept(history, came.further, "the marked messages")
        for name, value in fields.items():
            kept(value, came.body.get(name), f"the field {name}")
    for came in arrivals(desktop, provider, fields={"cache_control": _HOUR}, betas=_BETAS):
        kept(_HOUR, came.body.get("cache_control"), "cache_control at the top of the body")


@requirement(
    "MSG-45",
    MUST,
    source="field: a provider takes four markers, and a gateway that adds its own makes them five",
    why="Turns end in 400 as soon as a conversation has tools.",
    fix="Add no cache markers of your own (automatic prompt caching in the gateway is off).",
    since="0.2",
)
def test_no_marker_is_added(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """No cache marker arrives that was not sent, be there four of them or none."""
    marker = {"type": "ephemeral"}
    full = {
        "system": [{"type": "text", "text": t, "cache_control": marker} for t in ("One", "Two")],
        "tools": [{**READ, "cache_control": marker}],
    }
    bare = _loop(marker)
    bare[1] = {"role": "user", "content": [_RESULT]}
    for fields, further in ((full, _loop(marker)), ({}, bare)):
        for came in arrivals(desktop, provider, fields=fields, further=further):
            sent, found = list(_marked(came.sent)), list(_marked(came.body))
            added = [place for place in found if place not in sent]
            expect(
                len(found) <= len(sent) and not added,
                f"at most the {len(sent)} cache markers that were sent",
                f"{len(found)}, also at {', '.join(added) or 'the same places'}",
                hop=_HOP,
                silent=True,
            )


def _marked(node: Any, path: str = "") -> Iterator[str]:
    """Where cache markers stand."""
    if isinstance(node, dict):
        if node.get("cache_control"):
            yield path or "the top"
        for name, value in node.items():
            if name not in ("input", "input_schema"):
                yield from _marked(value, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _marked(value, f"{path}[{number}]")
