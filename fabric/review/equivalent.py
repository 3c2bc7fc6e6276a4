"""How many nodes of another kind do the same work in the same time, or at which size their network stops scaling.

n devices do n units of work in a round (work.py), so a cluster's rate is n / seconds of a round; of a training step it is
tokens a second (steps.py). A count suffices where that is at least the reference's. It does not know how a round is timed
(clusters.py), what nodes draw and cost (footprint.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log2

from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric
from fabric.review.clusters import (
    HIGH,
    LIBRARIES,
    LOW,
    NOMINAL,
    WIRE,
    Cluster,
    node_of,
    round_seconds,
    step_constants,
    with_facts,
)
from fabric.review.steps import StepWork, Work, of_reference, ratio_spread, step_on
from fabric.review.work import Item
from fabric.workload.step import TrainingStep
from topologies.errors import InputError

ENOUGH = 1 - 1e-9
"""Share of the reference's rate from which on it is the same."""
STEP = 2**0.5
"""Between the counts that are tried before the answer is bisected."""
FLAT = 1.25
"""A network has stopped scaling where twice the nodes do less than so many times the work."""
MOST_DEVICES = 4096


@dataclass(frozen=True)
class Found:
    """What came of one candidate. nodes: how many suffice, None where none that was tried does, or where `why` says so.

    fewest, most: the same by the contradicting facts that favour the candidate, and by those that hurt it; of a training step
    by the step's own interval. rate: units (tokens of a training step) per second at `nodes`, else the highest of all tried;
    needed: the reference's. stops_at: nodes from which on twice as many do less than FLAT times the work, None where no such
    was tried. largest: the most nodes tried. step, reference: the training steps at `nodes` and on the reference, if that is
    the work.
    """

    name: str
    node: NodeType
    needed: float
    nodes: int | None = None
    fewest: int | None = None
    most: int | None = None
    rate: float = 0.0
    stops_at: int | None = None
    largest: int = 0
    why: str = ""
    step: TrainingStep | None = None
    reference: TrainingStep | None = None

    @property
    def reaches(self) -> float:
        """That rate over the reference's."""
        return self.rate / self.needed


def equivalents(
    of: Fabric,
    candidates: Sequence[str],
    work: Work,
    *,
    by: str | None = None,
    algorithm: str | None = None,
    most_devices: int = MOST_DEVICES,
    watch: Callable[[str], None] | None = None,
) -> list[Found]:
    """Return what came of every candidate. of: the reference. candidates: NODE or NODE:key=value,... of its fabric.

    by: see clusters.round_seconds; None: wire of a round, library of a training step. most_devices: of
    a candidate's cluster. watch: told the candidate that is worked on.

    Raises:
        InputError: a reference without a node or that cannot do the work, an unknown candidate or way.
    """
    by = by or usual_way(work)
    if by not in (WIRE, LIBRARIES):
        raise InputError(f"by: must be {WIRE} or {LIBRARIES}, got {by!r}")
    if most_devices < 1:
        raise InputError(f"most: must be a number of devices >= 1, got {most_devices}")
    reference = None
    if isinstance(work, StepWork):
        if algorithm is not None:
            raise InputError(f"algorithm: a training step takes its library's for every collective, got {algorithm}")
        node_of(of)
        work = of_reference(work, of)
        reference = step_on(work, of, step_constants(by))
        needed = _needed(reference)
    else:
        needed = {facts: _rate(of, work, by, algorithm, facts) for facts in (NOMINAL, LOW, HIGH)}
    found = []
    for text in candidates:
        if watch is not None:
            watch(text)
        one = _equivalent(of, Cluster(text, work, by, algorithm), needed, most_devices)
        found.append(replace(one, reference=reference))
    return found


def usual_way(work: Work) -> str:
    """Return how collectives are timed where nothing is said: the wire of a round, each node's library of a training step."""
    return LIBRARIES if isinstance(work, StepWork) else WIRE


def _needed(step: TrainingStep) -> dict[str, float]:
    """Return the reference's tokens a second, and those with what two steps' errors leave of their ratio, either way."""
    rate, spread = step.tokens_per_second, ratio_spread(step)
    return {NOMINAL: rate, LOW: rate / spread, HIGH: rate * spread}


def _rate(fabric: Fabric, work: Sequence[Item], by: str, algorithm: str | None, facts: str) -> float:
    return fabric.topology.devices / round_seconds(with_facts(fabric, facts), work, by, algorithm, facts)


def _equivalent(of: Fabric, cluster: Cluster, needed: Mapping[str, float], most_devices: int) -> Found:
    """Return what came of one candidate; the ends are left out where the same node stands on both sides: its facts cancel."""
    node = cluster.node
    start, largest = -(-of.topology.devices // node.devices), most_devices // node.devices
    found = Found(cluster.text, node, needed[NOMINAL])
    try:
        found = _searched(found, partial(cluster.rate, facts=NOMINAL), start, largest)
        same = node.name == node_of(of).name
        pairs = [] if same else [(HIGH, LOW), (LOW, HIGH)]
        ends = [
            _searched(Found(cluster.text, node, needed[theirs]), partial(cluster.rate, facts=own), start, largest)
            for own, theirs in pairs
        ] or [found, found]
    except InputError as error:
        return replace(found, nodes=None, why=str(error))
    step = None if found.nodes is None else cluster.steps.get(found.nodes)
    if found.nodes is None and not found.rate:
        found = replace(found, why=cluster.why)
    return replace(found, step=step, fewest=ends[0].nodes, most=ends[1].nodes)


def _searched(found: Found, rate: Callable[[int], float], start: int, largest: int) -> Found:
    """Return the count next to the start: upwards to the first that suffices, or downwards as long as it does.

    The counts that are tried do not depend on the candidate but on its size and the start. So one that is never slower than
    another never needs more.

    Raises:
        InputError: the start is above the largest, or cannot be worked out.
    """
    if start > largest:
        raise InputError(f"{found.name}: {start} nodes, as many devices as the reference has, are above the most to try")
    enough = found.needed * ENOUGH
    if rate(start) >= enough:
        nodes = _down(rate, enough, start)
        return replace(found, nodes=nodes, rate=rate(nodes), largest=start)
    return _up(found, rate, enough, start, largest)


def _down(rate: Callable[[int], float], enough: float, start: int) -> int:
    """Return the least count down to which all that are tried suffice."""
    good = start
    for nodes in _counts(start, 1 / STEP, 1):
        if rate(nodes) < enough:
            return _between(rate, enough, nodes, good)
        good = nodes
    return good


def _up(found: Found, rate: Callable[[int], float], enough: float, start: int, largest: int) -> Found:
    """Return the first count that suffices; where none does, how far it came."""
    tried = {start: rate(start)}
    for nodes in _counts(start, STEP, largest):
        try:
            tried[nodes] = rate(nodes)
        except InputError as error:  # no fabric of so many, such as a Clos beyond what its switches have ports for
            found = replace(found, why=str(error))
            break
        if tried[nodes] >= enough:
            good = _between(rate, enough, list(tried)[-2], nodes)
            return replace(found, nodes=good, rate=rate(good), largest=nodes)
    return replace(found, rate=max(tried.values()), stops_at=_stops(tried), largest=max(tried))


def _counts(start: int, step: float, last: int) -> Iterator[int]:
    """Yield whole counts from beside the start on, each `step` times the one before, the last one included."""
    before, place = start, float(start)
    while before != last:
        place = min(place * step, last) if step > 1 else max(place * step, last)
        nodes = round(place)
        if nodes != before:
            yield nodes
        before = nodes


def _between(rate: Callable[[int], float], enough: float, bad: int, good: int) -> int:
    """Return a count that suffices next to one that does not, between two of which that is so."""
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if rate(middle) >= enough else (middle, good)
    return good


def _stops(tried: Mapping[int, float]) -> int | None:
    """Return the first count from which on no more nodes do FLAT times the work per doubling."""
    points = [(nodes, rate) for nodes, rate in tried.items() if rate > 0]
    for place, (nodes, rate) in enumerate(points[:-1]):
        gains = ((later / nodes, most / rate) for later, most in points[place + 1 :])
        if all(gain < FLAT ** log2(times) for times, gain in gains):
            return nodes
    return None
