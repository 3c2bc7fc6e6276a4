"""How many of openb's devices stay unallocated once drawn pods have filled its nodes: the published experiment of FGD, redone.

After Weng et al., USENIX ATC 2023: pods are drawn from the trace with replacement and arrive one by one, none ends, each goes
where the policy says or, where it fits nowhere, never. A node holds processors, memory and devices, whole or in shares. It
knows no time. A policy is a score of every node (and of every device of it, where a pod takes a share), the least first,
ties to the lowest number.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from fabric.text.numbers import maybe_whole
from topologies.errors import InputError

POLICIES = ("random", "scattered", "best fit", "fgd")
DEMANDS = (0.9, 1.0, 1.1, 1.2, 1.3)
"""Devices asked for in all, over those there are, at which what is left is read off."""
MOST = 8
"""Devices of the largest node."""
WHOLE = 1000


class Centre(NamedTuple):
    """Nodes (processors in thousandths, MiB, devices), kinds of pods (the same, share of a device), how many pods of each."""

    nodes: np.ndarray
    kinds: np.ndarray
    count: np.ndarray


def read(folder: Path) -> Centre:
    """Return openb's nodes with devices and all its 8,152 pods, those that were never scheduled among them, by kind.

    Raises:
        InputError: a pod that asks for a device by model, which the default list has none of, or a row without numbers.
    """
    nodes = _numbers(folder / "openb_node_list_gpu_node.csv", ("cpu_milli", "memory_mib", "gpu"))
    path = folder / "openb_pod_list_default.csv"
    with path.open(newline="") as file:
        if any(row["gpu_spec"] for row in csv.DictReader(file)):
            raise InputError(f"{path.name}: must ask for no model of device, which this fill does not know")
    counted = Counter(_numbers(path, ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli")))
    kinds = sorted(counted, key=lambda kind: (-counted[kind], kind))
    return Centre(np.array(nodes, np.int64), np.array(kinds, np.int64), np.array([counted[k] for k in kinds], np.int64))


def _numbers(path: Path, columns: tuple[str, ...]) -> list[tuple[int, ...]]:
    found = []
    with path.open(newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            values = [maybe_whole(row[name]) for name in columns]
            if any(value is None for value in values):
                raise InputError(f"{path.name}:{line}: {', '.join(columns)} must be whole numbers, got {row}")
            found.append(tuple(value for value in values if value is not None))
    return found


def study(folder: Path, seeds: int) -> dict[str, Any]:
    """Return the share of devices left unallocated, per policy and demand, with and without processors and memory."""
    centre = read(folder)
    rows = []
    for bound in (True, False):
        for policy in POLICIES:
            runs = np.array([unallocated(centre, policy, seed, bound=bound) for seed in range(seeds)])
            rows += [
                {
                    "policy": policy,
                    "processors_and_memory": bound,
                    "demand": demand,
                    "unallocated": runs[:, at].tolist(),
                    "mean": float(runs[:, at].mean()),
                }
                for at, demand in enumerate(DEMANDS)
            ]
    means = {(row["policy"], row["processors_and_memory"], row["demand"]): row["mean"] for row in rows}
    for row in rows:
        least = max(0.0, 1 - row["demand"])
        base = means["best fit", row["processors_and_memory"], row["demand"]] - least
        row["fewer_than_best_fit"] = 1 - (row["mean"] - least) / base if base > 0 else None
    return {"rows": rows, "devices": int(centre.nodes[:, 2].sum()), "pods": int(centre.count.sum())}


def unallocated(centre: Centre, policy: str, seed: int, *, bound: bool = True) -> list[float]:
    """Return the share of devices left once pods asking for each of DEMANDS have come. bound: by processors and memory too."""
    random = np.random.default_rng(seed)
    devices = int(centre.nodes[:, 2].sum())
    asks = np.minimum(centre.kinds[:, 2] * centre.kinds[:, 3], centre.kinds[:, 2] * WHOLE)
    mean = float((asks * centre.count).sum() / centre.count.sum())
    drawn = random.choice(
        len(centre.kinds), int(1.5 * max(DEMANDS) * devices * WHOLE / mean), p=centre.count / centre.count.sum()
    )
    asked = np.cumsum(asks[drawn])
    last = [int(np.searchsorted(asked, demand * devices * WHOLE)) for demand in DEMANDS]
    kinds, nodes = centre.kinds.copy(), centre.nodes.copy()
    if not bound:
        kinds[:, :2] = 0
    held = fill(nodes, kinds, centre.count, drawn[: last[-1] + 1], POLICIES.index(policy), random.random(last[-1] + 1))
    return [1 - float(held[at]) / (devices * WHOLE) for at in last]


@njit
def fill(nodes, kinds, count, drawn, policy, luck):  # type: ignore[no-untyped-def]  # numba compiles it from its arguments
    """Return thousandths of devices held after every pod. policy: its number in POLICIES; luck: numbers of `random`."""
    cpu, memory, size = nodes[:, 0].copy(), nodes[:, 1].copy(), nodes[:, 2]
    free = np.zeros((len(nodes), MOST), np.int64)
    for node in range(len(nodes)):
        free[node, : size[node]] = WHOLE
    score = np.zeros((len(kinds), len(nodes)))
    where = np.zeros((len(kinds), len(nodes)), np.int64)
    seen, changed = np.full((len(kinds), len(nodes)), -1), np.zeros(len(nodes), np.int64)
    most = (float(nodes[:, 0].max()), float(nodes[:, 1].max()), float(size.max() * WHOLE))
    held, total = np.zeros(len(drawn), np.int64), 0
    for step in range(len(drawn)):
        pod = drawn[step]
        for node in range(len(nodes)):
            if seen[pod, node] < changed[node]:
                seen[pod, node] = changed[node]
                if fits(cpu[node], memory[node], free[node], kinds[pod]):
                    score[pod, node], where[pod, node] = scored(
                        cpu[node], memory[node], free[node], kinds, count, pod, policy, most
                    )
                else:
                    score[pod, node] = np.inf
        best = _lucky(score[pod], luck[step]) if policy == 0 else int(np.argmin(score[pod]))
        if score[pod, best] < np.inf:
            total += taken(free[best], kinds[pod], where[pod, best])
            cpu[best] -= kinds[pod, 0]
            memory[best] -= kinds[pod, 1]
            changed[best] += 1
        held[step] = total
    return held


@njit
def _lucky(score, luck):  # type: ignore[no-untyped-def]  # as above
    """Return one of the nodes that a pod fits on, by a number from 0 to 1."""
    fitting = np.flatnonzero(score < np.inf)
    return fitting[int(luck * len(fitting))] if len(fitting) else 0


@njit
def fits(cpu, memory, free, kind):  # type: ignore[no-untyped-def]  # as above
    """Return whether a pod's processors, memory and devices are free on a node."""
    if cpu < kind[0] or memory < kind[1]:
        return False
    if kind[2] == 1 and kind[3] < WHOLE:
        return bool(free.max() >= kind[3])
    return bool((free == WHOLE).sum() >= kind[2])


@njit
def taken(free, kind, device):  # type: ignore[no-untyped-def]  # as above
    """Take a pod's devices of a node, or its share of one; return how many thousandths."""
    if kind[2] == 1 and kind[3] < WHOLE:
        free[device] -= kind[3]
        return kind[3]
    left = kind[2]
    for number in range(len(free)):
        if left and free[number] == WHOLE:
            free[number] = 0
            left -= 1
    return kind[2] * WHOLE


@njit
def scored(cpu, memory, free, kinds, count, pod, policy, most):  # type: ignore[no-untyped-def]  # as above
    """Return a fitting node's score for a pod, the least first, and the device that a share of one goes to.

    Best fit: what is left of processors, memory and devices, each over that of the largest node, summed; scattered: the same,
    the most first; FGD: how much more fragmented the node is then. A share goes to the fullest device that has it (scattered:
    the emptiest, FGD: where the node is least fragmented).
    """
    kind = kinds[pod]
    part = kind[2] == 1 and kind[3] < WHOLE
    if policy == 3:
        return _least_growth(cpu, memory, free, kinds, count, kind, part)
    device = -1
    for number in range(len(free)):
        if part and free[number] >= kind[3]:
            better = device < 0 or (free[number] > free[device] if policy == 1 else free[number] < free[device])
            device = number if better else device
    left = (cpu - kind[0]) / most[0] + (memory - kind[1]) / most[1]
    left += (free.sum() - kind[2] * (kind[3] if part else WHOLE)) / most[2]
    return (left if policy == 2 else -left if policy == 1 else 0.0), device


@njit
def _least_growth(cpu, memory, free, kinds, count, kind, part):  # type: ignore[no-untyped-def]  # as above
    """Return the least growth of a node's fragmentation by a pod, and the device that a share of one goes to."""
    before = fragments(cpu, memory, free, kinds, count)
    best, device = np.inf, -1
    for number in range(len(free) if part else 1):
        if part and (free[number] < kind[3] or (free[:number] == free[number]).any()):
            continue
        after = free.copy()
        taken(after, kind, number)
        growth = fragments(cpu - kind[0], memory - kind[1], after, kinds, count) - before
        if growth < best:
            best, device = growth, number
    return float(best), device


@njit
def fragments(cpu, memory, free, kinds, count):  # type: ignore[no-untyped-def]  # as above
    """Return the fragmentation of a node: over the kinds of pods by their number, what is free there and of no use to them.

    All that is free where the pod does not fit (or asks for no device), else the devices of which less is free than it needs.
    """
    total, found = free.sum(), 0
    for number in range(len(kinds)):
        kind = kinds[number]
        if kind[2] == 0 or not fits(cpu, memory, free, kind):
            found += count[number] * total
        else:
            need = min(kind[3], WHOLE) if kind[2] == 1 else WHOLE
            for device in range(len(free)):
                if free[device] < need:
                    found += count[number] * free[device]
    return found
