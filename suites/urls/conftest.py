"""What the requirements of wrong paths share."""

from collections.abc import Callable

import pytest

from gatecert.suite import (
    WRONG_KEY,
    Asking,
    Desktops,
    Receipt,
    Target,
    answered,
    not_let_in,
    only_receipt,
    own_answer,
    refused,
    same,
    same_names,
)

ServedRightOrRefused = Callable[..., None]

_RIGHT_PATH = "/v1/messages?beta=true"
# a redirect is as clear as a refusal: nothing was done, and the right address is told
_CLEAR = (301, 302, 307, 308, 400, 403, 404, 405, 421)


@pytest.fixture
def served_right_or_refused(
    desktops: Desktops, asking: Asking, target: Target
) -> ServedRightOrRefused:
    """A wrong path may be mended in full or refused in the open; there is nothing in between.

    ``suffix`` goes behind the base URL, ``path`` takes the place of the path of a turn.
    """

    def check(*, suffix: str = "", path: str = _RIGHT_PATH) -> None:
        right = desktops()
        wrong = desktops(base_url=right.settings.url(suffix))
        script, control = asking.ask(), asking.ask()
        turn = wrong.engine.turn(script.text, path=path)
        asked = "/" + turn.exchange.request.url.partition("://")[2].partition("/")[2]
        if turn.exchange.status != 200:
            refused(turn, f"a request to {asked}", _CLEAR)
            return
        own_answer(script.answer, turn)
        answered(right.engine.turn(control.text), "a turn to the right path")
        mended = only_receipt(asking.receipts(script))
        plain = only_receipt(asking.receipts(control))
        hop = "gateway → provider"
        same(plain.path, mended.path, f"the path at the provider for {asked}", hop=hop)
        names = f"the headers at the provider for {asked}"
        same_names(_names(plain), _names(mended), names, hop=hop)
        _same_care(desktops, target, right.settings.url(suffix), path, asked)

    return check


def _same_care(desktops: Desktops, target: Target, base_url: str, path: str, asked: str) -> None:
    """What is served there stands behind the same checks of key and metadata."""
    if target.promises.enforces_keys:
        app = desktops(base_url=base_url, api_key=WRONG_KEY)
        not_let_in(app.engine.turn("hi", path=path), f"a request to {asked} with an unknown key")
    if target.promises.validates_metadata:
        headers = {
            name: "{broken" if name.lower() == target.promises.metadata_header.lower() else value
            for name, value in target.headers.items()
        }
        app = desktops(base_url=base_url, custom_headers=headers)
        not_let_in(app.engine.turn("hi", path=path), f"a request to {asked} with broken metadata")


def _names(receipt: Receipt) -> set[str]:
    return {name.lower() for name, _ in receipt.headers}
