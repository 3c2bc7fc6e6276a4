"""What two run files ask of a gate: the contest, and the words by which a launch learns its slice. It measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fabric.gate.interleave import Contest, Slice, check_ranks
from fabric.measure.cells import run_file
from fabric.measure.cells.job import Job
from fabric.measure.host.machine import usable_cores
from fabric.measure.launch.launcher import Launch
from fabric.text.escape import shown
from fabric.text.numbers import real, whole
from topologies.errors import InputError


def contest_of(
    runs: tuple[Path, Path], launch: Launch, *, backend: str | None = None, ranks: int | None = None, statistic: str = "p10"
) -> Contest:
    """Return the contest of two run files. backend, ranks: in place of what the files say.

    Raises:
        InputError: files that name several backends, different ones, no cell in common, or one rank.
    """
    a, b = (_job(path, launch, backend, ranks) for path in runs)
    contest = Contest(a, b, statistic)
    check_ranks(contest.ranks)
    return contest


def _job(path: Path, launch: Launch, backend: str | None, ranks: int | None) -> Job:
    """Return the one job of a run file with the options in place of its values."""
    changes: dict[str, Any] = {}
    if backend:
        changes["backends"] = (backend,)
    if ranks:
        changes["world_sizes"] = (ranks,)
    request = run_file.load(path).model_copy(update=changes)
    most = launch.world_size if launch.started else len(usable_cores())
    jobs = run_file.jobs(request, "mpi" if launch.under_mpirun else "gloo", most, most)
    if len(jobs) != 1:
        raise InputError(f"{path}: backends: a gate takes one, got {', '.join(job.backend for job in jobs)}; add --backend")
    return jobs[0]


def slice_of(words: Sequence[str]) -> Slice:
    """Return the slice of three words: cells, seconds, seed; InputError where they are no numbers."""
    cells, seconds, seed = words
    try:
        own = tuple(whole(cell, "cell") for cell in cells.split(","))
        return Slice(own, real(seconds, "seconds", 0.0), whole(seed, "seed"))
    except InputError as error:
        raise InputError(f"slice: must be CELL,CELL,... SECONDS SEED, got {shown(' '.join(words))}: {error}") from None


def words_of(part: Slice) -> list[str]:
    """Return a slice as three words."""
    return [",".join(map(str, part.cells)), f"{part.seconds:.3f}", str(part.seed)]
