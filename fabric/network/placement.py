"""Where ranks sit: the device of every rank, by order; which node that is. It does not know what the ranks send."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups
from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.base import Topology
from topologies.errors import InputError
from topologies.guess import did_you_mean

Devices = NDArray[np.int64]
KINDS = ("contiguous", "interleaved", "strided", "scattered", "given")
ORDERS = "contiguous, interleaved, strided:STEP, scattered:SEED or given:HASH"


def place(topology: Topology, world_size: int, order: str = "contiguous", given: Devices | None = None) -> Devices:
    """Return the device of each rank (p,).

    contiguous: rank r on device r. interleaved: round robin over nodes where they hold several devices, else over leaves.
    strided:STEP: rank r on device STEP r. scattered:SEED: a seeded draw of devices. given:HASH: the list passed in. On a
    single node more ranks than devices go round again (the machine itself as a fabric).

    Raises:
        InputError: more ranks than devices, or an unknown order.
    """
    slots = topology.devices
    if world_size > slots and topology.nodes > 1:
        raise InputError(f"ranks: {topology.name} has {slots} devices, got {world_size} ranks; ask for at most {slots}")
    kind, _, argument = order.partition(":")
    if order == "contiguous":
        return np.arange(world_size) % slots
    if order == "interleaved":
        return _interleaved(topology)[np.arange(world_size) % slots]
    seed = natural(argument)
    if kind == "strided" and seed:
        return _strided(topology, world_size, seed)
    if kind == "scattered" and seed is not None:
        return np.random.default_rng(seed).permutation(slots)[np.arange(world_size) % slots]
    if kind == "given" and given is not None:
        return _checked(topology, world_size, given)
    raise InputError(f"order: must be {ORDERS} (given needs its list), got {shown(order)}{did_you_mean(kind, KINDS)}")


def spread(topology: Topology, devices: Devices, *, domains: bool = False) -> tuple[int, int]:
    """Return how many nodes (scale-up domains instead) hold ranks, and how many ranks the fullest of them holds."""
    counts = np.bincount((topology.together if domains else topology.node)[devices])
    return int((counts > 0).sum()), int(counts.max())


def given_order(devices: Devices) -> str:
    """Return the order's name for an explicit list of devices: `given:` and a hash of the list."""
    return f"given:{hashlib.sha256(np.asarray(devices, dtype=np.int64).tobytes()).hexdigest()[:12]}"


def groups_of(topology: Topology, devices: Devices) -> Groups:
    """Return the ranks' groups: which scale-up domain each rank is in, numbered in the order of their first rank."""
    _, first, inverse = np.unique(topology.together[devices], return_index=True, return_inverse=True)
    return Groups(np.argsort(np.argsort(first))[inverse].astype(np.int32))


def _strided(topology: Topology, world_size: int, step: int) -> Devices:
    if (world_size - 1) * step >= topology.devices:
        most = (topology.devices - 1) // step + 1
        raise InputError(
            f"order: {world_size} ranks {step} devices apart need {(world_size - 1) * step + 1}, {topology.name} has "
            f"{topology.devices}; at most {most} ranks"
        )
    return np.arange(world_size, dtype=np.int64) * step


def _interleaved(topology: Topology) -> Devices:
    """Return all devices, one of each group in turn; a group is a node of several devices, else a leaf."""
    group = topology.node[: topology.devices].astype(np.int64)
    if topology.devices_per_node == 1:
        leaf = np.zeros(topology.devices, dtype=np.int64)
        up = topology.ends[:, 0] < topology.devices
        leaf[topology.ends[up, 0]] = topology.ends[up, 1]
        group = leaf
    by_group = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[by_group], group[by_group])
    turn = np.empty_like(starts)
    turn[by_group] = np.arange(len(starts)) - starts
    return np.lexsort((group, turn))


def _checked(topology: Topology, world_size: int, given: Devices) -> Devices:
    devices = np.asarray(given, dtype=np.int64)
    inside = len(devices) >= world_size and devices.min() >= 0 and devices.max() < topology.devices
    if not inside or len(np.unique(devices)) != len(devices):
        raise InputError(f"order: a given list must name {world_size} different devices in 0 ... {topology.devices - 1}")
    return devices[:world_size]
