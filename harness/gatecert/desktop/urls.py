"""How each client joins a base URL and a path, mistakes included. Pure.

Source: observed on engine 2.1.330, ``anthropic`` (Python) 2.12.0 and ``@anthropic-ai/sdk`` 1.12.0.
None of them mends a base URL: a doubled ``/v1`` stays doubled. Claude Desktop's host refuses most
of these URLs before the engine sees them (:mod:`gatecert.desktop.settings`).
"""

from __future__ import annotations

from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

# what JavaScript's encodeURIComponent leaves as it is
_UNRESERVED = "-_.!~*'()"


class NoRequest(ValueError):
    """The client makes no request of this base URL, and says this."""


def engine_url(base_url: str, path: str) -> str:
    """The URL of the engine: blanks trimmed, all trailing slashes stripped, user info dropped.

    Raises NoRequest.
    """
    try:
        return _javascript_url(base_url.strip().rstrip("/") + path)
    except NoRequest as exc:
        raise NoRequest(f"API Error: {exc}") from None


def sdk_url(language: str, base_url: str, path: str) -> str:
    """The URL of an SDK (``python`` or ``ts``): one trailing slash is stripped.

    Raises NoRequest.
    """
    if language == "python":
        return _python_url(base_url, path)
    if "@" in _parts(base_url, "Invalid URL").netloc:
        raise NoRequest("Connection error.")
    if base_url != base_url.strip():
        raise NoRequest("Invalid URL")
    return _javascript_url(base_url.removesuffix("/") + path)


def _javascript_url(text: str) -> str:
    """What ``new URL`` and a rewritten query make of it: a fragment is lost, a query encoded."""
    parts = _parts(text, "Invalid URL")
    pairs = [pair.partition("=") for pair in parts.query.split("&")] if parts.query else []
    query = "&".join(_encoded(name) + mark + _encoded(value) for name, mark, value in pairs)
    return urlunsplit((parts.scheme, _host(parts), parts.path, query, ""))


def _python_url(base_url: str, path: str) -> str:
    """What httpx makes of it: the path is glued to path and query, a fragment dropped first."""
    parts = _parts(base_url, "Connection error.")
    if base_url != base_url.strip():
        raise NoRequest("Connection error.")
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{_host(parts)}{target.removesuffix('/')}{path}"


def _parts(text: str, complaint: str) -> SplitResult:
    """The parts of a URL with scheme and host. Raises NoRequest with the client's complaint."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.scheme and parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise NoRequest(complaint)
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _encoded(text: str) -> str:
    return quote(text, safe=_UNRESERVED)
