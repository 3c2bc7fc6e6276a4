"""One wiring at several cable speeds, worked out in a fraction of a second: bill, power, time, resilience. It compares nothing.

Bytes are split evenly over all shortest ways; a hash (one seed) is laid beside it where no more than some pairs talk.
What is routed is routed once: on one wiring the crossings of a step do not depend on how fast its cables are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.algorithms import ALGORITHMS
from fabric.collectives.algorithms import algorithm as find_algorithm
from fabric.collectives.schedule import Groups, Schedule, Step
from fabric.network import spec
from fabric.network.fabric import Fabric
from fabric.network.routing.no_way import NoWay
from fabric.predict.answer import predict_on
from fabric.predict.bounds import bound
from fabric.predict.chosen import first_algorithm
from fabric.predict.constants import NONE
from fabric.predict.cost import Cost
from fabric.predict.model import Model
from fabric.records.case import Case
from fabric.review.bill import NoPart, bill, without_figures
from fabric.review.by_rails import BY_RAILS, EXCHANGES, RELAYED, SPLIT, around, pairs_are_too_many
from fabric.review.of_node import catalogued_name, with_node
from fabric.review.performance import case_on, step_efficiency
from fabric.review.quote import total
from fabric.review.racks import Layout, place
from fabric.review.request import CaseText, Request, economy_of, floor_of, parts_of
from fabric.search.generate import Wiring
from fabric.search.step import step_row
from fabric.units import rate
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError
from topologies.nics import cables_by_device

HASHED = "ecmp:1"
QUICK = {
    "all_reduce": ("rail_aligned", "halving_doubling"),
    "all_gather": ("hierarchical",),
    "reduce_scatter": ("hierarchical",),
    "all_to_all": ("direct",),
    "all_to_all_v": ("direct",),
}
"""Collective -> algorithms of which the fastest counts: those of performance.TRIED that win at sizes of a training step."""
RING = "ring"
"""Tried beside them where nodes hold one device, and where they refuse."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """What a worker needs for one wiring. endpoints: ranks of every case, the same for all designs. speeds: a device's."""

    wiring: Wiring
    endpoints: int
    devices_per_node: int
    speeds: tuple[str, ...]
    request: Request

    @property
    def node(self) -> str | None:
        """The server of the catalogue that nodes are, None where they are a part of the review's own or none is named."""
        return catalogued_name(self.request.node, parts_of(self.request))


class _Kept(Model):
    """A model whose schedules are made once for all wirings, speeds and policies."""

    def schedule(self, case: Case, text: str) -> Schedule:
        """Return the schedule of an algorithm for a case."""
        node_of = self._place(case)[1].node_of
        params = tuple(sorted(case.params.items()))
        return _schedule(case.collective, text, case.nbytes, case.root or 0, params, node_of.dtype.str, node_of.tobytes())


@lru_cache(maxsize=64)
def _schedule(
    collective: str, text: str, nbytes: int, root: int, params: tuple[tuple[str, float | str], ...], kind: str, node_of: bytes
) -> Schedule:
    groups = Groups(np.frombuffer(node_of, dtype=kind))
    return find_algorithm(collective, text).schedule(groups, nbytes, root=root, params=dict(params))


class _Scaled(_Kept):
    """A model of the same wiring at other network speeds; what was routed and scheduled for the first one is kept."""

    def __init__(self, first: Model, fabric: Fabric) -> None:
        super().__init__(fabric, first.constants, first.routing, first.given)
        self._first = first
        slower = [first.fabric.levels[name].speed / fabric.levels[name].speed for name in fabric.topology.levels]
        self._slower = np.array(slower)

    def unchanged(self, case: Case, schedule: Schedule, step: Step) -> Cost:
        """Return the first one's cost with every level's seconds a byte scaled; ways and latencies are the same."""
        known = self._first.unchanged(case, schedule, step)
        return replace(known, seconds_per_byte=known.seconds_per_byte * self._slower, own=known.own * self._slower)


def evaluate(work: Work) -> Row:
    """Return {"rows": one per speed, "refused": [refusal, ...]}, ready for JSON; nothing is raised for a design that fails.

    A refusal is {"family", "kind", "why"}: kind as in REFUSALS, why the error's own line.
    """
    family = work.wiring.family
    try:
        fabrics = _fabrics(work)
    except InputError as error:
        return {"rows": [], "refused": [{"family": family, "kind": "wiring", "why": str(error)}] * len(work.speeds)}
    layout = place(fabrics[0].topology, floor_of(work.request))
    shared = _shared(work, fabrics[0])
    models = {policy: _Kept(fabrics[0], NONE, policy) for policy in (SPLIT, HASHED)}
    rows, refused = [], []
    for speed, fabric in zip(work.speeds, fabrics, strict=True):
        try:
            own: Mapping[str, Model]
            own = models if fabric is fabrics[0] else {policy: _Scaled(model, fabric) for policy, model in models.items()}
            rows.append(_row(work, speed, fabric, layout, own) | shared)
        except InputError as error:
            refused.append({"family": family, "kind": _kind(error), "why": str(error)})
    return {"rows": rows, "refused": refused}


REFUSALS = ("wiring", "way", "switch", "link", "other")
"""Why a design is refused: its family builds no such size, devices that no way joins, no listed switch or link, else."""


def _kind(error: InputError) -> str:
    """Return the kind of refusal that an error is."""
    if isinstance(error, NoWay):
        return "way"
    return error.kind if isinstance(error, NoPart) else "other"


def _fabrics(work: Work) -> list[Fabric]:
    """Return the wiring's fabric at every speed; a divided port's cables run at their share."""
    text = work.wiring.spec(work.devices_per_node, cable_speed(work.wiring, work.speeds[0]), work.node)
    first = spec.load(text, force=True)  # speeds were checked once for all designs
    return [first, *(_at(first, work, speed) for speed in work.speeds[1:])]


def cable_speed(wiring: Wiring, speed: str) -> str:
    """Return the speed of one cable where a device has so much a port."""
    return f"{rate(speed) * 8 / wiring.split / 1e9:.10g}Gb/s"


def _at(fabric: Fabric, work: Work, speed: str) -> Fabric:
    text = cable_speed(work.wiring, speed)
    levels = {name: level if name == SCALE_UP else replace(level, speed=rate(text)) for name, level in fabric.levels.items()}
    return Fabric(fabric.topology, levels, name=work.wiring.spec(work.devices_per_node, text, work.node), node=fabric.node)


def _shared(work: Work, fabric: Fabric) -> Row:
    """Return what does not depend on speeds."""
    topology = fabric.topology
    alone = _only_neighbour(topology)
    return {
        "family": topology.family,
        "devices": topology.devices,
        "oversize": topology.devices / work.endpoints - 1,
        "switches": sum(topology.switches_by_tier.values()),
        "cables": sum(topology.cables_by_level.values()),
        "single_homed": int((alone >= 0).sum()),
        "exposure": _exposure(topology, alone),
        "split_nodes": split_nodes(topology),
    }


def split_nodes(topology: Topology) -> int:
    """Return the nodes whose devices stand on more leaves than those of the node on the fewest, or unevenly on them.

    So it is where leaves hold no whole number of nodes: 42 ports and 8 devices a node. Rails put every node on as many.
    """
    ends = cables_by_device(topology)[1]
    near = (ends < topology.devices).sum(axis=1) == 1  # a device and a switch; parallel cables count once
    cable = np.unique(ends[near].min(axis=1) * topology.vertices + ends[near].max(axis=1))
    device, leaf = cable // topology.vertices, cable % topology.vertices
    standing, on_leaf = np.unique(topology.node[device] * topology.vertices + leaf, return_counts=True)
    if not len(standing):
        return 0
    _, first, leaves = np.unique(standing // topology.vertices, return_index=True, return_counts=True)
    uneven = np.minimum.reduceat(on_leaf, first) != np.maximum.reduceat(on_leaf, first)
    return int((uneven | (leaves > leaves.min())).sum())


def exposure(fabric: Fabric) -> float:
    """Return the largest share that the loss of one switch takes: of the devices, or of any level's capacity.

    A device goes with a switch that holds all its cables. For an even striping the share of the top level is the share
    of the bisection; a switch of a direct network with N switches touches 2 / N of it.
    """
    return _exposure(fabric.topology, _only_neighbour(fabric.topology))


def _exposure(topology: Topology, alone: NDArray[np.int64]) -> float:
    outside = topology.is_cable
    ends, level, lanes = topology.ends[outside], topology.level[outside], topology.lanes[outside]
    stranded = np.bincount(alone[alone >= topology.devices])
    worst = float(stranded.max(initial=0)) / topology.devices
    for number in np.unique(level):
        own = level == number
        touched = np.bincount(ends[own].ravel(), np.repeat(lanes[own], 2), minlength=topology.vertices)
        worst = max(worst, float(touched[topology.devices :].max(initial=0.0) / lanes[own].sum()))
    return worst


def _only_neighbour(topology: Topology) -> NDArray[np.int64]:
    """Return the one vertex that every device's network cables end at, -1 for a device with several."""
    ends = cables_by_device(topology)[1]
    device, other = np.concatenate([ends, ends[:, ::-1]]).T
    near = device < topology.devices
    first, last = np.full(topology.devices, topology.vertices), np.full(topology.devices, -1)
    np.minimum.at(first, device[near], other[near])
    np.maximum.at(last, device[near], other[near])
    return np.where(first == last, first, -1)


def _row(work: Work, speed: str, fabric: Fabric, layout: Layout, models: Mapping[str, Model]) -> Row:
    request = work.request
    parts = with_node(parts_of(request), request.node, fabric.topology.devices_per_node)
    bought = bill(fabric, layout, parts, request.node, request.nic)
    if unpowered := without_figures(bought.lines, "watts"):
        raise InputError(f"parts.{unpowered[0]}: watts is not known; give low, high, source and date under parts")
    unpriced = without_figures(bought.lines, "price")
    usd = None if unpriced else bought.price
    watts = total(line.watts for line in bought.lines) * economy_of(request).pue
    step = step_row(fabric, request.training, work.endpoints) if request.training else {}
    times = _times(request, fabric, work.endpoints, models) if request.cases else {}
    return {
        "spec": fabric.name,
        "speed": speed,
        "racks": layout.racks,
        "usd": usd.mid if usd else None,
        "usd_low": usd.low if usd else None,
        "usd_high": usd.high if usd else None,
        "unpriced": unpriced,
        "watts": watts.mid,
        "watts_low": watts.low,
        "watts_high": watts.high,
        "plan": None,
        **step,
        **times,
    }


def _times(request: Request, fabric: Fabric, endpoints: int, models: Mapping[str, Model]) -> Row:
    """Return the seconds of all cases of a step, and its efficiency where no model is trained."""
    times = [_timed(fabric, text, endpoints, models) for text in request.cases]
    split, hashed, limit = (_whole(request.cases, [time[name] for time in times]) for name in ("seconds", "hashed", "bound"))
    found = {"seconds": split, "hashed_seconds": hashed, "bound_seconds": limit, "cases": times}
    return found if request.training else {**found, "efficiency": step_efficiency(request.step, [(1.0, split)])}


def _whole(cases: Sequence[CaseText], seconds: Sequence[float]) -> float:
    return float(sum(text.count * one for text, one in zip(cases, seconds, strict=True)))


def _timed(fabric: Fabric, text: CaseText, endpoints: int, models: Mapping[str, Model]) -> Row:
    """Return one case: seconds under the even split by the fastest algorithm, under a hash, and of the bound."""
    case = case_on(fabric, text, "contiguous", endpoints)
    found: list[tuple[float, str, float]] = []
    refusal: InputError | None = None
    for algorithm in _algorithms(text, fabric):
        if algorithm.startswith(RING) and found and fabric.topology.devices_per_node > 1:
            continue
        try:
            result = predict_on([models[SPLIT]], case, fabric, algorithm, SPLIT, "loaded", explain=False)
            found.append((result.time, algorithm, result.busbw))
        except InputError as error:
            refusal = error
    if not found and case.collective in EXCHANGES and isinstance(refusal, NoWay):
        apart = around(fabric, case)
        found.append((apart.time, apart.algorithm, apart.busbw))
    if not found:
        raise refusal or InputError(f"cases: {text.collective} has no algorithm")
    seconds, algorithm, busbw = min(found)
    limit = bound(case, fabric)
    return {
        "collective": text.collective,
        "algorithm": algorithm,
        "seconds": seconds,
        "hashed": _hashed(fabric, case, algorithm, seconds, models[HASHED]),
        "bound": seconds * busbw / limit.busbw if limit and limit.busbw else 0.0,
    }


def _algorithms(text: CaseText, fabric: Fabric) -> tuple[str, ...]:
    """Return what is tried: the one that is named, or the quick ones and then a ring of as many channels as rails."""
    if text.algorithm:
        return (text.algorithm,)
    quick = QUICK.get(text.collective, (first_algorithm(text.collective),))
    has_ring = text.collective in QUICK and RING in ALGORITHMS[text.collective]
    return (*quick, f"{RING}:channels={max(1, fabric.topology.devices_per_node)}") if has_ring else quick


def _hashed(fabric: Fabric, case: Case, algorithm: str, seconds: float, model: Model) -> float:
    """Return the seconds with one seed of a hash; those of the even split where every pair of many ranks talks."""
    if algorithm in (BY_RAILS, RELAYED) or pairs_are_too_many(case):
        return seconds
    return predict_on([model], case, fabric, algorithm, HASHED, "loaded", explain=False).time
