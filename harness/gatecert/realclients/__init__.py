"""Runs real client programs through the embedded gateway, and writes down the shapes they send."""
