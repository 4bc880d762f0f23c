"""Providers that fail and recover, in any order: a model of both, and what must always hold."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from gatecert.suite import (
    MUST,
    DesktopApp,
    Explore,
    Fault,
    Observation,
    Plan,
    ScriptedProvider,
    Target,
    expect,
    faults,
    observe,
    problems,
    requirement,
)

_GOOD, _CLOSED, _CUT = "good", "closes the connection", "breaks off in its answer"
# what is wrong in one cell and must be wrong in none of a row of them
_ALWAYS = ("unity", "honesty", "model")


class Step(NamedTuple):
    """One turn, and how well each provider is by then."""

    primary: str
    backup: str
    mode: str


_HEALTH = st.sampled_from([_GOOD, _GOOD, "500", "529", _CLOSED, _CUT])
_STEPS = st.lists(
    st.builds(
        Step, _HEALTH, _HEALTH, st.sampled_from([faults.WHOLE, faults.STREAMED, faults.HISTORY])
    ),
    min_size=1,
    max_size=5,
)


@requirement(
    "FALL-31",
    MUST,
    source="field: gateways that remember an outage longer than it lasts, or forget it too soon",
    why="In a real outage providers come and go; a turn is lost although one of them would have answered.",
    fix="Ask every provider that may be good before giving up, and begin each request with a clean slate.",
    needs=["fallback"],
    since="0.2",
    hints={"litellm": "router_settings.disable_cooldowns: true"},
)
def test_no_turn_is_lost_while_a_provider_is_good(
    desktop: DesktopApp, provider: ScriptedProvider, target: Target, explore: Explore
) -> None:
    """However providers fail and recover, no turn is lost while one is good, none is doubled, none billed more than promised."""

    def hold(steps: Sequence[Step]) -> None:
        provider.settle()
        for number, step in enumerate(steps, 1):
            seen = observe(_fault(step), step.mode, desktop, provider, target)
            _check(seen, step, target, f"turn {number} of {len(steps)}")

    explore(_STEPS, hold)


def _fault(step: Step) -> Fault:
    """The situation of one turn, for which any provider may answer."""
    return Fault(
        f"primary: {step.primary}; backup: {step.backup}",
        "begun",
        _plan("primary", step.primary, step.mode),
        _plan("backup", step.backup, step.mode),
        promise=f"fallback.{step.primary}" if step.primary.isdigit() else "fallback.connection",
    )


def _plan(provider: str, health: str, mode: str) -> Plan:
    if health.isdigit():
        return Plan(status=int(health))
    if health == _CLOSED:
        return Plan(drop=True)
    if health == _CUT:
        at = {"cut_bytes": 200} if mode == faults.WHOLE else {"cut_events": 6}
        return faults.answer_of(provider, **at)
    return faults.answer_of(provider)


def _check(seen: Observation, step: Step, target: Target, turn: str) -> None:
    owed = step.primary == _GOOD
    if step.primary != _CUT and step.backup == _GOOD:
        owed = owed or seen.fault.promised(step.mode, target)
    where = f"in {turn} ({step.mode}; {seen.fault.name})"
    expect(
        seen.answered_by or not owed,
        f"a whole answer {where}, as one provider is good",
        seen.exchange.summary(),
        hop="provider → gateway → client",
    )
    most, asked = target.fallback.attempts, seen.asked.total()
    expect(
        asked <= most,
        f"at most {most} requests at the providers {where}",
        f"{asked}",
        hop="gateway → provider",
        silent=True,
    )
    wrong = [one for one in problems(seen, target) if one.aspect in _ALWAYS]
    expect(
        not wrong,
        f"{wrong[0].expected if wrong else ''} {where}",
        wrong[0].came if wrong else "",
        hop="provider → gateway → client",
        silent=True,
    )
