"""The native loop on real ranks: right by itself for every collective, form and mode; errors end it by name; skew adds up."""

import json

import pytest

pytestmark = pytest.mark.multirank
RANK_PROGRAM = """
import json
from dataclasses import replace
from time import perf_counter
from fabric.measure.cells.ask import GROUPS
from fabric.measure.backends.mpi import MPI_BACKEND
from fabric.measure.launch.launcher import detect
from fabric.measure.cells.layout import REDUCING
from fabric.measure.timing.loop import time_case, whole_round
from fabric.measure.cells.plan import Plan
from fabric.records.case import Case

launch = detect()
world = MPI_BACKEND.connect(launch, 30.0)
group, rank, p = world.group(range(launch.world_size)), launch.rank, launch.world_size
wrong, plain = {}, []
for name in (*GROUPS["all"], *GROUPS["p2p"]):
    way = MPI_BACKEND.ways[name]
    for dtype in ("f32", *MPI_BACKEND.moved) if name not in REDUCING else ("f64", "i8"):
        for in_place in way.forms:
            for mode in way.modes:
                nbytes = 0 if name == "barrier" else 2008 if name in GROUPS["p2p"] else 64 * p * 32
                operation = group.operation(Case(name, nbytes, p, 1, p, dtype=dtype, in_place=in_place, mode=mode), rank)
                text = f"{name} {dtype} {in_place} {mode}"
                if operation.samples is None:
                    plain.append(text)
                    continue
                operation.fill()
                operation.samples(1, 1, "before")
                wrong[text] = group.total(operation.wrong())
                operation.release()

def failure(name, change):
    operation = group.operation(Case(name, 4096, p, 1, p, in_place=MPI_BACKEND.ways[name].forms[0]), rank)
    loop = operation.samples.__self__
    change(loop.rows)
    try:
        loop.samples(2, 2, "before")
    except RuntimeError as error:
        return str(error)

def bad_root(rows):
    rows[1, 4] = 99

from mpi4py import MPI
errors = [failure("broadcast", bad_root)]
operation = group.operation(Case("all_reduce", 4096, p, 1, p), rank)
operation.fill()
before = perf_counter()
found = {barrier: operation.samples(5, 3, barrier) for barrier in ("before", "excluded", "back_to_back")}
clock = all(before <= s.starts.min() and (s.starts + s.seconds).max() <= perf_counter() for s in found.values())
lengths = {barrier: [len(s.starts), len(s.seconds), len(s.barriers)] for barrier, s in found.items()}
rounds = world.gather(whole_round(group, operation, 50, 2))
late = list(zip(*(r.late for r in rounds)))
timing = time_case(group, Case("all_reduce", 8, p, 1, p), rank, Plan(iters=20), lambda: None, per_rank=True)
python = time_case(group, Case("all_reduce", 8, p, 1, p), rank, Plan(iters=20), lambda: None, native=False)
huge = replace(Case("broadcast", 4, p, 1, p), nbytes=2**33)
from fabric.measure.backends.native_calls import Asked, program
report = {
    "wrong": wrong, "plain": plain, "errors": errors, "clock": clock, "lengths": lengths,
    "first": max(abs(min(row)) for row in late),
    "skew": max(abs(max(row) - skew) for row, skew in zip(late, rounds[0].skew)),
    "loops": [timing.loop, python.loop], "plain_beside": [timing.python_loop_seconds, python.python_loop_seconds],
    "by_rank": timing.seconds == tuple(max(row) for row in zip(*timing.by_rank)), "lateness": timing.lateness,
    "huge": program(Asked(MPI, group.handle, huge, operation.layout, operation.source, operation.target)) is None,
}
world.wait()
if rank == 0:
    print(json.dumps(report), flush=True)
world.close()
"""


def test_every_collective_has_a_native_loop_that_is_right_and_says_what_fails(tmp_path, ranks):
    ranks.needs("mpi")
    program = tmp_path / "ranks.py"
    program.write_text(RANK_PROGRAM)
    done = ranks.finish(ranks.mpirun(2, str(program)))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["plain"] == []
    assert len(report["wrong"]) > 100
    assert {text: wrong for text, wrong in report["wrong"].items() if wrong} == {}
    (error,) = report["errors"]
    assert error.startswith("MPI_Bcast returned error code ")
    assert "root" in error
    assert report["clock"], "the samples lie between two readings of perf_counter"
    assert report["lengths"] == {"before": [5, 5, 0], "excluded": [5, 5, 5], "back_to_back": [5, 5, 0]}
    assert report["first"] == 0
    assert report["skew"] < 1e-9, "the latest rank of a sample is late by its skew"
    assert report["loops"] == ["native", "python"]
    assert report["plain_beside"][0] > 0
    assert report["plain_beside"][1] is None
    assert report["by_rank"]
    assert len(report["lateness"]) == 2
    assert report["huge"], "counts that a C int cannot hold are left to mpi4py"


def test_halves_are_moved_but_not_reduced(tmp_path, ranks):
    ranks.needs("mpi")
    path = ["--backend", "mpi", "--sizes", "4KiB", "--iters", "6", "--ranks", "2"]
    done = ranks.measure(*path, "--dtype", "bf16", "--collective", "all", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["wrong"] for row in rows} == {0}
    assert {"all_gather", "sendrecv", "incast"} <= {row["collective"] for row in rows}
    assert not {"all_reduce", "reduce", "reduce_scatter"} & {row["collective"] for row in rows}
    done = ranks.measure(*path, "--dtype", "f16", "--collective", "all_gather,all_reduce")
    assert done.returncode == 2
    assert done.stderr == "fabricbench: dtype: all_reduce of mpi takes f32, f64, i32, i8, got 'f16'\n"
