"""The rules: one module an area, each a set of functions from a configuration to findings."""
