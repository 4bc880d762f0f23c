"""Words of the provider that the client acts upon."""

from typing import Any

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    DesktopApp,
    Desktops,
    Explore,
    Plan,
    ScriptedProvider,
    expect,
    provoked,
    requirement,
    same,
)

_HOP = "provider → gateway → client"
_FIX = (
    "Pass the provider's error body on word for word; no prefix, no wrapper, no text of your own."
)
# what makes the client take something out of its request and try again at once
_CAPABILITIES = (
    "This model does not support the effort parameter.",
    "Unexpected value(s) `effort-2025-11-24` for the `anthropic-beta` header.",
    "adaptive thinking is not supported on this model",
    "messages.1.role: Input should be 'user' or 'assistant'",
    "context_management: Extra inputs are not permitted",
    "output_config: Extra inputs are not permitted",
    "safeguards: Extra inputs are not permitted",
    "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for this model",
)
# what makes the client mend or shorten the conversation, or tell the user what to do
_CONTENT = (
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message"
    " cannot be modified. These blocks must remain as they were in the original response.",
    "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after:"
    " toolu_01A09q90qw90lq917835lq9. Each `tool_use` block must have a corresponding"
    " `tool_result` block in the next message.",
    "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes",
    "messages.0.content.1: image dimensions exceed max allowed size for many-image requests: 2000 pixels",
    "messages.0.content.1.pdf.source.base64.data: A maximum of 100 PDF pages may be provided.",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input"
    " length or `max_tokens` and try again",
    "Your credit balance is too low to access the Anthropic API."
    " Please go to Plans & Billing to upgrade or purchase credits.",
    "tools.3.custom.defer_loading: Extra inputs are not permitted",
)


@requirement(
    "ERR-25",
    MUST,
    source="observed: the engine reads in a 400 which field or beta to leave out, and repeats at once",
    why="A turn that the client could have mended by itself ends in an error, on every first try.",
    fix=_FIX,
    since="0.2",
)
def test_capability_wording_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The 400 texts that tell the client what to leave out arrive word for word."""
    _word_for_word(desktops, provider, _CAPABILITIES)


@requirement(
    "ERR-26",
    MUST,
    source="official: error messages pass unmodified, because recovery matches the wording",
    why="The client cannot strip thinking, shrink images or mend tool calls, and the conversation is stuck.",
    fix=_FIX,
    since="0.2",
)
def test_content_wording_stays(desktops: Desktops, provider: ScriptedProvider) -> None:
    """The 400 texts about thinking, tools, images, documents, length and credit arrive word for word."""
    _word_for_word(desktops, provider, _CONTENT)


@requirement(
    "ERR-27",
    MUST,
    source="observed: error.message is shown to the user as it comes",
    why="The user reads escapes, question marks or half a sentence where the provider explained the error.",
    fix="Pass the error body on byte for byte; where it must be rebuilt, read and write it as UTF-8 JSON.",
    since="0.2",
)
def test_any_message_arrives(
    desktop: DesktopApp, provider: ScriptedProvider, explore: Explore
) -> None:
    """Any message of an error arrives as it was sent: quotes, line breaks, markup, every script."""

    def check(example: tuple[str, bool]) -> None:
        message, stream = example
        script = provider.everywhere(Plan(status=400, error={"message": message}))
        exchange = desktop.engine.turn(script.text, stream=stream).exchange
        same(400, exchange.status, "the status", hop=_HOP)
        came: Any = exchange.error_message or exchange.summary()
        expect(
            came == message,
            f"error.message to be {message!r}",
            repr(came),
            hop=_HOP,
            silent=True,
        )

    explore(st.tuples(_MESSAGES, st.booleans()), check)


def _word_for_word(
    desktops: Desktops, provider: ScriptedProvider, messages: tuple[str, ...]
) -> None:
    provider.settle()
    for message in messages:
        plan = Plan(status=400, error={"type": "invalid_request_error", "message": message})
        for exchange, turn in provoked(desktops, provider, plan, settle=False):
            same(400, exchange.status, f"the status of {turn} ({message!r})", hop=_HOP)
            came = exchange.error_message or exchange.summary()
            same(message, came, f"error.message of {turn}", hop=_HOP)


# lone surrogates and control characters are no text, and ' @@' ends a directive
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=60)
_PIECES = st.sampled_from(
    [
        *("it's", '"quoted"', "`ticks`", '{"json": [1, null]}', "<b>bold</b>", "a & b", "a\\nb"),
        *("a\nb", "%s %20", "${HOME}", "$1", "café", "漢字", "🙂", "\u202eleft", "  two blanks"),
    ]
)
_MESSAGES = (
    st.lists(_PIECES | _TEXTS, min_size=1, max_size=6)
    .map(" ".join)
    .filter(lambda text: text.strip() and " @@" not in text)
)
