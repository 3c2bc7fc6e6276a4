"""Which ranks make up each group of a plan: TP, CP, PP, DP, EP and what FSDP shards over. It knows no fabric."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fabric.workload.plan import ParallelPlan

Table = NDArray[np.int64]


def groups(plan: ParallelPlan, dimension: str) -> Table:
    """Return the ranks of every group of a dimension (groups, ranks), in rank order; of a plan whose dp is set.

    dimension: tp, cp, pp, dp; dp_cp: ranks that hold the same weights; shard, replica: of FSDP, the ranks that
    share a weight, and those that hold the same part of it; ep: ranks that share a layer's experts; expert_dp: ranks that hold
    the same experts; expert_shard, expert_replica: of FSDP, among these.
    """
    cut = plan.expert_shard_ranks if dimension.startswith("expert") else plan.shard_ranks
    key = (plan.tp, plan.cp, plan.dp or 1, plan.pp, plan.layout, plan.ep, plan.etp, cut)
    return _groups(*key, dimension)


@lru_cache(maxsize=512)
def _groups(
    tp: int, cp: int, dp: int, pp: int, layout: tuple[str, ...], ep: int, etp: int, shard: int, dimension: str
) -> Table:
    sizes = {"tp": tp, "cp": cp, "dp": dp, "pp": pp}
    ranks = np.arange(tp * cp * dp * pp).reshape([sizes[name] for name in reversed(layout)])
    axis = {name: len(layout) - 1 - n for n, name in enumerate(layout)}
    if dimension in axis:
        return np.moveaxis(ranks, axis[dimension], -1).reshape(-1, sizes[dimension])
    if dimension == "ep" or dimension.startswith("expert"):
        return _of_experts(np.moveaxis(ranks, axis["pp"], 0).reshape(pp, -1), ep, etp, shard, dimension)
    data = [name for name in reversed(layout) if name in ("dp", "cp")]
    same = np.moveaxis(ranks, [axis[name] for name in data], [-2, -1]).reshape(-1, dp * cp)
    same = np.sort(same, axis=1)
    if dimension == "dp_cp":
        return same
    return _cut(same, shard, replicas=dimension == "replica")


def _cut(same: Table, shard: int, *, replicas: bool) -> Table:
    """Return the ranks that share a weight, or those that hold the same part of it, of ranks that hold the same."""
    parts = same.reshape(len(same), -1, shard)
    return np.moveaxis(parts, 1, 2).reshape(-1, parts.shape[1]) if replicas else parts.reshape(-1, shard)


def _of_experts(stages: Table, ep: int, etp: int, shard: int, dimension: str) -> Table:
    """Return the groups of experts: inside a stage the innermost ranks cut one expert, the next share a layer's experts."""
    cut = stages.reshape(len(stages), -1, ep, etp)
    if dimension == "ep":
        return np.moveaxis(cut, 2, 3).reshape(-1, ep)
    same = np.moveaxis(cut, 1, 3).reshape(-1, cut.shape[1])
    return same if dimension == "expert_dp" else _cut(same, shard, replicas=dimension == "expert_replica")
