"""What was tested, with what, when: the facts beside the verdict, each as label and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatecert.record import Result, RunRecord
from gatecert.report.words import duration, moment

Facts = Mapping[str, str]
_MOST_SLOW = 10


def facts(record: RunRecord) -> Facts:
    """The facts a reader needs to know what the verdict is about. Empty ones are left out."""
    found = {
        "Gateway": f"{record.target['name']} ({record.target['kind']})",
        "Mode": str(record.target.get("mode", "")),
        "Gateway version": str(record.target["version"]),
        "Base URL": str(record.target["base_url"]),
        "Provider": _provider(record.target),
        "Client profile": _profile(record.profile),
        "Tool": f"{record.tool['name']} {record.tool['version']}",
        "Catalogue": _catalogue(record),
        "Started": moment(record.started),
        "Duration": duration(record.duration_ms) if record.duration_ms else "",
        "Known deviations": _known(record.known_file),
        "Selection": _selection(record),
        "Limits": _limits(record),
        "Machine": _machine(record.environment),
    }
    return {label: value for label, value in found.items() if value}


def slowest(record: RunRecord) -> list[Result]:
    """The requirements that took longest, the slowest first; timing itself is left out."""
    judged = [r for r in record.results if r.duration_ms and r.area != "overhead"]
    return sorted(judged, key=lambda r: -r.duration_ms)[:_MOST_SLOW]


def settings(record: RunRecord) -> Facts:
    """How the client was set up and what the gateway promises, redacted when recorded."""
    target = record.target
    found = {"authentication scheme": str(target.get("auth_scheme", ""))}
    for group, word in (("headers", "header"), ("models", "model"), ("promises", "promise")):
        for name, value in target.get(group, {}).items():
            found[f"{word} {name.replace('_', ' ') if word != 'header' else name}"] = _plain(value)
    return {label: value for label, value in found.items() if value}


def _provider(target: Mapping[str, Any]) -> str:
    if target["provider"] == "scripted":
        return f"scripted, at {target['upstream_url']}"
    return f"{target['provider']}, cannot be scripted"


def _profile(profile: Mapping[str, str]) -> str:
    engine = f"{profile['engine']} ({profile['engine_sureness']})"
    return f"{engine}, {profile['host']} ({profile['host_sureness']})"


def _catalogue(record: RunRecord) -> str:
    digest = str(record.catalogue["hash"]).removeprefix("sha256:")
    return f"{record.catalogue['requirements']} requirements, sha256 {digest[:12]}"


def _known(known: Mapping[str, Any] | None) -> str:
    if known is None:
        return ""
    gateway = " ".join(str(known[key]) for key in ("gateway", "version") if known.get(key))
    return f"{known['path']}, {known['entries']} entries{f' for {gateway}' if gateway else ''}"


def _selection(record: RunRecord) -> str:
    if record.whole_catalogue:
        return ""
    named = {
        "areas": ", ".join(record.selection.get("areas", [])),
        "-k": record.selection.get("keyword", ""),
        "-m": record.selection.get("marker", ""),
    }
    given = "; ".join(f"{name} {value}" for name, value in named.items() if value)
    scope = f"{record.selected} of {record.catalogue['requirements']} requirements"
    return f"{scope} ({given})" if given else scope


def _limits(record: RunRecord) -> str:
    limits = record.selection.get("limits")
    if not limits:
        return ""
    told = f"at most {limits['requests']:,} requests and {limits['tokens']:,} tokens"
    return f"{told}, turns with {limits['model']}"


def _machine(environment: Mapping[str, Any]) -> str:
    names = (("system", ""), ("machine", ""), ("python", "Python "), ("cpus", "CPUs: "))
    told = [f"{word}{environment[key]}" for key, word in names if environment.get(key)]
    return ", ".join([*told, *(["in CI"] if environment.get("ci") else [])])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
