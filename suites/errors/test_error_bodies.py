"""Error bodies that are no plain envelope: pages, nothing at all, compressed, long, and broken."""

import base64
import json

from gatecert.suite import (
    MUST,
    SHOULD,
    DesktopApp,
    Desktops,
    Plan,
    ScriptedProvider,
    expect,
    hints,
    provoked,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_HTML = {"content-type": "text/html; charset=utf-8"}
_TEXT = {"content-type": "text/plain"}
_UNUSUAL = {
    "an HTML page": Plan(status=403, body=_PAGE.format("Request blocked"), headers=_HTML),
    "a page of a proxy": Plan(status=502, body=_PAGE.format("502 Bad Gateway"), headers=_HTML),
    "plain text": Plan(status=500, body="upstream busy", headers=_TEXT),
    "JSON without an envelope": Plan(status=422, body='{"detail": "Not a valid request"}'),
    "a JSON array": Plan(status=400, body='["no", "such", "field"]'),
    "an empty body": Plan(status=504, body=""),
    "an empty body and a refusal": Plan(status=400, body=""),
}
_CODINGS = ("gzip", "deflate", "br", "zstd")
_LONG_LINE = "<!-- a friendly page of a content network, far longer than any buffer -->\n"
_LONG_TIMES = 4096  # some 300 kB


@requirement(
    "ERR-28",
    SHOULD,
    source="official: return upstream errors unmodified; fields are an open list",
    why="What a newer client needs of an error (a code, details, what to try) is cut off on the way.",
    fix="Pass the error body on as it is, instead of building one of the fields that you know.",
    since="0.2",
)
def test_further_fields_of_an_error_stay(desktops: Desktops, provider: ScriptedProvider) -> None:
    """Fields of an error beside type and message arrive: details, codes, and what is unknown yet."""
    details = {"error_code": "model_not_enabled", "retry": {"after_s": 30, "ids": [1, 2]}}
    error = {"type": "invalid_request_error", "message": "Not enabled", "details": details}
    envelope = {"type": "error", "error": error, "gatecert_future": {"a": None}}
    for exchange, turn in provoked(
        desktops, provider, Plan(status=400, body=json.dumps(envelope)), settle=False
    ):
        body = exchange.json()
        # a field of the gateway's own beside these does no harm
        kept = {k: v for k, v in body.items() if k in envelope} if isinstance(body, dict) else None
        same(envelope, kept or exchange.summary(), f"the error body of {turn}", hop=_HOP)


@requirement(
    "ERR-29",
    MUST,
    source="field: errors without the usual JSON answered as 500 (exception), 502 or 200",
    why="A refusal is repeated for three minutes, or an outage looks like an answer.",
    fix="Pass the status on whatever the body is; do not parse an error before passing it on.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_status_stays_whatever_the_body(desktops: Desktops, provider: ScriptedProvider) -> None:
    """A refusal keeps its status, and an outage stays a 5xx, when the body is a page, plain text, other JSON or empty."""
    for what, plan in _UNUSUAL.items():
        for exchange, turn in provoked(desktops, provider, plan):
            wanted = f"the status of {turn}, which the provider fails with {what},"
            expect(
                _alike(plan.status, exchange.status),
                f"{wanted} to be {plan.status if plan.status < 500 else '5xx'}",
                exchange.summary(),
                hop=_HOP,
                silent=exchange.status == 200,
            )


@requirement(
    "ERR-30",
    SHOULD,
    source="observed: the client shows an error's plain text, and the title of a page",
    why="The user reads a bare number where the provider, or the firewall before it, gave a reason.",
    fix="Keep the text of an error that is no JSON, or put it into error.message.",
    since="0.2",
    hints=hints.STATUS_UNCHANGED,
)
def test_words_of_unusual_errors_arrive(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The words of an error in plain text, and the title of a page, reach the client."""
    said = "Blocked by content rule 941100"
    plans = {
        "a page's title": Plan(status=403, body=_PAGE.format(said), headers=_HTML),
        "plain text": Plan(status=500, body=f"{said}\n", headers=_TEXT),
    }
    for what, plan in plans.items():
        for exchange, turn in provoked(desktops, provider, plan):
            expect(
                said in exchange.text,
                f"{said!r}, the provider's {what}, in the answer to {turn}",
                exchange.summary(),
                hop=_HOP,
            )


@requirement(
    "ERR-31",
    MUST,
    source="observed: the client offers gzip, deflate, br and zstd, and providers compress errors too",
    why="The user reads garbage, and recovery that depends on the wording fails.",
    fix="Pass Content-Encoding on together with the bytes of an error, or decompress and drop both.",
    since="0.2",
    hints={"nginx": 'proxy_set_header Accept-Encoding ""; where bodies are rewritten'},
)
def test_compressed_error_is_readable(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """An error that the provider compresses is readable, in each coding the client offers."""
    message = "prompt is too long: 210000 tokens > 200000 maximum"
    error = {"type": "invalid_request_error", "message": message}
    for number, coding in enumerate(_CODINGS):
        plan = Plan(status=400, error=error, compress=True, coding=coding)
        script = provider.everywhere(plan)
        exchange = desktop.engine.turn(script.text, stream=number % 2 == 0).exchange
        expect(
            # what is put around it is another requirement's matter
            exchange.status == 400 and message in exchange.error_message,
            f"a 400 whose error.message can be read, from a provider that compresses with {coding}",
            exchange.summary(),
            hop=_HOP,
        )


@requirement(
    "ERR-32",
    SHOULD,
    source="field: error pages larger than a proxy's buffer are cut, or end in a 502 of its own",
    why="A long error arrives as half a document that no client can read, or with another status.",
    fix="Relay error bodies as they come, like answers; do not cut them to a buffer.",
    since="0.2",
)
def test_long_error_arrives_whole(desktops: Desktops, provider: ScriptedProvider) -> None:
    """An error of 300 kB arrives whole."""
    whole = (_LONG_LINE * _LONG_TIMES).encode()
    plan = Plan(status=503, body=_LONG_LINE, body_times=_LONG_TIMES, headers=_HTML)
    for exchange, turn in provoked(desktops, provider, plan):
        expect(
            _alike(503, exchange.status),
            f"{turn} with a long error to end in a 5xx",
            exchange.summary()[:120],
            hop=_HOP,
        )
        cut = exchange.fault or (exchange.body != whole and whole.startswith(exchange.body))
        expect(
            not cut,
            f"all {len(whole)} bytes of the error, or a page or sentence in its place",
            f"the first {len(exchange.body)} bytes; {exchange.summary()[:80]}",
            hop=_HOP,
        )


@requirement(
    "ERR-33",
    SHOULD,
    source="field: a gateway that decodes errors as UTF-8 fails by itself on the first other byte",
    why="A refusal turns into the gateway's own 500, which is repeated for three minutes.",
    fix="Pass error bodies on as bytes, or decode them so that nothing can fail.",
    since="0.2",
)
def test_error_in_another_charset_keeps_its_status(
    desktops: Desktops, provider: ScriptedProvider
) -> None:
    """An error whose body is not UTF-8 keeps its status."""
    page = "Anfrage abgelehnt: ungültiger Schlüssel".encode("latin-1")
    plan = Plan(
        status=403,
        body_base64=base64.b64encode(page).decode(),
        headers={"content-type": "text/plain; charset=iso-8859-1"},
    )
    for exchange, turn in provoked(desktops, provider, plan):
        expect(
            exchange.status == 403,
            f"the status of {turn}, refused in ISO-8859-1, to be 403",
            exchange.summary(),
            hop=_HOP,
        )


def _alike(sent: int, came: int | None) -> bool:
    """Whether the client treats two statuses alike: every 5xx, but no other two refusals."""
    return came == sent or (sent >= 500 and came in range(500, 600))
