"""What a run is asked to do. The command line and pytest's options both end here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatecert.desktop.profiles import ENGINE_DESKTOP, ENGINES, EngineProfile, find_engine
from gatecert.errors import UsageError
from gatecert.gateways.defects import DEFECTS
from gatecert.gateways.managed import MANAGED, find_managed
from gatecert.gateways.modes import STRICT as STRICT_MODE
from gatecert.gateways.modes import modes
from gatecert.gateways.tables import near
from gatecert.gateways.target import Target
from gatecert.gateways.targetfile import ExternalGateway, from_flags, read_target_file
from gatecert.gateways.variants import VARIANTS, parts
from gatecert.requirements import AREAS

EMBEDDED = "embedded"
DEFAULT_CLIENT_PROFILE = ENGINE_DESKTOP.name
DEFAULT_MAX_REQUESTS = 3_000
DEFAULT_OVERHEAD_PAIRS = 30
# below that no 95 % interval for a median exists
LEAST_OVERHEAD_PAIRS = 6
# a live model costs money: short answers
LIVE_MAX_TOKENS = 16
DEFAULT_LIVE_TOKENS = 2_000_000
# of a property: enough to meet what is common, quick enough for CI
DEFAULT_EXAMPLES = 20
MOST_EXAMPLES = 10_000


def profile_named(name: str) -> EngineProfile:
    """The engine profile of this name. Raises UsageError."""
    found = find_engine(name)
    if found is None:
        raise UsageError(f"--client-profile {name!r} is unknown")
    return found


@dataclass(frozen=True)
class RunOptions:
    """The options that decide what is tested; see ``gatecert run --help`` for each.

    Without ``evidence_of_passes`` nothing is kept of what held, which is no option for users.
    """

    target: str = EMBEDDED
    gateway: str = ""
    api_key_env: str = ""
    auth_scheme: str = ""
    headers: Sequence[str] = ()
    model: str = ""
    upstream_listen: str = ""
    defect: str = ""
    variant: str = ""
    mode: str = STRICT_MODE
    known: str = ""
    strict_known: bool = False
    areas: Sequence[str] = ()
    out: str = ""
    max_requests: int = DEFAULT_MAX_REQUESTS
    max_tokens_total: int | None = None
    overhead_pairs: int = DEFAULT_OVERHEAD_PAIRS
    client_profile: str = DEFAULT_CLIENT_PROFILE
    enforce_provisional: bool = False
    seed: int = 0
    examples: int = DEFAULT_EXAMPLES
    evidence_of_passes: bool = True

    def check(self) -> None:
        """Refuse what contradicts itself. Raises UsageError."""
        if self.gateway and self.target != EMBEDDED:
            raise UsageError("--gateway and --target exclude each other: both name the gateway")
        lone = [
            flag
            for flag, value in (
                ("--api-key-env", self.api_key_env),
                ("--auth-scheme", self.auth_scheme),
                ("--header", self.headers),
                ("--model", self.model),
                ("--upstream-listen", self.upstream_listen),
            )
            if value and not self.gateway
        ]
        if lone:
            raise UsageError(f"{lone[0]} goes with --gateway URL; a target file has keys for it")
        if (self.defect or self.variant) and (self.gateway or self.target != EMBEDDED):
            raise UsageError("--defect and --variant are for the embedded gateway only")
        if self.mode != STRICT_MODE and (self.gateway or self.target != EMBEDDED):
            raise UsageError("--mode is for the embedded gateway only")
        if self.mode != STRICT_MODE and (self.defect or self.variant):
            raise UsageError(
                "--mode goes without --defect and --variant: these bend the strict mode"
            )
        if self.max_requests < 1:
            raise UsageError(f"--max-requests {self.max_requests}: at least 1 is needed")
        if self.max_tokens_total is not None and self.max_tokens_total < 1:
            raise UsageError(f"--max-tokens-total {self.max_tokens_total}: at least 1 is needed")
        if self.overhead_pairs < LEAST_OVERHEAD_PAIRS:
            raise UsageError(
                f"--overhead-pairs {self.overhead_pairs}: at least {LEAST_OVERHEAD_PAIRS} are "
                "needed for an interval"
            )
        if not 1 <= self.examples <= MOST_EXAMPLES:
            raise UsageError(f"--examples {self.examples}: at least 1, at most {MOST_EXAMPLES:,}")
        for area in self.areas:
            _check_name("area", area, list(AREAS))
        _check_name("mode", self.mode, list(modes()))
        if self.defect:
            _check_name("defect", self.defect, list(DEFECTS))
        for variant in parts(self.variant):
            _check_name("variant", variant, list(VARIANTS))
        _check_name("client-profile", self.client_profile, [p.name for p in ENGINES])

    def token_limit(self, scripted: bool) -> int | None:
        """How many tokens may be spent; None if nobody counts, for a scripted provider is free."""
        if self.max_tokens_total is None and not scripted:
            return DEFAULT_LIVE_TOKENS
        return self.max_tokens_total

    def profile(self) -> EngineProfile:
        """The engine profile that the suites are run as. Raises UsageError."""
        return profile_named(self.client_profile)

    def external(self) -> ExternalGateway | None:
        """The external gateway the options describe, or None. Raises UsageError."""
        if self.gateway:
            return from_flags(
                self.gateway,
                self.api_key_env,
                self.auth_scheme or "bearer",
                self.headers,
                self.model,
                self.upstream_listen,
            )
        if self.target == EMBEDDED or find_managed(self.target) is not None:
            return None
        path = Path(self.target)
        if path.suffix == ".toml" or path.exists():
            return read_target_file(path)
        names = [EMBEDDED, *MANAGED]
        raise UsageError(
            f"--target {self.target!r} is neither a target file (*.toml) nor a known gateway"
            f"{near(self.target, names)}"
        )

    def described(self) -> dict[str, Any]:
        """The target as far as the options tell, for a run that could not start."""
        external = self.external()
        if external is not None:
            return {**external.target.to_json(), "headers": {}}
        kind = "embedded" if self.target == EMBEDDED else "managed"
        return {**Target(self.target, "embedded", "", "").to_json(), "kind": kind}

    def selection(self, keyword: str, marker: str) -> dict[str, Any]:
        """What was selected, for the record."""
        return {
            "keyword": keyword,
            "marker": marker,
            "areas": list(self.areas),
            "ids": [],
            "seed": self.seed,
            "examples": self.examples,
        }


def filled(text: str) -> str:
    """An option's value that may not be empty, as an unset variable of a script makes it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; leave the option out, or give it a value")
    return text


def _check_name(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UsageError(f"--{kind} {name!r} is unknown{near(name, known)}")
