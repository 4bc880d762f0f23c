"""What a credential helper prints, and what the client makes of it. No I/O.

Source: the client's page on credential helpers (documented), and a reimplementation of its parser
(reported): JSON after leading text, multi-line text, control characters and header values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gatecert.desktop.credentials.credential import Credential, CredentialError
from gatecert.desktop.secret import Secret
from gatecert.desktop.settings import HEADER_NAME

_BROKEN = re.compile(r"[\r\n\0]")


def read_output(stdout: bytes, stderr: bytes = b"") -> Credential:
    """The credential that a helper printed, with warnings. Raises CredentialError.

    Anything on stderr is a warning. No message quotes what was printed.
    """
    __tracebackhide__ = True  # pytest would show the arguments
    text = _decoded_text(stdout)
    if text is None:
        raise _unusable("its output is not UTF-8 text")
    if not text:
        raise CredentialError("empty", "the credential helper printed nothing")
    complaints = ["the helper wrote to stderr"] if stderr.strip() else []
    answer, before = _json_answer(text)
    if answer is None:
        return Credential(_token(text, "its output"), warnings=tuple(complaints))
    if before:
        complaints.append("text before the JSON was passed over")
    token = answer.get("token")
    if not isinstance(token, str) or not token.strip():
        raise CredentialError("empty", "the credential helper's JSON has no token")
    headers, dropped = _headers(answer.get("headers"))
    return Credential(_token(token, "its token"), headers, (*complaints, *dropped))


def _decoded_text(data: bytes) -> str | None:
    """The text, or None: an error that goes on would carry the bytes along."""
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None


def _json_answer(text: str) -> tuple[Mapping[str, Any] | None, str]:
    """The JSON object that the output is or ends with, and the text before it."""
    if text.startswith("{"):
        whole = _decoded(text)
        if whole is not None:
            return whole, ""
    for at in _line_starts(text):
        found = _decoded(text[at:])
        if found is not None:
            return found, text[:at].strip()
    return None, ""


def _line_starts(text: str) -> Iterator[int]:
    """Every brace after the first character that could begin an object."""
    return (found.start() for found in re.finditer(r'\{\s*"', text) if found.start())


def _decoded(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _token(text: str, what: str) -> Secret:
    __tracebackhide__ = True  # pytest would show the arguments
    if _BROKEN.search(text):
        raise _unusable(f"{what} has more than one line, or a NUL, and is no JSON object")
    return Secret(text.strip())


def _headers(value: Any) -> tuple[dict[str, str], list[str]]:
    """Headers that can be sent, and a warning for each that is dropped, by its number."""
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        return {}, ["headers is no object and was ignored"]
    kept: dict[str, str] = {}
    warnings: list[str] = []
    for number, (name, content) in enumerate(value.items(), 1):
        if not isinstance(content, str):
            warnings.append(f"header {number} is no string and was ignored")
        elif not HEADER_NAME.fullmatch(name) or _BROKEN.search(content):
            warnings.append(f"header {number} cannot be sent and was ignored")
        else:
            kept[name] = content
    return kept, warnings


def _unusable(why: str) -> CredentialError:
    return CredentialError("unusable", f"the credential helper's output is refused: {why}")
