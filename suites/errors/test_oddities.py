"""What a provider should not do: pages with status 200, redirects, and silence."""

import json
from urllib.parse import urlsplit, urlunsplit

from gatecert.suite import (
    HOLD_MS,
    MUST,
    SHOULD,
    Desktops,
    NotApplicable,
    Plan,
    ScriptedProvider,
    Target,
    Together,
    Turn,
    expect,
    hints,
    requirement,
)

_HOP = "provider → gateway → client"
_HTML = {"content-type": "text/html"}
_ERROR = {"type": "error", "error": {"type": "api_error", "message": "Unexpected endpoint"}}
_NO_MESSAGES = {
    "a login page": Plan(body="<html><title>Sign in</title></html>", headers=_HTML),
    "an empty body": Plan(body=""),
    "an error in JSON": Plan(body=json.dumps(_ERROR)),
    "JSON of another kind": Plan(body='{"status": "ok"}'),
}
_LOOPBACK = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


@requirement(
    "ERR-43",
    MUST,
    source="field: a page or an error with status 200 becomes an empty answer that looks complete",
    why="The user sees an empty answer, or none, without any error.",
    fix="Answer 502 when a 200 of the provider is no message, or pass it on as it is.",
    since="0.2",
)
def test_200_without_a_message_becomes_none(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 200 of the provider that holds a page, an error or nothing never becomes a message."""
    for what, plan in _NO_MESSAGES.items():
        for stream in (True, False):
            provider.settle()
            turn = desktops().engine.turn(provider.everywhere(plan).text, stream=stream)
            expect(
                not _looks_like_a_message(turn),
                f"a turn that the provider answers with 200 and {what} to fail, or to arrive as "
                "it is",
                f"a whole message, streamed: {turn.text!r}" if stream else turn.exchange.text[:160],
                hop=_HOP,
                silent=True,
            )


@requirement(
    "ERR-44",
    SHOULD,
    source="official: avoid redirects altogether; a redirect may drop the body or carry the credential off",
    why="One wrong redirect sends the prompt and the provider's key to a host that nobody chose.",
    fix="Do not follow redirects of a provider to another host; answer 502.",
    since="0.2",
)
def test_redirect_to_another_host_is_not_followed(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A provider's redirect to another host is not followed, nor passed off as an answer."""
    elsewhere = _by_another_name(target.upstream_url) + "/other/v1/messages"
    for status in (307, 302):
        for stream in (True, False):
            provider.settle()
            away = Plan(status=status, body="", headers={"location": elsewhere})
            script = provider.script(away, away)
            exchange = desktops().engine.turn(script.text, stream=stream).exchange
            seen = {receipt.provider for receipt in provider.receipts(script)}
            expect(
                "other" not in seen,
                f"the prompt to stay where it was sent, after a {status} of the provider",
                f"it arrived where the redirect points to; the client got {exchange.summary()}",
                hop="gateway → provider",
                silent=True,
            )
            expect(
                exchange.status is not None and exchange.status >= 300,
                f"a turn that the provider answers with a {status} to fail",
                exchange.summary(),
                hop=_HOP,
                silent=True,
            )


@requirement(
    "ERR-45",
    SHOULD,
    source="field: Portkey issue 1778, requests hang at the provider for as long as it likes",
    why="Tokens are paid for that nobody reads, and connections pile up until the gateway refuses others.",
    fix="End the request at the provider when the client leaves, also before the answer has begun, and do not try another provider.",
    since="0.2",
    hints=hints.LEAVING_NOTICED,
)
def test_leaving_before_the_answer_frees_the_provider(
    desktops: Desktops, provider: ScriptedProvider
) -> None:
    """A client that leaves before the answer begins ends the request at the provider too."""
    with Together(2) as both:
        held = both.map(lambda stream: _left_behind(desktops, provider, stream), (True, False))
        for stream, states in zip((True, False), held, strict=True):
            expect(
                set(states.values()) == {"client-left"} and len(states) == 1,
                "the provider's connection to be closed soon after the client "
                f"has left (stream: {str(stream).lower()})",
                f"the request at several providers: {', '.join(states)}"
                if len(states) > 1
                else "it still open after 5 s"
                if states
                else "nothing at the provider",
                hop="gateway → provider",
                silent=True,
            )


def _left_behind(desktops: Desktops, provider: ScriptedProvider, stream: bool) -> dict[str, str]:
    """How each provider's request stands after a client has left before the answer began."""
    for patience_s in (0.3, 3.0):  # the longer one for gateways that take their time to forward
        script = provider.everywhere(Plan(hold_after=-1, hold_ms=HOLD_MS))
        desktops(silence_s=patience_s).engine.turn(script.text, stream=stream)
        receipts = provider.receipts(script, late=True)
        provider.release(script)
        if receipts:
            return {receipt.provider: receipt.hold or receipt.outcome for receipt in receipts}
    return {}


def _looks_like_a_message(turn: Turn) -> bool:
    """Whether the client takes what came for a complete answer."""
    if turn.exchange.status != 200:
        return False
    if turn.stream:
        return any(event.name == "message_stop" for event in turn.events)
    body = turn.exchange.json()
    return isinstance(body, dict) and isinstance(body.get("content"), list)


def _by_another_name(url: str) -> str:
    """The same address as another origin. Raises NotApplicable where there is no other name."""
    parts = urlsplit(url)
    name = _LOOPBACK.get(parts.hostname or "")
    if name is None:
        raise NotApplicable("the provider is not on this machine, so it has no second name")
    return urlunsplit(parts._replace(netloc=f"{name}:{parts.port}")).rstrip("/")
