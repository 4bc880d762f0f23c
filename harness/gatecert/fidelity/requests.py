"""Compares requests in the captures' notation, and flows of them. Pure.

Lengths of texts are not compared, since they vary with folder, date and version; that a text is
there, and of which kind, is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gatecert.fidelity.captures import CapturedFlow
from gatecert.fidelity.comparison import Comparison, paired
from gatecert.fidelity.notation import without_lengths

Shape = Mapping[str, Any]

# names of tool calls are the provider's; that a result names its call is the client's
_CALL_KEYS = ("id", "tool_use_id")


def compare_flow(
    flow: CapturedFlow, sent: Sequence[Shape], connections: int | None = None
) -> Comparison:
    """What was sent beside what was captured: number and order of requests, then each request."""
    result = Comparison(flow.capture, flow.name)
    result.point("flow", 0, "requests", flow.total, len(sent))
    if flow.connections is not None and flow.total:
        result.point("flow", 0, "connections", flow.connections, connections)
    kept = sent if flow.total == len(flow.requests) else sent[: len(flow.requests)]
    lines = [_line(request) for request in flow.requests]
    for place, ours in paired(lines, [_line(request) for request in kept]):
        if place is None:
            result.lose("flow", 1)
            result.differ(0, "extra", "no such request", _line(kept[ours or 0]))
        elif ours is None:
            _lost(result, place + 1, flow.requests[place])
        else:
            result.point(
                "flow", place + 1, "http", flow.requests[place]["http"], kept[ours]["http"]
            )
            compare_request(result, place + 1, flow.requests[place], kept[ours])
    _compare_later(result, flow, sent[len(kept) :])
    return result


def compare_request(result: Comparison, number: int, expected: Shape, actual: Shape) -> None:
    """Headers, top-level shape and body of one request."""
    _compare_headers(result, number, expected["headers_in_order"], actual["headers_in_order"])
    body, ours = expected.get("body_shape"), actual.get("body_shape")
    if isinstance(body, dict) and isinstance(ours, dict):
        _compare_top(result, number, body, ours)
    if body is not None or ours is not None:
        _compare_json(result, number, "body", normal(body), normal(ours))


def normal(shape: Any) -> Any:
    """A shape without what varies: lengths of texts, digits made of them, names of tool calls.

    The calls are numbered in the order in which they appear.
    """
    return _normal("", shape, {})


def _normal(key: str, shape: Any, calls: dict[str, str]) -> Any:
    if isinstance(shape, str):
        if key in _CALL_KEYS:
            return calls.setdefault(shape, f"call {len(calls) + 1}")
        return without_lengths(shape)
    if isinstance(shape, list):
        return [_normal("", item, calls) for item in shape]
    if isinstance(shape, dict):
        return {name: _normal(name, value, calls) for name, value in shape.items()}
    return shape


def _line(request: Shape) -> str:
    return f"{request['method']} {request['path']}"


def _lost(result: Comparison, number: int, request: Shape) -> None:
    """A captured request that was not sent: everything in it counts as different."""
    result.lose("flow", 1)
    result.lose("header", 2 * len(request["headers_in_order"]))
    body = request.get("body_shape")
    if isinstance(body, dict):
        result.lose("top", len(body))
        result.lose("body", len(body))
    result.differ(number, "request", _line(request), "not sent")


def _compare_later(result: Comparison, flow: CapturedFlow, sent: Sequence[Shape]) -> None:
    """Requests that were captured without their place: each beside the first of its kind."""
    for step, request in enumerate(flow.later, len(flow.requests) + 1):
        ours = next((shape for shape in sent if _line(shape) == _line(request)), None)
        if ours is None:
            _lost(result, step, request)
        else:
            result.point("flow", step, "http", request["http"], ours["http"])
            compare_request(result, step, request, ours)


def _compare_headers(
    result: Comparison, number: int, expected: Sequence[Sequence[str]], actual: Sequence[Any]
) -> None:
    names, ours = [name for name, _ in expected], [name for name, _ in actual]
    unpaired = _unpaired(names, ours)
    pairs = list(paired(names, ours))
    # sent elsewhere or in another case, which is told where it was captured
    told = Counter(names[place].lower() for place, o in pairs if place is not None and o is None)
    for place, other in pairs:
        if place is None:
            name = ours[other or 0]
            if told[name.lower()]:
                told[name.lower()] -= 1
            else:
                result.point("header", number, f"headers.{name}", "absent", "present")
        elif other is None:
            result.lose("header", 1)
            found = unpaired.get(names[place].lower(), "absent")
            result.point("header", number, f"headers.{names[place]}", "present", found)
        else:
            result.point("header", number, f"headers.{names[place]}", names[place], ours[other])
            path = f"headers.{names[place]}.value"
            result.point("header", number, path, expected[place][1], actual[other][1])


def _unpaired(names: Sequence[str], ours: Sequence[str]) -> dict[str, str]:
    """Why a captured name has no partner though we send it: in another case, or elsewhere."""
    return {n.lower(): f"at another place as {n}" if n in names else f"written {n}" for n in ours}


def _compare_top(
    result: Comparison, number: int, expected: Mapping[str, Any], actual: Mapping[str, Any]
) -> None:
    keys, ours = list(expected), list(actual)
    for place, other in paired(keys, ours):
        if place is None:
            key = ours[other or 0]
            if key not in expected:
                result.point("top", number, f"keys.{key}", "absent", "present")
        elif other is None:
            found = "at another place" if keys[place] in actual else "absent"
            result.point("top", number, f"keys.{keys[place]}", "present", found)
        else:
            key = keys[place]
            result.point("top", number, f"keys.{key}", _kind(expected[key]), _kind(actual[key]))


def _compare_json(result: Comparison, number: int, path: str, expected: Any, actual: Any) -> None:
    """Two shapes level by level; each key, item and leaf is a point."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        _compare_objects(result, number, path, expected, actual)
    elif isinstance(expected, list) and isinstance(actual, list):
        _compare_lists(result, number, path, expected, actual)
    else:
        result.point("body", number, path, _leaf(expected), _leaf(actual))


def _compare_objects(
    result: Comparison, number: int, path: str, expected: dict[str, Any], actual: dict[str, Any]
) -> None:
    shared = [key for key in expected if key in actual]
    order = [key for key in actual if key in expected]
    result.point("body", number, f"{path}.<order>", " ".join(shared), " ".join(order))
    for key, value in expected.items():
        if key in actual:
            _compare_json(result, number, f"{path}.{key}", value, actual[key])
        else:
            result.point("body", number, f"{path}.{key}", "present", "absent")
    for key in actual:
        if key not in expected:
            result.point("body", number, f"{path}.{key}", "absent", "present")


def _compare_lists(
    result: Comparison, number: int, path: str, expected: list[Any], actual: list[Any]
) -> None:
    ours = [_identity(item) for item in actual]
    for place, other in paired([_identity(item) for item in expected], ours):
        if place is None:
            step = other or 0
            result.point("body", number, f"{path}.+{step}", "absent", _leaf(actual[step]))
        elif other is None:
            result.point("body", number, f"{path}.{place}", _leaf(expected[place]), "absent")
        else:
            _compare_json(result, number, f"{path}.{place}", expected[place], actual[other])


def _identity(item: Any) -> str:
    """What makes an item of a list the same item: its name, or its role or type."""
    if isinstance(item, dict):
        return str(item.get("name") or item.get("role") or item.get("type") or "object")
    return _kind(item)


def _leaf(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    for kind, name in ((int, "number"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
