"""What an organisation's policy demands of the configuration: a small TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatecert.errors import UsageError
from gatecert.gateways.tables import near

METADATA_HEADER = "x-portkey-metadata"
_TABLES: Mapping[str, Mapping[str, type]] = {
    "metadata": {"header": str, "required_keys": list, "optional_keys": list, "allowed": dict},
    "models": {"allowed": list},
}


@dataclass(frozen=True)
class Policy:
    """``header`` carries the metadata; ``required`` are its keys, ``allowed`` their values.

    ``models`` are the model names that may be configured; empty for any.
    """

    header: str = METADATA_HEADER
    required: Sequence[str] = ()
    optional: Sequence[str] = ()
    allowed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    models: Sequence[str] = ()

    @property
    def keys(self) -> list[str]:
        """Every key that the policy names."""
        return [*self.required, *self.optional, *self.allowed]


def read_policy(path: Path) -> Policy:
    """A policy file, or the promises of a target file. Raises UsageError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise UsageError(f"--policy {path}: cannot be read ({exc.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UsageError(f"--policy {path}: is not valid TOML: {exc}") from None
    return parse_policy(raw, f"--policy {path}")


def parse_policy(raw: Mapping[str, Any], where: str) -> Policy:
    """A policy from the data of a file. Raises UsageError."""
    if "gateway" in raw:
        return _of_target(raw, where)
    for table, content in raw.items():
        if table not in _TABLES:
            raise UsageError(f"{where}: unknown table [{table}]{near(table, _TABLES)}")
        _check(f"{where}: [{table}]", content, _TABLES[table])
    metadata, models = raw.get("metadata", {}), raw.get("models", {})
    if not metadata.get("header", METADATA_HEADER).strip():
        raise UsageError(f"{where}: [metadata] header is empty; leave it out, or name a header")
    return Policy(
        header=metadata.get("header", METADATA_HEADER),
        required=_names(metadata.get("required_keys", []), f"{where}: required_keys"),
        optional=_names(metadata.get("optional_keys", []), f"{where}: optional_keys"),
        allowed={
            key: _names(values, f"{where}: [metadata.allowed] {key}")
            for key, values in metadata.get("allowed", {}).items()
        },
        models=_names(models.get("allowed", []), f"{where}: [models] allowed"),
    )


def _of_target(raw: Mapping[str, Any], where: str) -> Policy:
    promises = raw.get("promises", {})
    if not isinstance(promises, dict):
        raise UsageError(f"{where}: [promises] must be a table")
    return Policy(
        header=str(promises.get("metadata_header", METADATA_HEADER)),
        required=_names(promises.get("required_metadata_keys", []), f"{where}: [promises]"),
    )


def _check(where: str, content: Any, types: Mapping[str, type]) -> None:
    if not isinstance(content, dict):
        raise UsageError(f"{where} must be a table")
    for key, value in content.items():
        if key not in types:
            raise UsageError(f"{where}: unknown key {key!r}{near(key, types)}")
        if not isinstance(value, types[key]):
            raise UsageError(f"{where}: {key} is of the wrong kind")


def _names(values: Any, where: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise UsageError(f"{where} must be a list of texts")
    return values
