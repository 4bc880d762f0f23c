"""The measuring process, started by its path so that it loads nothing of the rest.

One JSON document on standard input says what to send where; one on standard output gives the
samples. Each round visits every arm once, in fresh random order, on a warm keep-alive connection,
and every request is a new one: an answer from a cache is not what is measured.
The standard library's client is used because it is lean and its cost is the same in every arm.
"""

from __future__ import annotations

import gc
import http.client
import json
import random
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_S = 15.0
_FIRST_EVENT = b"content_block_delta"


class BadAnswer(Exception):
    """An arm did not answer 200; the measurement is worth nothing."""


@dataclass(frozen=True)
class Arm:
    """One way to the provider."""

    name: str
    connection: http.client.HTTPConnection
    target: str
    headers: Mapping[str, str]
    body: str

    @classmethod
    def open(cls, raw: Mapping[str, Any]) -> Arm:
        """Connect to an arm's URL."""
        parts = urlsplit(raw["url"])
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        connection.connect()
        query = f"?{parts.query}" if parts.query else ""
        return cls(raw["name"], connection, parts.path + query, raw["headers"], raw["body"])

    def fresh_body(self, token: str) -> bytes:
        """The body with a token of its own in place of ``token``, and of the same length."""
        return self.body.replace(token, f"gc-{secrets.token_hex(16)}").encode()

    def whole(self, body: bytes) -> float:
        """ms until the whole answer was read."""
        began = time.perf_counter()
        response = self._send(body)
        response.read()
        return (time.perf_counter() - began) * 1000

    def first_event(self, body: bytes) -> float:
        """ms until the first content event was read; the rest is read off the clock."""
        began = time.perf_counter()
        response = self._send(body)
        seen = b""
        while _FIRST_EVENT not in seen:
            piece = response.read1(65_536)
            if not piece:
                raise BadAnswer(f"{self.name}: the stream ended without content")
            seen += piece
        elapsed = (time.perf_counter() - began) * 1000
        response.read()
        return elapsed

    def _send(self, body: bytes) -> http.client.HTTPResponse:
        self.connection.request("POST", self.target, body, dict(self.headers))
        response = self.connection.getresponse()
        if response.status != 200:
            raise BadAnswer(f"{self.name}: HTTP {response.status}")
        return response


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Do all rounds of a job and return the samples in ms by arm."""
    arms = [Arm.open(raw) for raw in job["arms"]]
    time_one: Callable[[Arm, bytes], float] = Arm.first_event if job["stream"] else Arm.whole
    order = random.Random(job["seed"])  # noqa: S311
    samples: dict[str, list[float]] = {arm.name: [] for arm in arms}
    gc.collect()
    gc.freeze()
    try:
        for number in range(job["warmup"] + job["pairs"]):
            for arm in order.sample(arms, len(arms)):
                elapsed = time_one(arm, arm.fresh_body(job["token"]))
                if number >= job["warmup"]:
                    samples[arm.name].append(elapsed)
    finally:
        for arm in arms:
            arm.connection.close()
    return {"samples": samples}


def main() -> int:
    """Read the job, measure, write the samples."""
    job = json.load(sys.stdin)
    try:
        answer = run(job)
    except (BadAnswer, OSError, http.client.HTTPException) as exc:
        answer = {"error": f"{type(exc).__name__}: {exc}"}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
