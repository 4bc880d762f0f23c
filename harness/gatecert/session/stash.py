"""Keys under which pytest's config and items carry what gatecert knows."""

from __future__ import annotations

import pytest

from gatecert.desktop import RequestCap
from gatecert.requirements import Judgement, Requirement
from gatecert.session.conductor import Shared
from gatecert.session.spending import TokenCap
from gatecert.session.vitals import Vitals

SHARED = pytest.StashKey[Shared]()
REQUIREMENT = pytest.StashKey[Requirement]()
JUDGEMENT = pytest.StashKey[Judgement]()
CAP = pytest.StashKey[RequestCap]()
TOKENS = pytest.StashKey[TokenCap | None]()
VITALS = pytest.StashKey[Vitals]()
COOLED_S = pytest.StashKey[float]()
