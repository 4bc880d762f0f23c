"""Compression and lengths: what arrives can be decoded, and is all of it."""

from gatecert.suite import (
    MUST,
    Block,
    DesktopApp,
    Plan,
    ScriptedProvider,
    answered,
    expect,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_TEXT = "Grüße aus Zürich, 東京 и Київ — 🙂🏳️‍🌈 " * 8
_BLOCK = Block("text", [_TEXT[i : i + 20] for i in range(0, len(_TEXT), 20)])


@requirement(
    "PASS-21",
    MUST,
    source="observed: the client offers gzip, deflate, br and zstd on every request",
    why="Answers arrive as garbage or not at all, as soon as the provider compresses in another way.",
    fix="Pass Accept-Encoding and Content-Encoding on with the bytes, or ask the provider for identity.",
    since="0.2",
    hints={"nginx": 'proxy_set_header Accept-Encoding ""; where bodies are rewritten'},
)
def test_every_coding_is_readable(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Answers and streams arrive readable in every coding that the client offers."""
    for coding in ("gzip", "deflate", "br", "zstd"):
        for stream in (True, False):
            script = provider.script(Plan(blocks=[_BLOCK], compress=True, coding=coding))
            turn = desktop.engine.turn(script.text, stream=stream)
            what = f"a turn (stream: {str(stream).lower()}) with a provider that has {coding}"
            answered(turn, what)
            same(_TEXT, turn.text or turn.exchange.text[:80], f"the text of {what}", hop=_HOP)


@requirement(
    "PASS-22",
    MUST,
    source="standard: RFC 9110, an answer is in a coding that the request accepts",
    why="Programs that did not ask for compression read garbage.",
    fix="Compress only what Accept-Encoding offers; ask the provider for nothing else either.",
    since="0.2",
    hints={"nginx": "gzip off; proxy_set_header Accept-Encoding $http_accept_encoding;"},
)
def test_nothing_is_compressed_unasked(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """A client that offers no coding, or one, gets the answer in no other."""
    for accepted in ("identity", "gzip"):
        for stream in (True, False):
            plan = Plan(
                blocks=[_BLOCK], compress=True, coding="br" if accepted == "gzip" else "gzip"
            )
            script = provider.script(plan)
            headers = {"Accept-Encoding": accepted}
            turn = desktop.engine.turn(script.text, stream=stream, headers=headers)
            what = f"a turn (stream: {str(stream).lower()}) with Accept-Encoding: {accepted}"
            coding = turn.exchange.header("content-encoding") or "identity"
            expect(
                coding in ("identity", accepted),
                f"{what} to be answered in {accepted}, or uncompressed",
                f"Content-Encoding: {coding}",
                hop=_HOP,
                silent=True,
            )
            answered(turn, what)
            expect(  # that nothing of it is lost is another requirement's matter
                _TEXT[:20] in turn.text,
                f"{what} to be answered with text that can be read",
                repr(turn.exchange.body[:40]),
                hop=_HOP,
                silent=True,
            )


@requirement(
    "PASS-23",
    MUST,
    source="standard: RFC 9110, Content-Length counts bytes",
    why="Answers with umlauts, CJK or emoji break off, and the next turn on the connection fails too.",
    fix="Count Content-Length in bytes after encoding, or leave it out and send chunks.",
    since="0.2",
)
def test_lengths_count_bytes(desktop: DesktopApp, provider: ScriptedProvider) -> None:
    """Whole answers and errors in any script arrive to their last byte, one after another."""
    message = f"{_TEXT}(the end)"
    for _ in range(2):  # what is left of one answer on a connection spoils the next
        script = provider.script(Plan(blocks=[_BLOCK]))
        turn = desktop.engine.turn(script.text, stream=False)
        answered(turn, "a turn without stream, in several scripts,")
        same(_TEXT, turn.text, "the answer's text", hop=_HOP)
        script = provider.everywhere(Plan(status=400, error={"message": message}))
        exchange = desktop.engine.turn(script.text, stream=False).exchange
        # what is put around it is another requirement's matter
        expect(
            message in exchange.error_message and exchange.fault is None,
            f"a complete error whose message has {message[-24:]!r} at its end",
            f"{exchange.summary()}, {len(exchange.body)} bytes in all",
            hop=_HOP,
        )
