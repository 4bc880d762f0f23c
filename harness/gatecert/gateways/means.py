"""Whether a target file gives the means to test what it promises, and could be lived up to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatecert.errors import UsageError
from gatecert.gateways.promises import FallbackPromise, Policy

if TYPE_CHECKING:
    from gatecert.gateways.target import Target

PROVIDERS = ("primary", "backup", "other")
READERS = (
    "none",
    "receipt-header",
    "response-header",
    "log-endpoint",
    "log-stream",
    "log-file",
)
# nobody waits longer for one answer of a test
_LONGEST_WAIT_MS = 60_000


def check_means(target: Target, listen: str, where: str) -> None:
    """Refuse promises that the file gives no means to test."""
    promises = target.promises
    _check_values(target, where)
    _check_second_user(target, where)
    about_metadata = (
        promises.validates_metadata or promises.forwards_metadata or promises.routes_on_metadata
    )
    if about_metadata and target.lacks("metadata"):
        raise UsageError(
            f"{where}: [promises] speaks of metadata, but [gateway.headers] has no "
            f"{promises.metadata_header}; add one with valid metadata"
        )
    if about_metadata or promises.required_metadata_keys:
        _check_metadata(target, where)
    scripted = {
        "fallback": promises.fallback,
        "forwards_metadata": promises.forwards_metadata,
        "routes_on_metadata": promises.routes_on_metadata,
        "overhead_p50_ms": promises.overhead_p50_ms is not None,
        "overhead_first_event_p50_ms": promises.overhead_first_event_p50_ms is not None,
    }
    _check_fallback(target, where)
    _check_policy(target, where)
    _check_attribution(target, where)
    made = [name for name, is_made in scripted.items() if is_made]
    if made and not listen:
        raise UsageError(
            f"{where}: [promises] {made[0]} can only be tested with the scripted provider; "
            'add [upstream] listen = "HOST:PORT" and route the gateway there'
        )


def _check_values(target: Target, where: str) -> None:
    """Refuse values that no gateway could live up to."""
    for name in ("overhead_p50_ms", "overhead_first_event_p50_ms"):
        budget = getattr(target.promises, name)
        if budget is not None and not 0 <= budget < math.inf:
            raise UsageError(f"{where}: [promises] {name} must be 0 or more ms, not {budget}")
    for name in ("chat", "background"):
        if not getattr(target.models, name).strip():
            raise UsageError(
                f"{where}: [gateway.models] {name} is empty; leave it out, or name one"
            )


def _check_fallback(target: Target, where: str) -> None:
    """Refuse details of a fallback that is not promised, or that cannot be tested."""
    promise, place = target.fallback, f"{where}: [fallback]"
    if promise != FallbackPromise() and not target.promises.fallback:
        raise UsageError(f"{place} says more of a fallback; add fallback = true to [promises]")
    for status in promise.statuses:
        if not 400 <= status <= 599:
            raise UsageError(f"{place} statuses must be 400 to 599, not {status}")
    if promise.attempts < 1:
        raise UsageError(f"{place} attempts must be 1 or more, not {promise.attempts}")
    if promise.after_ms is not None and not 0 < promise.after_ms <= _LONGEST_WAIT_MS:
        raise UsageError(
            f"{place} after_ms must be more than 0 and at most {_LONGEST_WAIT_MS:,} ms, not "
            f"{promise.after_ms}; a route with a shorter limit can be named as impatient_model"
        )
    if promise.p50_ms is not None and not 0 <= promise.p50_ms < math.inf:
        raise UsageError(f"{place} p50_ms must be 0 or more ms, not {promise.p50_ms}")


def _check_policy(target: Target, where: str) -> None:
    """Refuse a policy that cannot be, or that the configured metadata breaks."""
    policy, place = target.policy, f"{where}: [policy]"
    if policy == Policy():
        return
    if target.lacks("metadata"):
        raise UsageError(
            f"{place} speaks of metadata, but [gateway.headers] has no "
            f"{target.promises.metadata_header}; add one with valid metadata"
        )
    _one_of(policy.rules, ("", "strict", "documented", "lenient"), f"{place} rules")
    _one_of(policy.case, ("exact", "insensitive"), f"{place} case")
    if policy.refusal_status is not None and not 400 <= policy.refusal_status <= 499:
        raise UsageError(f"{place} refusal_status must be 400 to 499, not {policy.refusal_status}")
    for key, values in policy.routes.items():
        for value, provider in values.items():
            _one_of(provider, PROVIDERS, f"{place} routes.{key}.{value}")
    metadata = _check_metadata(target, where)
    for key, allowed in policy.allowed.items():
        if key in metadata and metadata[key] not in allowed:
            raise UsageError(
                f"{where}: [gateway.headers] {target.promises.metadata_header} has {key!r} = "
                f"{metadata[key]!r}, which [policy] allowed does not list"
            )


def _check_attribution(target: Target, where: str) -> None:
    """Refuse a reader that is told too little to read anything."""
    found, place = target.attribution, f"{where}: [attribution]"
    _one_of(found.reader, READERS, f"{place} reader")
    needed = {
        **{"response-header": "header", "log-file": "path"},
        **{"log-endpoint": "url", "log-stream": "url"},
    }.get(found.reader)
    if needed and not getattr(found, needed):
        raise UsageError(f"{place} reader = {found.reader!r} needs {needed}")
    if found.url and not found.url.startswith(("http://", "https://")):
        raise UsageError(f"{place} url must begin with http:// or https://")
    if not 0 < found.within_ms <= _LONGEST_WAIT_MS:
        raise UsageError(
            f"{place} within_ms must be more than 0 and at most {_LONGEST_WAIT_MS:,} ms, not "
            f"{found.within_ms}"
        )
    for value, provider in found.values.items():
        _one_of(provider, PROVIDERS, f"{place} values.{value}")


def _one_of(value: str, known: Sequence[str], place: str) -> None:
    if value not in known:
        listed = ", ".join(one for one in known if one)
        raise UsageError(f"{place} must be one of {listed}, not {value!r}")


def _check_metadata(target: Target, where: str) -> Mapping[str, Any]:
    """The configured metadata; it is refused if it breaks the very policy that is promised."""
    header = target.promises.metadata_header
    place = f"{where}: [gateway.headers] {header}"
    text = next((v for k, v in target.headers.items() if k.lower() == header.lower()), "")
    if not text:
        raise UsageError(f"{place} is missing, and [promises] speaks of metadata")
    try:
        metadata = json.loads(text)
    except ValueError as exc:
        raise UsageError(f"{place} is not valid JSON ({exc})") from None
    if not isinstance(metadata, dict):
        raise UsageError(f"{place} must be one JSON object")
    missing = [key for key in target.promises.required_metadata_keys if key not in metadata]
    if missing:
        raise UsageError(f"{place} lacks {missing[0]!r}, which required_metadata_keys names")
    return metadata


def _check_second_user(target: Target, where: str) -> None:
    if target.keys.second_user == target.api_key:
        raise UsageError(
            f"{where}: [gateway.keys] second_user_env holds the same key as api_key_env; "
            "give the key of another user"
        )
