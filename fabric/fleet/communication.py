"""How much of its step a job communicates between nodes: of a training step, measured, or assumed. It has no links.

Shares are thousandths of the step of a job alone at full rate. What is exposed counts: what computing hides delays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fabric.fleet.job import WHOLE, Jobs
from topologies.errors import InputError

ASSUMED = (100, 200, 400)
"""Low, usual and high thousandths where nothing is known: a stated range, not a measurement."""


def share_of(communication_seconds: float, step_seconds: float) -> int:
    """Return the thousandths of a step that it communicates between nodes, such as of a training step's exposed seconds.

    Raises:
        InputError: a step that is not above 0, or communication outside it.
    """
    if step_seconds <= 0 or not 0 <= communication_seconds <= step_seconds:
        raise InputError(
            f"communication: must be from 0 to the step's {step_seconds:g} s, a time above 0, got {communication_seconds:g} s"
        )
    return round(WHOLE * communication_seconds / step_seconds)


def assumed(jobs: Jobs, share: int, *, by_tenant: Mapping[str, int] | None = None) -> Jobs:
    """Return the jobs with a communication share where they state none; by_tenant: of these tenants instead.

    Raises:
        InputError: a share outside 0 ... 1000.
    """
    for value in (share, *(by_tenant or {}).values()):
        if not 0 <= value <= WHOLE:
            raise InputError(f"communication: must be from 0 to {WHOLE} thousandths of a step, got {value}")
    columns = jobs.columns()
    known = np.array([(by_tenant or {}).get(name, share) for name in jobs.tenants], np.int32)[
        columns["tenant"].astype(np.int64)
    ]
    stated = columns["communication"].astype(np.int32)
    return jobs.changed(communication=np.where(stated > 0, stated, known).astype(np.int32))
