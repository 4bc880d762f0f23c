"""What the client does after a fault: retries, fallback, continuation, and what its user reads.

:mod:`policy` holds the rules as data, one set for each client; :mod:`outcome` says what an answer
is to that client; :mod:`decide` makes the next request of it, or the end; :mod:`persist` drives
requests with an injected clock; :mod:`seen` says in one line what the user gets.
"""

from gatecert.desktop.recovery.decide import decide
from gatecert.desktop.recovery.outcome import Outcome, classify
from gatecert.desktop.recovery.persist import Clock, Limits, Persisted, persist
from gatecert.desktop.recovery.policy import DESKTOP_330, RetryPolicy, policy_of
from gatecert.desktop.recovery.seen import SeenLine, seen
from gatecert.desktop.recovery.situation import Again, Attempt, End, Options

__all__ = [
    "DESKTOP_330",
    "Again",
    "Attempt",
    "Clock",
    "End",
    "Limits",
    "Options",
    "Outcome",
    "Persisted",
    "RetryPolicy",
    "SeenLine",
    "classify",
    "decide",
    "persist",
    "policy_of",
    "seen",
]
