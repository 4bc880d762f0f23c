"""TLS: whether the client can trust the gateway's https address."""

from gatecert.suite import (
    MUST,
    SHOULD,
    CannotOffer,
    Desktops,
    Handshake,
    NotApplicable,
    Raw,
    ScriptedProvider,
    Target,
    answered,
    check_chain,
    check_dates,
    check_name,
    expect,
    requirement,
    same,
    try_old_versions,
)

_N22 = "official: the base URL is https (or http on loopback); field: cc#94438, certificate errors on a new build"
_HOP = "client → gateway"


@requirement(
    "SEC-60",
    MUST,
    source=_N22,
    why="The client refuses the connection, and the user reads about a network error.",
    fix="Use a certificate whose subject alternative names hold the host of the base URL.",
    needs=["tls"],
    since="0.2",
)
def test_certificate_names_the_host(target: Target) -> None:
    """The certificate names the host of the base URL."""
    _came_about(check_name(target.https), "a certificate for the host of the base URL")


@requirement(
    "SEC-61",
    MUST,
    source=_N22,
    why="Browsers fill a missing certificate in, so that all looks well there; the client refuses the connection.",
    fix="Serve the whole chain, intermediates included, up to a root that desktops trust.",
    needs=["tls"],
    since="0.2",
    hints={"nginx": "ssl_certificate with the intermediates behind the server's own certificate"},
)
def test_chain_is_complete_and_trusted(target: Target) -> None:
    """The chain that is sent leads to a root that the client trusts."""
    _came_about(check_chain(target.https), "a whole chain up to a root that the client trusts")


@requirement(
    "SEC-62",
    MUST,
    source=_N22,
    why="From one minute to the next nobody can connect any more.",
    fix="Renew the certificate in time, and reload the gateway afterwards.",
    needs=["tls"],
    since="0.2",
)
def test_certificate_is_in_date(target: Target) -> None:
    """The certificate is valid today."""
    _came_about(check_dates(target.https), "a certificate that is valid today")


@requirement(
    "SEC-63",
    SHOULD,
    source="standard: RFC 8996, TLS 1.0 and 1.1 must not be used",
    why="Whoever can read the network can attack the connection that carries the key.",
    fix="Allow TLS 1.2 and newer only.",
    needs=["tls"],
    since="0.2",
    hints={
        "nginx": "ssl_protocols TLSv1.2 TLSv1.3;",
        "haproxy": "ssl-min-ver TLSv1.2 on the bind line",
        "apache": "SSLProtocol -all +TLSv1.2 +TLSv1.3",
    },
)
def test_old_tls_is_refused(target: Target) -> None:
    """TLS 1.0 and 1.1 are refused."""
    try:
        found = try_old_versions(target.https)
    except CannotOffer as exc:
        raise NotApplicable(f"the OpenSSL of this machine offers no TLS below 1.2 ({exc})") from exc
    expect(not found.done, "TLS 1.0 and 1.1 to be refused", f"{found.version} agreed on", hop=_HOP)


@requirement(
    "SEC-64",
    SHOULD,
    source="official: keys go over https only",
    why="A base URL that was typed with http works, and sends the key over the network in the open.",
    fix="Answer plain HTTP on the https port with 400, a redirect, or by closing; serve nothing there.",
    needs=["tls"],
    since="0.2",
)
def test_plain_http_is_not_served_on_the_tls_port(target: Target, raw: Raw) -> None:
    """A request in plain HTTP on the https port is not served."""
    authority, slash, prefix = target.https.base_url.partition("://")[2].partition("/")
    line = f"GET {slash}{prefix}/v1/models HTTP/1.1"
    plain = Raw(f"http://{authority}", raw.witness, raw.cap)  # without a key, of course
    heard = plain.ask("plain HTTP", f"{line}\r\nHost: {authority}\r\n\r\n".encode(), wait_s=2)
    served = heard.status is not None and (heard.status < 300 or heard.status == 401)
    expect(not served, "plain HTTP on the https port not to be served", heard.summary(), hop=_HOP)


@requirement(
    "SEC-65",
    MUST,
    source=_N22,
    why="Nobody can use Claude Desktop through this address.",
    fix="See what the other requirements say of the certificate; then compare with the address without TLS.",
    needs=["tls"],
    since="0.2",
)
def test_a_turn_over_tls_is_answered(
    desktops: Desktops, provider: ScriptedProvider, target: Target
) -> None:
    """A streamed turn over https, verified as the client does, is answered whole."""
    script = provider.script()
    app = desktops(base_url=target.https.base_url, ca=target.https.ca)
    turn = app.engine.turn(script.text)
    answered(turn, "a turn over https")
    same(script.answer, turn.text, "its text", hop="gateway → client")


def _came_about(found: Handshake, wanted: str) -> None:
    expect(found.done, wanted, found.trouble, hop=_HOP)
