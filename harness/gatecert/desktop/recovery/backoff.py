"""How long a client waits before it repeats a request. Pure; seconds."""

from __future__ import annotations

import datetime
import re
from email.utils import parsedate_to_datetime

from gatecert.desktop.exchange import Exchange
from gatecert.desktop.recovery.policy import RetryPolicy

_WHOLE_SECONDS = re.compile(r"\s*\d{1,9}\s*")
_NUMBER = re.compile(r"\s*\d{1,12}(\.\d{1,6})?\s*")
# what a timer of Node takes; anything longer fires at once
_MOST_OF_A_TIMER_S = (2**31 - 1) / 1000


def backoff_s(policy: RetryPolicy, retries: int, chance: float) -> float:
    """The wait before repeat number ``retries`` + 1; ``chance`` is from 0 to 1."""
    wait = min(policy.first_wait_s * 2.0**retries, policy.most_wait_s)
    return float(wait) * (1 + policy.jitter * chance)


def asked_wait_s(policy: RetryPolicy, exchange: Exchange, now: datetime.datetime) -> float | None:
    """What the gateway asks for and the client understands, or None."""
    if policy.reads_ms_and_dates:
        in_ms = exchange.header("retry-after-ms") or ""
        if _NUMBER.fullmatch(in_ms):
            return float(in_ms) / 1000
    asked = exchange.header("retry-after") or ""
    if _WHOLE_SECONDS.fullmatch(asked):
        return float(asked)
    if not policy.reads_ms_and_dates:
        return None
    return float(asked) if _NUMBER.fullmatch(asked) else _until(policy, asked, now)


def wait_s(
    policy: RetryPolicy, exchange: Exchange, retries: int, chance: float, now: datetime.datetime
) -> float | None:
    """The wait before the next repeat, or None if the gateway asks for more than is waited for."""
    asked = asked_wait_s(policy, exchange, now)
    if asked is not None and asked <= policy.retry_after_s:
        return asked * (1 + policy.retry_after_jitter * chance)
    if asked is not None and policy.long_wait == "stop":
        return None
    return backoff_s(policy, retries, chance)


def _until(policy: RetryPolicy, date: str, now: datetime.datetime) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    left = (at - now).total_seconds()
    if policy.family == "ts" and left > _MOST_OF_A_TIMER_S:
        return 0.0  # inferred: it did not wait for a date in the far future
    return left if left > 0 else None
