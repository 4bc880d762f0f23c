"""Client profiles: what a certain version of a client sends, as data.

Each has a name, a source and how sure it is. Next month's client is a new profile beside these, not
an edit.
"""

from __future__ import annotations

from gatecert.desktop.profiles.betas import COUNT_FALLBACK_BETAS, COUNT_TOKENS_BETAS
from gatecert.desktop.profiles.engine import EngineProfile, Switches
from gatecert.desktop.profiles.engines import (
    ENGINE_AGENT_SDK,
    ENGINE_CLI,
    ENGINE_COWORK,
    ENGINE_DESKTOP,
    ENGINE_DESKTOP_197,
    ENGINE_PRINT,
    ENGINE_TOOLSEARCH,
    ENGINES,
    PLACEHOLDER,
    with_tool_search,
)
from gatecert.desktop.profiles.sdks import SDKS, SdkProfile
from gatecert.desktop.profiles.traits import ModelTraits, bare_model, traits_of
from gatecert.desktop.profiles.versions import EngineVersion

# The host process was never recorded; its requests are pieced together from documentation and
# from the engine's own discovery request.
HOST_PROFILE_NAME = "host-1.46388"
HOST_PROFILE_SURENESS = "inferred"

__all__ = [
    "COUNT_FALLBACK_BETAS",
    "COUNT_TOKENS_BETAS",
    "ENGINES",
    "ENGINE_AGENT_SDK",
    "ENGINE_CLI",
    "ENGINE_COWORK",
    "ENGINE_DESKTOP",
    "ENGINE_DESKTOP_197",
    "ENGINE_PRINT",
    "ENGINE_TOOLSEARCH",
    "HOST_PROFILE_NAME",
    "HOST_PROFILE_SURENESS",
    "PLACEHOLDER",
    "SDKS",
    "EngineProfile",
    "EngineVersion",
    "ModelTraits",
    "SdkProfile",
    "Switches",
    "bare_model",
    "find_engine",
    "profile_names",
    "traits_of",
    "with_tool_search",
]


def find_engine(name: str) -> EngineProfile | None:
    """The engine profile of this name, or None."""
    return next((profile for profile in ENGINES if profile.name == name), None)


def profile_names() -> list[str]:
    """The name of every profile there is, engines first."""
    return [*(engine.name for engine in ENGINES), *(sdk.name for sdk in SDKS)]
