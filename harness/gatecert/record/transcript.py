"""HTTP messages as evidence: redacted, bounded, and with a curl line to send them again."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from gatecert.record.model import RecordedMessage
from gatecert.record.redact import Redactor

_KEEP_CHARS = 6_000
_KEEP_CHARS_BRIEF = 1_600
_SMALL_BODY_CHARS = 2_000
_LARGE_BODY_BYTES = 4 * 1024 * 1024
_ENDS_BYTES = 65_536  # of a large body; far more than is shown of it
_NOT_KEPT = "BODY_NOT_KEPT"
_CLIENT_KEY = "api-key"  # the name under which targets list the client's key
_GATEWAY_KEY = "GATEWAY_KEY"  # its variable
_CLIENT_HEADERS = {"authorization", "x-api-key"}
_MARK = re.compile(r"<redacted(?::([^<>]*))?>")
_CURL_SETS_ITSELF = {"host", "content-length", "connection", "accept-encoding"}

Headers = Sequence[tuple[str, str]]


def recorded_message(
    first_line: str, headers: Headers, body: bytes, redactor: Redactor, *, brief: bool = False
) -> RecordedMessage:
    """A message as evidence. The middle of a long body is left out; its hash covers all of it.

    Beyond 4 MB only the ends are redacted and kept, and the hash is that of the bytes.
    """
    large = len(body) > _LARGE_BODY_BYTES
    kept = body[:_ENDS_BYTES] + body[-_ENDS_BYTES:] if large else body
    text = redactor.text(kept.decode("utf-8", "backslashreplace"))
    keep = _KEEP_CHARS_BRIEF if brief else _KEEP_CHARS
    truncated = len(text) > keep
    shown = text
    if truncated:
        left_out, half = len(text) - keep + len(body) - len(kept), keep // 2
        shown = f"{text[:half]}\n… {left_out} characters left out …\n{text[-half:]}"
    return RecordedMessage(
        first_line=redactor.text(first_line),
        headers=[[redactor.text(name), redactor.header(name, value)] for name, value in headers],
        body=shown,
        body_bytes=len(body),
        body_sha256=hashlib.sha256(
            body if large else text.encode("utf-8", "surrogatepass")
        ).hexdigest(),
        truncated=truncated,
    )


def curl_line(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    redactor: Redactor,
    *,
    bodies: Path | None = None,
) -> str:
    """A shell-safe curl command that sends the request again, from the run's folder.

    Redacted values become shell variables: the client's key ``$GATEWAY_KEY``, another known secret
    its name, and a credential that is not known (a wrong key, a cookie) a variable named after its
    header, so that the right key is never sent where a wrong one was.

    A body over 2,000 characters is written, redacted, to a file in ``bodies`` and read from there.
    Without ``bodies`` it is not kept, because passing rows would fill the run's folder; the line
    then names the file BODY_NOT_KEPT, so that curl says so instead of sending something else. A
    body over 4 MB is never kept.
    """
    parts = ["curl", "--path-as-is", "-sS", "-i"]
    parts += ["-I"] if method == "HEAD" else ["-X", method]
    parts.append(shlex.quote(redactor.text(url)))
    for name, value in headers:
        if name.lower() not in _CURL_SETS_ITSELF:
            parts += ["-H", _header_argument(name, value, redactor)]
    if len(body) > _LARGE_BODY_BYTES:
        parts += ["--data-binary", f"@{_NOT_KEPT}"]
    elif body:
        text = redactor.text(body.decode("utf-8", "backslashreplace"))
        small = len(text) <= _SMALL_BODY_CHARS
        parts += ["--data-binary", shlex.quote(text) if small else f"@{_kept(text, bodies)}"]
    return " ".join(parts)


def _kept(text: str, bodies: Path | None) -> str:
    """Write a body to its file and return the path as seen from the run's folder."""
    if bodies is None:
        return _NOT_KEPT
    bodies.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    (bodies / f"{digest}.json").write_text(text, encoding="utf-8", errors="backslashreplace")
    return f"{bodies.name}/{digest}.json"


def _header_argument(name: str, value: str, redactor: Redactor) -> str:
    """A header for the shell; what was redacted becomes a variable of the same name."""
    text = f"{name}: {redactor.header(name, value)}"
    parts = _MARK.split(text)  # literal, name, literal, name, ..., literal
    quoted = [
        shlex.quote(part) if number % 2 == 0 else f'"${_variable(part, name)}"'
        for number, part in enumerate(parts)
        if part or number % 2
    ]
    return "".join(quoted)


def _variable(secret: str | None, header: str) -> str:
    """The variable for a named secret; a nameless one is called after its header."""
    if secret == _CLIENT_KEY:
        return _GATEWAY_KEY
    name = re.sub(r"[^A-Z0-9]", "_", (secret or header).upper())
    if name == _GATEWAY_KEY or (not secret and header.lower() in _CLIENT_HEADERS):
        return "OTHER_KEY"
    # the shell reads $2FA as its argument $2 with FA behind it
    return f"_{name}" if name[:1].isdigit() else name
