from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import pytest

from gatecert.desktop import GatewaySettings
from gatecert.desktop.activation import Activation
from gatecert.desktop.machine import (
    GivenSettings,
    LocalMachine,
    ManagedError,
    client_of,
    user_folder,
)
from gatecert.desktop.secret import Secret

CANARY = "sk-canary-4711"
SETTINGS = GatewaySettings(
    "https://gw.example", CANARY, "x-api-key", {"x-team": "t"}, chat_model="claude-opus-4-6"
)
FILE = {
    "inferenceProvider": "gateway",
    "inferenceGatewayBaseUrl": "https://file.example",
    "inferenceGatewayApiKey": "sk-file",
}


@pytest.fixture
def machine(tmp_path: Path) -> LocalMachine:
    return LocalMachine(tmp_path / "Claude-3p", root_uid=os.getuid())


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def library(machine: LocalMachine, profile: Any, applied: str = "one") -> Path:
    folder = machine.folder / "configLibrary"
    write(folder / "_meta.json", {"appliedId": applied, "entries": [{"id": applied, "name": "n"}]})
    return write(folder / "one.json", profile)


def url_of(activation: Activation) -> str:
    assert activation.settings is not None, activation.reason
    return activation.settings.base_url


def reason(machine: LocalMachine) -> tuple[str, str]:
    found = machine.activation().reason
    assert found is not None
    return found.code, found.message


def test_a_fresh_machine_is_unconfigured(machine: LocalMachine) -> None:
    assert reason(machine)[0] == "unconfigured"
    assert not machine.managed


def test_what_is_applied_is_read_back(machine: LocalMachine) -> None:
    machine.apply(SETTINGS)
    activation = machine.activation()
    assert activation.settings == SETTINGS
    assert [model.name for model in activation.models] == ["claude-opus-4-6"]


def test_a_model_with_long_context_is_read_back_as_such(machine: LocalMachine) -> None:
    wide = replace(SETTINGS, chat_model="claude-opus-4-6[1m]")
    machine.apply(wide)
    assert machine.activation().settings == wide


def test_no_file_holds_the_key_and_none_is_readable_by_others(machine: LocalMachine) -> None:
    machine.apply(SETTINGS)
    machine.switch_mode("3p")
    files = [path for path in machine.folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    for path in files:
        assert CANARY.encode() not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert CANARY not in repr(machine)
    assert CANARY not in repr(machine.snapshot())


def test_a_key_that_is_taken_away_is_forgotten(machine: LocalMachine) -> None:
    machine.apply(SETTINGS)
    machine.apply(GatewaySettings("https://gw.example"))
    assert reason(machine)[0] == "no-credential"


def test_each_machine_has_a_keychain_of_its_own(machine: LocalMachine, tmp_path: Path) -> None:
    machine.apply(SETTINGS)
    assert LocalMachine(machine.folder).activation().settings is None
    same = LocalMachine(machine.folder, keychain=machine.keychain)
    assert same.activation().settings == SETTINGS


def test_a_library_that_a_tool_wrote_may_hold_the_key(machine: LocalMachine) -> None:
    library(machine, FILE)
    activation = machine.activation()
    assert url_of(activation) == "https://file.example"
    assert activation.settings is not None
    assert activation.settings.key() == Secret("sk-file")


def test_applying_replaces_the_applied_profile_and_the_key_in_it(machine: LocalMachine) -> None:
    path = library(machine, FILE)
    machine.apply(SETTINGS)
    assert machine.activation().settings == SETTINGS
    assert "sk-file" not in path.read_text()
    index = json.loads(path.with_name("_meta.json").read_text())
    assert index == {"appliedId": "one", "entries": [{"id": "one", "name": "n"}]}


@pytest.mark.parametrize("applied", ["", "two", "../one", "/etc/passwd", ".."])
def test_only_a_profile_of_the_library_can_be_applied(machine: LocalMachine, applied: str) -> None:
    library(machine, FILE, applied)
    write(machine.folder / "one.json", FILE)
    assert reason(machine)[0] == "unconfigured"


def test_the_mode_switch_is_left_alone_by_applying(machine: LocalMachine) -> None:
    machine.switch_mode("1p")
    machine.apply(SETTINGS)
    assert reason(machine)[0] == "mode-switch"
    machine.switch_mode("3p")
    assert machine.activation().settings == SETTINGS


def test_a_profile_that_is_no_json_is_told(machine: LocalMachine) -> None:
    library(machine, "{,}")
    code, message = reason(machine)
    assert code == "unreadable"
    assert "not JSON" in message


def test_an_index_that_is_no_json_is_told(machine: LocalMachine) -> None:
    library(machine, FILE).with_name("_meta.json").write_text("{,}")
    code, message = reason(machine)
    assert code == "unreadable"
    assert "not JSON" in message


def test_a_pipe_in_place_of_a_file_is_not_waited_for(machine: LocalMachine) -> None:
    path = library(machine, FILE)
    path.unlink()
    os.mkfifo(path)
    assert "no regular file" in reason(machine)[1]


def test_a_mode_switch_that_is_no_json_is_warned_of(machine: LocalMachine) -> None:
    library(machine, FILE)
    write(machine.folder / "claude_desktop_config.json", "{,}")
    activation = machine.activation()
    assert url_of(activation) == "https://file.example"
    assert "claude_desktop_config.json cannot be read: not JSON" in activation.warnings[0]


def managed(machine: LocalMachine, tmp_path: Path) -> Path:
    path = write(tmp_path / "managed-settings.json", FILE)
    path.chmod(0o644)
    machine.managed_files = [path]
    return path


def test_managed_settings_win_and_lock_the_form(machine: LocalMachine, tmp_path: Path) -> None:
    machine.apply(SETTINGS)
    managed(machine, tmp_path)
    assert url_of(machine.activation()) == "https://file.example"
    assert machine.managed
    with pytest.raises(ManagedError, match="read-only"):
        machine.apply(SETTINGS)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_managed_file_that_others_may_write_is_not_read(
    machine: LocalMachine, tmp_path: Path, mode: int
) -> None:
    machine.apply(SETTINGS)
    managed(machine, tmp_path).chmod(mode)
    code, message = reason(machine)
    assert code == "managed-unreadable"
    assert "may write" in message
    assert machine.managed


def test_a_managed_file_that_root_does_not_own_is_not_read(
    machine: LocalMachine, tmp_path: Path
) -> None:
    managed(machine, tmp_path)
    machine.root_uid = os.getuid() + 1
    assert reason(machine)[0] == "managed-unreadable"


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_no_managed_file(machine: LocalMachine, tmp_path: Path, exists: bool) -> None:
    machine.apply(SETTINGS)
    path = managed(machine, tmp_path)
    target = tmp_path / "elsewhere.json"
    path.rename(target)
    path.symlink_to(target)
    if not exists:
        target.unlink()
    assert "symbolic link" in reason(machine)[1]


def test_a_managed_file_that_is_not_there_manages_nothing(
    machine: LocalMachine, tmp_path: Path
) -> None:
    managed(machine, tmp_path).unlink()
    machine.apply(SETTINGS)
    assert machine.activation().settings == SETTINGS


def test_other_forms_of_managed_files_are_read(machine: LocalMachine, tmp_path: Path) -> None:
    strings = "".join(f"<key>{k}</key><string>{v}</string>" for k, v in FILE.items())
    path = tmp_path / "com.anthropic.claudefordesktop.plist"
    write(path, f'<?xml version="1.0"?><plist version="1.0"><dict>{strings}</dict></plist>')
    path.chmod(0o666)
    machine.managed_files = [path]
    assert url_of(machine.activation()) == "https://file.example"


def test_the_client_decides_what_the_files_mean(machine: LocalMachine) -> None:
    library(machine, {**FILE, "inferenceCustomHeaders": ["x-team: t"]})
    machine.client = client_of("1.46388.4", after_cut_off=False)
    activation = machine.activation()
    assert activation.settings is not None
    assert dict(activation.settings.custom_headers) == {"x-team": "t"}
    machine.client = client_of("1.1.0")
    assert reason(machine)[0] == "too-old"


def test_given_settings_are_in_force_as_they_are() -> None:
    machine = GivenSettings(SETTINGS)
    assert machine.activation().settings is SETTINGS
    other = GatewaySettings("https://other.example")
    machine.apply(other)
    activation = machine.activation()
    assert activation.settings is other
    assert activation.credential is None
    assert not machine.managed


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("macos", "Library/Application Support/Claude-3p"),
        ("linux", ".config/Claude-3p"),
        ("windows", "AppData/Local/Claude-3p"),
    ],
)
def test_each_system_has_its_folder(system: str, folder: str) -> None:
    assert user_folder(system, PurePath("/home")) == PurePath("/home") / folder


def test_the_packaged_build_does_not_see_what_a_tool_wrote_to_the_usual_place(
    tmp_path: Path,
) -> None:
    usual = LocalMachine(Path(user_folder("windows", tmp_path)))
    usual.apply(SETTINGS)
    packaged = Path(user_folder("windows", tmp_path, packaged=True))
    assert "Packages" in packaged.parts
    assert reason(LocalMachine(packaged, keychain=usual.keychain))[0] == "unconfigured"
