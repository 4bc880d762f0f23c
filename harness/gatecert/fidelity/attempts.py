"""The simulated clients under the recorder's faults, beside what the real ones did.

For each fault of the captures: how many requests, with or without stream, what changed from one to
the next, how long between them, and the last words. The clock is virtual, the gateway a script in
memory; a gap agrees if it lies between the waits with no and with full jitter, with some room for
the real program's own time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from gatecert.desktop.draft import Draft
from gatecert.desktop.exchange import Exchange, OutgoingRequest
from gatecert.desktop.recovery import Attempt, Clock, Options, Persisted, RetryPolicy, persist
from gatecert.desktop.recovery import policy as policies
from gatecert.desktop.recovery.redraft import after_tools
from gatecert.desktop.recovery.sdkwords import thrown
from gatecert.fidelity.faults import answer

# a process, the recorder's own pauses and a credential helper take their time
_ROOM_S = 0.5
_URL = "http://127.0.0.1:<port>/v1/messages?beta=true"
_RETRIES = re.compile(r" \((?:CLAUDE_CODE_MAX_RETRIES=(\d+)|default retries)\)$")
# the captures keep so many entries of a change
_MOST_ENTRIES = 8
_ENGINES = {"claude-code-2.1.330": policies.CLI_330, "claude-code-2.1.197": policies.CLI_197}
_SDKS = {"python-2.12.0": policies.PYTHON_NEW, "ts-1.12.0": policies.TS_NEW}
# what iterating raw events finds wrong; everything else looks like an end
_RAW_FAILURES = (
    *("http", "redirect", "no-connection", "dropped", "error-event", "reset", "undecodable"),
)


@dataclass(frozen=True)
class Compared:
    """One thing compared: ``case`` is client and fault, ``what`` the aspect."""

    client: str
    case: str
    what: str
    captured: str
    simulated: str

    @property
    def same(self) -> bool:
        """Whether they agree."""
        return self.captured == self.simulated


@dataclass(frozen=True)
class Case:
    """One fault: the answers in order (the last one stands for all that follow), and settings."""

    client: str
    name: str
    policy: RetryPolicy
    draft: Draft
    script: Sequence[str]
    options: Options
    renews: bool = False


def compare_attempts(captures: Path) -> list[Compared]:
    """Everything compared, in the order of the captures. Raises OSError and ValueError."""
    found: list[Compared] = []
    engines = _read(captures / "errors-claude-code.json")
    for client, faults in engines.items():
        draft = recorded_draft(captures / f"{client}.json")
        for name, captured in faults.items():
            found += compared(_engine_case(client, name, draft), captured)
    draft = recorded_draft(captures / "claude-code-2.1.330.json")
    for name, captured in _read(captures / "errors-claude-code-extra.json").items():
        found += _extra(name, captured, draft)
    for fault, calls in _read(captures / "errors-sdks.json").items():
        for call, captured in calls.items():
            found += _sdk(fault, call, captured)
    return found


def recorded_draft(capture: Path) -> Draft:
    """The first inference request of a capture as a draft: shapes instead of texts."""
    flows = json.loads(capture.read_text("utf-8"))["flows"]
    requests = flows["print_default_model"]["requests"]
    request = next(r for r in requests if r["method"] == "POST")
    headers = dict(request["headers_in_order"])
    betas = tuple(headers["anthropic-beta"].split(","))
    timeout = int(headers["X-Stainless-Timeout"])
    return Draft("recorded", request["body_shape"], betas, timeout)


def simulate(case: Case, chance: float) -> Persisted:
    """The whole turn; ``chance`` from 0 to 1 is the jitter of every wait. A tool loop goes on."""
    turn = _played(case, case.draft, chance)
    engine = case.policy.family == "engine" and turn.end.result == "answered"
    blocks = turn.last.outcome.blocks
    if not engine or not any(block.get("type") == "tool_use" for block in blocks):
        return turn
    later = _played(case, after_tools(turn.last.draft, blocks), chance)
    first = replace(later.attempts[0], why="tools")
    return replace(later, attempts=[*turn.attempts, first, *later.attempts[1:]])


def _played(case: Case, draft: Draft, chance: float) -> Persisted:
    served = iter(case.script)
    last = [case.script[-1]]

    def send(asked: Draft) -> Exchange:
        last[0] = next(served, last[0])
        request = OutgoingRequest("POST", _URL, [], json.dumps(dict(asked.body)).encode())
        name = _after_a_tool(last[0], asked)
        return answer(name, request, stream=asked.stream, headers_s=case.policy.headers_s)

    return persist(
        send,
        draft,
        case.policy,
        options=case.options,
        clock=Clock(sleep=lambda seconds: None, chance=lambda: chance),
        renew=(lambda: True) if case.renews else None,
    )


def _after_a_tool(name: str, draft: Draft) -> str:
    """The recorder answers plainly once a tool's result, or the rest of a lost answer, is due."""
    of_tools = name.startswith("s_tool") or name in ("endturntool", "s_rst_aftertool")
    later = any(m.get("role") == "assistant" for m in draft.body.get("messages", ()))
    return "text" if of_tools and later else name


def compared(case: Case, captured: Mapping[str, Any]) -> list[Compared]:
    """A case of ``errors-claude-code.json`` beside its simulation."""
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    requests = _requests(least, case.policy)
    rows = [
        ("requests", str(captured["messages_requests"]), str(requests)),
        ("last words", _plain(captured["final_message"]), _plain(_last_words(least))),
        ("outcome", _outcome(captured["is_error"]), _outcome(least.end.message != "")),
    ]
    if requests == len(least.attempts):
        modes = ["stream" if a.draft.stream else "json" for a in least.attempts]
        rows.append(("modes", " ".join(captured["modes"]), " ".join(modes)))
        rows.append(("gaps", *_gaps(captured["gaps_s"], least, most)))
        rows += _changed(captured["changes_between_attempts"], least.attempts[1:])
    return [Compared(case.client, case.name, *row) for row in rows]


def _engine_case(client: str, name: str, draft: Draft) -> Case:
    set_to = _RETRIES.search(name)
    fault = _RETRIES.sub("", name)
    retries = int(set_to.group(1)) if set_to and set_to.group(1) else None
    return Case(client, name, _ENGINES[client], draft, [fault], Options(max_retries=retries))


def _extra(name: str, captured: Mapping[str, Any], draft: Draft) -> list[Compared]:
    """A case of ``errors-claude-code-extra.json``, where it is about inference at all."""
    rows = [r for r in captured["requests"] if "count_tokens" not in r["request"]]
    turns = [r for r in rows if r["request"].startswith("POST /v1/messages")]
    if rows != turns or (not turns and name != "refused"):
        return []
    case = _extra_case(name, turns, draft)
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    gaps = [b["at_s"] - a["at_s"] for a, b in pairwise(turns)]
    modes = ["stream" if r["stream"] else "json" for r in turns]
    models = [str(r["model"]) for r in turns]
    sent = [a.draft for a in least.attempts]
    told = [
        ("last words", _plain(captured["final_message"]), _plain(_last_words(least))),
        ("outcome", _outcome(captured["exit_code"] != 0), _outcome(least.end.message != "")),
    ]
    if turns:
        simulated = ["stream" if d.stream else "json" for d in sent]
        told.append(("modes", " ".join(modes), " ".join(simulated)))
        told.append(("models", " ".join(models), " ".join(str(d.body["model"]) for d in sent)))
        told.append(("gaps", *_gaps(gaps, least, most)))
    return [Compared("claude-code-2.1.330", name, *row) for row in told]


def _extra_case(name: str, turns: Sequence[Mapping[str, Any]], draft: Draft) -> Case:
    model = turns[0]["model"] if turns else "claude-sonnet-4-6"
    others = [r["model"] for r in turns if r["model"] != model]
    options = Options(
        # how often is not in the capture; one repeat is what its requests show
        max_retries=1 if name.startswith("nofallback") else None,
        fallback=not name.startswith("nofallback"),
        fallback_model=others[0] if others else "",
    )
    policy = policies.CLI_330
    if name.startswith("api_timeout"):
        policy = replace(policy, headers_s=float(turns[0]["x_stainless_timeout"]))
    script = [str(r["server_answered"]) for r in turns] or [name]
    sent = draft.with_fields(model=model, max_tokens=32_000)
    return Case("claude-code-2.1.330", name, policy, sent, script, options, "helper" in name)


def _sdk(fault: str, call: str, captured: Mapping[str, Any]) -> list[Compared]:
    """A call of ``errors-sdks.json`` beside its simulation."""
    client, _, how = call.partition(" ")
    policy = _SDKS[client]
    messages = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "max_tokens": 64, "messages": messages, "stream": how != "create"}
    case = Case(client, fault, policy, Draft(how, body, (), 600), [fault], Options())
    least, most = simulate(case, 0.0), simulate(case, 1.0)
    rows = [("requests", str(captured["requests"]), str(_requests(least, policy)))]
    if captured["outcome"].startswith("no answer within"):
        rows = [("first wait is long", "yes", "yes" if least.waits_s[0] >= 60 else "no")]
        return [Compared(client, f"{fault}, {how}", *row) for row in rows]
    if _requests(least, policy) == len(least.attempts):
        rows.append(("gaps", *_gaps(captured["gaps_s"], least, most)))
        counts = [a.draft.headers.get("X-Stainless-Retry-Count", "0") for a in least.attempts]
        numbers = [count or "" for count in counts]
        rows.append(("retry count", " ".join(captured["retry_count_headers"]), " ".join(numbers)))
    name, said = thrown(policy, least.last.outcome)
    if how == "rawstream":
        name, said = _raw(name, said, least.last, policy)
    known = captured["outcome"].removeprefix("exception ").rpartition(".")[2]
    known = "" if known == "ok" else known
    rows.append(("exception", known, name))
    rows.append(("last words", _cut(captured["message"]), _cut(said)))
    if "returned" in captured and not name:
        rows.append(("returned", *_returned(captured["returned"], least.last)))
    return [Compared(client, f"{fault}, {how}", *row) for row in rows]


def _raw(name: str, said: str, last: Attempt, policy: RetryPolicy) -> tuple[str, str]:
    """Below the stream helper little fails, and the TS SDK lets the platform's errors out."""
    outcome = last.outcome
    bad_json = outcome.reading.defect == "bad-json"
    if outcome.kind not in _RAW_FAILURES and not bad_json:
        return "", ""
    if policy.family == "ts" and name == "AnthropicError":
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


def _requests(turn: Persisted, policy: RetryPolicy) -> int:
    circles = sum(a.outcome.kind == "redirect" and a.outcome.status > 303 for a in turn.attempts)
    return len(turn.attempts) + circles * (policy.redirect_hops - 1)


def _last_words(turn: Persisted) -> str:
    return turn.end.message or turn.last.outcome.text


def _outcome(failed: bool) -> str:
    return "error" if failed else "answer"


def _plain(text: str) -> str:
    """Without what no simulation can know: the size of the real conversation, our blanks."""
    return re.sub(r"only ~\d+ tokens", "only ~N tokens", " ".join(text.split()))


def _cut(text: str) -> str:
    """The captures keep the first characters of an SDK's message; JSON may be spaced otherwise."""
    return re.sub(r"\s+", "", text)[:100]


def _gaps(captured: Sequence[float], least: Persisted, most: Persisted) -> tuple[str, str]:
    """The gaps as captured, and as simulated where each lies within its window."""
    known = " ".join(f"{gap:.1f}" for gap in captured)
    low, high = _between(least), _between(most)
    windows = list(zip(low, high, strict=True))
    fits = len(captured) == len(windows) and all(
        round(min(ends), 1) - 0.05 <= gap <= max(ends) + _ROOM_S
        for gap, ends in zip(captured, windows, strict=True)
    )
    return known, known if fits else " ".join(f"{a:.1f}-{b:.1f}" for a, b in windows)


def _between(turn: Persisted) -> list[float]:
    """From each request to the next, in seconds."""
    lasted = [a.outcome.exchange.end_ms / 1000 for a in turn.attempts]
    return [lasted[n] + a.wait_s for n, a in enumerate(turn.attempts[1:])]


def _changed(
    captured: Sequence[Sequence[str]], attempts: Sequence[Attempt]
) -> Iterator[tuple[str, str, str]]:
    """Where each request differs from the one before, by places and betas."""
    for number, (known, attempt) in enumerate(zip(captured, attempts, strict=False), 2):
        places = _places(known)
        simulated = _places(attempt.changed if attempt.why != "tools" else [".messages"])
        if len(known) >= _MOST_ENTRIES:  # the rest was not kept
            simulated = [place for place in simulated if place in places]
        yield f"changes of request {number}", "; ".join(places), "; ".join(simulated)


def _places(entries: Sequence[str]) -> list[str]:
    """``.thinking.display`` and the like, whole for betas; sizes and indices left out."""
    return sorted({_place(entry) for entry in entries if "connection:" not in entry})


def _place(entry: str) -> str:
    if entry.startswith("beta"):
        return entry
    words = re.sub(r"\[\d+\]", "", entry).lstrip("+- ").partition("=")[0].partition(":")[0]
    deep = words.startswith(".thinking")
    return words if deep or not words.startswith(".") else "." + words.split(".")[1]


def _read(path: Path) -> Mapping[str, Any]:
    results: Mapping[str, Any] = json.loads(path.read_text("utf-8"))["results"]
    return results
