"""The same command under MPICH's mpiexec, in an environment of its own: mpi4py loads one MPI only (`make mpich`)."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from fabric.measure.backends.mpi import MPI_BACKEND
from fabric.measure.cells.ask import GROUPS
from fabric.records.store import read

pytestmark = pytest.mark.multirank


@pytest.fixture
def mpich(ranks):
    """The Python that has the mpich wheel."""
    python = ranks.ROOT / ".venv-mpich" / "bin" / "python"
    if not (python.parent / "mpiexec").exists():
        pytest.skip(f"no {python.relative_to(ranks.ROOT)} with MPICH's mpiexec beside it: `make mpich`")
    return str(python)


def environment(ranks):
    return {**ranks.BARE, "PYTHONPATH": ranks.PATH}


def test_every_collective_under_mpiexec(mpich, ranks, tmp_path):
    path = tmp_path / "r.jsonl"
    words = ["measure", "--backend", "mpi", "--collective", "all", "--sizes", "4KiB", "--iters", "6", "-o", str(path), "--json"]
    command = [str(Path(mpich).with_name("mpiexec")), "-n", "2", mpich, "-m", "fabric", *words]
    done = ranks.finish(command, environment(ranks))
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["collective"] for row in rows} == set(MPI_BACKEND.ways) & set(GROUPS["all"])
    assert {row["wrong"] for row in rows} == {0}
    assert {row["world_size"] for row in rows} == {2}
    for result in read(path)[0]:
        assert result.source == "mpi:mpich"
        assert result.context["launcher"] == "mpirun"
        assert result.context["thread_level"] == "serialized"
        assert "thread_level_warning" not in result.context
        assert result.context["loop"] == "native"
        assert result.context["mpi_library"].startswith("MPICH")


@pytest.mark.parametrize("mode", ["nonblocking", "persistent"])
def test_a_plain_start_finds_the_mpirun_beside_it(mode, mpich, ranks):
    words = ["--backend", "mpi", "--collective", "all", "--mode", mode, "--sizes", "4KiB", "--iters", "6", "--ranks", "1,2"]
    done = ranks.finish([mpich, "-m", "fabric", "measure", *words, "--json"], environment(ranks))
    assert done.returncode == 0, done.stderr
    assert "-bind-to" in done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert {row["world_size"] for row in rows} == {1, 2}
    assert {row["wrong"] for row in rows} == {0}


def test_a_killed_rank_ends_the_run_with_3_and_keeps_results(mpich, ranks, tmp_path):
    path = tmp_path / "kept.jsonl"
    sizes = ",".join(str(4 * size) for size in range(1, 3000))
    words = ["--backend", "mpi", "--ranks", "2", "--iters", "300", "--warmup", "0", "--sizes", sizes, "-o", str(path)]
    command = [mpich, "-m", "fabric", "measure", "--timeout", "20", *words]
    with subprocess.Popen(command, cwd=ranks.ROOT, env=environment(ranks), stderr=subprocess.PIPE, text=True) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        os.kill(ranks.rank_pid(str(path), 1), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    ranks.wait_until(lambda: not ranks.processes(str(path)), 10)
    assert process.returncode == 3, err
    ours = [line for line in err.splitlines() if not line.startswith("#")]
    assert len(ours) == 1, ours
    assert "fabricbench: mpi: rank 1 was killed by signal 9" in ours[0]
    assert len(read(path)[0]) >= 3


def test_mpi_initialised_by_others_at_multiple_is_said_once_and_recorded(mpich, ranks):
    code = (
        "from mpi4py import MPI\n"
        "import json\n"
        "from fabric.measure.backends.mpi import MPI_BACKEND\n"
        "from fabric.measure.launch.launcher import detect\n"
        "world = MPI_BACKEND.connect(detect(), 30.0)\n"
        "if detect().rank == 0: print(json.dumps(dict(world.context)))\n"
        "world.close()"
    )
    done = ranks.finish([str(Path(mpich).with_name("mpiexec")), "-n", "2", mpich, "-c", code], environment(ranks))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["thread_level"] == "multiple"
    assert "at thread level multiple before us" in found["thread_level_warning"]
    assert done.stderr.count("# mpi: ") == 1
