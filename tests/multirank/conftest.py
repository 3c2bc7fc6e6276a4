"""Real ranks for tests: `measure` as a user starts it, and a look at what it leaves behind."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.host.inventory import inventory

ROOT = Path(__file__).parents[2]
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1"}
PATH = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
BARE = {key: value for key, value in os.environ.items() if not key.startswith(("OMPI_", "PMI", "SLURM_"))}
LAUNCHED = {**BARE, **AS_ROOT, "PYTHONPATH": PATH}
"""For launchers that a test starts itself; `measure` gets BARE, so that it must set what it needs."""


def needs(backend):
    """Skip with the reason where a backend cannot run here."""
    missing = next(state.missing for state in inventory().backends if state.name == backend)
    if missing is not None:
        pytest.skip(f"{backend}: {missing}")


def mpirun(ranks, *arguments):
    from fabric.measure.launch.start import find_mpirun

    return [find_mpirun(), "-n", str(ranks), sys.executable, *arguments]


def is_open_mpi():
    """Return whether mpirun is Open MPI's, which refuses more ranks than cores unless told."""
    from fabric.measure.launch.start import find_mpirun

    done = subprocess.run([find_mpirun(), "--version"], capture_output=True, text=True, check=False)
    return "Open MPI" in done.stdout + done.stderr


def torchrun(ranks, *arguments):
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks), *arguments]


def forked(ranks, *arguments):
    """Return the command of a program on ranks that share one import of torch; who starts them must not matter to the test."""
    return [sys.executable, str(Path(__file__).with_name("forked.py")), str(ranks), *arguments]


def finish(command, environment=LAUNCHED, timeout=120):
    """Return a finished command; a hang is a failure."""
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=timeout)


def run_program(text, name, tmp_path, count=3):
    """Return what rank 0 of a program printed as JSON, on so many ranks of a backend, whose name is its argument."""
    needs(name)
    program = tmp_path / "ranks.py"
    program.write_text(text)
    launcher = mpirun if name == "mpi" else forked
    extra = ["--oversubscribe"] if name == "mpi" and is_open_mpi() else []
    command = launcher(count, str(program), name)
    done = finish([command[0], *extra, *command[1:]])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _measuring(arguments, *, bounds=False):
    """Return the command of a plain `measure`; without --topo it would measure this machine's levels each time, for bounds."""
    without = [] if bounds or "--topo" in arguments else ["--topo", "none"]
    return [sys.executable, "-m", "fabric", "measure", *arguments, *without]


def measure(*arguments, timeout=120, bounds=False):
    """Return a finished `measure` that was started plainly. bounds: by this machine's own levels where no --topo is said."""
    return finish(_measuring(arguments, bounds=bounds), {**BARE, "PYTHONPATH": PATH}, timeout)


def start_measure(*arguments):
    """Return a running `measure` that was started plainly."""
    command = _measuring(arguments)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env={**BARE, "PYTHONPATH": PATH}, stdout=pipe, stderr=pipe, text=True)


def processes(word):
    """Return the pids of all running processes with the word in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:
            continue
        if word.encode() in line and "State:\tZ" not in status and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def rank_pid(word, rank):
    """Return the pid of one rank of the run with the word in its command line."""
    for pid in processes(word):
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if {f"{name}={rank}".encode() for name in ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")} & set(variables):
            return pid
    return None


def wait_until(condition, seconds=60, every=0.05):
    """Return the condition's first true value, looked at every so many seconds; fail after so many."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)
    return value


@pytest.fixture(params=["gloo", "mpi"])
def backend(request):
    """Every backend that can run on processors alone."""
    needs(request.param)
    return BACKENDS[request.param]


@pytest.fixture(scope="session")
def ranks():
    """The functions of this file: test folders are no packages, so nothing can import them."""
    return sys.modules[__name__]
