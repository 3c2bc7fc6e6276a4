"""The exact theta as a linear program: one flow per source vertex, capacities shared (HiGHS). For small networks only.

maximise theta; per source s and vertex v != s: flow in - flow out = theta x demand(s, v); per arc: sum of flows <= capacity.
It does not know what the arcs are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fabric.predict.throughput.core import Core
from fabric.predict.throughput.demand import Demand
from topologies.errors import InputError

COLUMNS = 15_000
"""Sources x arcs above which the program is not solved."""


def columns(core: Core, demand: Demand) -> int:
    """Return how many variables the program has."""
    return len(demand.sources) * len(core.tail) + 1


def program(core: Core, demand: Demand) -> float:
    """Return the optimal theta.

    Raises:
        InputError: the solver finds none.
    """
    from scipy.optimize import linprog  # noqa: PLC0415  # paid only where a program is solved

    sources, arcs = demand.sources, len(core.tail)
    rows = demand.rows(sources)
    kept = np.ones((len(sources), core.vertices), dtype=bool)
    kept[np.arange(len(sources)), sources] = False
    flows = sparse.kron(sparse.eye_array(len(sources)), _incidence(core)).tocsr()[np.flatnonzero(kept)]
    balance = sparse.hstack([flows, sparse.csr_array(-rows[kept][:, None])]).tocsr()
    limit = sparse.hstack([sparse.kron(np.ones((1, len(sources))), sparse.eye_array(arcs)), sparse.csr_array((arcs, 1))])
    cost = np.zeros(balance.shape[1])
    cost[-1] = -1
    found = linprog(cost, limit.tocsr(), core.capacity, balance, np.zeros(balance.shape[0]), method="highs")
    if not found.success:
        raise InputError(f"throughput: the linear program was not solved: {found.message}")
    return float(found.x[-1])


def _incidence(core: Core) -> sparse.csr_array:
    """Return (vertices, arcs): 1 where an arc ends, -1 where it begins."""
    arcs: NDArray[np.int64] = np.arange(len(core.tail))
    ones = np.ones(len(arcs))
    both = np.concatenate([core.head, core.tail]), np.concatenate([arcs, arcs])
    return sparse.coo_array((np.concatenate([ones, -ones]), both), shape=(core.vertices, len(arcs))).tocsr()
