"""What the requirements of metadata share."""

from collections.abc import Iterator

import pytest

from gatecert.suite import (
    DesktopApp,
    Log,
    Mailing,
    Raw,
    ScriptedProvider,
    Target,
    Witness,
    open_log,
)


@pytest.fixture
def log(target: Target) -> Iterator[Log | None]:
    """The gateway's log, read from here on; None where the target names none."""
    if not target.attribution.reader.startswith("log-"):
        yield None
        return
    opened = open_log(target.attribution)
    yield opened
    opened.close()


@pytest.fixture
def mailing(
    desktop: DesktopApp,
    raw: Raw,
    provider: ScriptedProvider,
    target: Target,
    witness: Witness,
    log: Log | None,
) -> Mailing:
    """Sends requests with metadata in any writing, and looks at what became of them."""
    return Mailing(desktop, raw, provider, target, witness, log)
