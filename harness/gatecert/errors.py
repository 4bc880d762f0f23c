"""The error tree: what went wrong outside a requirement, and the exit code it earns.

    GatecertError
    ├── UsageError     the user's input is wrong                      exit code 2
    └── RunError       the run could not be made, or is not valid     exit code 3

A broken requirement is no error: it is a verdict (see ``gatecert.requirements``).
"""

from __future__ import annotations

EXIT_CONFORMANT = 0
EXIT_NOT_CONFORMANT = 1
EXIT_USAGE = 2
EXIT_RUN_INVALID = 3


class GatecertError(Exception):
    """Something a user should be told in one line, without a traceback."""

    exit_code = EXIT_RUN_INVALID


class UsageError(GatecertError):
    """A flag, a target file or an environment variable is wrong."""

    exit_code = EXIT_USAGE


class RunError(GatecertError):
    """The run could not be made: gateway unreachable, port taken, a process of ours died."""

    exit_code = EXIT_RUN_INVALID
