"""Lets ``pytest suites`` work as it stands: options, fixtures and verdicts come from the plugin."""

pytest_plugins = ["gatecert.pytest_plugin"]
