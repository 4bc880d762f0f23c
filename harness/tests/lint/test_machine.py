"""Files as they lie on a machine: modes and owners, the library, and who hides whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lint.planted import FLAT, registry

from gatecert.desktop.config.config import Client
from gatecert.desktop.config.source import Source
from gatecert.desktop.config.values import Raw
from gatecert.lint import Finding, Linted, Policy, at_least, lint
from gatecert.lint.disk import File
from gatecert.lint.rules.machine import permissions

KEY = {**FLAT, "inferenceGatewayApiKey": "sk-live-Zq81xWvU27TtRr55LmNn"}
GOOD = {k: v for k, v in FLAT.items() if k != "unknownKey"}


def write(path: Path, document: Any, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)
    return path


def run(*paths: Path) -> Linted:
    return lint(paths, Client(), Policy())


def codes(linted: Linted, severity: str = "note") -> list[str]:
    return [found.code.name for found in at_least(linted.findings, severity)]


def judged(path: str, mode: int, owner: int = 0, link: bool = False) -> list[Finding]:
    source = Source(path, "managed-json", {"inferenceProvider": Raw("gateway")})
    return list(permissions(File(Path(path), [source], (), mode, owner, link)))


@pytest.mark.parametrize("key", ["<YOUR_KEY>", "${PORTKEY_KEY}", "placeholder", "changeme", ""])
def test_a_placeholder_is_no_secret(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "a.json", {**GOOD, "inferenceGatewayApiKey": key}, 0o644)
    assert "readable-by-others" not in codes(run(path))


def test_a_secret_that_everyone_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    used = tmp_path / "home" / ".config" / "Claude-3p" / "configLibrary" / "1.json"
    write(used, KEY, 0o644)
    assert "readable-by-others" in codes(run(used), "error")
    shipped = write(tmp_path / "deploy" / "profile.json", KEY, 0o644)
    assert "readable-by-others" in codes(run(shipped), "note")
    assert "readable-by-others" not in codes(run(shipped), "warning")
    shipped.chmod(0o666)
    assert "readable-by-others" in codes(run(shipped), "error")
    for mode in (0o600, 0o640, 0o660):
        used.chmod(mode)
        assert "readable-by-others" not in codes(run(used))


def test_a_secret_in_a_header_counts_too(tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer Zq81xWvU27TtRr55LmNn"}
    path = write(tmp_path / "a.json", {**GOOD, "inferenceCustomHeaders": headers}, 0o644)
    assert "readable-by-others" in codes(run(path))


@pytest.mark.parametrize(
    ("path", "mode", "owner", "link", "why"),
    [
        ("/etc/claude-desktop/managed-settings.json", 0o644, 0, False, ""),
        ("/etc/claude-desktop/managed-settings.json", 0o644, 1000, False, "root does not own"),
        ("/etc/claude-desktop/managed-settings.json", 0o664, 0, False, "group may write"),
        ("/etc/claude-desktop/managed-settings.json", 0o646, 0, False, "everyone may write"),
        ("/etc/claude-desktop/managed-settings.json", 0o644, 0, True, "symbolic link"),
        ("build/etc/claude-desktop/managed-settings.json", 0o664, 1000, False, "group may write"),
        ("build/etc/claude-desktop/managed-settings.json", 0o644, 1000, False, ""),
        ("repo/managed-settings.json", 0o664, 1000, False, ""),
        ("repo/managed-settings.json", 0o666, 1000, False, "everyone may write"),
        ("repo/enterprise.json", 0o644, 1000, True, "symbolic link"),
        ("repo/profile.json", 0o666, 1000, True, ""),
    ],
)
def test_ownership_of_managed_files(path: str, mode: int, owner: int, link: bool, why: str) -> None:
    found = judged(path, mode, owner, link)
    assert [f.code.name for f in found] == (["unsafe-ownership"] if why else [])
    assert why in "".join(f.message for f in found)


def test_a_link_to_a_managed_file(tmp_path: Path) -> None:
    real = write(tmp_path / "real.json", GOOD)
    link = tmp_path / "managed-settings.json"
    link.symlink_to(real)
    assert codes(run(link)) == ["unsafe-ownership"]


def test_the_applied_profile(tmp_path: Path) -> None:
    library = tmp_path / "configLibrary"
    index = {"appliedId": "1", "entries": [{"id": "1", "name": "Acme"}]}
    write(library / "_meta.json", index)
    assert codes(run(tmp_path)) == ["no-profile-applied"]
    write(library / "1.json", GOOD)
    assert codes(run(tmp_path)) == []
    assert codes(run(library / "_meta.json")) == []


@pytest.mark.parametrize("name", ["x" * 5000, "../../etc/passwd", "\x00", "\ud800", "/", ".."])
def test_an_applied_profile_with_an_odd_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / "configLibrary" / "_meta.json", {"appliedId": name, "entries": []})
    assert codes(run(tmp_path)) == ["no-profile-applied"]


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(kind: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", classmethod(homeless))
    assert codes(run(write(tmp_path / "a.json", KEY, 0o644)))[0] == "readable-by-others"


def test_an_index_by_itself_is_an_example(tmp_path: Path) -> None:
    assert codes(run(write(tmp_path / "_meta.json", {"appliedId": "1", "entries": []}))) == []


def test_hives_that_say_the_same_are_no_conflict(tmp_path: Path) -> None:
    machine = write(tmp_path / "m.reg", registry(GOOD))
    user = write(tmp_path / "u.reg", registry(GOOD, "HKEY_CURRENT_USER"))
    assert codes(run(machine, user)) == []
    write(user, registry({**GOOD, "chatTabEnabled": True}, "HKEY_CURRENT_USER"))
    assert codes(run(machine, user)) == ["not-in-force"]
    write(tmp_path / "third.json", GOOD)  # a folder of several machines' files
    assert codes(run(tmp_path)) == []


def test_a_managed_file_hides_the_library(tmp_path: Path) -> None:
    write(tmp_path / "managed-settings.json", GOOD)
    other = write(tmp_path / "configLibrary" / "1.json", {**GOOD, "chatTabEnabled": True})
    (found,) = run(tmp_path).findings
    assert (found.code.name, found.path) == ("not-in-force", str(other))
    write(tmp_path / "managed-settings.json", {"disableAutoUpdates": True})
    assert codes(run(tmp_path)) == []


@pytest.mark.parametrize(
    "other",
    [
        "windows/claude.reg",  # shipped to several systems
        "sales/managed-settings.json",  # and to several departments
        "test/configLibrary/1.json",
        "example.json",
    ],
)
def test_a_collection_is_no_machine(tmp_path: Path, other: str) -> None:
    write(tmp_path / "linux" / "managed-settings.json", GOOD)
    changed = {**GOOD, "chatTabEnabled": True}
    write(tmp_path / "mine" / "configLibrary" / "1.json", changed)
    assert codes(run(tmp_path)) == ["not-in-force"]
    write(tmp_path / other, registry(GOOD) if other.endswith(".reg") else GOOD)
    assert codes(run(tmp_path)) == []


@pytest.mark.parametrize(
    ("home", "hidden"),
    [
        ("Users/j/Library/Application Support/Claude-3p", []),
        ("Users/j/AppData/Local/Claude-3p", ["not-in-force"]),
        ("home/j/.config/Claude-3p", []),
    ],
)
def test_a_registry_hides_no_library_of_another_system(
    tmp_path: Path, home: str, hidden: list[str]
) -> None:
    write(tmp_path / "claude.reg", registry(GOOD))
    write(tmp_path / home / "configLibrary" / "1.json", {**GOOD, "chatTabEnabled": True})
    assert codes(run(tmp_path)) == hidden


def test_what_is_hidden_has_a_line(tmp_path: Path) -> None:
    user = registry({**GOOD, "chatTabEnabled": True}, "HKEY_CURRENT_USER")
    export = registry(GOOD) + "\r\n" + user.partition("\r\n")[2]
    (found,) = run(write(tmp_path / "both.reg", export)).findings
    first = export.split("\r\n").index("[HKEY_CURRENT_USER\\SOFTWARE\\Policies\\Claude]") + 2
    assert (found.code.name, found.place.line) == ("not-in-force", first)


def test_folders_are_searched_for_what_is_ours(tmp_path: Path) -> None:
    write(tmp_path / "package.json", {"name": "x", "workspaces": []})
    write(tmp_path / "tsconfig.json", "{ // comments\n}")
    write(tmp_path / "dock.plist", "<plist><dict><key>tilesize</key><true/></dict></plist>")
    write(tmp_path / "photo.json", "\x00\x01")
    assert run(tmp_path).files == 0
    write(tmp_path / "deep" / "er" / "ours.json", GOOD)
    write(tmp_path / "broken.json", '{"inferenceProvider": "gateway",}')
    linted = run(tmp_path)
    assert (linted.files, codes(linted)) == (2, ["malformed-file"])


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken-link.json").symlink_to(tmp_path / "nowhere")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(5_000_000)
    junk = write(tmp_path / "junk.json", "not a configuration")
    device = Path("/dev/null")
    linted = run(tmp_path / "broken-link.json", huge, junk, device)
    assert [why.partition(",")[0] for _, why in linted.unreadable] == [
        "No such file or directory",
        "has more than 1000000 bytes",
        "not JSON: a value is needed here",
        "is not a file",
    ]


def test_a_folder_may_hold_large_files_of_others_and_links_to_nothing(tmp_path: Path) -> None:
    write(tmp_path / "ours.json", GOOD)
    write(tmp_path / "package-lock.json", {"packages": "x" * 1_000_001})
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle.json").symlink_to(tmp_path / "circle.json")
    assert run(tmp_path) == Linted(1, [], [])
    write(tmp_path / "huge.json", {**GOOD, "padding": "x" * 1_000_001})
    (tmp_path / "managed-settings.json").symlink_to(tmp_path / "nowhere")
    unreadable = [Path(path).name for path, _ in run(tmp_path).unreadable]
    assert unreadable == ["huge.json", "managed-settings.json"]


def test_a_search_that_ends_early_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatecert.lint.disk._MOST_FILES", 2)
    for name in ("a", "b"):
        write(tmp_path / f"{name}.json", GOOD)
    write(tmp_path / "node_modules" / "x" / "package.json", GOOD)
    assert run(tmp_path) == Linted(2, [], [])
    write(tmp_path / "z.json", {})
    ((path, why),) = run(tmp_path).unreadable
    assert path == str(tmp_path)
    assert "more than 2" in why


def test_groups_in_a_profile_of_the_library_are_found_by_a_search(tmp_path: Path) -> None:
    write(tmp_path / "configLibrary" / "1.json", {"inference": {"baseUrl": "https://gw.example"}})
    assert codes(run(tmp_path)) == ["nested-in-flat"]


def test_a_file_named_twice_is_judged_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", GOOD)
    assert run(path, path).files == 1
