"""Readers of other benchmarks' output, one file per tool (catalog.py lists them). They measure nothing themselves."""
