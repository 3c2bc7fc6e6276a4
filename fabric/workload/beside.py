"""Training steps as jobs beside others on one fabric: each kind of communication alone, and while the others send too.

Every job makes its calls over and over, and nothing says which meet. So each kind is timed while every other job calls, at the
same moment and once, that kind of its own which slows it most (of a job that is one case, that case). Kinds inside one
scale-up domain meet nobody and are not simulated. It does not know how far a slower call lengthens a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from fabric.network.fabric import Fabric
from fabric.predict.jobs import Job, Ready, at_once, check_apart
from fabric.predict.timed import NotSimulated
from fabric.records.result import Result
from fabric.workload.job import Calls
from fabric.workload.step import TrainingStep


@dataclass(frozen=True, eq=False)
class Beside:
    """One kind of a job's calls beside the other jobs. result: of one call; kind: None of a job that is one case.

    others: what every other job called meanwhile, in words, by its number.
    """

    job: int
    result: Result
    kind: Calls | None
    others: Mapping[int, str]


class Sent(NamedTuple):
    """A kind of calls made ready (None of a job that is one case). alone: seconds of a call, where rings stand in for it."""

    kind: Calls | None
    ready: Ready
    alone: float | None = None

    @property
    def name(self) -> str:
        """What is called, in words."""
        return self.kind.kind.what if self.kind else self.ready.job.case.collective

    def scaled(self, result: Result) -> Result:
        """Return a result of the rings as one of the calls: slowed as much by the others, alone as the step has it."""
        said = result.model
        if self.alone is None or self.kind is None or said.slowdown_by_others is None:
            return result
        prediction = replace(said, runs=self.kind.kind.algorithm, alone_seconds=self.alone)
        seconds = (self.alone * said.slowdown_by_others,)
        return replace(result, source="model:loaded", seconds=seconds, prediction=prediction)


@dataclass(frozen=True, eq=False)
class Sender:
    """A job that is ready: what it calls, the kind with most seconds of a step first.

    step: None of a job that is one case. notes: what could not be simulated as it is, a line each.
    """

    kinds: tuple[Sent, ...]
    step: TrainingStep | None = None
    notes: tuple[str, ...] = ()


def sender(step: TrainingStep, calls: Sequence[Calls], make: Callable[[Job], Ready]) -> Sender:
    """Return a training job's kinds between nodes, ready. make: routes a job.

    What the flows cannot simulate (sums in switches, trees in chunks) is slowed as rings of the same groups are.

    Raises:
        InputError: what cannot be routed.
    """
    found, notes = list[Sent](), list[str]()
    for one in sorted(calls, key=lambda one: one.kind.seconds, reverse=True):
        if not one.between:
            continue
        try:
            found.append(Sent(one, make(Job(one.kind.case, one.devices))))
        except NotSimulated:
            rings = make(Job(one.kind.case, one.devices, f"ring:channels={one.kind.nics}"))
            found.append(Sent(one, rings, one.kind.each))
            notes.append(f"{one.kind.what}: {one.kind.algorithm} is not simulated; slowed as rings of the same groups are")
    return Sender(tuple(found), step, tuple(notes))


def beside(senders: Sequence[Sender], fabric: Fabric) -> list[Beside]:
    """Return every kind of every job beside what slows it most of each other job, job by job.

    Raises:
        InputError: jobs that share a device, or what cannot be simulated together.
    """
    check_apart([one.kinds[0].ready.job for one in senders if one.kinds])
    pairs = _Pairs(fabric)
    found = list[Beside]()
    for number, one in enumerate(senders):
        for own in one.kinds:
            others = {n: pairs.worst(own, other.kinds) for n, other in enumerate(senders) if n != number and other.kinds}
            result = at_once([own.ready, *(sent.ready for sent in others.values())], fabric)[0]
            found.append(Beside(number, own.scaled(result), own.kind, {n: sent.name for n, sent in others.items()}))
    return found


class _Pairs:
    """Two kinds of calls at once, each pair simulated once for both."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self._known: dict[tuple[int, int], float] = {}

    def worst(self, own: Sent, others: Sequence[Sent]) -> Sent:
        """Return the one of others that slows the own most; of equals the first."""
        return others[0] if len(others) == 1 else max(others, key=lambda other: round(self._slowdown(own, other), 6))

    def _slowdown(self, own: Sent, other: Sent) -> float:
        if (id(own), id(other)) not in self._known:
            both = at_once([own.ready, other.ready], self.fabric)
            for pair, result in zip(((own, other), (other, own)), both, strict=True):
                self._known[id(pair[0]), id(pair[1])] = result.model.slowdown_by_others or 1.0
        return self._known[id(own), id(other)]
