"""What per-flow hashing achieves: every pair of devices takes one way, drawn by a seeded hash. It spreads nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.network.routing.route import route
from fabric.predict.throughput.answer import Estimate
from fabric.predict.throughput.core import nic_rate
from fabric.predict.throughput.traffic import Traffic
from topologies.errors import InputError

PAIRS = 2_000_000
"""More pairs are not hashed one by one."""
SEED = 0


def hashed(fabric: Fabric, traffic: Traffic) -> Estimate:
    """Return the theta of routing `ecmp:0`: one seed is a draw, not a property of the fabric."""
    devices = fabric.topology.devices
    if traffic.out.any() and devices**2 > PAIRS:
        return Estimate("ecmp", "achieved", None, note=f"{devices * (devices - 1):,} pairs, over {PAIRS:,}")
    pairs = _pairs(traffic)
    try:
        load = _load(fabric, *pairs)
    except InputError as error:
        return Estimate("ecmp", "achieved", None, note=str(error))
    used = load > 0
    theta = float((fabric.link_speed[used] / load[used]).min(initial=np.inf) / nic_rate(fabric))
    return Estimate("ecmp", "achieved", theta, note=f"hash seed {SEED}, one way per pair")


def _pairs(traffic: Traffic) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return source, target and weight of every pair that exchanges something."""
    devices = len(traffic.out)
    if not traffic.out.any():
        return traffic.source, traffic.target, traffic.weight
    matrix = np.outer(traffic.out, traffic.into)
    np.fill_diagonal(matrix, 0)
    np.add.at(matrix, (traffic.source, traffic.target), traffic.weight)
    source, target = np.nonzero(matrix > 1e-12 / devices)
    return source, target, matrix[source, target]


def _load(
    fabric: Fabric, source: NDArray[np.int64], target: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the load of every link: pairs of one weight are routed together."""
    load = np.zeros(len(fabric.link_speed))
    values, kind = np.unique(weight, return_inverse=True)
    for number, value in enumerate(values):
        own = kind == number
        load += value * route(fabric.topology, source[own], target[own], f"ecmp:{SEED}").per_link
    return load
