"""The witness of one requirement: what the client sent and saw, and what the provider received."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gatecert.desktop import Exchange, HttpxTransport, OutgoingRequest, RequestCap
from gatecert.desktop.secret import Secret
from gatecert.desktop.transport import OnChunk
from gatecert.gateways.target import Target
from gatecert.record import Evidence, Grid, RecordedExchange, RecordedReceipt, Redactor
from gatecert.record.model import grid_from_json
from gatecert.record.transcript import curl_line, recorded_message
from gatecert.requirements import CannotJudge
from gatecert.session.spending import TokenCap
from gatecert.upstream import (
    Directive,
    Plan,
    Provider,
    ProviderUnreachable,
    Receipt,
    default_text,
    embed,
    new_token,
)

# how long a provider holds an answer back before it goes on by itself: longer than any gateway
# takes to notice, shorter than the client's patience
HOLD_MS = 10_000
# how long a copy of a request that a gateway mirrors or repeats may take
LATE_MS = 250
_ARRIVAL_MS, _LOOK_MS = 5000, 100
_MOST_EXCHANGES = 8
_MOST_RECEIPTS = 8


class RawRequest(OutgoingRequest):
    """A request that was sent as bytes, so that no curl line could send it again."""


@dataclass
class Witness:
    """Collects in memory; nothing is written before :meth:`evidence` has redacted it."""

    exchanges: list[Exchange] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    measurements: list[Mapping[str, Any]] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    untagged: list[Receipt] = field(default_factory=list)
    other_keys: list[tuple[str, str]] = field(default_factory=list)
    # how often the requirement was begun anew
    forgotten: int = 0
    # by token what the requirement itself has looked at, once every answer was complete
    settled: dict[str, list[Receipt]] = field(default_factory=dict)

    def note_key(self, key: Secret | str | None, target: Target) -> None:
        """Remember a key that stands in for the target's: it may be all but the same."""
        text = key.reveal() if isinstance(key, Secret) else key
        known = [value for _, value in (*target.secrets, *self.other_keys)]
        if text and text not in known:
            self.other_keys.append((f"other-key-{len(self.other_keys) + 1}", text))

    def forget(self) -> None:
        """Begin anew: the requirement is judged once more."""
        for kept in (self.exchanges, self.tokens, self.measurements, self.grids, self.untagged):
            kept.clear()
        self.settled.clear()
        self.forgotten += 1

    def evidence(
        self, provider: Provider | None, redactor: Redactor, bodies: Path | None
    ) -> Evidence:
        """What was witnessed, redacted and bounded.

        With a folder for ``bodies`` more of each body is kept, and large ones go whole into files
        there, so that a request can be sent again.
        """
        receipts = self._receipts(provider)
        kept_exchanges = _ends(self.exchanges, _MOST_EXCHANGES)
        kept_receipts = _ends(receipts, _MOST_RECEIPTS)
        return Evidence(
            exchanges=[_exchange(e, redactor, bodies) for e in kept_exchanges],
            receipts=[_receipt(r, redactor, brief=bodies is None) for r in kept_receipts],
            left_out=len(self.exchanges) - len(kept_exchanges) + len(receipts) - len(kept_receipts),
            measurements=[redactor.data(m) for m in self.measurements],
            grids=[grid_from_json(redactor.data(asdict(grid))) for grid in self.grids],
        )

    def _receipts(self, provider: Provider | None) -> list[Receipt]:
        if provider is None:
            return []
        tagged: list[Receipt] = []
        try:
            for token in self.tokens:
                tagged += self.settled.get(token) or provider.receipts(token, wait_ms=200)
        except ProviderUnreachable:
            pass  # whoever judged has found it out as well
        return [*tagged, *self.untagged]


class WitnessedTransport:
    """A transport whose every exchange is witnessed."""

    def __init__(
        self,
        witness: Witness,
        cap: RequestCap | None,
        silence_s: float,
        tokens: TokenCap | None = None,
        ca: str = "",
    ) -> None:
        self._witness = witness
        self._tokens = tokens
        self._inner = HttpxTransport(cap, silence_s=silence_s, ca=ca)

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        """See :class:`gatecert.desktop.Transport`. Raises TokenCapExceeded."""
        reserved = self._tokens.reserve(request) if self._tokens else 0
        exchange = self._inner.send(purpose, request, on_chunk)
        if self._tokens:
            self._tokens.settle(reserved, exchange)
        self._witness.exchanges.append(exchange)
        return exchange

    def close(self) -> None:
        """Close every connection."""
        self._inner.close()


@dataclass(frozen=True)
class Script:
    """What the provider was told for one turn: send ``text`` as the user's words."""

    directive: Directive

    @property
    def token(self) -> str:
        """The token of the directive."""
        return self.directive.token

    @property
    def text(self) -> str:
        """The user's words that carry the directive."""
        return embed(self.directive)

    @property
    def answer(self) -> str:
        """The text of an answer whose plan names no blocks; no other request can earn it."""
        return default_text(self.token)


class ScriptedProvider:
    """The suites' hold on the provider. ``settle`` waits until the gateway serves plain turns."""

    def __init__(
        self, provider: Provider, witness: Witness, settle: Callable[[], object] = lambda: None
    ) -> None:
        self._provider = provider
        self._witness = witness
        self.settle = settle

    def script(
        self,
        primary: Plan | Sequence[Plan] | None = None,
        backup: Plan | Sequence[Plan] | None = None,
        other: Plan | Sequence[Plan] | None = None,
    ) -> Script:
        """Tell the provider what to do with one turn; a sequence of plans serves its attempts."""
        given = {"primary": primary, "backup": backup, "other": other}
        plans = {
            name: (plan,) if isinstance(plan, Plan) else tuple(plan)
            for name, plan in given.items()
            if plan is not None
        }
        script = Script(Directive(new_token(), plans))
        self._witness.tokens.append(script.token)
        return script

    def everywhere(self, plan: Plan | Sequence[Plan]) -> Script:
        """Tell every provider the same, so that no fallback can hide it."""
        return self.script(plan, plan, plan)

    def receipts(
        self, script: Script, *, wait_ms: float = 5000, late: bool = False
    ) -> list[Receipt]:
        """What arrived for a script at any provider, once every answer is complete.

        With ``late`` also what comes a little after the answer, as mirrored requests do; for checks
        that nothing, or nothing more, arrives.
        """
        try:
            found = self._provider.receipts(script.token, wait_ms=wait_ms)
            if late and self._further(script, len(found)):
                found = self._provider.receipts(script.token, wait_ms=wait_ms)
        except ProviderUnreachable as exc:
            raise CannotJudge("provider-lost", str(exc)) from exc
        if all(receipt.outcome != "open" for receipt in found):
            self._witness.settled[script.token] = found
        return found

    def keys(self, script: Script) -> set[str]:
        """The credentials that providers were called with, kept out of all output from now on."""
        return set().union(*self.keys_by_provider(script).values())

    def keys_by_provider(self, script: Script) -> dict[str, set[str]]:
        """The same for each provider that was called."""
        found: dict[str, set[str]] = {}
        for receipt in self.receipts(script):
            found.setdefault(receipt.provider, set()).update(_credentials(receipt))
        for key in sorted(set().union(*found.values())):
            self._witness.other_keys.append(("key-at-the-provider", key))
        return found

    def wait_for_arrival(self, script: Script, asked: Future[Any]) -> bool:
        """Return once a request of the script has reached a provider, or after 5 s without one.

        Nor is anything waited for once it has been answered: then the gateway has refused it.
        False if neither came about: the gateway lets it wait.
        """
        try:
            for _ in range(_ARRIVAL_MS // _LOOK_MS):
                if self._provider.arrived(script.token, 1, wait_ms=_LOOK_MS) or asked.done():
                    return True
        except ProviderUnreachable as exc:
            raise CannotJudge("provider-lost", str(exc)) from exc
        return False

    def _further(self, script: Script, count: int) -> bool:
        """Whether a further request of the script arrives within a moment."""
        return len(self._provider.arrived(script.token, count + 1, wait_ms=LATE_MS)) > count

    def newest(self) -> int:
        """The number of the newest request at any provider."""
        try:
            return self._provider.hello()
        except ProviderUnreachable as exc:
            raise CannotJudge("provider-lost", str(exc)) from exc

    def since(self, number: int) -> list[Receipt]:
        """Every request newer than ``number``, for those that can carry no token."""
        try:
            found = self._provider.receipts_since(number)
        except ProviderUnreachable as exc:
            raise CannotJudge("provider-lost", str(exc)) from exc
        self._witness.untagged += [receipt for receipt in found if not receipt.token]
        return found

    def release(self, script: Script) -> None:
        """Let a held answer go on."""
        try:
            self._provider.release(script.token)
        except ProviderUnreachable as exc:
            raise CannotJudge("provider-lost", str(exc)) from exc


def _credentials(receipt: Receipt) -> set[str]:
    names = ("x-api-key", "authorization", "api-key")
    values = [value for name, value in receipt.headers if name.lower() in names]
    return {value.removeprefix("Bearer ").strip() for value in values} - {""}


def _ends(items: Sequence[Any], most: int) -> list[Any]:
    """The first and the last ones, where there are too many."""
    if len(items) <= most:
        return list(items)
    return [*items[: most - 2], *items[-2:]]


def _exchange(exchange: Exchange, redactor: Redactor, bodies: Path | None) -> RecordedExchange:
    request = exchange.request
    brief = bodies is None
    path = "/" + request.url.partition("://")[2].partition("/")[2]
    response = None
    if exchange.status is not None:
        line = f"{exchange.http_version} {exchange.status} {exchange.reason}".rstrip()
        response = recorded_message(line, exchange.headers, exchange.body, redactor, brief=brief)
    return RecordedExchange(
        purpose=exchange.purpose,
        url=redactor.text(request.url),
        request=recorded_message(
            f"{request.method} {path} HTTP/1.1",
            request.headers,
            request.body,
            redactor,
            brief=brief,
        ),
        response=response,
        fault=redactor.text(f"{exchange.fault.kind}: {exchange.fault.detail}")
        if exchange.fault
        else "",
        headers_ms=round(exchange.headers_ms, 2),
        end_ms=round(exchange.end_ms, 2),
        chunks=len(exchange.chunks),
        curl=""
        if isinstance(request, RawRequest)
        else curl_line(
            request.method,
            request.url,
            request.headers,
            request.body,
            redactor,
            bodies=bodies,
        ),
    )


def _receipt(receipt: Receipt, redactor: Redactor, *, brief: bool) -> RecordedReceipt:
    line = f"{receipt.method} {receipt.target} HTTP/{receipt.http_version}"
    request = recorded_message(line, receipt.headers, receipt.body, redactor, brief=brief)
    if receipt.large_bytes:
        request = replace(request, body_bytes=receipt.large_bytes, truncated=True)
    return RecordedReceipt(
        provider=receipt.provider,
        token=receipt.token,
        request=request,
        status=receipt.status,
        outcome=receipt.outcome,
        hold=receipt.hold,
    )
