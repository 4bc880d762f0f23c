"""What speaks of a credential: names of headers and of members in JSON, and values. Pure."""

from __future__ import annotations

import re

# plural tokens are counted (rate limits), and access-control is not about credentials
_CREDENTIAL = re.compile(
    r"(^|[-_.])(authorization|authentication|auth[nz]?|(api|virtual|access)[-_]?key|key"
    r"|(auth|access|session)?token(?!s)|access(?!-control)|secret|password|passphrase|passwd|pass"
    r"|pwd|pin|pat|jwt|assertion|bearer|cookie|credential|signature)s?($|[-_.])",
    re.IGNORECASE,
)


def named_like_a_credential(name: str) -> bool:
    """Whether a header or a member of this name most likely holds a credential."""
    return bool(_CREDENTIAL.search(name))


# what keys of well-known services begin with, and anything as long as a key and as mixed
_LIKE_A_KEY = re.compile(
    r"(?:sk|pk|gk|key|ghp|gho|xox[a-z]|glpat|AKIA|eyJ)[-_.A-Za-z0-9][\w.~+/=-]{6,}"
    r"|(?=\S*[A-Za-z])(?=\S*\d)[\w.~+/=-]{32,}"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def looks_like_a_key(value: str) -> bool:
    """Whether a value is most likely a key, whatever its name."""
    return bool(_LIKE_A_KEY.fullmatch(value)) and not _UUID.fullmatch(value)
