"""Wiring only: vertices, cables, tiers and lanes. Knows no bytes per second, no seconds, no money."""

DISTRIBUTION = "fabricbench"
"""Marks this package as ours: the import name is taken by another package on PyPI."""
