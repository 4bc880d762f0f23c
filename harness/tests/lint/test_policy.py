from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gatecert.errors import UsageError
from gatecert.lint import Policy, parse_policy, read_policy
from gatecert.session.paths import fixtures_folder


def test_a_whole_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        '[metadata]\nheader = "x-acme"\nrequired_keys = ["team"]\noptional_keys = ["user"]\n'
        '[metadata.allowed]\nenv = ["prod"]\n[models]\nallowed = ["claude-sonnet-4-5"]\n'
    )
    policy = read_policy(path)
    assert policy == Policy("x-acme", ["team"], ["user"], {"env": ["prod"]}, ["claude-sonnet-4-5"])
    assert policy.keys == ["team", "user", "env"]


def test_an_empty_policy_demands_nothing() -> None:
    policy = parse_policy({}, "p")
    assert (policy.header, policy.keys, policy.allowed) == ("x-portkey-metadata", [], {})
    assert not policy.models


def test_the_policy_in_the_documentation_parses() -> None:
    page = (fixtures_folder().parent / "docs" / "lint.md").read_text("utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse_policy(tomllib.loads(block), "lint.md").required == ["tenant", "user", "team"]


def test_the_promises_of_a_target_file_are_a_policy() -> None:
    raw = {
        "gateway": {},
        "promises": {"required_metadata_keys": ["team"], "metadata_header": "x-m"},
    }
    assert parse_policy(raw, "p") == Policy("x-m", ["team"])
    assert read_policy(fixtures_folder() / "targets" / "acme.toml").header == "x-portkey-metadata"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[metdata]", "unknown table [metdata]; did you mean 'metadata'?"),
        ('[metadata]\nheader = " "', "[metadata] header is empty"),
        ("metadata = 1", "[metadata] must be a table"),
        ("[metadata]\nrequired = []", "unknown key 'required'; did you mean 'required_keys'?"),
        ('[metadata]\nrequired_keys = "team"', "required_keys is of the wrong kind"),
        ("[metadata]\nrequired_keys = [1]", "must be a list of texts"),
        ('[metadata.allowed]\nenv = "prod"', "env must be a list of texts"),
        ("[gateway]\n[[promises]]", "[promises] must be a table"),
        ("[metadata", "is not valid TOML"),
        ("a = '\x00'", "is not valid TOML"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_policy(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"--policy {path}: ")
    assert "\n" not in str(caught.value)


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not valid TOML"):
        read_policy(tmp_path / "bytes.toml")
