from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.settings import compose_url
from gatecert.desktop.urls import NoRequest, engine_url, sdk_url

PATH = "/v1/messages?beta=true"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h/", "http://h/v1/messages?beta=true"),
        ("http://h//", "http://h/v1/messages?beta=true"),
        ("http://h/v1", "http://h/v1/v1/messages?beta=true"),
        (" http://h/a/b/ ", "http://h/a/b/v1/messages?beta=true"),
        ("http://u:p@h", "http://h/v1/messages?beta=true"),
        ("http://h/p#f", "http://h/p"),
        ("http://h/p?v=1", "http://h/p?v=1%2Fv1%2Fmessages%3Fbeta%3Dtrue"),
    ],
)
def test_the_engine_composes_as_observed(base: str, url: str) -> None:
    assert engine_url(base, PATH) == url


@pytest.mark.parametrize(
    ("language", "base", "url"),
    [
        ("python", "http://h//", "http://h//v1/models"),
        ("python", "http://u:p@h", "http://h/v1/models"),
        ("python", "http://h/p?v=1", "http://h/p?v=1/v1/models"),
        ("python", "http://h/p#f", "http://h/p/v1/models"),
        ("ts", "http://h//", "http://h//v1/models"),
        ("ts", "http://h/p?v=1", "http://h/p?v=1%2Fv1%2Fmodels"),
        ("ts", "http://h/p#f", "http://h/p"),
    ],
)
def test_the_sdks_compose_as_observed(language: str, base: str, url: str) -> None:
    assert sdk_url(language, base, "/v1/models") == url


@pytest.mark.parametrize("base", ["", "h", "h/v1", "://h", "http://", "http://[::1/"])
def test_what_is_no_url_makes_no_request(base: str) -> None:
    with pytest.raises(NoRequest, match="Invalid URL"):
        engine_url(base, PATH)
    for language in ("python", "ts"):
        with pytest.raises(NoRequest):
            sdk_url(language, base, PATH)


@pytest.mark.parametrize(("language", "base"), [("ts", "http://u:p@h"), ("python", " http://h")])
def test_an_sdk_says_only_that_there_is_no_connection(language: str, base: str) -> None:
    with pytest.raises(NoRequest, match=r"Connection error\."):
        sdk_url(language, base, PATH)


@given(st.lists(st.text(alphabet="abcv1-_.~", min_size=1), max_size=3), st.integers(0, 3))
def test_for_urls_that_the_host_accepts_both_ways_agree(parts: list[str], slashes: int) -> None:
    base = "http://127.0.0.1:1" + "".join(f"/{part}" for part in parts) + "/" * slashes
    assert engine_url(base, PATH) == compose_url(base, PATH)
