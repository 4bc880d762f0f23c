from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.credentials import CredentialError, read_output

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="{\r\n\0"), min_size=1)
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=122), min_size=1)


TOKEN = "tok-1"


def answer(token: object = TOKEN, **more: object) -> bytes:
    return json.dumps({"token": token, **more}).encode()


def reason(stdout: bytes) -> str:
    with pytest.raises(CredentialError) as caught:
        read_output(stdout)
    return caught.value.reason


def test_a_bare_token_is_taken_without_its_line_end() -> None:
    credential = read_output(b"  tok-1\r\n")
    assert credential.token.reveal() == "tok-1"
    assert (credential.state, credential.warnings, dict(credential.headers)) == ("ok", (), {})


def test_json_gives_token_and_headers() -> None:
    credential = read_output(answer(headers={"X-Team": "t", "X-Env": "prod"}) + b"\n")
    assert credential.token.reveal() == "tok-1"
    assert dict(credential.headers) == {"X-Team": "t", "X-Env": "prod"}
    assert credential.state == "ok"


def test_json_over_several_lines_is_json() -> None:
    text = json.dumps({"token": "tok-1", "headers": {"A": "b"}}, indent=2)
    assert read_output(text.encode()).warnings == ()


@pytest.mark.parametrize("before", ["Logging in...\n", "a { b\n", '{"x": 1}\n', "note: "])
def test_json_after_other_text_is_found_with_a_warning(before: str) -> None:
    credential = read_output(before.encode() + answer())
    assert credential.token.reveal() == "tok-1"
    assert credential.state == "warning"
    assert "before the JSON" in credential.warnings[0]


@pytest.mark.parametrize("stdout", [b"", b" \n\t\r\n", b"\xef\xbb\xbf\n"])
def test_no_output_is_empty(stdout: bytes) -> None:
    assert reason(stdout) == "empty"


@pytest.mark.parametrize("token", ["", "  ", None, 5, {"a": 1}, ["x"]])
def test_json_without_a_token_is_empty(token: object) -> None:
    assert reason(answer(token)) == "empty"
    assert reason(b"{}") == "empty"
    assert reason(b'note: {"a": 1}') == "empty"


@pytest.mark.parametrize(
    "stdout",
    [b"tok-1\ntok-2", b"one\r\ntwo", b"tok\0en", b"\xff\xfe", b"Done.\n{not json}"],
)
def test_what_is_neither_one_line_nor_json_is_refused(stdout: bytes) -> None:
    assert reason(stdout) == "unusable"


@pytest.mark.parametrize("token", ["a\nb", "a\rb", "a\0b", "tok\n"])
def test_a_token_in_json_has_no_line_break_or_nul(token: str) -> None:
    assert reason(answer(token)) == "unusable"


def test_header_values_that_are_no_strings_are_ignored_with_a_warning() -> None:
    headers = {"A": 1, "B": None, "C": ["x"], "D": "d"}
    credential = read_output(answer(headers=headers))
    assert dict(credential.headers) == {"D": "d"}
    assert [w.split()[1] for w in credential.warnings] == ["1", "2", "3"]


def test_headers_that_cannot_be_sent_are_ignored_with_a_warning() -> None:
    headers = {"A b": "x", "C": "one\r\nX-Injected: y", "": "z", "D": "d"}
    credential = read_output(answer(headers=headers))
    assert dict(credential.headers) == {"D": "d"}
    assert len(credential.warnings) == 3


@pytest.mark.parametrize("headers", ["x", 5, ["A: b"], True])
def test_headers_that_are_no_object_are_ignored_with_a_warning(headers: object) -> None:
    credential = read_output(answer(headers=headers))
    assert not credential.headers
    assert "no object" in credential.warnings[0]


def test_anything_on_stderr_makes_a_warning() -> None:
    assert read_output(b"tok-1", b"deprecated flag").state == "warning"
    assert read_output(b"tok-1", b" \n").state == "ok"


def test_nothing_that_was_printed_is_shown() -> None:
    for stdout in (b"s3cret-a\ns3cret-b", answer("s3cret\n"), answer(5, x="s3cret"), b"s3cret\xff"):
        with pytest.raises(CredentialError) as caught:
            read_output(stdout)
        assert "s3cret" not in str(caught.value)
    credential = read_output(answer("s3cret", headers={"A": "s3cret", "B": 1}), b"s3cret")
    assert "s3cret" not in repr(credential) + str(credential.warnings)


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_any_bytes_give_a_credential_or_a_reason(stdout: bytes, stderr: bytes) -> None:
    try:
        token = read_output(stdout, stderr).token.reveal()
    except CredentialError:
        assert reason(stdout) in ("empty", "unusable")
    else:
        assert token.strip() == token != ""
        assert not set(token) & set("\r\n\0")


@given(TEXT)
def test_any_one_line_is_a_token(text: str) -> None:
    stripped = text.encode().decode("utf-8-sig").strip()
    lines = [c for c in stripped if c in "\r\n\0"]
    if stripped and not lines:
        assert read_output(text.encode()).token.reveal() == stripped


@given(TOKENS, st.dictionaries(st.from_regex(r"\A[A-Za-z-]{1,9}\Z"), TOKENS, max_size=4), TEXT)
def test_json_is_read_back_whatever_stands_before_it(
    token: str, headers: dict[str, str], before: str
) -> None:
    document = answer(token, headers=headers)
    for stdout in (document, b"  " + document + b"\n", before.encode() + b"\n" + document):
        credential = read_output(stdout)
        assert credential.token.reveal() == token
        assert dict(credential.headers) == headers
