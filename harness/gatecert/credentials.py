"""Which names speak of a credential: of headers, and of members in JSON. Pure."""

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
