"""How `measure` runs its jobs: as one of the ranks, or as the process that starts them. It does not show results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fabric.cli import ranks
from fabric.cli.output import Progress
from fabric.measure.cells.job import Cell, Job
from fabric.measure.cells.resume import Past, of_run
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.settle import started_by_us
from fabric.measure.launch.start import check_crowd
from fabric.measure.timing.session import check_launch, run
from fabric.records.result import Result
from fabric.records.store import read
from fabric.text.files import exists
from fabric.units import show_size
from topologies.errors import InputError

DECIDED = ranks.DECIDED | {"launches", "force"}
"""Options that are passed on to ranks otherwise than they were given."""


@dataclass(frozen=True)
class Asked:
    """output: the file that results are appended to. launches: wanted in all; resume: those in the file count.

    force: however many ranks stand on a core.
    """

    output: Path | None
    launches: int
    resume: bool
    force: bool = False

    def __post_init__(self) -> None:
        if self.resume and self.output is None:
            raise InputError("resume: needs -o FILE, the file to go on with, got none")


def as_rank(jobs: Sequence[Job], launch: Launch, asked: Asked) -> list[Result]:
    """Measure as one rank of a launch; return the results on rank 0."""
    job = _only(jobs, launch)
    check_launch(job.library, job, launch)
    past = _past(asked) if launch.rank == 0 else Past()
    with ranks.keeping(launch, asked.output) as keeper:
        if launch.rank == 0:
            ranks.say(job.notes() + _on_launches(launch, asked))
        run(job, launch, keeper, partial(_tell, Progress(job.backend, "cases")), past=past, say=lambda line: ranks.say([line]))
        return [*(of_run(past.results, job) if past.count else []), *keeper.results]


def _past(asked: Asked) -> Past:
    """Return what the file holds; InputError where this version cannot read it."""
    there = asked.output is not None and exists(asked.output)
    return Past(read(asked.output)[0] if asked.output and there else [], asked.resume, asked.launches)


def _on_launches(launch: Launch, asked: Asked) -> list[str]:
    if asked.launches == 1 or started_by_us():
        return []
    return [f"launches: {launch.name} started one; repeat the command with the same -o FILE for the other {asked.launches - 1}"]


def _tell(progress: Progress, done: int, total: int, cell: Cell) -> None:
    progress(done, total, f"{cell.collective} {show_size(cell.nbytes)} on {cell.world_size}")


def _only(jobs: Sequence[Job], launch: Launch) -> Job:
    if len(jobs) > 1:
        names = ",".join(job.backend for job in jobs)
        raise InputError(f"backend: must be one under {launch.name}, got {names}; add --backend {jobs[-1].backend}")
    return jobs[0]


def as_parent(jobs: Sequence[Job], asked: Asked, arguments: Sequence[str]) -> list[Result]:
    """Start a launcher for each job, one after the other, as often as asked; return all results.

    A job whose waiting ranks would cost the others time is launched once for every world size.
    """
    jobs = [part for job in jobs for part in job.launches()]
    for job in jobs:
        check_launch(job.library, job, Launch(world_size=job.ranks))
        check_crowd(job.ranks, force=asked.force)
    with ranks.opened(asked.output) as output:
        for number in range(1, asked.launches + 1):
            for job in jobs:
                counts = ",".join(str(count) for count in job.world_sizes)
                own = [*arguments, "--backend", job.backend, "--ranks", counts, "--launches", str(number)]
                ranks.start_ranks(job.backend, job.ranks, own, output, job.plan.timeout)
        if not asked.resume:
            return output.results()
        whole = read(output.path)[0]
        return [result for job in jobs for result in of_run(whole, job)]
