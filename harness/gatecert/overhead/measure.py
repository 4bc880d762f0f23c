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
from gatecert.desktop.engine import MESSAGES
from gatecert.desktop.transport import HttpxTransport
from gatecert.gateways.target import Target
from gatecert.overhead.estimate import Estimate, estimate, quantile
from gatecert.upstream import Directive, Plan, embed, new_token

# the provider's own service time, the same in every arm: a client that waits gets slower, and that
# must cancel out
WORK_MS = 10.0
_WARMUP_ROUNDS = 20
_TIMEOUT_S = 180.0
_CONTROL_FLOOR_MS = 0.5
_CONTROL_SHARE = 0.25


@dataclass(frozen=True)
class Paired:
    """The samples of one measurement in ms by arm: ``direct``, ``gateway``, ``direct again``.

    ``trouble`` says why nothing could be measured.
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
    def invalid(self) -> str:
        """Why the measurement may not be judged, or ``""``."""
        if self.trouble:
            return self.trouble
        tolerance = max(_CONTROL_FLOOR_MS, _CONTROL_SHARE * self.budget_ms)
        off = self.control.median_ms
        if abs(off) > tolerance:
            return f"direct against direct differs by {off:.2f} ms (tolerance {tolerance:.2f} ms)"
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
        return [*rows, self._row("gateway − direct", self.overhead), self._control_row()]

    def _control_row(self) -> dict[str, Any]:
        return self._row("direct again − direct (control)", self.control)

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


def measure_paired(target: Target, *, stream: bool, pairs: int) -> Paired:
    """Measure the target; the whole answer, or with ``stream`` the first content event."""
    what = "first content event of a stream" if stream else "whole answer"
    budget = (
        target.promises.overhead_first_event_p50_ms if stream else target.promises.overhead_p50_ms
    )
    answer = _drive(_job(target, stream, pairs))
    trouble = str(answer.get("error", ""))
    return Paired(what, answer.get("samples", {}), float(budget or 0), trouble)


def _drive(job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603
            # by path: the measuring process shall load nothing but itself
            [sys.executable, str(Path(__file__).with_name("driver.py"))],
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
    straight = GatewaySettings(target.upstream_url, "direct", "x-api-key")
    directive = Directive(new_token(), {"primary": (Plan(work_ms=WORK_MS),)})
    body = shapes.turn_body(
        ENGINE_DESKTOP,
        target.models.chat,
        [shapes.first_message(embed(directive))],
        session_id="overhead",
        stream=stream,
    )
    data = shapes.encode(body)
    return {
        "arms": [
            _arm("direct", straight, data),
            _arm("gateway", through, data),
            _arm("direct again", straight, data),
        ],
        "body": data.decode(),
        "stream": stream,
        "pairs": pairs,
        "warmup": warmup_rounds(pairs),
        "seed": secrets.randbits(32),
    }


def _arm(name: str, settings: GatewaySettings, body: bytes) -> dict[str, Any]:
    transport = HttpxTransport()
    engine = Engine(ENGINE_DESKTOP, settings, transport)
    request = engine.request(MESSAGES, body, ENGINE_DESKTOP.betas(settings.chat_model))
    transport.close()
    # identity, so that no arm pays for a decompression that another does not
    headers = {**dict(request.headers), "Accept-Encoding": "identity"}
    headers.pop("Host")
    return {"name": name, "url": request.url, "headers": headers}
