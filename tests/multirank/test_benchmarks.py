"""The pytest-benchmark suite alone, under mpirun and under torchrun: no hang, one writer, times that `compare` reads."""

import json
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
        assert benchmark["stats"]["rounds"] >= 6
        assert benchmark["stats"]["median"] > 1e-7, "times are of all-reduces, not of an empty function"
    compared = ranks.finish([sys.executable, "-m", "pytest_benchmark", "compare", str(path)])
    assert compared.returncode == 0, compared.stderr
    assert "test_all_reduce" in compared.stdout
