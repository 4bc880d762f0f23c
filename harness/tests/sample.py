"""Run records for tests: small ones, with every verdict and with strings that mean harm."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gatecert.record import (
    Cell,
    Evidence,
    Grid,
    GridRow,
    RecordedExchange,
    RecordedMessage,
    RecordedReceipt,
    Result,
    RunRecord,
    Seen,
)

# as a gateway could send them: markup, template code, escapes for terminals, characters that
# reorder or hide text, Markdown, half of a surrogate pair, and what XML forbids
HOSTILE = (
    "<script>alert('gateway')</script>\"'><img src=http://evil.test/x.png onerror=alert(1)> "
    "{{ 7 * 7 }} </pre></style></title>]]> \x1b[31mred\x1b[0m \x00\x08\x7f\x9b "
    "\u202egnp.exe\u2066 zero\u200bwidth \ufeff\u00ad\u2028\u2029\x85 tag\U000e0041 "
    "half\ud800 \ufffe "
    "| a cell | ![i](http://evil.test/i.png) [l](javascript:alert(1)) `code` **bold** "
    "https://evil.test"
)
KNOWN = {"reason": "the vendor works on it", "link": "https://example.com/issues/7"}

# identifier, area, level, verdict, reason code, suspect; one for each verdict
_CAST: Sequence[tuple[str, str, str, str, str, str]] = (
    ("CONN-01", "connection", "MUST", "pass", "held", ""),
    ("AUTH-03", "auth", "MUST", "fail", "deviates-silently", "gateway"),
    ("AUTH-09", "auth", "MUST", "not-applicable", "no-promise", ""),
    ("URL-02", "urls", "MUST", "fixed", "recorded-deviation-gone", ""),
    ("MODEL-04", "models", "MAY", "info", "deviates", "gateway"),
    ("MSG-05", "messages", "MUST", "known", "recorded-deviation", "gateway"),
    ("STREAM-07", "streaming", "SHOULD", "warn", "deviates", "provider"),
    ("ERR-06", "errors", "MUST", "error", "harness-fault", "harness"),
    ("OVER-01", "overhead", "MUST", "could-not-run", "measurement-invalid", "environment"),
)
VERDICT_OF = {identifier: verdict for identifier, _, _, verdict, _, _ in _CAST}


def sample_message(
    first_line: str = "HTTP/1.1 200 OK", body: str = '{"ok":true}'
) -> RecordedMessage:
    data = body.encode("utf-8", "surrogatepass")
    return RecordedMessage(
        first_line=first_line,
        headers=[["Content-Type", "application/json"], ["X-Odd", HOSTILE]],
        body=body,
        body_bytes=len(data),
        body_sha256=hashlib.sha256(data).hexdigest(),
        truncated=False,
    )


def sample_evidence() -> Evidence:
    return Evidence(
        exchanges=[
            RecordedExchange(
                purpose="turn",
                url="http://127.0.0.1:9/v1/messages?beta=true",
                request=sample_message("POST /v1/messages?beta=true HTTP/1.1"),
                response=sample_message(body=HOSTILE),
                fault="",
                headers_ms=3.5,
                end_ms=9.25,
                chunks=3,
                curl=f"curl -H \"Authorization: Bearer $GATEWAY_KEY\" --data-binary '{HOSTILE}'",
            ),
            RecordedExchange(
                purpose="second turn",
                url="http://127.0.0.1:9/v1/messages",
                request=sample_message("POST /v1/messages HTTP/1.1", ""),
                response=None,
                fault="closed: the peer went away",
                headers_ms=0.0,
                end_ms=1.0,
                chunks=0,
                curl="",
            ),
        ],
        receipts=[
            RecordedReceipt(
                provider="primary",
                token="t-1",
                request=sample_message("POST /v1/messages HTTP/1.1", HOSTILE),
                status=200,
                outcome="answered",
                hold="",
            )
        ],
        left_out=2,
        measurements=[],
        grids=sample_grids(),
        seen=sample_seen(),
    )


def sample_grids() -> list[Grid]:
    """One small table with every grade, and harm in every text."""
    cells = {
        "502": [("good", "backup · 1 + 1"), ("bad", "HTTP 502")],
        f"429 {HOSTILE}": [("told", f"429 {HOSTILE}"), ("none", "not promised")],
    }
    rows = [
        GridRow(name, [Cell(grade, shown, f"Seen: {shown} {HOSTILE}.") for grade, shown in row])
        for name, row in cells.items()
    ]
    columns = ["whole", f"streamed {HOSTILE}"]
    return [Grid(f"Fallback matrix: {HOSTILE}", f"Rows and columns {HOSTILE}.", columns, rows)]


def sample_seen() -> Seen:
    return Seen(f"The user waits, then reads “{HOSTILE}”", 179.4, 11, "observed")


def sample_measurements() -> list[Mapping[str, Any]]:
    arms = {"direct": [3.0, 3.25, 3.5, 4.0], "gateway": [5.0, 5.5, 6.25, 9.0]}
    return [
        *(
            {"name": "whole answer", "arm": arm, "n": 4, "p50_ms": ms[1], "samples_ms": ms}
            for arm, ms in arms.items()
        ),
        {
            "name": "whole answer",
            "arm": "gateway − direct",
            "n": 4,
            "overhead_ms": 2.25,
            "low_ms": 2.0,
            "high_ms": 5.0,
            "budget_ms": 3.0,
        },
    ]


def sample_result(identifier: str, **changes: Any) -> Result:
    cast = {row[0]: row for row in _CAST}
    _, area, level, verdict, code, suspect = cast[identifier]
    deviates = verdict in ("fail", "warn", "info", "known")
    found = Result(
        id=identifier,
        level=level,
        area=area,
        title=f"Title of {identifier} with {HOSTILE}",
        verdict=verdict,
        reason_code=code,
        reason=f"reason of {identifier}: {HOSTILE}",
        suspect=suspect,
        source={"kind": "official", "reference": "page of the client"},
        why=f"why {identifier} matters",
        fix=f"fix for {identifier}",
        expected="a clean text" if deviates else "",
        came=HOSTILE if deviates else "",
        hop="gateway → provider" if deviates else "",
        known=dict(KNOWN) if verdict in ("known", "fixed") else None,
        duration_ms=12.5,
        node=f"{area}/test_it.py::test_{identifier.lower().replace('-', '_')}",
        evidence=sample_evidence() if deviates or verdict == "pass" else Evidence([], [], 0, []),
    )
    if identifier == "OVER-01":
        found = replace(found, evidence=Evidence([], [], 0, sample_measurements()))
    return replace(found, **changes)


def sample_results(*identifiers: str) -> list[Result]:
    return [sample_result(i) for i in identifiers or VERDICT_OF]


def sample_record(**changes: Any) -> RunRecord:
    """A record with all nine verdicts; with ``results`` alone the rest is made to fit them."""
    results = changes.pop("results", None)
    results = sample_results() if results is None else results
    ids = [r.id for r in results]
    whole: dict[str, Any] = {
        "tool": {"name": "gatecert", "version": "0.1.0"},
        "catalogue": {"hash": f"sha256:{'0' * 64}", "requirements": len(ids)},
        "profile": {
            "engine": "engine-1",
            "engine_source": "a recording",
            "engine_sureness": "observed",
            "host": "host-1",
            "host_sureness": "inferred",
        },
        "target": _target(),
        "environment": {
            "python": "3.11.7",
            "system": "Linux",
            "machine": "x86_64",
            "cpus": 2,
            "load_1min": 0.25,
            "packages": {"httpx": "0.28.1"},
            "ci": True,
        },
        "selection": {"keyword": "", "marker": "", "areas": [], "ids": ids},
        "started": "2026-11-23T07:52:08+00:00",
        "duration_ms": 13061.1,
        "state": "finished",
        "state_detail": "",
        "known_file": {"path": "acme.toml", "gateway": "acme", "version": "1", "entries": 2},
        "results": results,
        "not_verified": [r.id for r in results if r.verdict in ("could-not-run", "error")],
    }
    return RunRecord(**{**whole, **changes})


def _target() -> dict[str, Any]:
    return {
        "name": f"acme {HOSTILE}",
        "kind": "external",
        "version": "1.2.3",
        "base_url": "http://127.0.0.1:9",
        "auth_scheme": "bearer",
        "headers": {"x-portkey-metadata": '{"team":"engineering"}'},
        "models": {"chat": "claude-sonnet-4-5", "background": "claude-haiku-4-5"},
        "promises": {
            "enforces_keys": True,
            "required_metadata_keys": ["team"],
            "overhead_p50_ms": 3,
            "overhead_first_event_p50_ms": None,
        },
        "provider": "scripted",
        "upstream_url": "http://127.0.0.1:8",
    }
