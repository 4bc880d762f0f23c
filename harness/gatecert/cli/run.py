"""``gatecert run``: pytest with our plugin, our progress and our exit codes."""

from __future__ import annotations

import argparse
import json
import sys

import pytest

from gatecert.cli.ending import NOTHING_JUDGED
from gatecert.cli.progress import Progress
from gatecert.cli.telling import tell
from gatecert.errors import (
    EXIT_CONFORMANT,
    EXIT_NOT_CONFORMANT,
    EXIT_RUN_INVALID,
    EXIT_USAGE,
    RunError,
    UsageError,
)
from gatecert.record import RunRecord
from gatecert.session.conductor import Conductor
from gatecert.session.judging import run_suites
from gatecert.session.options import RunOptions

_NOTHING_SELECTED = int(pytest.ExitCode.NO_TESTS_COLLECTED)
_INTERRUPTED = int(pytest.ExitCode.INTERRUPTED)


def run(arguments: argparse.Namespace) -> int:
    """Run the suites against the gateway that the arguments describe. Raises GatecertError."""
    progress = Progress(quiet=arguments.quiet, verbose=arguments.verbose, to_json=arguments.json)
    conductor = Conductor.of(_options(arguments))
    try:
        _start(arguments, conductor, progress)
        code = run_suites(conductor, [progress], arguments.k, arguments.m)
    except KeyboardInterrupt:
        conductor.broke_off("interrupted", "the run was interrupted")
        raise
    finally:
        # first, for a second Ctrl-C cannot break it off; it does nothing if all is done
        conductor.finish()
        progress.close()
    record = progress.record
    if record is None:
        if code == _INTERRUPTED:
            conductor.could_not_start("interrupted", arguments.k, arguments.m)
        return _explained(code)
    if arguments.json:
        _print_json(record)
    if arguments.quiet and not record.judged:
        tell(NOTHING_JUDGED)
    return exit_code(record, arguments.strict_known, arguments.require_complete)


def _start(arguments: argparse.Namespace, conductor: Conductor, progress: Progress) -> None:
    """Start the services; if the run cannot be made, leave a record that says so."""
    try:
        conductor.start(progress.pytest_gatecert_says)
    except (RunError, KeyboardInterrupt) as exc:
        detail = str(exc) or "interrupted while starting"
        record = conductor.could_not_start(detail, arguments.k, arguments.m)
        if record is not None and arguments.json:
            _print_json(record)
        raise


def _print_json(record: RunRecord) -> None:
    json.dump(record.to_json(), sys.stdout, indent=1)
    print()


def exit_code(record: RunRecord, strict_known: bool, require_complete: bool) -> int:
    """The exit code that a record earns."""
    verdicts = {result.verdict for result in record.results}
    if record.state != "finished" or "error" in verdicts or not record.judged:
        return EXIT_RUN_INVALID
    if "fail" in verdicts or (strict_known and "fixed" in verdicts):
        return EXIT_NOT_CONFORMANT
    if require_complete and not record.complete:
        return EXIT_RUN_INVALID
    return EXIT_CONFORMANT


def _options(arguments: argparse.Namespace) -> RunOptions:
    return RunOptions(
        target=arguments.target,
        gateway=arguments.gateway or "",
        api_key_env=arguments.api_key_env or "",
        auth_scheme=arguments.auth_scheme or "",
        headers=arguments.header,
        model=arguments.model or "",
        upstream_listen=arguments.upstream_listen or "",
        defect=arguments.defect or "",
        variant=arguments.variant or "",
        mode=arguments.mode,
        known=arguments.known or "",
        strict_known=arguments.strict_known,
        areas=arguments.area,
        out=arguments.out or "",
        max_requests=arguments.max_requests,
        max_tokens_total=arguments.max_tokens_total,
        overhead_pairs=arguments.overhead_pairs,
        client_profile=arguments.client_profile,
        enforce_provisional=arguments.enforce_provisional,
        seed=arguments.seed,
        examples=arguments.examples,
    )


def _explained(code: int) -> int:
    """The exit code where there is no record. Raises UsageError and RunError."""
    if code == _NOTHING_SELECTED:
        raise UsageError(
            "the selection matches no requirement; `gatecert requirements` lists them all"
        )
    if code == int(pytest.ExitCode.USAGE_ERROR):
        return EXIT_USAGE  # pytest has said what is wrong
    if code == _INTERRUPTED:
        raise RunError("interrupted before anything was judged")
    raise RunError(f"the run made no record (pytest ended with code {code})")
