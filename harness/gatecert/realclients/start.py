"""How a real client is started, whichever it is: plain data, and what all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gatecert.upstream import Directive, Plan, embed, new_token

QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
# stands for the run's working folder in the files of a start
FOLDER_MARK = "@folder@"


@dataclass(frozen=True)
class Start:
    """One start of a client.

    ``env`` is all it gets. ``stdin`` holds what it reads, and pauses in seconds; on a ``terminal``
    these are its keys, and it is ended when it asks for nothing more. ``files`` are put into its
    home first, by relative path. ``most`` is how many requests to one path its capture keeps,
    ``answers`` are the names of the answers that its prompt asks for, and ``call`` is the SDK's
    method.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    stdin: Sequence[bytes | float]
    limit_s: float
    terminal: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    most: int = 8
    answers: Sequence[str] = ()
    call: str = ""


def client_environment(base_url: str, home: Path) -> dict[str, str]:
    """What every client gets: nothing of ours but a search path, and no proxy."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "DISABLE_AUTOUPDATER": "1",
        "ANTHROPIC_BASE_URL": base_url,
    }


def prompt(text: str, plans: Sequence[Plan]) -> str:
    """A prompt, with a directive in it where the provider shall do more than say a word."""
    if not plans:
        return text
    directive = Directive(new_token(), dict.fromkeys(("primary", "other"), tuple(plans)))
    return f"{text} {embed(directive)}"
