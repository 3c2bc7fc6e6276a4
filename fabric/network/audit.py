"""What the speeds add to an audit of the wiring: cables that run slower than designed. It knows no file and no name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from topologies.audit import Findings

TOLERANCE = 0.01
"""Speeds closer than this share are the same."""


@dataclass(frozen=True)
class Slow:
    """A difference in speed: an observed cable, or a whole level (cable -1) whose usual speed is not the design's."""

    cable: int
    level: str
    observed: float
    designed: float


def slow_cables(observed: Fabric, designed: Fabric, findings: Findings, stated: NDArray[np.float64]) -> list[Slow]:
    """Return levels whose usual speed is not the designed one, and cables that are slower than their level's usual.

    stated: bytes per second per observed cable, NaN where nobody said so: those are not judged. A cable that is slow
    only because it is narrow is told by its width already.
    """
    ours, theirs = findings.cables.T if len(findings.cables) else (np.empty(0, dtype=int),) * 2
    known = ~np.isnan(stated[ours])
    ours, theirs = ours[known], theirs[known]
    lanes = observed.topology.lanes[ours] / designed.topology.lanes[theirs]
    per_lane = stated[ours] / np.where(lanes > 0, lanes, 1) * (np.median(lanes) if len(lanes) else 1.0)
    wanted = designed.link_speed[::2][theirs]
    found = []
    for index, level in enumerate(designed.topology.levels):
        mine = designed.topology.level[theirs] == index
        if mine.any():
            found += _of_level(level, ours[mine], per_lane[mine], wanted[mine])
    return found


def _of_level(level: str, cables: NDArray[np.int64], speeds: NDArray[np.float64], wanted: NDArray[np.float64]) -> list[Slow]:
    """Return the level where its median is off, and the cables that are slower than its median."""
    ratio = speeds / wanted
    usual = float(np.median(ratio))
    off = [Slow(-1, level, usual * float(np.median(wanted)), float(np.median(wanted)))] * (abs(usual - 1) > TOLERANCE)
    slow = np.flatnonzero(ratio < usual * (1 - TOLERANCE))
    return off + [Slow(int(cables[i]), level, float(speeds[i]), float(wanted[i] * usual)) for i in slow]
