"""Which real clients there are, by name and version, and the file that keeps their capture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gatecert.errors import UsageError

Driver = Literal["engine", "python-sdk", "typescript-sdk", "agent-sdk"]


@dataclass(frozen=True)
class Program:
    """A client program: its name here, its package and registry, and who drives it.

    ``capture`` is the name in the capture files, ``title`` the name inside them. ``pinned`` are the
    versions that run by default.
    """

    name: str
    package: str
    registry: Literal["npm", "pypi"]
    driver: Driver
    capture: str
    title: str
    pinned: Sequence[str]

    @property
    def group(self) -> str:
        """What a capture of it lists."""
        return "calls" if self.driver in ("python-sdk", "typescript-sdk") else "flows"


@dataclass(frozen=True)
class Client:
    """One program in one version; ``newest`` stands for what its registry has."""

    program: Program
    version: str

    @property
    def file_name(self) -> str:
        """The name of its capture file."""
        return f"{self.program.capture}-{self.version}.json"

    @property
    def title(self) -> str:
        """What a user reads."""
        return f"{self.program.name} {self.version}"


NEWEST = "newest"
PROGRAMS = (
    Program(
        name="claude-code",
        package="@anthropic-ai/claude-code",
        registry="npm",
        driver="engine",
        capture="claude-code",
        title="claude-code",
        pinned=("2.1.331", "2.1.330", "2.1.197"),
    ),
    Program(
        name="claude-agent-sdk",
        package="claude-agent-sdk",
        registry="pypi",
        driver="agent-sdk",
        capture="claude-agent-sdk-python",
        title="claude-agent-sdk (Python)",
        pinned=("0.2.188",),
    ),
    Program(
        name="anthropic-python",
        package="anthropic",
        registry="pypi",
        driver="python-sdk",
        capture="anthropic-python",
        title="anthropic (Python)",
        pinned=("2.13.0", "0.125.0"),
    ),
    Program(
        name="anthropic-ts",
        package="@anthropic-ai/sdk",
        registry="npm",
        driver="typescript-sdk",
        capture="anthropic-ts",
        title="@anthropic-ai/sdk",
        pinned=("1.13.0", "0.128.0"),
    ),
)
_BY_NAME = {program.name: program for program in PROGRAMS}


def chosen(words: Sequence[str], *, newest: bool = False) -> list[Client]:
    """The clients that ``NAME`` or ``NAME@VERSION`` mean; all that are pinned if there is no word.

    With ``newest`` a name without a version means the newest one. Raises UsageError.
    """
    found: list[Client] = []
    for word in words or list(_BY_NAME):
        name, _, version = word.partition("@")
        program = _BY_NAME.get(name)
        if program is None:
            raise UsageError(f"no client {name!r}; known: {', '.join(_BY_NAME)}")
        versions = [version] if version else [NEWEST] if newest else program.pinned
        found += [Client(program, one) for one in versions]
    return list(dict.fromkeys(found))
