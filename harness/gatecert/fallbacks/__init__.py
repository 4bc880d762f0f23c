"""The fallback matrix: what becomes of a turn when a provider fails, for each fault and mode.

:mod:`.faults` says what can go wrong, as data; :mod:`.observing` sends one turn into it;
:mod:`.judging` says what is wrong with what was seen, purely; :mod:`.matrix` keeps what was seen,
so that each requirement looks at the same cells from its own side.
"""

from gatecert.fallbacks.faults import FAULTS, MODES, Fault, named
from gatecert.fallbacks.judging import Problem, problems
from gatecert.fallbacks.matrix import Fallbacks
from gatecert.fallbacks.observing import Observation, observe, repeated

__all__ = [
    "FAULTS",
    "MODES",
    "Fallbacks",
    "Fault",
    "Observation",
    "Problem",
    "named",
    "observe",
    "problems",
    "repeated",
]
