"""Fabrics: a topology with speeds and latencies per level, parts, placement, routing, bounds."""
