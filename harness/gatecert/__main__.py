"""``python -m gatecert`` does what ``gatecert`` does."""

from gatecert.cli import main

raise SystemExit(main())
