"""Target files (TOML) and command-line flags, read into a description of an external gateway.

Unknown keys are refused with the near match; a promise without the means to test it is refused too.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from gatecert.errors import UsageError
from gatecert.gateways.headersecrets import header_secrets
from gatecert.gateways.target import Models, Promises, SampleKeys, Target

# of hundreds of names, the list would hide the message
_MOST_KNOWN = 50
_GATEWAY_KEYS = {
    "name": str,
    "base_url": str,
    "auth_scheme": str,
    "api_key_env": str,
    "version": str,
    "headers": dict,
    "models": dict,
    "keys": dict,
}
_UPSTREAM_KEYS = {"listen": str}
_KEYS_KEYS = {f"{f.name}_env": str for f in fields(SampleKeys)}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LISTEN = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z_.-]+)):(?P<port>[0-9]{1,5})"
)
_SECTIONS = {"gateway": dict, "upstream": dict, "promises": dict}


@dataclass(frozen=True)
class ExternalGateway:
    """A gateway that runs without us: a target but for its provider.

    ``listen`` is where the scripted provider shall listen (HOST:PORT), ``""`` for a live provider.
    """

    target: Target
    listen: str = ""


@dataclass
class _Table:
    """One table of the file, read key by key so that what is left over can be refused."""

    where: str
    raw: Mapping[str, Any]
    types: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.raw.items():
            if key not in self.types:
                raise UsageError(f"{self.where}: unknown key {key!r}{near(key, self.types)}")
            misfit = _misfit(value, self.types[key])
            if misfit:
                raise UsageError(
                    f"{self.where}: {key} must be {_kind(self.types[key])}, not {misfit}"
                )

    def get(self, key: str, default: Any = "") -> Any:
        return self.raw.get(key, default)


def read_target_file(path: Path) -> ExternalGateway:
    """Read a target file. Raises UsageError that names the file, the key and the mend."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read ({exc.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: is not valid TOML: {exc}") from None
    return parse_target(raw, str(path), default_name=path.stem)


def parse_target(raw: Mapping[str, Any], where: str, default_name: str = "") -> ExternalGateway:
    """Read a target from the data of a file. Raises UsageError."""
    top = _Table(where, raw, _SECTIONS)
    gateway = _Table(f"{where}: [gateway]", top.get("gateway", {}), _GATEWAY_KEYS)
    upstream = _Table(f"{where}: [upstream]", top.get("upstream", {}), _UPSTREAM_KEYS)
    if not gateway.get("base_url"):
        raise UsageError(f"{where}: [gateway] needs base_url")
    api_key = key_from(gateway.get("api_key_env"), f"{where}: [gateway] api_key_env")
    target = Target(
        name=gateway.get("name") or default_name or "gateway",
        kind="external",
        base_url=gateway.get("base_url"),
        version=gateway.get("version"),
        auth_scheme=gateway.get("auth_scheme", "bearer"),
        api_key=api_key,
        headers=_headers(gateway.get("headers", {}), where),
        models=_models(gateway.get("models", {}), where),
        promises=_promises(top.get("promises", {}), where),
        keys=_sample_keys(gateway.get("keys", {}), where),
    )
    listen = listen_address(upstream.get("listen"), f"{where}: [upstream] listen")
    if not listen and "chat" not in gateway.get("models", {}):
        target = replace(target, turn_model=target.models.background)
    if listen.endswith(":0"):
        raise UsageError(f"{where}: [upstream] listen needs a port that the gateway can be told")
    _check_means(target, listen, where)
    return ExternalGateway(with_secrets(target), listen)


def from_flags(
    base_url: str,
    api_key_env: str,
    auth_scheme: str = "bearer",
    headers: Sequence[str] = (),
    model: str = "",
    listen: str = "",
) -> ExternalGateway:
    """A gateway described by flags alone; it promises only what every gateway must do.

    Raises UsageError.
    """
    pairs: dict[str, str] = {}
    for text in headers:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header {text!r} is not of the form 'Name: value'")
        pairs[name.strip()] = value.strip()
    target = Target(
        name="gateway",
        kind="external",
        base_url=base_url,
        auth_scheme=auth_scheme,
        api_key=key_from(api_key_env, "--api-key-env"),
        headers=pairs,
        models=Models(chat=model) if model else Models(),
        turn_model="" if model or listen else Models().background,
    )
    return ExternalGateway(with_secrets(target), listen_address(listen, "--upstream-listen"))


def key_from(variable: str, where: str) -> str:
    """The key in an environment variable. Raises UsageError if there is none that can be sent."""
    if not variable:
        raise UsageError(f"{where} is missing: name the environment variable that holds the key")
    if not _VARIABLE.fullmatch(variable):
        # most likely the key itself, which must not be shown
        raise UsageError(
            f"{where} is not the name of an environment variable (letters, digits and _); "
            "write the variable's name there, never the key"
        )
    value = os.environ.get(variable, "")
    if not value.strip():
        state = "is empty" if variable in os.environ else "is not set"
        raise UsageError(
            f"{where}: the environment variable {variable} {state}; "
            f"set it to the gateway's API key, for example: export {variable}=..."
        )
    key = value.strip()
    if any(ord(c) > 0xFF or unicodedata.category(c) == "Cc" for c in key):
        raise UsageError(
            f"{where}: the environment variable {variable} holds a character that no header can "
            "carry (a line break, a control character, or one above U+00FF); copy the key again"
        )
    return key


def listen_address(text: str, where: str) -> str:
    """HOST:PORT, checked; an IPv6 address stands in brackets. Raises UsageError."""
    if not text:
        return ""
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > 65_535 or not _is_host(found["v6"], found["name"]):
        raise UsageError(
            f"{where}: {text!r} is not of the form HOST:PORT "
            "(an IPv6 address stands in brackets: [::1]:9111)"
        )
    return text


def _is_host(v6: str | None, name: str | None) -> bool:
    if name is None:
        try:
            return bool(IPv6Address(v6 or ""))
        except ValueError:
            return False
    labels = name.removesuffix(".").split(".")
    return len(name) <= 253 and all(0 < len(label) <= 63 for label in labels)


def with_secrets(target: Target) -> Target:
    """The target with the list of values that no output may contain, each under one name.

    The client's keys come first, so that a header or a provider that holds the same value does not
    rename them. A header with several secrets numbers them. The names of models are public.
    """
    named = [
        ("api-key", target.api_key),
        ("second-user-key", target.keys.second_user),
        ("expired-key", target.keys.expired),
        ("revoked-key", target.keys.revoked),
        ("other-workspace-key", target.keys.other_workspace),
    ]
    public = {getattr(target.models, f.name) for f in fields(target.models)}
    in_headers = [s for h, v in target.headers.items() for s in header_secrets(h, v)]
    names: dict[str, str] = {}
    for name, value in [*named, *target.secrets, *(s for s in in_headers if s[1] not in public)]:
        if value and value not in names:
            names[value] = _unused(name, names.values())
    return replace(target, secrets=[(name, value) for value, name in names.items()])


def _unused(name: str, used: Collection[str]) -> str:
    """The name, with a number behind it if it is taken."""
    free, number = name, 1
    while free in used:
        number += 1
        free = f"{name}-{number}"
    return free


def near(word: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    """``; did you mean ...?`` where something known is near, else the known words."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    if match:
        return f"; did you mean {match[0]!r}?"
    shown, left = sorted(known)[:_MOST_KNOWN], len(known) - _MOST_KNOWN
    return f"; known: {', '.join(shown)}{f' and {left} more' if left > 0 else ''}"


def _headers(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    for name, value in raw.items():
        if not isinstance(value, str):
            raise UsageError(
                f"{where}: [gateway.headers] {name} must be a string; "
                "write JSON inside single quotes"
            )
    return dict(raw)


def _models(raw: Mapping[str, Any], where: str) -> Models:
    types = {f.name: str for f in fields(Models)}
    return Models(**_Table(f"{where}: [gateway.models]", raw, types).raw)


def _sample_keys(raw: Mapping[str, Any], where: str) -> SampleKeys:
    place = f"{where}: [gateway.keys]"
    table = _Table(place, raw, _KEYS_KEYS)
    found = {
        name.removesuffix("_env"): key_from(variable, f"{place} {name}")
        for name, variable in table.raw.items()
    }
    return SampleKeys(**found)


def _check_second_user(target: Target, where: str) -> None:
    if target.keys.second_user == target.api_key:
        raise UsageError(
            f"{where}: [gateway.keys] second_user_env holds the same key as api_key_env; "
            "give the key of another user"
        )


def _promises(raw: Mapping[str, Any], where: str) -> Promises:
    kinds = {"bool": bool, "str": str, "Sequence[str]": list, "float | None": (int, float)}
    types = {f.name: kinds[str(f.type)] for f in fields(Promises)}
    return Promises(**_Table(f"{where}: [promises]", raw, types).raw)


def _check_means(target: Target, listen: str, where: str) -> None:
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


def _check_metadata(target: Target, where: str) -> None:
    """Refuse configured metadata that breaks the very policy that is promised."""
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


def _misfit(value: Any, wanted: Any) -> str:
    """What a value is instead of what is wanted, or ``""`` if it fits."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        return _kind(type(value))
    if wanted is list and not all(isinstance(item, str) and item for item in value):
        return "a list with something else in it"
    return ""


def _kind(wanted: Any) -> str:
    names = {str: "a string", bool: "true or false", dict: "a table", list: "a list of strings"}
    return names.get(wanted, "a number")
