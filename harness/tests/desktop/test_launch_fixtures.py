"""The files that the linter is tested with, as the app sees them: good ones start, some bad ones
do not. The name of a bad file begins with its mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecert.desktop import Activation, activate
from gatecert.desktop.activation import Snapshot
from gatecert.desktop.config.config import Client
from gatecert.desktop.config.sources import Source, SourceError, read_source
from gatecert.session.paths import fixtures_folder

CONFIGS = fixtures_folder() / "config"
STAYS = {  # the mistake, and why the app stays in normal sign-in
    "credentials-in-url": "invalid-config",
    "empty-key": "no-credential",
    "invalid-url": "invalid-config",
    "kind-not-for-gateways": "no-credential",
    "loopback-from-bootstrap": "invalid-config",
    "misplaced-key": "no-credential",
    "missing-key": "no-credential",
    "missing-url": "invalid-config",
    "no-models": "invalid-config",
    "not-activated": "no-provider",
    "plain-http": "invalid-config",
    "scheme-sso": "no-credential",
    "sign-in-incomplete": "no-credential",
}
BLOCKED = {"query-in-url", "unsendable-header", "unsendable-key", "smart-quotes"}
# what they say of a gateway is not all there is, or is about something else
NOT_OF_A_GATEWAY = {
    "bootstrap-pointer.json": "setup",
    "updates-only.mobileconfig": "unconfigured",
    "vertex.json": "blocked",
}


def files(folder: str) -> list[Path]:
    return [path for path in sorted((CONFIGS / folder).rglob("*")) if path.is_file()]


def started(path: Path) -> Activation | None:
    """What an app starts as that has this file alone; None if the file sets nothing."""
    try:
        read = read_source(str(path), path.read_bytes())
    except SourceError:
        return None
    sources = [one for one in read if isinstance(one, Source) and one.form != "mode-switch"]
    return activate(Snapshot(sources), Client()) if sources else None


def mistake(path: Path) -> str:
    return path.name.partition(".")[0]


def test_a_good_file_starts_third_party_mode_without_a_warning() -> None:
    states = {path: found for path in files("good") if (found := started(path))}
    assert len(states) > 15
    for path, activation in states.items():
        assert activation.state == NOT_OF_A_GATEWAY.get(path.name, "healthy"), path
        assert activation.warnings == (), path


@pytest.mark.parametrize("name", sorted(STAYS))
def test_a_fatal_mistake_keeps_the_app_in_normal_sign_in(name: str) -> None:
    starts = {  # the mistake is in another key, or the app asks a wrong host
        "credentials-in-url.proxy.json",
        "credentials-in-url.telemetry.json",
        "invalid-url.slash-lost.json",
    }
    found = [p for p in files("bad") if mistake(p) == name and p.name not in starts]
    assert found
    for path in found:
        activation = started(path)
        assert activation is not None, path
        assert activation.mode == "1p", path
        assert activation.reason is not None
        assert activation.reason.code == STAYS[name], path


@pytest.mark.parametrize("name", sorted(BLOCKED))
def test_what_cannot_be_sent_blocks_the_engine(name: str) -> None:
    whole_value_is_lost = {"smart-quotes.whole.mobileconfig"}
    found = [p for p in files("bad") if mistake(p) == name and p.name not in whole_value_is_lost]
    assert found
    for path in found:
        activation = started(path)
        assert activation is not None, path
        assert activation.state == "blocked", path


def test_no_file_shows_its_key() -> None:
    for path in [*files("good"), *files("bad")]:
        activation = started(path)
        shown = repr(activation) + "".join(activation.log if activation else ())
        assert "YOUR_PORTKEY_API_KEY" not in shown, path
