"""Max-min fair rates of flows over links, and the time of a step that needs none. It knows no starts, ends or collectives.

Progressive filling: the rates of all flows rise together until a link is full; its flows keep their rate, the others go
on. Few flows are solved in numpy, many compiled (fabric/predict/flows/kernels.py, loaded only then).
"""

from __future__ import annotations

import numpy as np

from fabric.network.routing.ways import Floats, Paths

FEW = 2000
"""Entries of paths up to which numpy solves: loading numba costs half a second."""


def max_min(paths: Paths, capacity: Floats, share: Floats | None = None) -> Floats:
    """Return the max-min fair rate of every flow, in the unit of capacity; infinite for a flow over no links.

    share: what part of a flow's rate each entry of paths puts on its link, above 0; None: all of it. All rates rise
    together, whatever their shares; a link named twice counts twice.
    """
    if len(paths.links) <= FEW:
        return _in_rounds(paths, capacity, share)
    from fabric.predict.flows import kernels  # noqa: PLC0415 (numba is slow to load)

    web = kernels.web(paths, capacity, share)
    kernels.solve(web)
    return web.rate


def step_seconds(paths: Paths, capacity: Floats, share: Floats | None = None, *, size: float | Floats = 1.0) -> float:
    """Return the seconds that flows of these bytes need from a common start: max over links of bytes / capacity.

    Exact where all sizes are equal (removing a finished flow changes no slower one) and no latencies differ; otherwise no
    flow set ends sooner. size: bytes of every flow, or of each. capacity: bytes per second. No rates are solved.
    """
    whole = share is None and np.ndim(size) == 0
    each = None if whole else np.broadcast_to(size, len(paths.hops))[paths.flow] * (1.0 if share is None else share)
    carried = np.bincount(paths.links, each, minlength=len(capacity)) * (float(size) if whole else 1.0)
    return float((carried / capacity).max(initial=0.0))


def _in_rounds(paths: Paths, capacity: Floats, share: Floats | None) -> Floats:
    """Return the rates, one link after another filled: rounds times entries, which is little for few flows."""
    rates = np.full(len(paths.hops), np.inf)
    part = np.ones(len(paths.links)) if share is None else share
    rising, free = np.ones(len(rates), dtype=bool), capacity.astype(np.float64)
    level = 0.0
    while len(flow := paths.flow[on := rising[paths.flow]]):
        links, parts = paths.links[on], part[on]
        weight = np.bincount(links, parts, minlength=len(free))
        with np.errstate(divide="ignore", invalid="ignore"):
            equal = np.where(weight > 0, free / weight, np.inf)
        level = max(level, float(equal.min()))
        stopped = np.unique(flow[(equal <= level)[links]])
        rates[stopped], rising[stopped] = level, False
        free -= np.bincount(links, parts * ~rising[flow], minlength=len(free)) * level
    return rates
