"""Keys that a requirement sends beside the target's, and what becomes of them in the record."""

from __future__ import annotations

from gatecert.desktop.secret import Secret
from gatecert.gateways.target import Target
from gatecert.record import Redactor
from gatecert.session.witness import Witness

OWN = "sk-of-the-target"
HEADERS = {"x-portkey-virtual-key": "vk-canary"}
TARGET = Target(
    "gw", "external", "http://127.0.0.1:9", OWN, headers=HEADERS, secrets=[("key", OWN)]
)


def test_a_key_of_any_make_is_redacted_once() -> None:
    witness = Witness()
    for key in (Secret("sk-canary-4711"), "sk-canary-4711", Secret(OWN), None):
        witness.note_key(key, TARGET)
    assert [name for name, _ in witness.other_keys] == ["other-key-1"]
    redactor = Redactor([*TARGET.secrets, *witness.other_keys])
    assert redactor.text("echo: sk-canary-4711") == "echo: <redacted:other-key-1>"


def test_a_target_shows_neither_its_key_nor_its_headers() -> None:
    assert "vk-canary" not in repr(TARGET)
    assert OWN not in repr(TARGET)
