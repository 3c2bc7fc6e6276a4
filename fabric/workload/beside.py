"""Training steps as jobs beside others on one fabric: each kind of communication alone, and while the others send too.

Every job makes its calls over and over, and nothing says which meet. So each kind is timed while every other job calls, at the
same moment and once, the kind that has the most seconds of its step between nodes (of a job that is one case, that case).
Kinds inside one scale-up domain meet nobody and are not simulated. It does not know how far a slower call lengthens a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fabric.network.fabric import Fabric
from fabric.predict.jobs import Job, Ready, at_once, check_apart
from fabric.records.result import Result
from fabric.workload.job import Calls
from fabric.workload.step import TrainingStep
from topologies.errors import InputError


@dataclass(frozen=True, eq=False)
class Beside:
    """One kind of a job's calls beside the other jobs. result: of one call; kind: None of a job that is one case.

    others: what every other job called meanwhile, in words, by its number.
    """

    job: int
    result: Result
    kind: Calls | None
    others: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Sender:
    """A job that is ready: what it calls, by the seconds of a step that each kind has, the most first.

    step: None of a job that is one case. skipped: why kinds were left out, a line each.
    """

    kinds: tuple[tuple[Calls | None, Ready], ...]
    step: TrainingStep | None = None
    skipped: tuple[str, ...] = ()


def sender(step: TrainingStep, calls: Sequence[Calls], make: Callable[[Job], Ready]) -> Sender:
    """Return a training job's kinds between nodes, ready. make: routes a job; a kind that it refuses is skipped, and why."""
    found, skipped = list[tuple[Calls | None, Ready]](), list[str]()
    for one in sorted(calls, key=lambda one: one.kind.seconds, reverse=True):
        if not one.between:
            continue
        try:
            found.append((one, make(Job(one.kind.case, one.devices))))
        except InputError as error:
            skipped.append(f"{one.kind.what}: {error}")
    return Sender(tuple(found), step, tuple(skipped))


def beside(senders: Sequence[Sender], fabric: Fabric) -> list[Beside]:
    """Return every kind of every job beside the heaviest of each other job, job by job.

    Raises:
        InputError: jobs that share a device, or what cannot be simulated together.
    """
    heaviest = {number: one.kinds[0] for number, one in enumerate(senders) if one.kinds}
    check_apart([ready.job for _, ready in heaviest.values()])
    found = list[Beside]()
    for number, one in enumerate(senders):
        others = {other: kind for other, kind in heaviest.items() if other != number}
        for kind, own in one.kinds:
            result = at_once([own, *(ready for _, ready in others.values())], fabric)[0]
            found.append(Beside(number, result, kind, {other: name_of(*kind) for other, kind in others.items()}))
    return found


def name_of(kind: Calls | None, ready: Ready) -> str:
    """Return what is called, in words."""
    return kind.kind.what if kind else ready.job.case.collective
