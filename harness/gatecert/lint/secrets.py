"""Which custom headers most likely carry a credential, as an administrator would see it.

Redaction hides more than is one, to be safe; here each is a reproach, so the name must end as a
credential's does, or the value look like one.
"""

from __future__ import annotations

import re

from gatecert.credentials import named_like_a_credential
from gatecert.gateways.headersecrets import header_secrets

_SCHEME = re.compile(r"(basic|bearer|token) +\S", re.IGNORECASE)
_KEY = re.compile(r"(sk|pk|gk|ghp|gho|xox[a-z]|glpat|AKIA|eyJ)[-_.A-Za-z0-9]{8,}")
_LONG_RUN = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{24,}")
_PLACEHOLDER = re.compile(
    r"\s*(<.*>|\$\{?.*\}?|\{\{.*\}\}|%.*%|[*.xX]+|(your|my|insert|put|paste|replace|change|enter)"
    r"[-_ ].*|placeholder.*|changeme|dummy.*|unused|not[-_ ]?needed|none|ignored|example.*)\s*",
    re.IGNORECASE | re.DOTALL,
)


def is_placeholder(value: str) -> bool:
    """Whether a value is plainly no secret, but stands for one, or for none."""
    return bool(_PLACEHOLDER.fullmatch(value))


def carries_credential(name: str, value: str) -> bool:
    """Whether a header most likely carries a credential."""
    text = value.strip()
    if not header_secrets(name, text):
        return False
    last = re.split(r"[-_.]", name.strip())[-1]
    looks_like_one = _SCHEME.match(text) or _KEY.match(text) or _LONG_RUN.search(text)
    return text.startswith(("{", "[")) or named_like_a_credential(last) or bool(looks_like_one)
