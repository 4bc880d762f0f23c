"""The key is asked for beside turns too: on discovery and on token counts."""

from gatecert.suite import (
    MUST,
    SHOULD,
    WRONG_KEY,
    Desktops,
    NotApplicable,
    hints,
    refused,
    requirement,
)

_ENFORCED = ["enforces_keys"]


@requirement(
    "AUTH-15",
    SHOULD,
    source="official: discovery carries the same credential as inference",
    why="The list of internal model routes is open to whoever asks.",
    fix="Check the key on GET /v1/models as on every other path.",
    needs=[*_ENFORCED, "serves_models"],
    hints=hints.CHECK_EVERYWHERE,
)
def test_discovery_needs_the_key_too(desktops: Desktops) -> None:
    """Model discovery with a wrong key is refused with 401 or 403."""
    refused(desktops(api_key=WRONG_KEY).discover_models(), "discovery with an unknown key")


@requirement(
    "AUTH-20",
    MUST,
    source="official: every endpoint carries the credential; field: side routes left open",
    why="A side door: whoever reaches it uses the company's provider account.",
    fix="Check the key before routing, so that no path is left out.",
    needs=[*_ENFORCED, "serves_count_tokens"],
    hints=hints.CHECK_EVERYWHERE,
)
def test_count_tokens_needs_the_key_too(desktops: Desktops) -> None:
    """count_tokens with a wrong key is refused with 401 or 403."""
    exchange = desktops(api_key=WRONG_KEY).engine.count_tokens("hi")
    if exchange.status == 404 and desktops().engine.count_tokens("hi").status == 404:
        raise NotApplicable("count_tokens is promised, but not there for any key")
    refused(exchange, "count_tokens, unknown key,")
