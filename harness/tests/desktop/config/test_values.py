"""The value rules of the client's configuration reference, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.config.keys import KEYS
from gatecert.desktop.config.placed import Place, parse_json
from gatecert.desktop.config.values import UNSET, Misread, Raw, read_value


def read(key: str, value: Any) -> Any:
    return read_value(KEYS[key], Raw(value))


@pytest.mark.parametrize("value", [True, "true", " TRUE ", "1", 1, "True"])
def test_what_is_true(value: Any) -> None:
    assert read("chatTabEnabled", value) is True


@pytest.mark.parametrize("value", [False, "false", "False ", "0", 0])
def test_what_is_false(value: Any) -> None:
    assert read("chatTabEnabled", value) is False


@pytest.mark.parametrize("value", ["yes", "on", 2, 1.5, [], {}, "enabled"])
def test_what_is_no_boolean(value: Any) -> None:
    found = read("chatTabEnabled", value)
    assert isinstance(found, Misread)
    assert found.says == 'Managed config "chatTabEnabled" is not a valid boolean'


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", [None, ""])
def test_null_and_empty_mean_unset(name: str, value: Any) -> None:
    assert read(name, value) is UNSET


@pytest.mark.parametrize("value", [600, "600", " 600 ", 600.0, "6e2"])
def test_whole_numbers(value: Any) -> None:
    assert read("inferenceCredentialHelperTimeoutSec", value) == 600


@pytest.mark.parametrize("value", [0, 601, "0", -1, True, "ten", "1.5", [], "0x10"])
def test_what_is_no_whole_number_in_the_bounds(value: Any) -> None:
    assert isinstance(read("inferenceCredentialHelperTimeoutSec", value), Misread)


def test_choices_are_exact() -> None:
    assert read("inferenceGatewayAuthScheme", "bearer") == "bearer"
    for value in ("Bearer", "bearer ", "basic", 1, True):
        found = read("inferenceGatewayAuthScheme", value)
        assert isinstance(found, Misread)
        assert "invalid_enum_value" in found.says


def test_objects_and_arrays_are_native_or_one_json_string() -> None:
    assert read("inferenceGatewayOidc", {"clientId": "a"}) == {"clientId": "a"}
    assert read("inferenceGatewayOidc", '{"clientId": "a"}') == {"clientId": "a"}
    assert read("inferenceModels", '["claude-sonnet-4-5"]') == ["claude-sonnet-4-5"]
    assert isinstance(read("inferenceModels", '{"a": 1}'), Misread)
    assert isinstance(read("inferenceModels", "claude-sonnet-4-5"), Misread)


def test_lone_backslashes_of_windows_paths_are_read_at_the_second_try() -> None:
    value = r'{"clientId": "C:\Program Files\Acme"}'
    assert read("inferenceGatewayOidc", value) == {"clientId": r"C:\Program Files\Acme"}


def test_a_broken_json_string_says_where() -> None:
    found = read("inferenceModels", '["a",]')
    assert isinstance(found, Misread)
    assert (found.kind, found.cause, found.at) == ("json", "trailing-comma", Place(1, 5))
    assert found.says.startswith('Failed to parse managed config "inferenceModels"')


def test_one_header_that_is_no_string_spoils_all() -> None:
    found = read("inferenceCustomHeaders", {"x-a": "1", "x-b": {"tenant": "acme"}})
    assert isinstance(found, Misread)
    assert found.kind == "member"


@given(st.sampled_from(sorted(KEYS)), st.text(max_size=20) | st.binary(max_size=5) | st.floats())
def test_any_value_is_read_or_refused(name: str, value: Any) -> None:
    read(name, value)


def test_places_inside_a_value() -> None:
    node = parse_json('{\n "x-a": "1",\n "x-b": ["c",\n "d"]}')
    raw = Raw(node.value, Place(9, 9), node=node)
    assert raw.at("x-b") == Place(3, 2)
    assert raw.at("x-b", 1) == Place(4, 2)
    assert raw.at("x-c") == Place(9, 9)
    assert Raw("{}", Place(9, 9)).at("x-b", 1) == Place(9, 9)
