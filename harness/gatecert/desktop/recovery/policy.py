"""Retry rules of each client, as data. Times are seconds.

Sources: recordings of engines 2.1.330 and 2.1.197 (``-p``, JSON output) and of the SDKs, Nov 2026
(``fixtures/captures/errors-*.json``); the client's documentation where a rule says *documented*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from gatecert.desktop.faithful import ENGINE_197, ENGINE_330, PYTHON_SDK, TS_SDK, ReaderMode
from gatecert.desktop.profiles import EngineProfile, SdkProfile

OVERLOADED = 529

LongWait = Literal["stop", "wait", "backoff"]
Family = Literal["engine", "python", "ts"]


@dataclass(frozen=True)
class RetryPolicy:
    """How one client goes on after a fault.

    ``retries`` is how often a failure is repeated after ``first_wait_s``, doubled each time up to
    ``most_wait_s``; ``jitter`` is the share of it that chance adds at most (or takes away, if it is
    negative). ``statuses`` are retried besides every 5xx. A ``retry-after`` of at most
    ``retry_after_s`` is waited for, plus ``retry_after_jitter``; above that ``long_wait`` says what
    happens. ``overloaded`` bounds the streams that meet an overloaded event, and for models of the
    Opus family, or where another model is set for that case, the answers 529.

    For the engine: ``shows_unauthorized`` ends at a 401 at once; ``keeps_shown_text`` does not
    repeat a request of which the user has seen any text, ``keeps_blocks`` not if whole blocks came;
    ``reset_retries`` (None: as ``retries``),
    ``ended_retries`` and ``silent_retries`` bound the streaming repeats after a reset connection,
    an orderly end inside a block, and silence; then comes the request without stream.
    ``fallback_shares`` says that this one and its repeats count among the ``retries`` of the
    stream before, ``whole_timeout_s`` what it announces (None: what the stream did).
    ``continues_text`` asks for the rest where whole blocks came. ``headers_s`` and ``silence_s``
    are its patience. ``sure`` is how sure the rules are for an outcome, where that is not
    ``sureness``.
    """

    name: str
    version: str
    family: Family
    reader: ReaderMode
    source: str
    sureness: str = "observed"
    retries: int = 10
    first_wait_s: float = 0.5
    most_wait_s: float = 32.0
    jitter: float = 0.25
    statuses: frozenset[int] = frozenset({401, 408, 409, 429})
    retry_after_s: float = 60.0
    retry_after_jitter: float = 0.25
    long_wait: LongWait = "stop"
    reads_ms_and_dates: bool = False
    overloaded: int = 3
    redirect_hops: int = 127
    headers_s: float = 360.0
    silence_s: float = 300.0
    shows_unauthorized: bool = False
    keeps_shown_text: bool = False
    keeps_blocks: bool = False
    reset_retries: int | None = None
    ended_retries: int = 1
    silent_retries: int = 1
    continues_text: bool = True
    repeats_refusal: bool = True
    fallback_shares: bool = True
    whole_timeout_s: int | None = 300
    ladder: tuple[str, ...] = ()
    writes_stream_false: bool = True
    surface: Literal["terminal", "desktop"] = "terminal"
    sure: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def sureness_of(self, kind: str) -> str:
        """How sure the rules are for this kind of outcome."""
        return self.sure.get(kind, self.sureness)


LADDER_330 = (
    "context-management",
    "system-effort",
    "effort",
    "adaptive-thinking",
    "system-role",
    "safeguards",
    "max-tokens",
    "unknown-wording",
)
_FROM_CAPTURES = "recording of the engine under faults (-p, JSON output), Nov 2026"

PRINT_330 = RetryPolicy(
    name="engine-print-2.1.330",
    version="2.1.330",
    family="engine",
    reader=ENGINE_330,
    source=_FROM_CAPTURES,
    ladder=LADDER_330,
    # one measurement; nobody waited for a second silence
    sure=MappingProxyType({"silent": "inferred"}),
)
PRINT_197 = replace(
    PRINT_330,
    name="engine-print-2.1.197",
    version="2.1.197",
    reader=ENGINE_197,
    ladder=("adaptive-thinking",),
    retry_after_jitter=0.0,
    reset_retries=2,
    ended_retries=0,
    continues_text=False,
    repeats_refusal=False,
    fallback_shares=False,
    writes_stream_false=False,
)
# Documented for engines since 2.1.199: text that a user has seen stays, with a notice, and nothing
# is repeated. That is so in a terminal (recorded with 2.1.330) if a block of it was whole. Text of
# a block that was cut is asked for again everywhere, also where a host has shown it: no client
# does with any text what the documentation says (``keeps_shown_text``).
INTERACTIVE_330 = replace(
    PRINT_330,
    name="engine-cli-2.1.330",
    keeps_blocks=True,
    source=f"{_FROM_CAPTURES}; blocks that stay: recorded in a terminal",
)
# In the desktop's environment a refused key ends in the error at once, text that was handed over is
# asked for again, and the timeout is the same for every request. The wait for headers was measured
# once, with another announced timeout. That the host then renews a credential is documented.
_ON_DESKTOP = {**PRINT_330.sure, "no-headers": "inferred"}
DESKTOP_330 = replace(
    PRINT_330,
    name="engine-desktop-2.1.330",
    source="recording of the engine under faults in the desktop's environment, Nov 2026",
    shows_unauthorized=True,
    whole_timeout_s=None,
    surface="desktop",
    sure=MappingProxyType(_ON_DESKTOP),
)
DESKTOP_197 = replace(
    PRINT_197,
    name="engine-desktop-2.1.197",
    shows_unauthorized=True,
    whole_timeout_s=None,
    surface="desktop",
    sure=MappingProxyType(_ON_DESKTOP),
)

PYTHON_NEW = RetryPolicy(
    name="sdk-python-2.12.0",
    version="2.12.0",
    family="python",
    reader=PYTHON_SDK,
    source="recording of the SDK under faults, Nov 2026",
    retries=2,
    most_wait_s=8.0,
    jitter=-0.25,
    statuses=frozenset({408, 409, 429}),
    retry_after_s=float("inf"),
    retry_after_jitter=0.0,
    long_wait="wait",
    reads_ms_and_dates=True,
    overloaded=3,
    redirect_hops=21,
    headers_s=600.0,
    silence_s=600.0,
)
PYTHON_OLD = replace(
    PYTHON_NEW,
    name="sdk-python-0.125.0",
    version="0.125.0",
    retry_after_s=60.0,
    long_wait="backoff",
)
TS_NEW = replace(PYTHON_NEW, name="sdk-ts-1.12.0", version="1.12.0", family="ts", reader=TS_SDK)
TS_OLD = replace(TS_NEW, name="sdk-ts-0.128.0", version="0.128.0")

_ENGINES = {
    ("2.1.330", "terminal"): INTERACTIVE_330,
    ("2.1.330", "desktop"): DESKTOP_330,
    ("2.1.330", "print"): PRINT_330,
    ("2.1.197", "desktop"): DESKTOP_197,
}
_SDKS = {policy.name: policy for policy in (PYTHON_NEW, PYTHON_OLD, TS_NEW, TS_OLD)}
_DESKTOP_ENTRYPOINTS = ("claude-desktop-3p", "claude-desktop", "local-agent")


def policy_of(profile: EngineProfile | SdkProfile) -> RetryPolicy:
    """The rules for a profile: by its version, and by the surface it runs in.

    A version without rules of its own gets those of the newest.
    """
    if isinstance(profile, SdkProfile):
        return _SDKS.get(profile.name, TS_NEW if profile.language == "ts" else PYTHON_NEW)
    surface = "terminal" if profile.mode == "interactive" else "print"
    if profile.entrypoint in _DESKTOP_ENTRYPOINTS:
        surface = "desktop"
    if profile.version == PRINT_197.version:
        return _ENGINES.get((profile.version, surface), PRINT_197)
    return _ENGINES["2.1.330", surface]
