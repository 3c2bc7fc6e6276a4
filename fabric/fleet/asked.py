"""What one job on some nodes of a fleet takes by the model of predict: the seconds of its collective. It chooses no nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import collective
from fabric.fleet.fleet import Fleet
from fabric.fleet.job import shape
from fabric.network.fabric import Fabric
from fabric.network.failures import between_switches
from fabric.network.names import given_names
from fabric.network.placement import Devices
from fabric.predict.answer import models_of, predict_on
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, Constants
from fabric.predict.model import Model
from fabric.text.escape import shown
from fabric.units import counts, show_size, sizes
from fabric.workload.job import EXAMPLE, START, JobStep, job_step, step_of
from topologies.errors import InputError

FORM = "COLLECTIVE:SIZE:DEVICES[:ALGORITHM] or training:MODEL:PLAN:BATCH:DEVICES"
"""Of a job as a text."""


@dataclass(frozen=True)
class JobCase:
    """What a job does over and over: a collective of so many bytes over all its devices. algorithm: None for the usual one."""

    collective: str
    nbytes: int
    devices: int
    algorithm: str | None = None

    @property
    def text(self) -> str:
        """The job in words."""
        return f"{self.collective} of {show_size(self.nbytes)} on {self.devices:,} devices"


def job_of(text: str) -> JobCase | JobStep:
    """Return the job of FORM.

    Raises:
        InputError: another form, an unknown collective, or a size or number of devices that is none.
    """
    if text.startswith(START):
        step = job_step(text)
        if step.devices is None:
            raise InputError(f"job: must be training:MODEL:PLAN:BATCH:DEVICES, such as {EXAMPLE}, got {shown(text)}")
        return step
    parts = text.split(":", 3)
    if len(parts) < len(("collective", "size", "devices")):
        raise InputError(f"job: must be {FORM}, such as all_reduce:1GiB:64, got {shown(text)}")
    name, found, counted = collective(parts[0]).name, sizes(parts[1]), counts(parts[2])
    if len(found) != 1 or len(counted) != 1:
        raise InputError(f"job: must have one size and one number of devices, got {shown(text)}")
    return JobCase(name, found[0], counted[0], parts[3] if len(parts) > 3 else None)


class Timer:
    """Seconds of a job's collective (loaded fidelity) or training step on sets of nodes, each set that is alike timed once.

    Nodes of one lowest group are alike, and so are groups of one kind (capacity, cables that leave, size) below one parent;
    that holds for an ideal split of traffic, so that other routings tell all groups apart. Of a training step the order of the
    groups counts too: stages of its pipeline stand in it. constants: None for those that its node's library has.
    """

    def __init__(
        self, fleet: Fleet, asked: JobCase | JobStep, constants: Constants | None = NONE, routing: str = "ideal"
    ) -> None:
        """Take a fleet with a fabric; InputError where it has none, or where the job fits on none of its nodes."""
        if fleet.fabric is None:
            raise InputError("fleet: has no fabric, so that no job can be predicted; name a topo")
        if isinstance(asked, JobStep) and routing != "ideal":
            raise InputError(f"routing: a training step is predicted with ideal routing, got {shown(routing)}")
        self.fleet, self.asked, self.constants, self.routing = fleet, asked, constants, routing
        self.fabric: Fabric = fleet.fabric
        self.devices = fleet.devices if asked.devices is None else asked.devices
        self.count, self.each = nodes_of(fleet, self.devices)
        self._plan = ""
        self._devices = devices_of_nodes(fleet, self.fabric)
        self._known: dict[tuple[object, ...], float] = {}
        self._kept: dict[str, Model] = {}
        self._alike = _alike(fleet, told_apart=routing != "ideal")
        self.evaluated = 0

    def seconds(self, nodes: Sequence[int]) -> float:
        """Return the seconds of the job's collective on these nodes, in order of their leaves."""
        ordered = sorted(nodes)
        key = self.signature(ordered)
        if key not in self._known:
            self._known[key] = self._predict(ordered)
        return self._known[key]

    def signature(self, nodes: Sequence[int]) -> tuple[object, ...]:
        """Return what two sets of nodes have in common where their seconds are the same."""
        group = self.fleet.tree.group[0]
        counts: dict[int, int] = {}
        for node in nodes:
            counts[int(group[node])] = counts.get(int(group[node]), 0) + 1
        if isinstance(self.asked, JobStep):
            return tuple((self._alike[g], counts[g]) for g in sorted(counts))
        return _folded(self._alike, counts)

    def _predict(self, nodes: Sequence[int]) -> float:
        self.evaluated += 1
        given = np.concatenate([self._devices[node][: self.each] for node in nodes])
        if isinstance(self.asked, JobStep):
            return self._step(self.asked, given)
        if len(given) < 2:
            return 0.0
        (case,) = cases(self.fabric, self.asked.collective, sizes=[self.asked.nbytes], given=given)
        models = [
            Model(model.fabric, model.constants, model.routing, given)
            for model in models_of(self.fabric, self.constants or NONE, self.routing, self._kept)
        ]
        found = predict_on(models, case, self.fabric, self.asked.algorithm, self.routing, "loaded", explain=False)
        return float(found.time)

    def _step(self, asked: JobStep, given: Devices) -> float:
        """Return the seconds of the step; a plan that is left open is found on the first nodes asked of, and kept for all."""
        asked = replace(asked, devices=len(given), plan=self._plan or asked.plan)
        step = step_of(asked, self.fabric, self.constants, given)
        self._plan = step.plan.text()
        return float(step.seconds)


def nodes_of(fleet: Fleet, devices: int) -> tuple[int, int]:
    """Return (nodes, devices on each) of a job on the fleet's largest pool's kind of node.

    Raises:
        InputError: more devices than the fleet has.
    """
    size = max(pool.devices for pool in fleet.pools)
    count, each = shape(devices, 0, size)
    if not 0 < count <= fleet.nodes:
        raise InputError(f"job: the fleet has {fleet.devices:,} devices on {fleet.nodes:,} nodes, got {devices:,}")
    return count, each


def devices_of_nodes(fleet: Fleet, fabric: Fabric) -> list[Devices]:
    """Return the fabric's devices of every node of the fleet; a read file has one end per host, which then stands for all."""
    topology = fabric.topology
    own = topology.node[: topology.devices]
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(topology.nodes + 1))
    return [order[cuts[site] : cuts[site + 1]].astype(np.int64) for site in fleet.tree.site]


def node_names(fleet: Fleet) -> tuple[str, ...]:
    """Return the name of every node of the fleet: the file's own, else `node7` by the fabric's number."""
    given = given_names(fleet.fabric.topology) if fleet.fabric is not None else None
    return tuple(given.nodes[site] if given else f"node{site}" for site in fleet.tree.site)


def numbers_of(fleet: Fleet, names: Sequence[str], what: str) -> NDArray[np.int64]:
    """Return the fleet's numbers of nodes by name.

    Raises:
        InputError: a name that no node has, with those that there are.
    """
    known = {name: number for number, name in enumerate(node_names(fleet))}
    strange = next((name for name in names if name not in known), None)
    if strange is not None:
        first, last = next(iter(known)), list(known)[-1]
        raise InputError(f"{what}: no node {shown(strange)} in the fleet; its {len(known):,} nodes are {first} ... {last}")
    return np.array([known[name] for name in dict.fromkeys(names)], np.int64)


def _alike(fleet: Fleet, *, told_apart: bool) -> list[int]:
    """Return a kind for every lowest group: the same for groups of one parent that differ in nothing."""
    tree = fleet.tree
    size = np.bincount(tree.group[0], minlength=len(tree.capacity[0]))
    kinds: dict[tuple[int, ...], int] = {}
    found = []
    for group in range(len(size)):
        first = int(np.flatnonzero(tree.group[0] == group)[0])
        above = [int(tier[first]) for tier in tree.group[1:]]
        facts = (*above, int(tree.capacity[0][group]), int(tree.uplinks[0][group]), int(size[group]))
        found.append(kinds.setdefault((*facts, group) if told_apart else facts, len(kinds)))
    return found


def _folded(alike: Sequence[int], counts: dict[int, int]) -> tuple[object, ...]:
    """Return the counts per kind of group, in falling order: which of several alike groups holds them does not matter."""
    by_kind: dict[int, list[int]] = {}
    for group, count in counts.items():
        by_kind.setdefault(alike[group], []).append(count)
    return tuple((kind, tuple(sorted(by_kind[kind], reverse=True))) for kind in sorted(by_kind))


def with_ratio(fabric: Fabric, ratio: float) -> Fabric:
    """Return a fabric whose switches above the lowest tier pass on what their nodes send over `ratio`, cable by cable.

    For files that hold a tree, in which one cable stands for any number: speeds between switches are then not known, and this
    states them. Of several cables above a switch each gets an equal part.

    Raises:
        InputError: a ratio that is not above 0.
    """
    if not ratio > 0:
        raise InputError(f"ratio: must be above 0, such as 4 for 4:1, got {ratio:g}")
    topology = fabric.topology
    below = _sent(fabric)
    between = between_switches(topology)
    lower = topology.ends[between, 0]
    parallel = np.bincount(lower, minlength=topology.vertices)
    speeds = {int(c): float(below[v] / ratio / parallel[v]) for c, v in zip(between, lower, strict=True)}
    return replace(fabric, degraded={**fabric.degraded, **speeds}, name=f"{fabric.name}, {ratio:g}:1 as stated")


def _sent(fabric: Fabric) -> NDArray[np.float64]:
    """Return what the devices below every switch send into the network together, bytes per second."""
    topology = fabric.topology
    sent = np.zeros(topology.vertices)
    for tier in range(1, len(topology.tiers)):
        own = topology.is_cable & (topology.tier[topology.ends[:, 1]] == tier)
        ends, speed = topology.ends[own], fabric.link_speed[::2][own]
        device = ~topology.is_switch[ends[:, 0]]
        np.add.at(sent, ends[device, 1], speed[device])
        np.add.at(sent, ends[~device, 1], sent[ends[~device, 0]])
    return sent
