"""A training step as cables, switches or planes fail: the same plan on the same devices, draw by draw. It knows no repair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from fabric.network.fabric import Fabric
from fabric.network.failures import draw, without
from fabric.network.placement import place
from fabric.network.routing.no_way import NoWay
from fabric.predict.answer import policies
from fabric.predict.constants import Constants
from fabric.predict.stress import draw_text
from fabric.workload.job import JobStep, step_of
from fabric.workload.step import TrainingStep
from topologies.errors import InputError


@dataclass(frozen=True, eq=False)
class Broken:
    """A step with so many failures of one draw; step None where ranks were cut off, and then why."""

    job: JobStep
    what: str
    failed: int
    seed: int
    healthy: TrainingStep
    step: TrainingStep | None
    why: str = ""

    @property
    def seconds(self) -> float | None:
        """Seconds of the step."""
        return self.step.seconds if self.step else None

    @property
    def ratio(self) -> float | None:
        """Seconds of the step / seconds without failures."""
        return self.step.seconds / self.healthy.seconds if self.step else None


def broken(
    job: JobStep,
    fabric: Fabric,
    what: str,
    counts: Sequence[int],
    seeds: Sequence[int],
    constants: Constants | None = None,
    *,
    routing: str = "ideal",
    order: str = "contiguous",
    watch: Callable[[int], None] | None = None,
) -> Iterator[Broken]:
    """Yield the step per seed and count, as predict.stress.curve: draws of one seed are nested.

    A plan that is left open is found on the whole fabric and kept. Arithmetic is the same with every failure.

    Raises:
        InputError: unknown kinds of failures, several seeds of a routing, or a step that cannot be predicted without failures.
    """
    if len(policies(routing)) > 1:
        raise InputError(f"routing: a training step takes one seed, such as ecmp:1, got {routing}")
    given = place(fabric.topology, job.devices or fabric.topology.devices, order)
    whole = step_of(job, fabric, constants, given, routing)
    fixed = replace(job, plan=whole.plan.text(), devices=len(given))
    done = 0
    for seed in seeds:
        for count in counts:
            step = whole
            try:
                if count:
                    standing = without(fabric, draw(fabric.topology, draw_text(what, count), seed))
                    step = step_of(fixed, standing, constants, given, routing)
            except NoWay as error:
                yield Broken(fixed, what, count, seed, whole, None, str(error))
            else:
                yield Broken(fixed, what, count, seed, whole, step)
            done += 1
            if watch:
                watch(done)
