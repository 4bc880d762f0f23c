"""Keys under which pytest's config and items carry what gatecert knows."""

from __future__ import annotations

import pytest

from gatecert.requirements import Judgement, Requirement
from gatecert.session.conductor import Shared

SHARED = pytest.StashKey[Shared]()
REQUIREMENT = pytest.StashKey[Requirement]()
JUDGEMENT = pytest.StashKey[Judgement]()
