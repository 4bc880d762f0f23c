from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop import GatewaySettings, SettingsError, compose_url
from gatecert.desktop.draft import MESSAGES
from gatecert.desktop.engine import COUNT_TOKENS
from gatecert.desktop.settings import normal_base_url

H = "https://gw.example"
BLANKS_AND_MARKS = ' \t:"(),/;<=>?@[\\]{}'

segments = st.text(alphabet="abcv1-_.~%", min_size=1, max_size=8)
prefixes = st.lists(segments, max_size=4).map(lambda parts: "".join(f"/{p}" for p in parts))
paths = st.sampled_from(["/v1/messages?beta=true", "/v1/models?limit=1000", "/api/hello"])


# What engine 2.1.330 was seen to request for each base URL.
@pytest.mark.parametrize(
    ("base_url", "target"),
    [
        ("", "/v1/messages?beta=true"),
        ("/", "/v1/messages?beta=true"),
        ("//", "/v1/messages?beta=true"),
        ("/v1", "/v1/v1/messages?beta=true"),
        ("/v1/", "/v1/v1/messages?beta=true"),
        ("/anthropic", "/anthropic/v1/messages?beta=true"),
        ("/a/b/", "/a/b/v1/messages?beta=true"),
        ("/v1/messages", "/v1/messages/v1/messages?beta=true"),
    ],
)
def test_urls_are_composed_as_the_client_was_seen_to(base_url: str, target: str) -> None:
    assert GatewaySettings(H + base_url).url(MESSAGES) == H + target
    assert compose_url(H + base_url, MESSAGES) == H + target


def test_every_request_keeps_the_prefix() -> None:
    settings = GatewaySettings(H + "/anthropic")
    assert settings.url("/v1/models?limit=1000") == H + "/anthropic/v1/models?limit=1000"
    assert settings.url(COUNT_TOKENS) == H + "/anthropic/v1/messages/count_tokens?beta=true"
    assert settings.url("/api/hello") == H + "/anthropic/api/hello"


@given(prefixes, paths)
def test_composing_never_mends_the_version(prefix: str, path: str) -> None:
    assert compose_url(H + prefix, path) == H + prefix + path
    assert compose_url(H + prefix + "/v1", path) == H + prefix + "/v1" + path


@given(prefixes, paths, st.integers(min_value=0, max_value=4))
def test_trailing_slashes_make_no_difference(prefix: str, path: str, slashes: int) -> None:
    plain = compose_url(H + prefix, path)
    assert compose_url(H + prefix + "/" * slashes, path) == plain
    assert GatewaySettings(H + prefix + "/" * slashes).url(path) == plain


@given(prefixes)
def test_a_base_url_once_normal_stays_as_it_is(prefix: str) -> None:
    once = normal_base_url(f"  gw.example{prefix} ")
    assert once == H + prefix
    assert normal_base_url(once) == once


@pytest.mark.parametrize(
    "base_url",
    [
        *(H, "http://127.0.0.1:8787", "http://localhost/p", "http://[::1]:80", "HTTPS://X"),
        *("https://gw.example.", "https://my_gw-1.example/a%20b", "https://xn--gteway-bua.example"),
    ],
)
def test_https_and_loopback_are_accepted(base_url: str) -> None:
    assert GatewaySettings(base_url).base_url == base_url


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("", "Required"),
        ("  ", "Required"),
        ("https://", "Invalid URL"),
        ("//gw.example", "Invalid URL"),
        ("https://[::1", "Invalid URL"),
        ("https://gw.example:99999", "Invalid URL"),
        ("https://gw.example:0", "Invalid URL"),
        ("http://gw.example", "must use https"),
        ("http://192.168.0.10:8787", "must use https"),
        ("http://localhost.gw.example", "must use https"),
        ("http://0.0.0.0", "must use https"),
        ("ftp://127.0.0.1", "must use https"),
        ("https://user:pw@gw.example", "credentials in the URL"),
        ("https://user@gw.example", "credentials in the URL"),
        ("https://@gw.example", "credentials in the URL"),
        ("https://gw.example/p?api-version=1", "query or fragment"),
        ("https://gw.example/p?", "query or fragment"),
        ("https://gw.example/p#f", "query or fragment"),
        ("https://gw.example#", "query or fragment"),
        ("https://a..b", "no host can have this name"),
        ("https://.", "no host can have this name"),
        ("https://gw.example..", "no host can have this name"),
        (f"https://{'a' * 64}.example", "no host can have this name"),
        (f"https://{'a' * 300}", "no host can have this name"),
        (f"https://{'a.' * 150}example", "no host can have this name"),
        ("https://gw.exam%70le", "no host can have this name"),
        ("https://gw.example\\v1", "no host can have this name"),
        ("https://gw .example", "a blank"),
        ("https://gw\n.example", "a blank, a control"),
        ("https://gäteway.example", "xn--"),
        ("https://gw.example/a b", "percent-encoded"),
        ("https://gw.example/漢", "percent-encoded"),
    ],
)
def test_a_base_url_the_client_refuses_is_refused(base_url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"^baseUrl: .*{message}"):
        GatewaySettings(base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://user:hunter2@gw.example",
        "http://user:hunter2@gw.example",
        "https://user:hunter2@[::1",
        "https://user:hunter2@gw.example:99999",
    ],
)
def test_the_refusal_does_not_repeat_a_password(base_url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        GatewaySettings(base_url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["x-portkey-metadata", "X_1", "a.b", "!#$%&'*+-.^_`|~9"])
def test_a_token_is_a_header_name(name: str) -> None:
    assert GatewaySettings(H, custom_headers={name: "v"}).custom_headers[name] == "v"


@pytest.mark.parametrize("name", ["", "naïve", "a\r\nb", "a\x00b", "a\x7f", *BLANKS_AND_MARKS])
def test_what_is_no_token_is_no_header_name(name: str) -> None:
    with pytest.raises(SettingsError, match="is not a valid header name"):
        GatewaySettings(H, custom_headers={"x-good": "v", name: "v"})


def test_a_blank_in_a_header_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="'x team' is not a valid header name"):
        GatewaySettings(H, custom_headers={"x team": "v"})


@pytest.mark.parametrize("value", ["", "é\xff", '{"team":"a: b, c"}', "https://a/b?c#d", "a\t x"])
def test_latin_1_text_is_a_header_value(value: str) -> None:
    assert GatewaySettings(H, custom_headers={"x-v": value}).custom_headers["x-v"] == value


@pytest.mark.parametrize("value", [" v", "v ", "\tv \t"])
def test_blanks_around_a_header_value_are_trimmed(value: str) -> None:
    assert GatewaySettings(H, custom_headers={"x-v": value}).custom_headers == {"x-v": "v"}


@pytest.mark.parametrize(
    "value", ["Ā", "漢", "😀", "a\rb", "a\nb", "a\n", "a\r\nx-evil: 1", "a\0", "\x1b[0m", "\x7f"]
)
def test_what_the_wire_cannot_carry_is_no_header_value(value: str) -> None:
    with pytest.raises(SettingsError, match=r"'x-v' has a .* above U\+00FF or a control character"):
        GatewaySettings(H, custom_headers={"x-v": value})


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION"])
def test_headers_of_the_connection_cannot_be_set(name: str) -> None:
    with pytest.raises(SettingsError, match=f"custom header '{name}' belongs to the connection"):
        GatewaySettings(H, custom_headers={"x-good": "v", name: "v"})


@pytest.mark.parametrize(
    "key", ["sk-漢-tail", "sk-\n-tail", "sk-tail\n", "sk\0tail", "sk\ttail", "\x7f"]
)
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match=r"^the API key has a character") as caught:
        GatewaySettings(H, key)
    assert "tail" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "\t"])
def test_an_empty_key_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="the API key is empty"):
        GatewaySettings(H, key)


def test_blanks_around_a_key_are_trimmed() -> None:
    assert GatewaySettings(H, " sk-é 1\t").credential() == ("Authorization", "Bearer sk-é 1")


@given(
    st.text(min_size=1, max_size=9) | st.none(),
    st.dictionaries(st.sampled_from(["x-a", "Authorization", "Host"]), st.text(max_size=9)),
)
def test_whatever_the_settings_take_h11_takes(key: str | None, custom: dict[str, str]) -> None:
    try:
        settings = GatewaySettings(H, key, custom_headers=custom)
    except SettingsError:
        return
    headers = {"Host": "h", **settings.custom_headers, **dict([settings.credential() or ("x", "")])}
    encoded = [(n.encode(), v.encode("latin-1")) for n, v in headers.items()]
    h11.Request(method="GET", target="/", headers=encoded)


@pytest.mark.parametrize(
    ("scheme", "credential"),
    [("bearer", ("Authorization", "Bearer sk-1")), ("x-api-key", ("x-api-key", "sk-1"))],
)
def test_each_scheme_has_one_credential_header(scheme: str, credential: tuple[str, str]) -> None:
    assert GatewaySettings(H, "sk-1", scheme).credential() == credential
    assert GatewaySettings(H, None, scheme).credential() is None


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(SettingsError, match="'basic' is none of bearer, x-api-key"):
        GatewaySettings(H, "sk-1", "basic")


def test_the_key_does_not_show_in_the_settings_text() -> None:
    assert "sk-1" not in repr(GatewaySettings(H, "sk-1"))
