"""Requirements that are new: for one version of gatecert a broken MUST among them only warns."""

from __future__ import annotations

from gatecert.record import Result, RunRecord


def waits(result: Result) -> bool:
    """Whether a MUST is broken and does not count yet."""
    return result.provisional and result.level == "MUST" and result.verdict in ("warn", "known")


def broken_provisional(record: RunRecord) -> list[Result]:
    """The provisional MUSTs that are broken and do not count yet."""
    return [result for result in record.results if waits(result)]


def counts_from(record: RunRecord) -> str:
    """The version from which on the provisional requirements of this record count."""
    _, following = _versions(record)
    return following


def provisional_line(result: Result, record: RunRecord) -> str:
    """What it means that a result is provisional; ``""`` if it is not."""
    if not result.provisional:
        return ""
    this, following = _versions(record)
    if result.verdict == "fail":
        return f"new in {this}; counted in this run because of --enforce-provisional"
    if result.level != "MUST":
        return f"new in {this}"
    return f"new in {this}, counts from {following} on; --enforce-provisional makes it count now"


def _versions(record: RunRecord) -> tuple[str, str]:
    major, _, rest = str(record.tool["version"]).partition(".")
    minor = rest.partition(".")[0]
    following = f"{major}.{int(minor) + 1}" if minor.isdecimal() else "the next version"
    return f"{major}.{minor}", following
