"""A paired measurement of one target: set up, run in its own process, and judge its controls."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatecert.desktop import ENGINE_DESKTOP, Engine, GatewaySettings, shapes
from gatecert.desktop.draft import MESSAGES
from gatecert.desktop.transport import HttpxTransport
from gatecert.gateways.target import Target
from gatecert.overhead.estimate import Estimate, estimate, quantile
from gatecert.upstream import Directive, Plan, Provider, embed, new_token

# the provider's own service time, the same in every arm: a client that waits gets slower, and that
# must cancel out
WORK_MS = 10.0
_WARMUP_ROUNDS = 15
_TIMEOUT_S = 180.0
# a control may be off by a quarter of the budget, within these bounds in ms
_TOLERANCE_MS = (0.5, 1.0)
_TOLERANCE_SHARE = 0.25
KNOWN_DELAY_MS = 5.0
_DELAYED = f"direct + {KNOWN_DELAY_MS:g} ms"


@dataclass(frozen=True)
class Paired:
    """The samples of one measurement in ms by arm.

    Arms are ``direct``, ``gateway``, and two controls: ``direct again``, and direct with a known
    delay in the provider. ``trouble`` says why nothing could be measured.
    """

    what: str
    samples: Mapping[str, Sequence[float]]
    budget_ms: float
    trouble: str = ""

    @property
    def overhead(self) -> Estimate:
        """What the gateway adds."""
        return estimate(self.samples["direct"], self.samples["gateway"])

    @property
    def control(self) -> Estimate:
        """Direct against direct: what this machine makes of no difference."""
        return estimate(self.samples["direct"], self.samples["direct again"])

    @property
    def recovered(self) -> Estimate:
        """What was measured of the known delay."""
        return estimate(self.samples["direct"], self.samples[_DELAYED])

    @property
    def invalid(self) -> str:
        """Why the measurement may not be judged, or ``""``."""
        if self.trouble:
            return self.trouble
        least, most = _TOLERANCE_MS
        tolerance = min(max(least, _TOLERANCE_SHARE * self.budget_ms), most)
        off = self.control.median_ms
        if abs(off) > tolerance:
            return f"direct against direct differs by {off:.3f} ms (tolerance {tolerance:g} ms)"
        found = self.recovered.median_ms
        if abs(found - KNOWN_DELAY_MS) > tolerance:
            return (
                f"a known delay of {KNOWN_DELAY_MS:g} ms was measured as {found:.3f} ms "
                f"(tolerance {tolerance:g} ms)"
            )
        return ""

    def to_json(self) -> list[dict[str, Any]]:
        """One row for each arm, raw samples included, and one for the difference."""
        rows = [
            {
                "name": self.what,
                "arm": arm,
                "n": len(values),
                "p50_ms": round(quantile(values, 0.5), 3),
                "p95_ms": round(quantile(values, 0.95), 3),
                "samples_ms": [round(v, 3) for v in values],
            }
            for arm, values in self.samples.items()
            if values
        ]
        if self.trouble:
            return [*rows, {"name": self.what, "arm": "invalid", "trouble": self.trouble}]
        return [
            *rows,
            self._row("gateway − direct", self.overhead),
            self._row("direct again − direct (control)", self.control),
            self._row(f"{_DELAYED} − direct (control)", self.recovered),
        ]

    def _row(self, arm: str, found: Estimate) -> dict[str, Any]:
        return {
            "name": self.what,
            "arm": arm,
            "n": found.pairs,
            "overhead_ms": round(found.median_ms, 3),
            "low_ms": round(found.low_ms, 3),
            "high_ms": round(found.high_ms, 3),
            "budget_ms": self.budget_ms,
            "warmup_rounds": warmup_rounds(found.pairs),
            "provider_work_ms": WORK_MS,
        }


def warmup_rounds(pairs: int) -> int:
    """How many rounds go uncounted before so many pairs."""
    return min(_WARMUP_ROUNDS, pairs)


def requests_through_gateway(pairs: int) -> int:
    """How many requests a measurement of so many pairs sends to the gateway."""
    return pairs + warmup_rounds(pairs)


def measure_paired(target: Target, *, stream: bool, pairs: int) -> Paired:
    """Measure the target; the whole answer, or with ``stream`` the first content event."""
    what = "first content event of a stream" if stream else "whole answer"
    budget = (
        target.promises.overhead_first_event_p50_ms if stream else target.promises.overhead_p50_ms
    )
    job = _job(target, stream, pairs)
    before = _received(target)
    answer = _drive(job)
    trouble = str(answer.get("error", ""))
    sent, arrived = len(job["arms"]) * requests_through_gateway(pairs), _received(target) - before
    if not trouble and arrived < sent:
        trouble = f"of {sent} requests only {arrived} reached the provider"
    return Paired(what, answer.get("samples", {}), float(budget or 0), trouble)


def _received(target: Target) -> int:
    provider = Provider(target.upstream_url)
    try:
        return provider.hello()
    finally:
        provider.close()


def _drive(job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603
            # by path: the measuring process shall load nothing but itself
            [sys.executable, "-P", str(Path(__file__).with_name("driver.py"))],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"the measurement was not done after {_TIMEOUT_S:g} s"}
    except ValueError:
        return {"error": f"the measuring process failed with exit code {done.returncode}"}
    return answer


def _job(target: Target, stream: bool, pairs: int) -> dict[str, Any]:
    through = GatewaySettings(
        target.base_url,
        target.api_key,
        target.auth_scheme,
        target.headers,
        chat_model=target.models.chat,
    )
    # the provider takes any key; its address is set below, for it need not be on loopback
    straight = GatewaySettings("http://127.0.0.1", "direct", "x-api-key")
    token = new_token()
    usual = _body(target, stream, token, WORK_MS)
    delayed = _body(target, stream, token, WORK_MS + KNOWN_DELAY_MS)
    address = target.upstream_url + MESSAGES
    return {
        "arms": [
            {**_arm("direct", straight, usual), "url": address},
            _arm("gateway", through, usual),
            {**_arm("direct again", straight, usual), "url": address},
            {**_arm(_DELAYED, straight, delayed), "url": address},
        ],
        "token": token,
        "stream": stream,
        "pairs": pairs,
        "warmup": warmup_rounds(pairs),
        "seed": secrets.randbits(32),
    }


def _body(target: Target, stream: bool, token: str, work_ms: float) -> bytes:
    directive = Directive(token, {"primary": (Plan(work_ms=work_ms),)})
    return shapes.encode(
        shapes.turn_body(
            ENGINE_DESKTOP,
            target.models.chat,
            [shapes.first_message(embed(directive))],
            session_id="overhead",
            stream=stream,
        )
    )


def _arm(name: str, settings: GatewaySettings, body: bytes) -> dict[str, Any]:
    transport = HttpxTransport()
    engine = Engine(ENGINE_DESKTOP, settings, transport)
    request = engine.request(MESSAGES, body, ENGINE_DESKTOP.betas(settings.chat_model))
    transport.close()
    # identity, so that no arm pays for a decompression that another does not
    headers = {**dict(request.headers), "Accept-Encoding": "identity"}
    headers.pop("Host")
    return {"name": name, "url": request.url, "headers": headers, "body": body.decode()}
