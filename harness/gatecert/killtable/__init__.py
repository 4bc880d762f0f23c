"""The kill table: every defect against every requirement, every harmless variant too.

It is complete when each defect breaks exactly the identifiers pinned to it and its report begins
with the one that names the fault best, each requirement is broken by some defect, reference and
variants break nothing, and each weakened checker overlooks something.
"""

from gatecert.killtable.checkers import compare_checkers
from gatecert.killtable.page import markdown, write_table
from gatecert.killtable.running import Warm, run_rows
from gatecert.killtable.table import (
    COSTLY,
    HONEST,
    REFERENCE,
    Checker,
    KillTable,
    Row,
    planned,
    repeated,
)

__all__ = [
    "COSTLY",
    "HONEST",
    "REFERENCE",
    "Checker",
    "KillTable",
    "Row",
    "Warm",
    "compare_checkers",
    "markdown",
    "planned",
    "repeated",
    "run_rows",
    "write_table",
]
