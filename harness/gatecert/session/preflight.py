"""Before anything is judged: does a request reach the scripted provider, in a form that it speaks?

A provider route that points elsewhere, or is of another provider's kind, is the commonest first
mistake. It would fail nearly every requirement and blame the gateway for each; one line says it
better.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from gatecert.desktop import DesktopApp, Exchange
from gatecert.errors import RunError
from gatecert.gateways.target import Target, TlsAddress
from gatecert.session.handshakes import check_chain, check_dates, check_name, check_trust
from gatecert.session.services import answers, settings_of
from gatecert.upstream import Directive, Provider, Receipt, embed, new_token

# the APIs of OpenAI, Gemini and Bedrock, by how their paths end
_FOREIGN = ("/chat/completions", "/completions", "/responses", ":generateContent", "/converse")


def untrusted(target: Target) -> str:
    """Why the client trusts no connection to an https base URL, or ``""``.

    Then TLS is all that can be judged. Handshakes that fail for another reason than the
    certificate are left to the requirements.
    """
    address = TlsAddress(target.base_url)
    if not address.base_url.lower().startswith("https:") or not check_trust(address).distrusted:
        return ""
    checks = {"name": check_name, "chain": check_chain, "dates": check_dates}
    found = {what: check(address) for what, check in checks.items()}
    wrong = ", ".join(f"its certificate's {k} ({v.trouble})" for k, v in found.items() if v.trouble)
    return (
        f"the client does not trust the gateway at {target.base_url}: {wrong}; mend that (see "
        "SEC-60 to SEC-62), or name the root of a private authority in SSL_CERT_FILE"
    )


def check_route(target: Target) -> None:
    """Raise RunError if nothing that the client sends reaches the scripted provider as a message.

    A gateway that refuses the requests with 4xx is left to the requirements: the key, the metadata
    or the path may be what is wrong, and they say so.
    """
    provider = Provider(target.upstream_url)
    try:
        before = provider.hello()
        exchanges = _knock(target)
        came = provider.receipts_since(before)
    finally:
        provider.close()
    if came:
        _check_form(came)
    elif not any(e.status is not None and 400 <= e.status < 500 for e in exchanges):
        raise RunError(_sentence(target, exchanges[-1]))


def _check_form(came: Sequence[Receipt]) -> None:
    """Raise RunError if the gateway spoke another API than the provider's, and that alone."""
    if all(receipt.path.endswith(_FOREIGN) for receipt in came):
        raise RunError(
            f"the gateway asks the provider by {came[-1].method} {came[-1].path}, which is no path "
            "of Anthropic's Messages API, the only one that the scripted provider speaks: give the "
            "gateway's route an Anthropic provider"
        )


def _knock(target: Target) -> list[Exchange]:
    """The connection test and, unless nothing answers, a turn."""
    app = DesktopApp(settings_of(target)).launch()
    try:
        first = app.test_connection()
        if first.status is None and not answers(target.base_url):
            return [first]
        return [first, app.engine.turn(embed(Directive(new_token())), stream=False).exchange]
    finally:
        app.quit()


def _sentence(target: Target, last: Exchange) -> str:
    if last.status is None:
        return f"the gateway at {target.base_url} takes connections and gives {last.summary()}"
    return (
        f"nothing reached the scripted provider at {urlsplit(target.upstream_url).netloc}: the "
        f"gateway answered {last.summary()}; point the gateway's provider route there"
    )
