"""Where the credential comes from, and whether there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatecert.desktop.config.config import Client, Config, Setting
from gatecert.desktop.config.keys import CUT_OFF, nested_place
from gatecert.desktop.credentials.helper import path_trouble
from gatecert.desktop.credentials.plan import HELPER, KEY, KIND, KINDS, NEEDS, OIDC, SCHEME, ways
from gatecert.desktop.credentials.sign_in_settings import troubles
from gatecert.lint.finding import Finding
from gatecert.lint.near import is_misspelt, meant
from gatecert.lint.report import at_file, at_place, at_setting
from gatecert.lint.show import is_plain

_SCHEME_WORD = re.compile(r"(bearer|basic|token|x-api-key:?|authorization:)\s+", re.IGNORECASE)
# names under which people put the key of a gateway, none of which the client reads
_OTHER_NAMES = re.compile(
    r"(anthropic|portkey|litellm|openai|gateway|inference|inference_?gateway|claude)?_?"
    r"(api|auth|virtual|access|bearer)?_?(key|token)|authorization",
    re.IGNORECASE,
)


def credentials(config: Config, client: Client) -> Iterator[Finding]:
    """What is wrong with the credential, if this is a gateway's configuration."""
    yield from _key(config)
    yield from _scheme(config, client)
    yield from _sources(config, client)
    yield from _helper(config)
    yield from _sign_in(config)


def misplaced(config: Config) -> Iterator[Finding]:
    """Keys of other names that most likely hold the API key."""
    for name, raw in config.unknown.items():
        if is_another_name(name) and not meant(name):
            key = name if is_plain(name) else ""
            fix = f"put it under {nested_place(KEY)}" if config.source.form == "nested" else ""
            yield at_place("misplaced-key", config.source.path, key, raw.place, fix=fix)


def is_another_name(name: str) -> bool:
    """Whether a key that the client does not know is most likely meant to be the API key."""
    return bool(_OTHER_NAMES.fullmatch(re.sub(r"[-. ]", "_", name)))


def _key(config: Config) -> Iterator[Finding]:
    setting = config.settings.get(KEY)
    if setting is None:
        raw = config.source.raws.get(KEY)
        if raw is not None and (raw.value is None or not str(raw.value).strip()):
            yield at_place("empty-key", config.source.path, KEY, raw.place)
        return
    text = str(setting.value).strip(" \t")
    word = _SCHEME_WORD.match(text)
    if word:
        yield at_setting("scheme-in-key", setting)
    bare = text[word.end() :] if word else text
    if not all("!" <= c <= "~" or "\xa1" <= c <= "\xff" for c in bare):
        yield at_setting("unsendable-key", setting, _why_unsendable(bare))


def _why_unsendable(key: str) -> str:
    if any(c > "\xff" for c in key):
        return "it has a character above U+00FF (a typographic quote, a blank without width)"
    if "\n" in key or "\r" in key:
        return "it has a line break"
    return "it has a blank or a control character inside"


def _scheme(config: Config, client: Client) -> Iterator[Finding]:
    setting = config.settings.get(SCHEME)
    if setting is None or setting.value not in ("sso", "auto"):
        return
    if client.after_cut_off:
        yield at_setting(f"scheme-{setting.value}", setting)
    else:
        does = f"the client still takes it, until {CUT_OFF}"
        yield at_setting(f"scheme-{setting.value}", setting, does=does, severity="note")


def _sources(config: Config, client: Client) -> Iterator[Finding]:
    found = ways(config, client)
    kind = config.settings.get(KIND)
    if kind is not None:
        yield from _of_kind(config, kind, found)
    elif len(found) > 1:
        does = (
            f"the client warns 'Multiple credential methods configured ({', '.join(found)}); "
            f"using {found[0]}'"
        )
        yield at_setting("several-credentials", config.settings[_KEY_OF[found[-1]]], does=does)
    elif not found and not _is_told_otherwise(config):
        yield at_file("missing-key", config, KEY)


_KEY_OF = {"static": KEY, "helper-script": HELPER, "interactive": OIDC}


def _is_told_otherwise(config: Config) -> bool:
    """Whether another finding says already why there is none, or a server will tell it."""
    told = {m.key for m in config.misreadings} | set(config.source.raws)
    elsewhere = any(is_another_name(name) for name in config.unknown)
    by_server = config.get("bootstrapUrl") is not None and config.flag("bootstrapEnabled", True)
    sso = config.get(SCHEME) == "sso"
    misspelt = is_misspelt(config, KEY, HELPER, OIDC, KIND)
    return bool(told & {KEY, HELPER, OIDC, KIND}) or elsewhere or by_server or sso or misspelt


def _of_kind(config: Config, kind: Setting, found: list[str]) -> Iterator[Finding]:
    value = str(kind.value)
    if value not in KINDS:
        yield at_setting("kind-not-for-gateways", kind)
        return
    needed = NEEDS.get(value)
    if needed is None or value in found:
        return
    elsewhere = needed == KEY and any(map(is_another_name, config.unknown))
    if needed not in config.source.raws and not elsewhere and not is_misspelt(config, needed):
        does = f"the client says '{KIND} is \"{value}\" but {needed} is not set'"
        yield at_setting("missing-key", kind, does=does, fix=f"set {needed}, or remove {KIND}")


def _helper(config: Config) -> Iterator[Finding]:
    setting = config.settings.get(HELPER)
    if setting is None:
        return
    why = path_trouble(str(setting.value))
    if why:
        yield at_setting("helper-path", setting, why)


_FIXES = {
    "redirectPort": "use 1024 to 65535, or leave it out",
    "bearerTokenType": "write id_token or access_token",
}


def _sign_in(config: Config) -> Iterator[Finding]:
    setting = config.settings.get(OIDC)
    if setting is None or not isinstance(setting.value, dict):
        return
    for trouble in troubles(setting.value):
        member = trouble.member
        if trouble.missing:
            does = f"the client says '{trouble.says}'"
            yield at_setting("sign-in-incomplete", setting, does=does, fix=f"add {member}")
        else:
            detail, fix = f"{member} is refused", _FIXES.get(member, "write an https URL")
            yield at_setting("sign-in-incomplete", setting, detail, fix=fix, inside=(member,))
