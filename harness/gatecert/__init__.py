"""Conformance and regression tests for LLM gateways that serve Claude Desktop."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gatecert")
except PackageNotFoundError:  # running from a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
