"""Target files (TOML) and command-line flags, read into a description of an external gateway.

Unknown keys are refused with the near match; a promise without the means to test it is refused too.
"""

from __future__ import annotations

import os
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from gatecert.errors import UsageError
from gatecert.gateways.headersecrets import header_secrets
from gatecert.gateways.means import check_means
from gatecert.gateways.promises import Attribution, FallbackPromise, Policy, Promises
from gatecert.gateways.tables import Table, read_as
from gatecert.gateways.target import Models, SampleKeys, Target

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
_SECTIONS = dict.fromkeys(
    ("gateway", "upstream", "promises", "fallback", "policy", "attribution"), dict
)


@dataclass(frozen=True)
class ExternalGateway:
    """A gateway that runs without us: a target but for its provider.

    ``listen`` is where the scripted provider shall listen (HOST:PORT), ``""`` for a live provider.
    """

    target: Target
    listen: str = ""


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
    top = Table(where, raw, _SECTIONS)
    gateway = Table(f"{where}: [gateway]", top.get("gateway", {}), _GATEWAY_KEYS)
    upstream = Table(f"{where}: [upstream]", top.get("upstream", {}), _UPSTREAM_KEYS)
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
        models=read_as(Models, gateway.get("models", {}), f"{where}: [gateway.models]"),
        promises=read_as(Promises, top.get("promises", {}), f"{where}: [promises]"),
        fallback=read_as(FallbackPromise, top.get("fallback", {}), f"{where}: [fallback]"),
        policy=read_as(Policy, top.get("policy", {}), f"{where}: [policy]"),
        attribution=_attribution(top.get("attribution", {}), f"{where}: [attribution]"),
        keys=_sample_keys(gateway.get("keys", {}), where),
    )
    listen = listen_address(upstream.get("listen"), f"{where}: [upstream] listen")
    if not listen and "chat" not in gateway.get("models", {}):
        target = replace(target, turn_model=target.models.background)
    if listen.endswith(":0"):
        raise UsageError(f"{where}: [upstream] listen needs a port that the gateway can be told")
    check_means(target, listen, where)
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
        ("spent-budget-key", target.keys.spent_budget),
        ("rate-limited-key", target.keys.rate_limited),
        ("not-permitted-key", target.keys.not_permitted),
        ("log-key", target.attribution.key),
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


def _headers(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    for name, value in raw.items():
        if not isinstance(value, str):
            raise UsageError(
                f"{where}: [gateway.headers] {name} must be a string; "
                "write JSON inside single quotes"
            )
    return dict(raw)


def _attribution(raw: Mapping[str, Any], place: str) -> Attribution:
    if "key" in raw:
        raise UsageError(f"{place}: unknown key 'key'; name the variable that holds it, as key_env")
    plain = {key: value for key, value in raw.items() if key != "key_env"}
    found = read_as(Attribution, plain, place)
    if "key_env" in raw:
        found = replace(found, key=key_from(str(raw["key_env"]), f"{place} key_env"))
    return found


def _sample_keys(raw: Mapping[str, Any], where: str) -> SampleKeys:
    place = f"{where}: [gateway.keys]"
    table = Table(place, raw, _KEYS_KEYS)
    found = {
        name.removesuffix("_env"): key_from(variable, f"{place} {name}")
        for name, variable in table.raw.items()
    }
    return SampleKeys(**found)
