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
DIRECT, GATEWAY = "direct", "gateway"
GOOD, FAILING = "gateway, primary good", "gateway, primary failing"
_AGAIN = "direct again"
_DELAYED = f"direct + {KNOWN_DELAY_MS:g} ms"

# the model that an arm asks for, and what the providers do
Job = tuple[str, Mapping[str, Sequence[Plan]]]


@dataclass(frozen=True)
class Paired:
    """The samples of one measurement in ms by arm.

    What ``arm`` takes longer than ``base`` is judged. Two more arms are controls: ``direct again``,
    and direct with a known delay in the provider. ``budget_ms`` is None if none is promised.
    ``trouble`` says why nothing could be measured.
    """

    what: str
    samples: Mapping[str, Sequence[float]]
    budget_ms: float | None
    trouble: str = ""
    base: str = DIRECT
    arm: str = GATEWAY

    @property
    def overhead(self) -> Estimate:
        """What the arm adds."""
        return estimate(self.samples[self.base], self.samples[self.arm])

    @property
    def control(self) -> Estimate:
        """Direct against direct: what this machine makes of no difference."""
        return estimate(self.samples[DIRECT], self.samples[_AGAIN])

    @property
    def recovered(self) -> Estimate:
        """What was measured of the known delay."""
        return estimate(self.samples[DIRECT], self.samples[_DELAYED])

    @property
    def invalid(self) -> str:
        """Why the measurement may not be judged, or ``""``."""
        if self.trouble:
            return self.trouble
        tolerance = self._tolerance_ms
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

    @property
    def _tolerance_ms(self) -> float:
        """By how much a control may be off; where nothing is judged, by the most."""
        least, most = _TOLERANCE_MS
        if self.budget_ms is None:
            return most
        return min(max(least, _TOLERANCE_SHARE * self.budget_ms), most)

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
            self._row(f"{self.arm} − {self.base}", self.overhead),
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
            **({} if self.budget_ms is None else {"budget_ms": self.budget_ms}),
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
    jobs = {GATEWAY: (target.models.chat, {"primary": (Plan(work_ms=WORK_MS),)})}
    samples, trouble, _ = _measured(target, jobs, stream=stream, pairs=pairs)
    return Paired(what, samples, float(budget or 0), trouble)


def measure_fallback(target: Target, failure: Plan, *, stream: bool, pairs: int) -> Paired:
    """Measure what a failing primary costs, against a good one; with ``stream`` the first event.

    The primary fails at once; both providers that answer take the same time.
    """
    what = f"what a failing primary costs, {'first content event' if stream else 'whole answer'}"
    model, work = target.fallback.model or target.models.chat, Plan(work_ms=WORK_MS)
    jobs: dict[str, Job] = {
        GOOD: (model, {"primary": (work,)}),
        FAILING: (model, {"primary": (failure,), "backup": (work,)}),
    }
    samples, trouble, arrived = _measured(target, jobs, stream=stream, pairs=pairs)
    trouble = _in_words(trouble, failure) or astray(arrived, requests_through_gateway(pairs))
    return Paired(what, samples, target.fallback.p50_ms, trouble, GOOD, FAILING)


def _in_words(trouble: str, failure: Plan) -> str:
    """The trouble; where the gateway did not fall back, in words that say so."""
    answer = trouble.partition(f"{FAILING}: ")[2]
    if not answer:
        return trouble
    failed = "closes the connection" if failure.drop else f"answers {failure.status}"
    return f"a turn whose primary {failed} got {answer} instead of the backup's answer"


def astray(arrived: Mapping[str, int], rounds: int) -> str:
    """Why the two arms did not measure what they are named after, or ``""``."""
    backup = arrived.get("backup", 0)
    at_primary = arrived.get("primary", 0) - 3 * rounds  # without the arms that go straight there
    if at_primary < 2 * rounds:
        return (
            f"of {2 * rounds} requests only {max(at_primary, 0)} were tried at the primary: the "
            "gateway keeps requests from it after its failures (a cool-down, or a health check)"
        )
    if backup != rounds:
        return f"the backup was asked {backup} times for {rounds} failing turns"
    return ""


def _measured(
    target: Target, jobs: Mapping[str, Job], *, stream: bool, pairs: int
) -> tuple[Mapping[str, Sequence[float]], str, Mapping[str, int]]:
    """The samples by arm, why they are worth nothing, and what arrived at each provider."""
    job = _job(target, jobs, stream, pairs)
    before = _received(target)
    answer = _drive(job)
    trouble = str(answer.get("error", ""))
    now = _received(target)
    arrived = {name: count - before.get(name, 0) for name, count in now.items()}
    sent, total = len(job["arms"]) * requests_through_gateway(pairs), sum(arrived.values())
    if not trouble and total < sent:
        trouble = f"of {sent} requests only {total} reached the provider"
    return answer.get("samples", {}), trouble, arrived


def _received(target: Target) -> Mapping[str, int]:
    provider = Provider(target.upstream_url)
    try:
        return provider.counts()
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


def _job(target: Target, jobs: Mapping[str, Job], stream: bool, pairs: int) -> dict[str, Any]:
    # the provider takes any key; its address is set below, for it need not be on loopback
    straight = GatewaySettings("http://127.0.0.1", "direct", "x-api-key")
    token, address = new_token(), target.upstream_url + MESSAGES
    model = next(iter(jobs.values()))[0]

    def directly(name: str, work_ms: float) -> dict[str, Any]:
        body = _body(model, stream, token, {"primary": (Plan(work_ms=work_ms),)})
        return {**_arm(name, straight, body), "url": address}

    through = GatewaySettings(
        target.base_url, target.api_key, target.auth_scheme, target.headers, chat_model=model
    )
    return {
        "arms": [
            directly(DIRECT, WORK_MS),
            *(
                _arm(name, through, _body(asked, stream, token, plans))
                for name, (asked, plans) in jobs.items()
            ),
            directly(_AGAIN, WORK_MS),
            directly(_DELAYED, WORK_MS + KNOWN_DELAY_MS),
        ],
        "token": token,
        "stream": stream,
        "pairs": pairs,
        "warmup": warmup_rounds(pairs),
        "seed": secrets.randbits(32),
    }


def _body(model: str, stream: bool, token: str, plans: Mapping[str, Sequence[Plan]]) -> bytes:
    return shapes.encode(
        shapes.turn_body(
            ENGINE_DESKTOP,
            model,
            [shapes.first_message(embed(Directive(token, plans)))],
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
