"""Launch, window, menu and form: what the real app offers, and when settings count."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gatecert.desktop import DesktopApp, Exchange, GatewaySettings, NotRunningError, OutgoingRequest
from gatecert.desktop.config.config import Client
from gatecert.desktop.credentials import (
    CredentialError,
    Printed,
    Prompt,
    Surroundings,
)
from gatecert.desktop.exchange import Chunk
from gatecert.desktop.form import ENTRY, NotOfferedError, SettingsForm
from gatecert.desktop.machine import LocalMachine, ManagedError, client_of
from gatecert.desktop.process import NotActivatedError
from gatecert.desktop.recovery import Clock as EngineClock
from gatecert.desktop.transport import OnChunk

CANARY = "sk-canary-4711"
OLD = GatewaySettings("https://old.example", CANARY)
NEW = GatewaySettings("https://new.example", "sk-new", chat_model="claude-opus-4-6")
HELPER = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": "https://gw.example",
    "inferenceCredentialHelper": "/opt/helper",
    "inferenceCustomHeaders": {"X-Team": "t"},
}
TEXT = {"type": "text", "text": "hi"}
MESSAGE = {"type": "message", "role": "assistant", "content": [TEXT], "usage": {}}
AT_ONCE = EngineClock(sleep=lambda _: None)


class Wire:
    """A gateway that answers with the next of ``answers``, or with the last one again."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers) or [(200, MESSAGE)]
        self.sent: list[OutgoingRequest] = []
        self.closed = 0

    def send(
        self, purpose: str, request: OutgoingRequest, on_chunk: OnChunk | None = None
    ) -> Exchange:
        self.sent.append(request)
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        chunks = [Chunk(0, json.dumps(body).encode())]
        return Exchange(purpose, request, status, chunks=chunks)

    def close(self) -> None:
        self.closed += 1


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class World:
    """A machine, its app, a gateway, and a credential helper that prints ``tok-1``, ``tok-2``..."""

    def __init__(self, folder: Path) -> None:
        self.machine = LocalMachine(folder / "Claude-3p", root_uid=os.getuid())
        self.wire = Wire()
        self.clock = Clock()
        self.contexts: list[str] = []
        self.helper_fails = False
        around = Surroundings(clock=self.clock, run_helper=self.run, browser=self.browse)
        self.app = DesktopApp(self.machine, lambda: self.wire, around=around)

    def run(self, path: str, environment: Mapping[str, str], timeout_s: float) -> Printed:
        self.contexts.append(" ".join(environment.values()))
        if self.helper_fails:
            raise CredentialError("non-zero-exit", "the helper ended with exit 1")
        headers = {"x-team": "of-the-helper"}
        return Printed(
            json.dumps({"token": f"tok-{len(self.contexts)}", "headers": headers}).encode()
        )

    def browse(self, prompt: Prompt) -> None:
        raise AssertionError("nobody signs in here")

    def write(self, keys: dict[str, Any]) -> None:
        folder = self.machine.folder / "configLibrary"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_meta.json").write_text(json.dumps({"appliedId": "a", "entries": []}))
        (folder / "a.json").write_text(json.dumps(keys))

    def manage(self, keys: dict[str, Any]) -> None:
        path = self.machine.folder.parent / "managed-settings.json"
        path.write_text(json.dumps(keys))
        path.chmod(0o600)
        self.machine.managed_files = [path]

    def form(self) -> SettingsForm:
        self.app.launch().enable_developer_mode()
        return self.app.open_form()

    def tokens(self) -> list[str | None]:
        return [request.header("authorization") for request in self.wire.sent]


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
    assert world.wire.closed == 1
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


def test_the_helpers_token_and_headers_are_in_force(world: World) -> None:
    world.write(HELPER)
    settings = world.app.launch().settings
    assert settings.credential() == ("Authorization", "Bearer tok-1")
    assert dict(settings.custom_headers) == {"x-team": "of-the-helper"}
    assert world.contexts == ["interactive"]


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
