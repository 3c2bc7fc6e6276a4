"""What earlier launches of a run left in a file, and so which cells are still to be measured. It does not touch the file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from fabric.measure.cells.job import Cell, Job
from fabric.records.result import Result

SAME = {
    "processor": "processor",
    "cores": "cores",
    "devices": "devices",
    "launch_ranks": "ranks of the launch",
    "launch_nodes": "nodes of the launch",
    "launcher": "launcher",
    "binding": "cores that ranks are bound to",
    "mpi_library": "MPI library",
    "thread_level": "thread level",
    "mpi4py": "mpi4py",
    "torch": "torch",
    "nccl": "nccl",
    "numpy": "numpy",
    "python": "Python",
}
"""Key of the context -> its name in words: what must not change within one run."""
IGNORED = ("timeout",)
"""Of a plan: what decides no time."""
Key = tuple[str, int, int, bool, str]


@dataclass(frozen=True)
class Past:
    """Results that the file already holds. count: whether they need not be measured again; launches: wanted up to this one."""

    results: Sequence[Result] = ()
    count: bool = False
    launches: int = 1


def run_id(job: Job) -> str:
    """Return what the records of one run share: 12 hex digits over all that the user asked for.

    Where every world size has a launch of its own, their records share it too.
    """
    what = asdict(job)
    if job.library.apart and (len(job.world_sizes) == 1 or len(job.launches()) > 1):
        del what["world_sizes"]
    for name in IGNORED:
        del what["plan"][name]
    return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def of_run(results: Iterable[Result], job: Job) -> list[Result]:
    """Return the results of this very run at the job's world sizes, of whichever launch."""
    return [result for result in _of_name(results, job) if result.case.world_size in job.world_sizes]


def _of_name(results: Iterable[Result], job: Job) -> list[Result]:
    name = run_id(job)
    return [result for result in results if result.context.get("run") == name]


def refusal(past: Past, job: Job, context: Mapping[str, Any]) -> str | None:
    """Return why the file cannot be resumed in these surroundings, None where it can.

    context: what results of this launch will say. A file without any result of this backend is begun.
    """
    ours = of_run(past.results, job)
    measured = [result for result in past.results if result.source.split(":")[0] == job.backend]
    if not past.count or not measured:
        return None
    if not _of_name(past.results, job):
        return (
            f"resume: none of the file's {len(measured)} results on {job.backend} is of this run (other sizes, counts, seed "
            "...); repeat the first command, or leave --resume out to append"
        )
    return next((line for result in ours if (line := _difference(result.context, context))), None)


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return the first difference between two launches that must not be, in words."""
    for key, name in SAME.items():
        if key in before and before[key] != now.get(key):
            return f"resume: {name} must be {before[key]!r} as in the file, got {now.get(key)!r}; choose another file"
    return None


def key_of_cell(cell: Cell) -> Key:
    """Return what tells one cell from another within a run."""
    return (cell.collective, cell.nbytes, cell.world_size, cell.in_place, cell.order)


def key_of_result(result: Result) -> Key:
    """Return the key of the cell that a result answers."""
    case = result.case
    return (case.collective, case.nbytes, case.world_size, case.in_place, case.order)


def left(cells: Sequence[Cell], past: Past, job: Job) -> list[Cell]:
    """Return the cells still to be measured, in their order; each stands in `cells` once for every visit.

    With several launches each has all visits; what an earlier launch lacks comes first, at most `visits` of a cell.
    """
    if not past.count:
        return list(cells)
    done = Counter(key_of_result(result) for result in of_run(past.results, job))
    need = {key: job.plan.visits * past.launches - done[key] for key in map(key_of_cell, cells)}
    kept = []
    for cell in cells:
        key = key_of_cell(cell)
        if need[key] > 0:
            need[key] -= 1
            kept.append(cell)
    return kept


def added(past: Past, job: Job) -> list[Cell]:
    """Return the cells that earlier launches added where a curve bends: this one measures the same sizes."""
    swept = {key_of_cell(cell) for cell in job.cells()}
    found = {key_of_result(result): result.case for result in of_run(past.results, job)}
    return [
        Cell(case.collective, case.nbytes, case.world_size, case.in_place, case.nbytes, case.order)
        for key, case in found.items()
        if key not in swept
    ]
