"""A target: the gateway under test, and what it promises.

The TOML keys are a contract with users; :mod:`gatecert.gateways.targetfile` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gatecert.gateways.promises import Attribution, FallbackPromise, Policy, Promises

# where a log lies is nobody's business but the target file's
_NOT_TOLD = ("url", "path", "key")

Kind = Literal["embedded", "external", "managed"]


@dataclass(frozen=True)
class Models:
    """Model names as the client asks for them.

    ``chat_at_provider`` and ``background_at_provider`` are the names that must arrive at the
    provider, if the gateway maps names.
    ``unreachable_primary`` is a name whose primary provider refuses connections, so that fallback
    from a dead provider can be tested.
    """

    chat: str = "claude-sonnet-4-5"
    background: str = "claude-haiku-4-5-20251001"
    chat_at_provider: str = ""
    background_at_provider: str = ""
    unreachable_primary: str = ""


@dataclass(frozen=True)
class SampleKeys:
    """Further keys, if the target can give any.

    The gateway must refuse all but ``second_user``, which is another user's and as good as the
    target's own. The budget of ``spent_budget`` is used up, ``rate_limited`` is over its limit now,
    and a policy does not permit ``not_permitted`` to use the chat model.
    """

    second_user: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)
    revoked: str = field(default="", repr=False)
    other_workspace: str = field(default="", repr=False)
    spent_budget: str = field(default="", repr=False)
    rate_limited: str = field(default="", repr=False)
    not_permitted: str = field(default="", repr=False)


@dataclass(frozen=True)
class TlsAddress:
    """Where a gateway serves https; ``base_url`` is ``""`` if it does not.

    ``ca`` is a certificate (PEM) to trust besides those that the client trusts anyway.
    """

    base_url: str = ""
    ca: str = field(default="", repr=False)


@dataclass(frozen=True)
class Target:
    """A gateway that is up, or said to be.

    ``upstream_url`` is the scripted provider behind it, ``""`` for a live one. ``tls`` is an https
    address that it has besides its base URL. ``turn_model`` takes the chat model's place in turns:
    a live provider for which none is configured gets the cheapest. ``secrets`` are the values that
    no output may contain, each with the name it is shown under. ``fallback``, ``policy`` and
    ``attribution`` say more of what is promised. ``mode`` is the embedded gateway's, and
    ``invented`` says what of it no vendor has published.
    """

    name: str
    kind: Kind
    base_url: str
    api_key: str = field(repr=False)
    auth_scheme: str = "bearer"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: Models = Models()
    promises: Promises = field(default_factory=Promises)
    fallback: FallbackPromise = field(default_factory=FallbackPromise)
    policy: Policy = field(default_factory=Policy)
    attribution: Attribution = field(default_factory=Attribution)
    keys: SampleKeys = SampleKeys()
    upstream_url: str = ""
    tls: TlsAddress = TlsAddress()
    version: str = ""
    turn_model: str = ""
    mode: str = ""
    invented: Sequence[str] = ()
    secrets: Sequence[tuple[str, str]] = field(default=(), repr=False)

    @property
    def scripted(self) -> bool:
        """Whether the provider behind the gateway obeys directives."""
        return bool(self.upstream_url)

    @property
    def https(self) -> TlsAddress:
        """The address under which TLS is judged."""
        own = self.base_url if self.base_url.lower().startswith("https:") else ""
        return self.tls if self.tls.base_url else TlsAddress(own)

    def lacks(self, need: str) -> str:
        """Why a need of a requirement is not met by this target, or ``""`` if it is."""
        if need == "metadata":
            header = self.promises.metadata_header
            if header.lower() in {name.lower() for name in self.headers}:
                return ""
            return f"the target sends no {header} header"
        if need == "attribution":
            told = self.attribution.reader not in ("none", "receipt-header")
            return "" if told else "the target does not say where it tells who answered"
        if need == "tls":
            missing = " (it does with the extra gatecert[tls])" if self.kind == "embedded" else ""
            return "" if self.https.base_url else f"the gateway serves no https{missing}"
        if need.startswith("keys."):
            name = need.removeprefix("keys.")
            present = bool(getattr(self.keys, name))
            words = name.replace("_", "-")
            return "" if present else f"the target gives no {words} key ([gateway.keys] {name}_env)"
        if need.startswith("models."):
            name = need.removeprefix("models.")
            present = bool(getattr(self.models, name))
            return "" if present else f"the target names no model in [gateway.models] {name}"
        group, _, detail = need.partition(".")
        if detail:
            return self._lacks_in(group, detail)
        promised = getattr(self.promises, need)
        # a budget of 0 ms is a promise, an empty list is none
        made = promised is not None if "overhead" in need else bool(promised)
        return "" if made else f"the target does not promise {need}"

    def _lacks_in(self, group: str, detail: str) -> str:
        """Why a detail of one of the tables is not promised, or ``""`` if it is."""
        if group == "fallback":
            if not self.promises.fallback:
                return "the target does not promise fallback"
            if detail.isdigit():
                made = int(detail) in self.fallback.statuses
                return "" if made else f"[fallback] statuses do not name {detail}"
            value = getattr(self.fallback, detail)
            made = value is not None and value is not False
            return "" if made else f"the target does not promise [fallback] {detail}"
        if group == "policy":
            return "" if getattr(self.policy, detail) else f"the target has no [policy] {detail}"
        reader = self.attribution.reader
        if detail == "log":
            logs = reader.startswith("log-")
            return "" if logs else "the target names no log ([attribution] reader)"
        made = reader.startswith("log-") and bool(getattr(self.attribution, detail))
        return (
            "" if made else f"the target does not say where its log has it ([attribution] {detail})"
        )

    def to_json(self) -> dict[str, Any]:
        """The target as plain data without its keys; header values still need redaction."""
        promises = asdict(self.promises)
        promises["required_metadata_keys"] = list(self.promises.required_metadata_keys)
        return {
            "name": self.name,
            "kind": self.kind,
            "version": self.version,
            "base_url": self.base_url,
            "auth_scheme": self.auth_scheme,
            "headers": dict(self.headers),
            "models": asdict(self.models),
            "promises": promises,
            "provider": "scripted" if self.scripted else "live",
            "upstream_url": self.upstream_url,
            **({"mode": self.mode, "invented": list(self.invented)} if self.mode else {}),
            **self._tables(),
        }

    def _tables(self) -> dict[str, Any]:
        """The tables beside the promises, as far as they say something; no address of a log."""
        found: dict[str, Any] = {}
        if self.promises.fallback:
            found["fallback"] = _plain(self.fallback)
        if self.policy != Policy():
            found["policy"] = _plain(self.policy)
        if self.attribution != Attribution():
            where = _plain(self.attribution)
            found["attribution"] = {k: v for k, v in where.items() if k not in _NOT_TOLD}
        return found


def _plain(table: FallbackPromise | Policy | Attribution) -> dict[str, Any]:
    """A table as JSON data: tuples are lists."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(table)))
    return plain
