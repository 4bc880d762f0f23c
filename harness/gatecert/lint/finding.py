"""Findings, and the list of all that can be found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gatecert.desktop.config.placed import Place

SEVERITIES = ("note", "warning", "error")


@dataclass(frozen=True)
class Code:
    """One kind of mistake. The identifier never changes and is never used again.

    ``severity`` is ``error`` (Claude Desktop will not work, or not as meant), ``warning`` (it
    works today, or for some) or ``note``. ``sureness`` is that of the fact behind it.
    """

    id: str
    name: str
    severity: str
    title: str
    sureness: str = "documented"


@dataclass(frozen=True)
class Finding:
    """A mistake in a file: what the client will do about it, and the fix. It holds no secret."""

    code: Code
    path: str
    key: str
    message: str
    fix: str
    place: Place = Place()

    @property
    def order(self) -> tuple[str, int, int, str]:
        """By file and place."""
        return self.path, self.place.line, self.place.column, self.code.id


def at_least(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """The findings of this severity or above."""
    least = SEVERITIES.index(severity)
    return [f for f in findings if SEVERITIES.index(f.code.severity) >= least]


_ALL = [
    # files and sources
    Code("C001", "unreadable", "error", "the file cannot be read as a configuration"),
    Code("C002", "unknown-key", "warning", "the client does not know this key"),
    Code("C003", "dotted-key", "error", "a key with dots is never read in a flat file"),
    Code("C004", "value-ignored", "error", "the value is not what the key takes, and is ignored"),
    Code("C005", "unread-type", "error", "a registry type that the client does not read"),
    Code("C006", "key-too-new", "warning", "the key came with a later release of the client"),
    Code("C007", "given-twice", "warning", "a key is given twice in one file"),
    Code("C008", "encoding", "warning", "the file is encoded so that readers differ"),
    Code("C009", "not-in-force", "warning", "another source hides this one"),
    Code("C010", "not-activated", "error", "third-party mode does not start"),
    Code("C011", "mode-is-1p", "error", "the mode switch keeps the app in normal sign-in"),
    Code("C012", "no-profile-applied", "error", "the library applies a profile that is not there"),
    Code("C013", "readable-by-others", "error", "a file with secrets can be read by others"),
    Code("C014", "unsafe-ownership", "error", "the client refuses a managed file that others own"),
    Code("C015", "provider-is-another", "note", "the provider is not a gateway", "documented"),
    # base URL
    Code("U001", "trailing-slash", "warning", "the base URL ends in a slash"),
    Code("U002", "ends-in-v1", "error", "the base URL ends in /v1"),
    Code("U003", "full-endpoint", "error", "the base URL is a whole endpoint"),
    Code("U004", "plain-http", "error", "plain http off loopback"),
    Code("U005", "localhost", "warning", "localhost may resolve to IPv6", "reported"),
    Code("U006", "credentials-in-url", "error", "credentials in the URL"),
    Code("U007", "query-in-url", "error", "a query or fragment in the base URL", "observed"),
    Code("U008", "invalid-url", "error", "the base URL cannot be used"),
    Code("U009", "no-scheme", "note", "the base URL has no scheme"),
    Code("U010", "missing-url", "error", "the base URL is missing"),
    Code("U011", "blanks-in-url", "warning", "blanks around the base URL", "observed"),
    # credentials
    Code("A001", "missing-key", "error", "no credential is configured"),
    Code("A002", "empty-key", "error", "the API key is empty"),
    Code("A003", "misplaced-key", "error", "the API key stands where it is not read"),
    Code("A004", "scheme-removed", "error", "an auth scheme that stopped working"),
    Code("A005", "unknown-scheme", "error", "an auth scheme that the client does not know"),
    Code("A006", "scheme-in-key", "error", "the key begins with its scheme word", "observed"),
    Code("A007", "unsendable-key", "error", "the key holds what no header can carry"),
    Code("A008", "several-credentials", "warning", "several ways to get a credential"),
    Code("A009", "helper-path", "error", "the credential helper's path is refused"),
    Code("A010", "sign-in-incomplete", "error", "interactive sign-in lacks a setting"),
    # custom headers and metadata
    Code("H001", "old-header-key", "error", "the old name of the custom headers key"),
    Code("H002", "old-header-form", "error", "custom headers in a form that stopped working"),
    Code("H003", "metadata-not-json", "error", "the metadata is not JSON"),
    Code("H004", "metadata-not-object", "error", "the metadata is not one JSON object"),
    Code("H005", "metadata-value-type", "error", "a metadata value is not a string"),
    Code("H006", "metadata-too-long", "error", "a metadata value has more than 128 characters"),
    Code("H007", "non-ascii-header", "warning", "non-ASCII characters in a header"),
    Code("H008", "unsendable-header", "error", "a header that the client refuses to send"),
    Code("H009", "metadata-key-case", "error", "a metadata key in another case than the policy's"),
    Code("H010", "metadata-key-missing", "error", "a metadata key that the policy requires"),
    Code("H011", "metadata-value-refused", "error", "a metadata value that the policy refuses"),
    Code("H012", "credential-in-header", "error", "a credential in a custom header"),
    Code("H013", "empty-header", "warning", "a header without name or value is dropped"),
    Code("H014", "header-overridden", "warning", "a header that the client overrides", "observed"),
    Code("H015", "header-twice", "warning", "a header given twice"),
    Code("H016", "metadata-key-twice", "warning", "a metadata key given twice"),
    Code("H017", "header-not-text", "error", "a header value that is not a string"),
    # models
    Code("M001", "refused-model", "error", "a model name that the client refuses", "reported"),
    Code("M002", "alias-without-discovery", "error", "a tier alias without discovery"),
    Code("M003", "one-million-suffix", "warning", "[1m] in a model name"),
    Code("M004", "no-models", "error", "discovery is off and no model is named"),
    Code("M005", "model-entry", "error", "a model entry that the client drops"),
    Code("M006", "model-not-in-policy", "error", "a model that the policy does not allow"),
    # surfaces
    Code("S001", "all-surfaces-off", "warning", "all surfaces are switched off"),
]
CODES = {code.name: code for code in _ALL}
