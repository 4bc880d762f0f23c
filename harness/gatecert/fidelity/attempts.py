"""The attempts of each client under each fault, beside what the real one did.

For each fault of the captures: how many requests, with or without stream, what changed from one to
the next, how long between them, and the last words. A gap agrees if it lies between the waits with
no and with full jitter, with some room for the real program's own time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.recovery import Attempt, Options, Persisted, RetryPolicy
from gatecert.desktop.recovery import policy as policies
from gatecert.desktop.recovery.sdkwords import thrown
from gatecert.fidelity.captures import read_json
from gatecert.fidelity.comparison import Comparison
from gatecert.fidelity.rehearsal import (
    Case,
    between,
    last_words,
    recorded_draft,
    requests_of,
    simulate,
)

KIND = "attempt"
# of what is in them only their sizes and places were kept
_LISTS = (".messages", ".tools")
# of which the value counts as well
_WHOLE = (".max_tokens",)
# a process, the recorder's own pauses and a credential helper take their time
_ROOM_S = 0.5
_RETRIES = re.compile(r" \((?:CLAUDE_CODE_MAX_RETRIES=(\d+)|default retries)\)$")
# the captures keep so many entries of a change, and so much of an SDK's message
_MOST_ENTRIES = 8
_MOST_OF_A_MESSAGE = 100
_MOST_OF_A_SENTENCE = 400
# an answer of which only the length was kept, ids, and the number of entries that were not kept
_LENGTH = re.compile(r"str\(\d+\)")
_ID = re.compile(r"\b(?:req|msg)_\w+|<(?:request|message)-id>")
_MORE = re.compile(r"and \d+ more")
_ENGINES = {"claude-code-2.1.330": policies.PRINT_330, "claude-code-2.1.197": policies.PRINT_197}
_SDKS = {"python-2.12.0": policies.PYTHON_NEW, "ts-1.12.0": policies.TS_NEW}
# what iterating raw events finds wrong; everything else looks like an end
_RAW_FAILURES = (
    *("http", "redirect", "no-connection", "dropped", "error-event", "reset", "undecodable"),
)

ByProfile = Iterator[tuple[str, Comparison]]


def compare_attempts(captures: Path) -> ByProfile:
    """Every fault of the captures in a folder, with the profile's name. Raises UsageError."""
    yield from _engines(captures)
    yield from _extras(captures)
    for fault, calls in results_in(captures / "errors-sdks.json").items():
        for call, captured in calls.items():
            yield _sdk(fault, call, captured)


def _engines(captures: Path) -> ByProfile:
    for client, faults in results_in(captures / "errors-claude-code.json").items():
        draft = recorded_draft(captures / f"{client}.json")
        for name, captured in faults.items():
            policy = _ENGINES[client]
            result = Comparison("errors-claude-code", f"{policy.version} {name}")
            compare(result, _engine_case(policy, name, draft), captured)
            yield policy.name, result


def _engine_case(policy: RetryPolicy, name: str, draft: Draft) -> Case:
    set_to = _RETRIES.search(name)
    retries = int(set_to.group(1)) if set_to and set_to.group(1) else None
    return Case(policy, draft, [_RETRIES.sub("", name)], Options(max_retries=retries))


def compare(result: Comparison, case: Case, captured: Mapping[str, Any]) -> None:
    """Compare one fault of an engine with its simulation."""
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    requests = requests_of(least, case.policy)
    result.point(KIND, 0, "requests", captured["messages_requests"], requests)
    if captured["is_error"] is not None:  # a screen is not read
        _compare_end(result, captured["final_message"], captured["is_error"], least)
    if requests != len(least.attempts):
        return  # a circle of redirects, of which the capture keeps nothing else
    modes = ["stream" if a.draft.stream else "json" for a in least.attempts]
    result.point(KIND, 0, "modes", list(captured["modes"]), modes)
    result.point(KIND, 0, "gaps", *_gaps(captured["gaps_s"], least, most))
    changes = zip(captured["changes_between_attempts"], least.attempts[1:], strict=False)
    for number, (known, attempt) in enumerate(changes, 2):
        _compare_changes(result, number, known, attempt)


def _compare_end(result: Comparison, words: str, failed: bool, turn: Persisted) -> None:
    known, ours = _plain(words), _plain(last_words(turn))
    if _LENGTH.fullmatch(known) and not failed:
        ours = f"str({len(last_words(turn))})"
    elif len(words) >= _MOST_OF_A_SENTENCE:  # the rest was not kept
        ours = ours[: len(known)]
    result.point(KIND, 0, "last words", known, ours)
    result.point(KIND, 0, "failed", failed, turn.end.message != "")


def _extras(captures: Path) -> ByProfile:
    """The cases of one engine with other settings, where they are about inference at all."""
    cases = results_in(captures / "errors-claude-code-extra.json")
    if not cases:
        return
    draft = recorded_draft(captures / "claude-code-2.1.330.json")
    for name, captured in cases.items():
        turns = [r for r in captured["requests"] if "/v1/messages?" in r["request"]]
        if turns == captured["requests"] and (turns or name == "refused"):
            result = Comparison("errors-claude-code-extra", name)
            _compare_extra(result, _extra_case(name, turns, draft), captured, turns)
            yield policies.PRINT_330.name, result


def _compare_extra(
    result: Comparison, case: Case, captured: Mapping[str, Any], turns: Sequence[Any]
) -> None:
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    _compare_end(result, captured["final_message"], captured["exit_code"] != 0, least)
    if not turns:
        return  # nobody listened, so that nothing was counted
    sent = [a.draft for a in least.attempts]
    rows = [(r["stream"], r["model"], r["max_tokens"]) for r in turns]
    ours = [(d.stream, d.body["model"], d.body["max_tokens"]) for d in sent]
    result.point(KIND, 0, "stream, model and max_tokens", rows, ours)
    gaps = [b["at_s"] - a["at_s"] for a, b in pairwise(turns)]
    result.point(KIND, 0, "gaps", *_gaps(gaps, least, most))


def _extra_case(name: str, turns: Sequence[Mapping[str, Any]], draft: Draft) -> Case:
    model = turns[0]["model"] if turns else draft.body["model"]
    others = [r["model"] for r in turns if r["model"] != model]
    options = Options(
        # how often is not in the capture; one repeat in all is what these requests show
        max_retries=1 if name.startswith(("nofallback", "stream_then")) else None,
        fallback=not name.startswith("nofallback"),
        fallback_model=others[0] if others else "",
    )
    policy = policies.PRINT_330
    if name.startswith("api_timeout"):
        policy = replace(policy, headers_s=float(turns[0]["x_stainless_timeout"]))
    script = [str(r["server_answered"]) for r in turns] or [name]
    most = turns[0]["max_tokens"] if turns else draft.body["max_tokens"]
    sent = draft.with_fields(model=model, max_tokens=most)
    return Case(policy, sent, script, options, "helper" in name)


def _sdk(fault: str, call: str, captured: Mapping[str, Any]) -> tuple[str, Comparison]:
    client, _, how = call.partition(" ")
    policy = _SDKS[client]
    result = Comparison("errors-sdks", f"{fault}, {call}")
    messages = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "max_tokens": 64, "messages": messages, "stream": how != "create"}
    case = Case(policy, Draft(how, body, (), 600), [fault])
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    if captured["outcome"].startswith("no answer within"):
        result.point(KIND, 0, "waits long", True, least.waits_s[0] >= 60)
        return policy.name, result
    requests = requests_of(least, policy)
    result.point(KIND, 0, "requests", captured["requests"], requests)
    if requests == len(least.attempts):
        result.point(KIND, 0, "gaps", *_gaps(captured["gaps_s"], least, most))
        counts = [a.draft.headers.get("X-Stainless-Retry-Count", "0") for a in least.attempts]
        result.point(KIND, 0, "retry count", list(captured["retry_count_headers"]), counts)
    _compare_exception(result, captured, thrown(policy, least.last.outcome), least.last, how)
    return policy.name, result


def _compare_exception(
    result: Comparison,
    captured: Mapping[str, Any],
    exception: tuple[str, str],
    last: Attempt,
    how: str,
) -> None:
    name, said = _raw(*exception, last) if how == "rawstream" else exception
    known = captured["outcome"].removeprefix("exception ").rpartition(".")[2]
    result.point(KIND, 0, "exception", "" if known == "ok" else known, name)
    result.point(KIND, 0, "last words", _start(captured["message"]), _start(said))
    if "returned" in captured and not name:
        result.point(KIND, 0, "returned", *_returned(captured["returned"], last))


def _raw(name: str, said: str, last: Attempt) -> tuple[str, str]:
    """Below the stream helper little fails, and the TS SDK lets the platform's errors out."""
    bad_json = last.outcome.reading.defect == "bad-json"
    if last.outcome.kind not in _RAW_FAILURES and not bad_json:
        return "", ""
    if name == "AnthropicError":
        return "SyntaxError" if bad_json else "TypeError", said
    return name, said


def _returned(captured: Any, last: Attempt) -> tuple[str, str]:
    if not isinstance(captured, dict):
        return "no message", "no message" if last.outcome.kind == "malformed" else "a message"
    content = [[str(kind), value or ""] for kind, value in captured["content"]]
    reading = last.outcome.reading
    blocks = [[b["type"], b.get("text") or b.get("input") or ""] for b in last.outcome.blocks]
    stop = reading.stop_reason
    if not last.outcome.streamed:
        whole = last.outcome.exchange.json()
        stop = whole.get("stop_reason") if isinstance(whole, dict) else None
    return f"{captured['stop']} {content}", f"{stop} {blocks}"


def _plain(text: str) -> str:
    """Without what no simulation can know: the size of the real conversation, ids, our blanks."""
    bare = _ID.sub("<id>", " ".join(text.split()))
    return re.sub(r"only ~\d+ tokens", "only ~N tokens", bare)


def _start(text: str) -> str:
    """The beginning of a message; JSON in it may be spaced otherwise."""
    return re.sub(r"\s+", "", text)[:_MOST_OF_A_MESSAGE]


def _gaps(captured: Sequence[float], least: Persisted, most: Persisted) -> tuple[str, str]:
    """The gaps as captured, and as simulated where each lies within its window."""
    known = " ".join(f"{gap:.1f}" for gap in captured)
    low, high = between(least), between(most)
    windows = list(zip(low, high, strict=True))
    fits = len(captured) == len(windows) and all(
        round(min(ends), 1) - 0.05 <= gap <= max(ends) + _ROOM_S
        for gap, ends in zip(captured, windows, strict=True)
    )
    return known, known if fits else " ".join(f"{a:.1f}-{b:.1f}" for a, b in windows)


def _compare_changes(
    result: Comparison, number: int, known: Sequence[str], attempt: Attempt
) -> None:
    """Where a request differs from the one before: each place a point, so is that there is none."""
    places = _places(known)
    simulated = _places(attempt.changed if attempt.why != "tools" else [".messages"])
    if len(known) >= _MOST_ENTRIES:  # the rest was not kept
        simulated = [place for place in simulated if place in places]
    for place in sorted({*places, *simulated}):
        there, here = (place if place in found else "no such" for found in (places, simulated))
        result.point(KIND, number, f"changes {_named(place)}", there, here)
    if not places and not simulated:
        result.point(KIND, number, "changes", "none", "none")


def _named(place: str) -> str:
    """A place without what came and went there."""
    return place.partition(" ")[0].partition(":")[0].lstrip("+-")


def _places(entries: Sequence[str]) -> list[str]:
    """``.thinking.display`` and the like, whole for betas; sizes and indices left out."""
    kept = (e for e in entries if "connection:" not in e and not _MORE.fullmatch(e))
    return sorted({_place(entry) for entry in kept})


def _place(entry: str) -> str:
    if not entry.lstrip("+- ").startswith(".") or entry.startswith(_WHOLE):
        return entry.replace("'", "") if entry.startswith("hdr") else entry
    words = re.sub(r"\[\d+\]", "", entry.lstrip("+- ")).partition("=")[0].partition(":")[0]
    place = words if words.startswith(".thinking") else "." + words.split(".")[1]
    sign = entry[0] if entry[0] in "+-" else ""
    return place if place in _LISTS else sign + place


def results_in(file: Path) -> Mapping[str, Any]:
    """What a capture of faults holds, empty if there is none. Raises UsageError."""
    document = read_json(file) if file.exists() else {}
    found: Mapping[str, Any] = document["results"] if document else {}
    return found
