"""What the requirements of the fallback share."""

import pytest

from gatecert.suite import DesktopApp, Desktops, Fallbacks, ScriptedProvider, Target, Witness


@pytest.fixture
def desktop(desktops: Desktops, target: Target) -> DesktopApp:
    """A desktop whose chat model takes the route with two providers."""
    model = target.fallback.model
    return desktops(chat_model=model) if model else desktops()


@pytest.fixture
def fallbacks(
    pytestconfig: pytest.Config,
    desktop: DesktopApp,
    provider: ScriptedProvider,
    target: Target,
    witness: Witness,
) -> Fallbacks:
    """The fallback matrix: what becomes of a turn for each fault of the primary."""
    return Fallbacks.of(pytestconfig.stash, desktop, provider, target, witness)
