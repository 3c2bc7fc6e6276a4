"""Physics and answers of network fabrics: speeds, collectives, predictions, measurements, records, reports."""

DISTRIBUTION = "fabricbench"
"""Marks this package as ours: an unrelated SSH tool on PyPI has the same import name."""
