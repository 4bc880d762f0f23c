"""Each status of the provider stays what it is, is asked for once, and is forgotten afterwards."""

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Plan,
    ScriptedProvider,
    answered,
    expect,
    fail,
    hints,
    provoked,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_KEEP = "Pass the provider's status, headers and body on unchanged, for streaming requests too."


@requirement(
    "ERR-17",
    MUST,
    source="observed: 402 is final after one request; as 401, 429 or 5xx it is not understood or repeated",
    why="A spent budget looks like a wrong key or an outage, and is retried for three minutes.",
    fix=_KEEP,
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_payment_required_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 402 of the provider stays a 402 with its message."""
    _stays(desktops, provider, 402, "Your plan's spend limit is reached until 1 December")


@requirement(
    "ERR-18",
    MUST,
    source="observed: a 404 is repeated without stream and shown as an issue with the selected model",
    why="The user is not told that the model is gone, and waits through ten retries instead.",
    fix=_KEEP,
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_not_found_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 404 of every provider stays a 404 with its message."""
    _stays(desktops, provider, 404, "model: claude-sonnet-4-6 is not available in this region")


@requirement(
    "ERR-19",
    SHOULD,
    source="observed: 408 and 409 are retried, any other 4xx but 401 and 429 is final",
    why="What would pass on a second try is given up, or a hopeless request is repeated.",
    fix=_KEEP,
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_further_client_errors_stay(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Each 408, 409, 412 and 422 of the provider keeps its status and message."""
    for status in (408, 409, 412, 422):
        _stays(desktops, provider, status, f"The provider's own words for a {status}")


@requirement(
    "ERR-20",
    SHOULD,
    source="official: return upstream errors unmodified, status as well as body",
    why="Whoever looks into an outage is sent to the wrong place: a 502 is the gateway's, a 503 the provider's.",
    fix=f"{_KEEP} Do not fold all 5xx into one.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_further_server_errors_stay(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Each 502, 503 and 504 of every provider keeps its status and message."""
    for status in (502, 503, 504):
        _stays(desktops, provider, status, f"The provider's own words for a {status}")


@requirement(
    "ERR-21",
    SHOULD,
    source="official: return upstream errors unmodified, body as well as status",
    why="Programs that go by error.type take a rate limit for a bad request, or an overload for a defect.",
    fix="Keep error.type; do not derive it from the status or call every error api_error.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_error_types_stay(desktops: Desktops, provider: ScriptedProvider) -> None:
    """error.type stays what the provider wrote, for refusals, limits and server errors."""
    kinds = {
        402: "billing_error",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
    for status, kind in kinds.items():
        error = {"type": kind, "message": f"The provider's own words for a {status}"}
        for exchange, turn in provoked(desktops, provider, Plan(status=status, error=error)):
            body = exchange.json()
            came = body.get("error") if isinstance(body, dict) else None
            came = came.get("type") if isinstance(came, dict) else exchange.summary()
            same(kind, came, f"error.type of {turn} with a {status}", hop=_HOP)


@requirement(
    "ERR-22",
    MUST,
    source="field: Portkey issue 344, the provider's 401 cannot be told from the gateway's own",
    why="Users are told that their key is wrong and fetch a new one, while the gateway's own key has expired.",
    fix="Keep the provider's message, or answer 502 with a sentence that blames the provider's key.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_provider_401_is_told_apart(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A 401 of the provider keeps its message or becomes a 5xx; it never passes for a bad user key."""
    said = "invalid x-api-key: this key was disabled by the provider"
    error = {"type": "authentication_error", "message": said}
    for exchange, turn in provoked(desktops, provider, Plan(status=401, error=error)):
        status = exchange.status or 0
        expect(
            (status in (401, 403) and said in exchange.error_message)
            or (500 <= status < 600 and exchange.error_message),
            f"{turn}, which the provider refused with 401, to end in a 401 with the provider's "
            f"message {said!r}, or in a 5xx with a sentence",
            exchange.summary(),
            hop=_HOP,
        )


@requirement(
    "ERR-23",
    SHOULD,
    source="field: failing calls sent twice; a refusal costs the user's time and the provider's patience",
    why="Each refusal is asked for several times: users wait, and the provider's limit for errors is eaten up.",
    fix="Do not retry what the provider refuses with 400, 401, 403, 404 or 413.",
    since="0.2",
    hints=hints.FEW_RETRIES,
)
def test_refusal_is_asked_once(desktops: Desktops, provider: ScriptedProvider) -> None:
    """What a provider refuses with 400, 401, 403, 404 or 413 is sent to it once."""
    for status in (400, 401, 403, 404, 413):
        for stream in (True, False):
            provider.settle()
            script = provider.everywhere(Plan(status=status, error={"message": "Refused"}))
            desktops().engine.turn(script.text, stream=stream)
            names = [receipt.provider for receipt in provider.receipts(script)]
            most = max((names.count(name) for name in set(names)), default=0)
            expect(
                most == 1,
                f"one request at a provider that refuses it with {status}",
                f"{most} (stream: {str(stream).lower()})" if most else "none at any provider",
                hop="gateway → provider",
                silent=True,
            )


@requirement(
    "ERR-24",
    MUST,
    source="field: refusals kept in a cache and given again after their cause was gone",
    why="The user repeats the turn after the fault is mended, and gets the old error for as long as it is kept.",
    fix="Cache no answer to POST /v1/messages, errors least of all.",
    since="0.2",
    hints={
        "nginx": "proxy_cache off; (or no proxy_cache_valid for any)",
        "portkey": "no cache in the config",
    },
)
def test_errors_are_not_remembered(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A turn that was refused is asked anew when it is sent again, and answered."""
    for status in (400, 404):
        for stream in (True, False):
            provider.settle()
            plans = (Plan(status=status, error={"message": "Not yet"}), Plan())
            script = provider.script(plans, plans, plans)
            first = desktop.engine.turn(script.text, stream=stream)
            if first.exchange.status == 200:
                continue  # the gateway asked again by itself, which is another requirement's matter
            provider.settle()
            again = desktop.engine.turn(script.text, stream=stream)
            if again.exchange.status == status:
                fail(
                    f"the same turn to be asked anew after a {status}",
                    f"{again.exchange.summary()}, with {len(provider.receipts(script))} request(s) "
                    "at the provider",
                    hop=_HOP,
                )
            answered(again, f"the same turn, sent again after a {status},")
            same(script.answer, again.text, "the answer's text", hop=_HOP)


def _stays(desktops: Desktops, provider: ScriptedProvider, status: int, message: str) -> None:
    plan = Plan(status=status, error={"message": message})
    for exchange, turn in provoked(desktops, provider, plan):
        same(status, exchange.status, f"the status of {turn} with a {status}", hop=_HOP)
        came = exchange.error_message or exchange.summary()
        same(message, came, f"error.message of {turn} with a {status}", hop=_HOP)
