"""What becomes of metadata, however it is written: cases as data, judged on three layers.

:mod:`.cases` is the table; :mod:`.judging` says what is wrong with what was seen of a case, purely;
:mod:`.sending` sends a request of the case and looks at the answer, the provider and the log.
"""

from gatecert.metadata.cases import CASES, Case, Setting, given, in_group, written
from gatecert.metadata.judging import Outcome, Wrong, judged
from gatecert.metadata.sending import Mailing, metadata_line

__all__ = [
    "CASES",
    "Case",
    "Mailing",
    "Outcome",
    "Setting",
    "Wrong",
    "given",
    "in_group",
    "judged",
    "metadata_line",
    "written",
]
