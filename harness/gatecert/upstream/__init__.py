"""The scripted model provider: the Messages API, obeying directives, keeping receipts."""

from gatecert.upstream.client import Provider, ProviderUnreachable
from gatecert.upstream.directives import (
    Block,
    Directive,
    DirectiveError,
    Plan,
    embed,
    find,
    find_token,
    new_token,
)
from gatecert.upstream.messages_api import default_text
from gatecert.upstream.receipts import Receipt
from gatecert.upstream.shortening import shortened

__all__ = [
    "Block",
    "Directive",
    "DirectiveError",
    "Plan",
    "Provider",
    "ProviderUnreachable",
    "Receipt",
    "default_text",
    "embed",
    "find",
    "find_token",
    "new_token",
    "shortened",
]
