"""Gateways under test: described, embedded and managed ones."""
