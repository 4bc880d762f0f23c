"""The app with a sign-in: at launch, in a turn, and when its session is over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from identity_provider import CLIENT, StoppedClock, User, VerifyingGateway

from gatecert.desktop import CredentialError, DesktopApp, HttpxTransport, LocalMachine, Surroundings
from gatecert.desktop.recovery import Clock as EngineClock


def app_of(gateway: VerifyingGateway, clock: StoppedClock, folder: Path, user: User) -> DesktopApp:
    """An app on a machine whose library asks for a sign-in."""
    keys = {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": gateway.url,
        "inferenceGatewayOidc": {"clientId": CLIENT, "issuer": gateway.provider.url},
    }
    library = folder / "configLibrary"
    library.mkdir()
    (library / "_meta.json").write_text('{"appliedId": "a", "entries": []}')
    (library / "a.json").write_text(json.dumps(keys))
    return DesktopApp(LocalMachine(folder), around=Surroundings(browser=user, clock=clock))


def test_a_token_that_is_refused_in_a_turn_is_renewed_without_the_user(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    user = User()
    app = app_of(gateway, clock, tmp_path, user).launch()
    assert app.discover_models().status == 200
    gateway.revoked.update(gateway.tokens)
    engine = app.engine
    draft = engine.draft([{"role": "user", "content": "hi"}], stream=False)
    done = engine.persist(draft, clock=EngineClock(sleep=lambda _: None))
    app.quit()
    assert [attempt.outcome.exchange.status for attempt in done.attempts] == [401, 200]
    assert len(set(gateway.tokens)) == 2
    assert len(user.asked) == 1
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert not any(token in kept for token in gateway.tokens)


def test_a_session_that_is_over_waits_for_the_user(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    gateway.provider.gives_refresh_token = False
    user = User()
    app = app_of(gateway, clock, tmp_path, user).launch()
    clock.time += gateway.provider.lifetime_s
    with pytest.raises(CredentialError, match="sign in again"):
        app.before_turn()
    app.sign_in()
    assert app.test_connection().status == 200
    app.before_turn()
    app.quit()
    assert len(user.asked) == 2


def test_a_user_signs_in_again_when_the_gateway_refuses_a_token_that_is_not_over(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    gateway.provider.gives_refresh_token = False
    user = User()
    app = app_of(gateway, clock, tmp_path, user).launch()
    assert app.test_connection().status == 200
    gateway.revoked.update(gateway.tokens)
    assert app.test_connection().status == 401
    app.sign_in()
    assert app.test_connection().status == 200
    app.quit()
    assert len(user.asked) == 2


def test_a_browser_that_does_not_come_back_is_waited_for_as_long_as_the_surroundings_say(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    machine = app_of(gateway, clock, tmp_path, User()).machine
    around = Surroundings(browser=lambda prompt: None, clock=clock, patience_s=0.01)
    app = DesktopApp(machine, around=around).launch()
    with pytest.raises(CredentialError, match=r"within 0\.01 s"):
        _ = app.engine
    app.quit()


def test_a_browser_that_breaks_leaves_no_connection_open(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    def broken(prompt: object) -> None:
        raise KeyboardInterrupt

    closed: list[HttpxTransport] = []

    class Counted(HttpxTransport):
        def close(self) -> None:
            closed.append(self)
            super().close()

    machine = app_of(gateway, clock, tmp_path, User()).machine
    around = Surroundings(browser=broken, clock=clock)
    with pytest.raises(KeyboardInterrupt):
        DesktopApp(machine, Counted, around=around).launch()
    assert len(closed) == 2


def test_without_a_browser_the_app_runs_and_has_no_credential(
    gateway: VerifyingGateway, clock: StoppedClock, tmp_path: Path
) -> None:
    app = app_of(gateway, clock, tmp_path, User())
    alone = DesktopApp(app.machine).launch()
    assert alone.activation.mode == "3p"
    with pytest.raises(CredentialError, match="needs a browser"):
        _ = alone.engine
    alone.quit()
