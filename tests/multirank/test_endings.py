"""How runs end early: nothing that was measured is lost, no rank is left, one line and the right exit code."""

import os
import signal
import subprocess
import sys

import pytest

from fabric.records.store import read

pytestmark = pytest.mark.multirank


def many(count):
    """Return so many sizes that a run is still busy when the test interrupts it."""
    return ["--iters", "300", "--warmup", "0", "--sizes", ",".join(str(4 * size) for size in range(1, count))]


@pytest.fixture
def running(backend, tmp_path, ranks, request):
    """A run whose ranks are in the middle of their work, with its file; its ranks are ended whatever the test does."""
    path, sizes = tmp_path / "kept.jsonl", getattr(request, "param", "1,2")
    arguments = ["--backend", backend.name, "--ranks", sizes, "--timeout", "20", "-o", str(path), *many(3000)]
    with ranks.start_measure(*arguments) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        yield process, path
        for pid in ranks.processes(str(path)):
            os.kill(pid, signal.SIGKILL)


def ended(process, path, backend, ranks):
    """Return (exit code, our lines) of a run that must end soon, with its results kept and its ranks gone."""
    _, err = process.communicate(timeout=60)
    ranks.wait_until(lambda: not ranks.processes(str(path)), 10)
    results, _ = read(path)
    assert len(results) >= 3
    assert f"{len(results)} results kept in {path}" in err
    assert {result.source.split(":")[0] for result in results} == {backend.name}
    return process.returncode, [line for line in err.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("backend", "number", "code"),
    [("gloo", signal.SIGINT, 130), ("mpi", signal.SIGINT, 130), ("mpi", signal.SIGTERM, 143)],
    indirect=["backend"],
)
def test_ctrl_c_in_the_middle(running, backend, number, code, ranks):
    process, path = running
    process.send_signal(number)
    found, lines = ended(process, path, backend, ranks)
    assert found == code
    assert len(lines) == 1
    assert lines[0].startswith("fabricbench: interrupted; ")


@pytest.mark.parametrize("running", ["2"], indirect=True)
def test_a_killed_rank_ends_the_run(running, backend, ranks):
    """Of two ranks from the start: gloo's world of one would have a launch of its own, without a rank 1."""
    process, path = running
    os.kill(ranks.rank_pid(str(path), 1), signal.SIGKILL)
    found, lines = ended(process, path, backend, ranks)
    assert found == 3
    assert len(lines) == 1
    assert f"fabricbench: {backend.name}: rank 1 was killed by signal 9" in lines[0]


@pytest.mark.parametrize("victim", [1, 0])
def test_a_rank_that_hangs_ends_the_run_with_its_name(victim, tmp_path, ranks):
    """A stopped process gives no sign of life: rank 0 names it, and rank 1 names rank 0."""
    ranks.needs("mpi")
    path = tmp_path / "hung.jsonl"
    arguments = ["--backend", "mpi", "--ranks", "2", "--timeout", "4", "-o", str(path)]
    with ranks.start_measure(*arguments, *many(3000)) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        os.kill(ranks.rank_pid(str(path), victim), signal.SIGSTOP)
        _, err = process.communicate(timeout=50)
    assert process.returncode == 3
    results, _ = read(path)
    words = f"no answer from another rank for 4 s; it is dead or hangs: rank {victim} gives no sign of life"
    assert f"fabricbench: mpi: {words}; {len(results)} results kept in {path}" in err
    ranks.wait_until(lambda: not ranks.processes(str(path)), 20)


@pytest.mark.parametrize(("verb", "name"), [("measure", "mpi"), ("measure", "gloo"), ("slow", "mpi")])
def test_a_rank_that_is_stopped_while_connecting_ends_the_run_at_the_limit(verb, name, tmp_path, ranks):
    """Real mpirun and torchrun: its process is stopped as soon as it says that it begins to connect."""
    ranks.needs(name)
    limit = 3
    own = ["--method", "bisection"] if verb == "slow" else []  # others need three ranks or four
    command = [sys.executable, "-m", "fabric", verb, "--backend", name, "--ranks", "2", "--timeout", str(limit), *own]
    environment = {**ranks.BARE, "PYTHONPATH": ranks.PATH, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ranks.ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        ranks.wait_until(lambda: any(p.read_text() for p in tmp_path.glob("fabricbench-connecting-*/1")), 40, every=0.001)
        (file,) = tmp_path.glob("fabricbench-connecting-*/1")
        os.kill(int(file.read_text()), signal.SIGSTOP)
        _, err = process.communicate(timeout=60)  # it once took 157 s
    assert process.returncode == 3, err
    said = f"the ranks did not connect within {limit} s: rank 1 is stopped by a signal (SIGSTOP, Ctrl-Z or a debugger)"
    assert f"fabricbench: {name}: {said}" in err


def test_a_start_that_dies_takes_its_ranks_along(tmp_path, ranks):
    """Whoever is ended without mercy: the launcher gets a signal from the kernel, and its ranks with it."""
    ranks.needs("mpi")
    path = tmp_path / "orphans.jsonl"
    with ranks.start_measure("--backend", "mpi", "-o", str(path), *many(9000)) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        process.kill()
    ranks.wait_until(lambda: not ranks.processes(str(path)), 20)


def test_ctrl_c_under_a_users_own_torchrun_keeps_results(tmp_path, ranks):
    ranks.needs("gloo")
    path = tmp_path / "own.jsonl"
    command = ranks.torchrun(2, "-m", "fabric", "measure", "--backend", "gloo", "-o", str(path), *many(2000))
    with subprocess.Popen(command, cwd=ranks.ROOT, env=ranks.LAUNCHED, stderr=subprocess.PIPE, text=True) as process:
        ranks.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= 3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=50)
    assert process.returncode != 0
    assert f"results kept in {path}" in err
    ranks.wait_until(lambda: not ranks.processes(str(path)), 10)
    assert len(read(path)[0]) >= 3


STOPS = """
import os, signal
from fabric.measure.backends.catalog import backend
from fabric.measure.launch.connected import connected
from fabric.measure.launch.launcher import detect

class Stops:
    def __getattr__(self, name):
        return getattr(backend("mpi"), name)
    def connect(self, launch, timeout):
        if launch.rank == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        return backend("mpi").connect(launch, timeout)

with connected(Stops(), detect(), 2.0):
    print("connected")
"""


def test_a_rank_that_never_connects_under_a_users_own_mpirun_ends_the_run_and_is_named(tmp_path, ranks):
    """MPI knows no limit, and a library that waits holds its process: a child of each rank sees who is stopped and ends it."""
    ranks.needs("mpi")
    program = tmp_path / "stops.py"
    program.write_text(STOPS)
    done = ranks.finish(ranks.mpirun(2, str(program)), timeout=60)
    assert done.returncode != 0
    assert "connected" not in done.stdout
    said = "fabricbench: the ranks did not connect within 2 s: rank 1 is stopped by a signal (SIGSTOP, Ctrl-Z or a debugger)"
    assert done.stderr.count(said) == 1, done.stderr
    ranks.wait_until(lambda: not ranks.processes(str(program)), 10)
