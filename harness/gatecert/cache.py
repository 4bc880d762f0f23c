"""Where gatecert keeps what it can make anew."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder for what is kept between runs."""
    if chosen := os.environ.get("GATECERT_CACHE"):
        return Path(chosen).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG rules say that a relative path is to be ignored
    parent = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return parent / "gatecert"
