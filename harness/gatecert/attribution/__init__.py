"""To whom a gateway says that a request belongs: its log, read by small adapters.

:mod:`.entry` reads one entry, purely; :mod:`.readers` fetch entries from wherever they are.
"""

from gatecert.attribution.entry import Entry, entry_of
from gatecert.attribution.readers import Log, LogUnreadable, open_log

__all__ = ["Entry", "Log", "LogUnreadable", "entry_of", "open_log"]
