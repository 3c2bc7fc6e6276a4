"""How far measured times were from predictions by nominal hardware: an interval and its reasons. It predicts nothing.

NCCL's own model, on three sites of H100, GH200 and B200 with 2 to 16 nodes: measured / predicted seconds by size, as the least
and the most of the sites' geometric means, and a fifth for what single rows add (docs/scale.md).
"""

from __future__ import annotations

from dataclasses import replace

from fabric.predict.constants import NCCL
from fabric.records.case import Case
from fabric.records.prediction import Prediction

KIB, MIB = 1024, 1024**2
NOMINAL: tuple[tuple[int, float, float], ...] = (
    (64 * KIB, 0.68, 1.9),
    (MIB, 0.9, 10.0),
    (16 * MIB, 0.8, 3.1),
    (256 * MIB, 0.73, 2.9),
)
"""Bytes below which, and there measured / predicted seconds at the fast and at the slow end."""
LARGE = (0.5, 1.7)
SEEN_NODES = 16
FASTER = 2.9
"""How much too fast predictions were found on more nodes than that, between 1 MiB and 1 GiB."""


def with_interval(said: Prediction, seconds: float, case: Case) -> Prediction:
    """Return what a model says with the interval of nominal hardware, or with the reason why there is none."""
    if not said.backend or said.backend.partition(":")[0] != NCCL or case.nodes < 2:
        return replace(said, interval_reasons=(_none(said, case),))
    low, high = next(((low, high) for most, low, high in NOMINAL if case.nbytes < most), LARGE)
    reasons = [f"nominal hardware: rows of three sites were between {low:g} and {high:g} x such predictions at this size"]
    if case.nodes > SEEN_NODES:
        high = max(high, FASTER)
        reasons.append(f"more than {SEEN_NODES} nodes: predictions were up to {FASTER:g} x too fast there")
    reasons.append("calibrate on this site's own runs narrows it")
    return replace(said, interval=(low * seconds, high * seconds), interval_reasons=tuple(reasons))


def _none(said: Prediction, case: Case) -> str:
    if said.backend and case.nodes < 2:
        return "no interval: errors inside one node were not collected"
    return f"no interval: nothing is known of how far measured times are from {said.constants}; calibrate on runs of this site"
