"""Traffic between the vertices of a core: what every source vertex sends to every other. It knows no routes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fabric.predict.throughput.core import Core
from fabric.predict.throughput.traffic import Traffic

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Demand:
    """Vertex u sends out[u] * into[v] + extra[u, v] to every v != u; what stays at a vertex is no demand."""

    out: Floats
    into: Floats
    extra: sparse.csr_array

    @property
    def sources(self) -> Ints:
        """The vertices that send."""
        return np.flatnonzero((self.out > 0) | (np.diff(self.extra.indptr) > 0))

    def rows(self, sources: Ints) -> Floats:
        """Return what these vertices send, (sources, vertices)."""
        rows: Floats = self.out[sources, None] * self.into + self.extra[sources].toarray()
        rows[np.arange(len(sources)), sources] = 0
        return np.where(rows <= 1e-12 * rows.max(axis=1, initial=0)[:, None], 0.0, rows)


def demand_of(traffic: Traffic, core: Core) -> Demand:
    """Return the traffic between the core's vertices."""
    out = np.bincount(core.sends, traffic.out, core.vertices).astype(float)
    into = np.bincount(core.receives, traffic.into, core.vertices).astype(float)
    rows = np.concatenate([core.sends[traffic.source], core.sends])
    columns = np.concatenate([core.receives[traffic.target], core.receives])
    weight = np.concatenate([traffic.weight, -traffic.out * traffic.into])
    keep = (rows != columns) & (weight != 0)
    extra = sparse.coo_array((weight[keep], (rows[keep], columns[keep])), shape=(core.vertices,) * 2).tocsr()
    return Demand(out, into, extra)
