"""Launch, window, menu and form: what the real app offers, and when settings count."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desktop_world import CANARY, HELPER, NEW, OLD, World

from gatecert.desktop import DesktopApp, NotActivatedError, NotOfferedError, NotRunningError
from gatecert.desktop.form import ENTRY, SettingsForm
from gatecert.desktop.machine import ManagedError, client_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_fresh_app_runs_in_normal_sign_in_and_says_why(world: World) -> None:
    app = world.app.launch()
    assert app.activation.mode == "1p"
    with pytest.raises(NotActivatedError, match="not active: nothing is configured"):
        _ = app.engine
    with pytest.raises(NotActivatedError):
        app.test_connection()
    with pytest.raises(NotActivatedError):
        app.before_turn()
    assert world.wire.sent == []


def test_the_guides_way_works_to_the_end(world: World) -> None:
    form = world.form()
    form.apply(OLD)
    assert world.app.activation.mode == "1p"
    world.app.quit()
    assert world.app.launch().settings == OLD
    assert world.app.test_connection().status == 200
    assert world.tokens() == [f"Bearer {CANARY}"]


def test_closing_the_window_instead_of_quitting_changes_nothing(world: World) -> None:
    world.form().apply(OLD)
    world.app.close_window()
    world.app.launch()
    assert world.app.activation.mode == "1p"
    world.app.quit()
    engine = world.app.launch().engine
    world.app.apply(NEW)
    world.app.close_window()
    assert world.app.launch().engine is engine
    assert world.app.settings == OLD


def test_a_file_that_changes_under_a_running_app_counts_at_the_next_launch(world: World) -> None:
    world.app.apply(OLD)
    world.app.launch()
    world.write({**HELPER, "inferenceCredentialHelper": "", "inferenceGatewayApiKey": "k"})
    assert world.app.settings == OLD
    world.app.quit()
    assert world.app.launch().settings.base_url == "https://gw.example"


def test_quitting_closes_the_connections_and_forgets_the_session(world: World) -> None:
    world.app.apply(OLD)
    session = world.app.launch().engine.session_id
    world.app.quit()
    assert world.wire.closed == 2  # one connection is apart from the conversation's
    with pytest.raises(NotRunningError):
        _ = world.app.activation
    assert world.app.launch().engine.session_id != session


def test_the_form_is_in_the_menu_in_developer_mode_only(world: World) -> None:
    app = world.app.launch()
    assert not app.developer_menu
    with pytest.raises(NotOfferedError, match="enable_developer_mode"):
        app.open_form()
    app.enable_developer_mode()
    assert app.developer_menu == (ENTRY,)
    app.quit()
    assert app.launch().open_form()


def test_a_build_that_is_too_old_has_no_form_and_no_third_party_mode(world: World) -> None:
    world.app.apply(OLD)
    world.machine.client = client_of("1.1.0")
    app = world.app.launch()
    app.enable_developer_mode()
    assert app.developer_menu == ()
    with pytest.raises(NotOfferedError, match="too old"):
        app.open_form()
    with pytest.raises(NotActivatedError, match=r"build 1\.1\.0 predates"):
        _ = app.engine


def test_managed_settings_work_without_developer_mode_and_lock_the_form(world: World) -> None:
    world.manage({**HELPER, "inferenceCredentialHelper": "", "inferenceGatewayApiKey": "k"})
    assert world.app.launch().settings.base_url == "https://gw.example"
    assert not world.app.developer_mode
    form = world.form()
    assert form.read_only
    with pytest.raises(NotOfferedError, match="read-only"):
        form.apply(NEW)
    with pytest.raises(ManagedError):
        world.app.apply(NEW)
    assert form.test_connection().ok


@pytest.mark.parametrize(
    "action",
    [
        lambda app, form: app.enable_developer_mode(),
        lambda app, form: app.open_form(),
        lambda app, form: app.test_connection(),
        lambda app, form: app.sign_in(),
        lambda app, form: form.apply(NEW),
        lambda app, form: form.test_connection(),
        lambda app, form: form.test_discovery(),
    ],
)
def test_without_a_window_there_is_nothing_to_press(
    world: World, action: Callable[[DesktopApp, SettingsForm], Any]
) -> None:
    world.app.apply(OLD)
    form = world.form()
    world.app.close_window()
    with pytest.raises(NotOfferedError, match="window is closed"):
        action(world.app, form)
    world.app.quit()
    with pytest.raises(NotRunningError):
        action(world.app, form)


def test_the_process_goes_on_without_a_window(world: World) -> None:
    world.app.apply(OLD)
    world.app.launch().close_window()
    assert world.app.discover_models().status == 200
    assert world.app.engine.count_tokens("hi").status == 200


def test_the_form_tests_what_was_typed_before_it_is_applied(world: World) -> None:
    form = world.form()
    told = form.test_connection(NEW)
    assert (told.ok, told.probed_model) == (True, "claude-opus-4-6")
    assert told.request_url == "https://new.example/v1/messages"
    world.wire.answers = [(401, {})]
    told = form.test_connection(NEW)
    assert told.message == "Gateway rejected the configured credential (HTTP 401)"
    assert form.test_discovery(NEW).message == "Gateway /v1/models returned HTTP 401."
    assert world.machine.activation().settings is None


def test_the_form_has_nothing_to_test_without_settings(world: World) -> None:
    with pytest.raises(NotOfferedError, match="nothing to test: nothing is configured"):
        world.form().test_connection()


def test_the_form_probes_a_model_that_is_configured_and_not_yet_in_force(world: World) -> None:
    form = world.form()
    world.write({**HELPER, "inferenceModels": ["claude-opus-4-6"]})
    assert form.test_connection().probed_model == "claude-opus-4-6"
    assert json.loads(world.wire.sent[-1].body)["model"] == "claude-opus-4-6"


def test_the_form_runs_the_helper_for_a_test(world: World) -> None:
    world.write(HELPER)
    assert world.form().test_connection().ok
    assert world.contexts == ["interactive", "setup-test 1"]
    assert world.tokens() == ["Bearer tok-2"]
    assert world.app.engine.settings.credential() == ("Authorization", "Bearer tok-1")


@pytest.mark.parametrize(
    ("keys", "discovered", "probed"),
    [
        ({"inferenceModels": ["claude-a", "claude-b"]}, [], "claude-a"),
        ({"inferenceModels": ["sonnet", "claude-b"]}, [], "claude-b"),
        ({}, ["claude-a", "claude-haiku-b"], "claude-haiku-b"),
        ({}, [], "anthropic/claude-3-haiku"),
    ],
)
def test_the_probed_model_follows_the_configuration(
    world: World, keys: dict[str, Any], discovered: list[str], probed: str
) -> None:
    world.write({**HELPER, **keys})
    world.wire.answers = [(200, {"data": [{"id": name} for name in discovered]})]
    world.app.launch().discover_models()
    world.app.test_connection()
    assert json.loads(world.wire.sent[-1].body)["model"] == probed


def test_what_was_discovered_is_forgotten_with_the_process(world: World) -> None:
    world.write(HELPER)
    world.wire.answers = [(200, {"data": [{"id": "claude-haiku-b"}]})]
    app = world.app.launch()
    app.discover_models()
    assert app.probed_model() == "claude-haiku-b"
    app.quit()
    assert app.launch().probed_model() == "anthropic/claude-3-haiku"


def test_no_secret_shows_in_the_app_or_in_its_files(world: World) -> None:
    world.form().apply(OLD)
    world.app.quit()
    app = world.app.launch()
    shown = [repr(app), str(vars(app)), str(vars(app.process)), repr(app.activation)]
    shown += [repr(app.engine), repr(app.settings), *app.activation.log]
    assert CANARY not in "".join(shown)
    with pytest.raises(TypeError):
        pickle.dumps(app.activation)
    for path in world.machine.folder.rglob("*"):
        assert path.is_dir() or CANARY not in path.read_text()
