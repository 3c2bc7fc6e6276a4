"""Records of earlier schemas brought to today's: the keys that moved. It reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RESULT_1 = "fabricbench.result/1"
MOVED = {
    "resolved_algorithm": "runs",
    "constants": "constants",
    "backend": "backend",
    "exact": "exact",
    "fidelity_reason": "reason",
    "bottleneck_link": "link",
    "slowdown": "slowdown",
    "latency_seconds": "latency_seconds",
    "bandwidth_seconds": "bandwidth_seconds",
    "alone_seconds": "alone_seconds",
    "slowdown_by_others": "slowdown_by_others",
}
"""Key of a prediction's context in /1 -> field of Prediction in /2."""


def of_result_1(row: Mapping[str, Any], schema: str) -> dict[str, Any]:
    """Return a record of fabricbench.result/1 as one of today's schema: what a model said leaves the context."""
    context = dict(row.get("context") or {})
    if not str(row.get("source", "")).startswith("model:"):
        return {**row, "schema": schema}
    said = {field: context.pop(key) for key, field in MOVED.items() if key in context}
    first = context.pop("bottleneck", None)
    prediction = {"runs": row.get("algorithm", "default"), **said, "bottlenecks": [first] if first else []}
    return {**row, "schema": schema, "context": context, "prediction": prediction}
