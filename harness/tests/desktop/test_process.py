"""A running app: the credential of its session, and settings that are read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desktop_world import AT_ONCE, CANARY, HELPER, MESSAGE, OLD, World

from gatecert.desktop import CredentialError, GatewaySettings
from gatecert.desktop.config.config import Client
from gatecert.desktop.machine import client_of
from gatecert.desktop.profiles import ENGINE_CLI, ENGINE_TOOLSEARCH, with_tool_search


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_helpers_token_and_headers_are_in_force(world: World) -> None:
    world.write(HELPER)
    settings = world.app.launch().settings
    assert settings.credential() == ("Authorization", "Bearer tok-1")
    assert dict(settings.custom_headers) == {"x-team": "of-the-helper"}
    assert world.contexts == ["interactive"]


def test_tool_search_is_the_engines_where_the_settings_ask_for_it(world: World) -> None:
    for version, name in (
        ("1.21459.0", "engine-desktop-toolsearch-2.1.330"),
        ("1.21458.9", "engine-desktop-2.1.330"),
    ):
        world.machine.client = client_of(version)
        world.write({**HELPER, "toolSearchEnabled": True})
        assert world.app.launch().engine.profile.name == name
        world.app.quit()
    assert with_tool_search(ENGINE_CLI) is ENGINE_CLI
    assert with_tool_search(ENGINE_TOOLSEARCH) is ENGINE_TOOLSEARCH


def test_a_helper_that_fails_leaves_the_mode_and_no_engine(world: World) -> None:
    world.write(HELPER)
    world.helper_fails = True
    app = world.app.launch()
    assert app.activation.mode == "3p"
    with pytest.raises(CredentialError, match="exit 1"):
        _ = app.engine
    with pytest.raises(CredentialError, match="exit 1"):
        app.sign_in()
    world.helper_fails = False
    app.sign_in()
    assert app.settings.credential() == ("Authorization", "Bearer tok-3")


def test_a_turn_after_the_ttl_has_a_new_token(world: World) -> None:
    world.write({**HELPER, "inferenceCredentialHelperTtlSec": 600})
    engine = world.app.launch().engine
    for time, token in ((0, "tok-1"), (599, "tok-1"), (600, "tok-2"), (601, "tok-2")):
        world.clock.time = time
        world.app.before_turn()
        assert engine.settings.credential() == ("Authorization", f"Bearer {token}")
    assert world.app.engine is engine
    assert world.contexts == ["interactive", "mid-session-refresh"]


def refused_turn(world: World) -> list[str | None]:
    """The credentials of one turn against a gateway that always says 401."""
    world.wire.answers = [(401, {"error": {"type": "authentication_error", "message": "no"}})]
    engine = world.app.launch().engine
    draft = engine.draft([{"role": "user", "content": "hi"}], stream=False)
    engine.persist(draft, clock=AT_ONCE)
    return world.tokens()


def test_a_401_renews_the_helpers_token_once(world: World) -> None:
    world.write(HELPER)
    assert refused_turn(world) == ["Bearer tok-1", "Bearer tok-2"]
    assert world.contexts == ["interactive", "mid-session-refresh"]


def test_a_renewed_token_opens_the_gateway_and_stays(world: World) -> None:
    world.write(HELPER)
    world.wire.answers = [(401, {}), (200, MESSAGE)]
    engine = world.app.launch().engine
    draft = engine.draft([{"role": "user", "content": "hi"}], stream=False)
    done = engine.persist(draft, clock=AT_ONCE)
    assert [attempt.outcome.exchange.status for attempt in done.attempts] == [401, 200]
    world.app.before_turn()
    assert engine.settings.credential() == ("Authorization", "Bearer tok-2")


def test_without_silent_refresh_a_401_renews_nothing(world: World) -> None:
    world.write({**HELPER, "inferenceCredentialHelperSilentRefreshEnabled": False})
    assert refused_turn(world) == ["Bearer tok-1"]
    assert world.contexts == ["interactive"]


def test_what_is_renewed_is_in_force_at_once(world: World) -> None:
    world.write(HELPER)
    app = world.app.launch()
    renewed = app.process.renew_credential()
    assert renewed is not None
    assert renewed.credential() == ("Authorization", "Bearer tok-2")
    assert app.settings is renewed


def test_a_renewal_that_fails_is_no_new_credential(world: World) -> None:
    world.write(HELPER)
    app = world.app.launch()
    world.helper_fails = True
    assert app.process.renew_credential() is None
    assert str(app.process.renewal_error) == "the helper ended with exit 1"
    assert app.settings.credential() == ("Authorization", "Bearer tok-1")
    world.helper_fails = False
    assert app.process.renew_credential() is not None
    assert app.process.renewal_error is None


def test_a_static_key_is_never_renewed(world: World) -> None:
    world.app.apply(OLD)
    renew = world.app.launch().engine.renew_credential
    assert renew is not None
    assert renew() is None
    assert refused_turn(world) == [f"Bearer {CANARY}"]


RECHECKED = {**HELPER, "inferenceCredentialHelper": "", "inferenceGatewayApiKey": "k-1"}


def recheck(world: World, after_s: float, **changes: Any) -> GatewaySettings:
    keys = {**RECHECKED, "configRecheckIntervalMinutes": 10}
    world.write(keys)
    engine = world.app.launch().engine
    world.write({**keys, **changes})
    world.clock.time += after_s
    world.app.before_turn()
    assert world.app.engine is engine
    return engine.settings


def test_settings_are_read_again_when_the_interval_is_over(world: World) -> None:
    changed = {"inferenceGatewayBaseUrl": "https://changed.example"}
    assert recheck(world, 599, **changed).base_url == "https://gw.example"
    world.clock.time += 1
    world.app.before_turn()
    assert world.app.settings.base_url == "https://changed.example"


def test_settings_that_broke_leave_the_old_in_force(world: World) -> None:
    settings = recheck(world, 600, inferenceProvider="")
    assert settings.base_url == "https://gw.example"
    assert world.app.activation.mode == "3p"


def test_the_interval_begins_anew_with_each_reading(world: World) -> None:
    recheck(world, 600)
    world.write({**RECHECKED, "inferenceGatewayBaseUrl": "https://changed.example"})
    world.clock.time += 599
    world.app.before_turn()
    assert world.app.settings.base_url == "https://gw.example"


def test_an_older_build_reads_at_launch_only(world: World) -> None:
    world.machine.client = client_of("1.44121.1")
    changed = {"inferenceGatewayBaseUrl": "https://changed.example"}
    assert recheck(world, 1e6, **changed).base_url == "https://gw.example"


def test_changes_in_the_era_are_the_machines(world: World) -> None:
    world.write({**RECHECKED, "inferenceGatewayHeaders": {"x-a": "b"}})
    world.machine.client = Client(after_cut_off=False)
    assert dict(world.app.launch().settings.custom_headers) == {"X-Team": "t"}
