"""What the client says of settings that stopped working on 7 October 2026. No I/O.

Source: the client's configuration changelog, which lists the removals and the key that hides the
warnings; their words are ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatecert.desktop.config.config import Client, Config
from gatecert.desktop.config.headers import KEY, OLD_KEY, is_older_form
from gatecert.desktop.credentials.plan import SCHEME

_HIDES = "disableConfigDeprecationWarnings"


def deprecated(config: Config, client: Client) -> tuple[str, ...]:
    """A warning for each setting that is removed, or will be, unless they are hidden."""
    if config.flag(_HIDES, False):
        return ()
    does = "is ignored" if client.after_cut_off else "will stop working on 7 October 2026"
    return tuple(f"{what} {does}" for what in _removed(config))


def _removed(config: Config) -> Iterator[str]:
    scheme = config.text(SCHEME)
    if scheme in ("sso", "auto"):
        yield f'{SCHEME} "{scheme}"'
    if OLD_KEY in config.settings:
        yield OLD_KEY
    own = config.settings.get(KEY)  # after the cut-off an older form is a misreading
    if own is not None and config.source.raws.get(KEY) is own.raw and is_older_form(own.raw.value):
        yield f"{KEY} as a list or a string"
