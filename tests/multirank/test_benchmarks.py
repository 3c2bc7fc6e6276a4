"""The pytest-benchmark suite alone, under mpirun and under torchrun: no hang, one writer, times that `compare` reads."""

import json
import os
import sys

import pytest

pytestmark = pytest.mark.multirank
SUITE = ["-m", "pytest", "benchmarks/test_all_reduce.py", "-q", "-p", "no:cacheprovider"]


@pytest.mark.parametrize(
    ("backend", "launcher", "count"), [("gloo", "alone", 1), ("mpi", "mpirun", 2), ("gloo", "torchrun", 2)]
)
def test_the_suite_runs_to_its_end_and_rank_0_writes_for_all(backend, launcher, count, tmp_path, ranks):
    ranks.needs(backend)
    path = tmp_path / "benchmark.json"
    start = {"alone": lambda _count, *words: [sys.executable, *words], "mpirun": ranks.mpirun, "torchrun": ranks.torchrun}
    done = ranks.finish(start[launcher](count, *SUITE, f"--benchmark-json={path}"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("3 passed") == 1, "one rank speaks"
    report = json.loads(path.read_text())
    assert "node" not in report["machine_info"]
    assert len(report["benchmarks"]) == 3
    for benchmark in report["benchmarks"]:
        assert benchmark["extra_info"]["world_size"] == count
        assert benchmark["extra_info"]["wrong"] == 0
        assert benchmark["extra_info"]["source"].split(":")[0] == backend
        assert benchmark["name"].endswith(f" {benchmark['extra_info']['source']}, {count} rank{'s' * (count > 1)}")
        assert benchmark["stats"]["rounds"] >= 6
        assert benchmark["stats"]["median"] > 1e-7, "times are of all-reduces, not of an empty function"
    compared = ranks.finish([sys.executable, "-m", "pytest_benchmark", "compare", str(path)])
    assert compared.returncode == 0, compared.stderr
    assert "test_all_reduce" in compared.stdout


OWN = """
from time import sleep

from mpi4py.MPI import COMM_WORLD


def test_own(collective):
    timing = collective(lambda: sleep(0.001 * (1 + COMM_WORLD.rank)), backend="mpi", budget=0.1)
    assert timing.median >= 0.002, "the maximum over ranks"
    assert COMM_WORLD.allgather(timing.seconds) == [timing.seconds] * 2, "all ranks see the same"


def test_one_raises(collective):
    collective(lambda: 1 / (1 - COMM_WORLD.rank), backend="mpi")
"""


def test_all_ranks_time_a_users_callable_together_and_all_fail_where_one_raises(tmp_path, ranks):
    ranks.needs("mpi")
    (tmp_path / "test_own.py").write_text(OWN)
    words = [
        "-m",
        "pytest",
        str(tmp_path),
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "-p",
        "fabric.pytest_plugin",
    ]
    done = ranks.finish(ranks.mpirun(2, *words))
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "<lambda> raised on 1 of 2 ranks" in done.stdout


FLOORED = """
import pytest


@pytest.mark.floor("slow.json")
def test_good(collective):
    collective("all_reduce", nbytes=65536, iters=9)


@pytest.mark.floor("fast.json")
def test_bad(collective):
    collective("all_reduce", nbytes=65536, iters=9)
"""


def test_a_marked_floor_fails_all_ranks_where_the_time_is_bad(tmp_path, ranks):
    ranks.needs("gloo")
    (tmp_path / "test_floored.py").write_text(FLOORED)
    for name, seconds in (("slow", 10.0), ("fast", 1e-9)):
        point = {"library": "gloo", "collective": "all_reduce", "algorithm": "default", "nodes": 1, "ranks": 2}
        point |= {"nbytes": 65536, "seconds": seconds}
        (tmp_path / f"{name}.json").write_text(json.dumps({"schema": "fabricbench.floor/1", "points": [point]}))
    words = ["-m", "pytest", str(tmp_path / "test_floored.py"), "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = ranks.finish(ranks.torchrun(2, *words, f"--rootdir={tmp_path}"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("1 failed, 1 passed") == 1, done.stdout
    assert "bad: all_reduce of 64 KiB on 2 ranks took " in done.stdout
    assert "exitcode  : 1 (pid" in done.stderr, "both ranks end with the failed test"
