"""The kill table: every defect against every requirement, every harmless variant too.

It is complete when each defect breaks exactly the identifiers pinned to it and its report begins
with the one that names the fault best, each requirement is broken by some defect, and reference and
variants break nothing.
"""

from gatecert.killtable.running import run_rows
from gatecert.killtable.table import REFERENCE, KillTable, Row, planned, write_table

__all__ = ["REFERENCE", "KillTable", "Row", "planned", "run_rows", "write_table"]
