"""Bucket algorithm on a torus: rings along one dimension after the other, so that every message goes to a neighbour.

Dimensions n1 x n2 x ...; reduce-scatter goes along n1, then n2 with 1/n1 of the data, and so on; all-gather back. One half:
sum(n_i - 1) alpha + (p-1)/p S beta, the reduce-scatter half + (p-1)/p S gamma. With ports = 2 every ring runs both ways
with half the data each (beta/2); with ports = 2D on a cube, D times that, every lane beginning on another dimension
(beta/2D). Sources: Sack and Gropp, IPDPS 2012 (multi-port); De Sensi et al., NSDI 2024 (description). Never sees a Fabric.
"""

from __future__ import annotations

import numpy as np

from fabric.collectives.grid import Lane, axis_steps, dimensions
from fabric.collectives.schedule import Groups, Schedule
from topologies.errors import InputError


def bucket(groups: Groups, nbytes: int, *, dims: str = "", ports: int = 1) -> Schedule:
    """Return the bucket all-reduce; dims such as 4x4x4 (default one ring), rank 0 first, the last dimension fastest.

    Raises:
        InputError: dims that are no torus of these ranks; ports other than 1, 2 or, on a cube, 2 per dimension.
    """
    return _schedule(groups, dims, ports, scatter=True, gather=True)


def bucket_all_gather(groups: Groups, nbytes: int, *, dims: str = "", ports: int = 1) -> Schedule:
    """Return the all-gather half of bucket, by the same rules."""
    return _schedule(groups, dims, ports, scatter=False, gather=True)


def bucket_reduce_scatter(groups: Groups, nbytes: int, *, dims: str = "", ports: int = 1) -> Schedule:
    """Return the reduce-scatter half of bucket, by the same rules."""
    return _schedule(groups, dims, ports, scatter=True, gather=False)


def _schedule(groups: Groups, dims: str, ports: int, *, scatter: bool, gather: bool) -> Schedule:
    sizes = dimensions("bucket", dims, groups.world_size)
    lanes = _lanes(sizes, ports)
    grid = np.arange(groups.world_size, dtype=np.int32).reshape(sizes)
    axes = [axis_steps(grid, lanes, j) for j in range(len(sizes))]
    down = [step for steps in axes for step in steps[:1] if scatter]
    up = [step for steps in reversed(axes) for step in steps[1:] if gather]
    return Schedule("bucket", groups.world_size, groups.world_size * ports, (*down, *up))


def _lanes(sizes: tuple[int, ...], ports: int) -> list[Lane]:
    axes = tuple(range(len(sizes)))
    every = 2 * len(sizes)
    if ports not in (1, 2, every) or (ports > 2 and len(set(sizes)) > 1):
        most = f", or {every} (two per dimension)" if len(sizes) > 1 and len(set(sizes)) == 1 else ""
        raise InputError(f"bucket: ports must be 1 or 2{most} on {'x'.join(map(str, sizes))}, got {ports}")
    turns = axes if ports > 2 else axes[:1]
    return [Lane(axes[t:] + axes[:t], direction) for t in turns for direction in (1, -1)[:ports]]
