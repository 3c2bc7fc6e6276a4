"""The same command under srun and sbatch, on a real Slurm of two nodes, started here and taken down again.

Each node is a slurmd with a host name and an /etc/hosts of its own; the network is this machine's.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAEMONS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "unshare")
NODES = ("fbn1", "fbn2")
CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation={home}
SlurmdSpoolDir={home}/%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/%n.pid
SlurmctldPort=26817
ReturnToService=2
SwitchType=switch/none
MpiDefault=none
NodeName=fbn1 NodeHostname=fbn1 NodeAddr=127.0.0.1 Port=26818 CPUs={cores} State=UNKNOWN
NodeName=fbn2 NodeHostname=fbn2 NodeAddr=127.0.0.1 Port=26819 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
OWN_NAME = 'hostname "$1" && mount --bind "$2" /etc/hosts && exec slurmd -D -N "$1"'
RUN = "collectives: [all_reduce]\nsizes: [8, 64KiB]\nworld_sizes: [1, 2]\nbackends: [{backends}]\niters: 8\n"
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


@pytest.fixture(scope="module")
def slurm():
    missing = [name for name in DAEMONS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: `make system-deps` installs a Slurm to test with")
    if (
        os.geteuid() != 0
        or subprocess.run(["unshare", "--uts", "--mount", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("nodes of one's own need root and the right to unshare namespaces")
    home = Path(tempfile.mkdtemp(prefix="fb-slurm-"))  # short: a socket's path has room for 107 characters
    own = {"SLURM_CONF": str(home / "slurm.conf"), "PATH": os.environ["PATH"] + ":/usr/sbin", **AS_ROOT}
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "PMI", "OMPI_"))} | own
    running = []
    try:
        start(home, environment, running)
        yield environment
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(timeout=20)
        shutil.rmtree(home, ignore_errors=True)


def start(home, environment, running):
    hosts = home / "hosts"
    hosts.write_text("127.0.0.1 localhost fbn1 fbn2\n")
    (home / "slurm.conf").write_text(CONFIGURATION.format(home=home, cores=os.cpu_count()))
    (home / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    key = home / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={home}/munge.{name}" for option, name in files.items()]
    nodes = [["unshare", "--uts", "--mount", "sh", "-c", OWN_NAME, "sh", node, str(hosts)] for node in NODES]
    for command in [["munged", "--foreground", "--force", *options], ["slurmctld", "-D", "-c"], *nodes]:
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(0.5)
    wait(lambda: ask(environment, "sinfo", "-h", "-o", "%T %D").split() == ["idle", "2"], "Slurm's nodes did not come up")


def ask(environment, *command):
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30).stdout


def wait(condition, failure, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.5)


def fabric(environment, *arguments, before=()):
    command = [*before, sys.executable, "-m", "fabric", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def submit(environment, script, folder):
    """Return what the batch job wrote once it is over; it must end with COMPLETED."""
    log = folder / "job.out"
    line = ["sbatch", "--parsable", "--output", str(log), "--overcommit"]
    done = subprocess.run(line, env=environment, input=script, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    job = done.stdout.strip()

    def over():
        return not {"RUNNING", "PENDING", "CONFIGURING", "COMPLETING"} & set(
            ask(environment, "squeue", "-h", "-j", job, "-o", "%T").split()
        )

    wait(over, f"job {job} did not end", seconds=120)
    said = log.read_text()
    assert "JobState=COMPLETED" in ask(environment, "scontrol", "show", "job", job), said
    return said


def records(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.multirank
def test_gloo_under_srun(slurm, tmp_path):
    file = tmp_path / "r.jsonl"
    measure = [
        "measure",
        "--backend",
        "gloo",
        "--ranks",
        "1,2",
        "--sizes",
        "8,64KiB",
        "--iters",
        "8",
        "-o",
        str(file),
        "--json",
    ]
    done = fabric(slurm, *measure, before=["srun", "--nodes=1", "--ntasks=2", "--overcommit"])
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["world_size"], row["nbytes"]) for row in rows] == [(1, 8), (1, 65536), (2, 8), (2, 65536)]
    assert all(row["wrong"] == 0 for row in rows)
    assert {record["context"]["launcher"] for record in records(file)} == {"srun"}
    assert {record["case"]["nodes"] for record in records(file)} == {1}


@pytest.mark.multirank
@pytest.mark.parametrize("backend", ["gloo", "mpi"])
def test_the_printed_batch_file_measures_over_two_nodes(slurm, tmp_path, ranks, backend):
    ranks.needs(backend)
    run, file = tmp_path / "run.yaml", tmp_path / "r.jsonl"
    run.write_text(RUN.format(backends=backend))
    printed = fabric(slurm, "launch", "slurm", str(run), "--nodes", "2", "-o", str(file))
    assert printed.returncode == 0, printed.stderr
    said = submit(slurm, printed.stdout, tmp_path)
    found = records(file)
    assert {(r["case"]["world_size"], r["case"]["nodes"]) for r in found} == {(1, 1), (2, 2)}
    assert all(r["wrong"] == 0 and r["source"].startswith(backend) for r in found)
    assert "busbw" in said, "rank 0 prints the table into the job's output"
    if backend == "gloo":  # once is enough: going on is not the library's affair
        submit(slurm, printed.stdout, tmp_path)
        assert len(records(file)) == len(found), "submitted again, nothing is left to measure"


@pytest.mark.multirank
def test_ranks_of_a_ragged_step_know_their_own_node(slurm):
    code = "from dataclasses import astuple; from fabric.measure.launch.launcher import detect; print(*astuple(detect()))"
    step = ["srun", "--nodes=2", "--ntasks=3", "--overcommit", "--distribution=block", sys.executable, "-c", code]
    done = subprocess.run(step, cwd=ROOT, env=slurm, capture_output=True, text=True, check=False, timeout=60)
    assert sorted(done.stdout.splitlines()) == ["srun 0 3 0 2", "srun 1 3 1 2", "srun 2 3 0 1"], done.stderr


@pytest.mark.multirank
def test_a_search_under_srun_judges_every_rank_once(slurm):
    """Four ranks of two nodes on this machine's cores: who is named is noise, that all are judged is not."""
    search = ["slow", "--backend", "gloo", "--block", "0.02", "--repeats", "2", "--budget", "3", "--json"]
    done = fabric(slurm, *search, before=["srun", "--nodes=2", "--ntasks=4", "--overcommit"])
    found = json.loads(done.stdout)
    assert done.returncode in (0, 1, 4), done.stderr
    assert {s for row in found["rows"] for s in row["suspects"]} == {0, 1, 2, 3}  # a slow rank's parts may have rows too
    assert found["context"]["launcher"] == "srun"


@pytest.mark.multirank
def test_bad_input_under_srun_is_one_line_of_ours(slurm):
    done = fabric(slurm, "measure", "--backend", "gloo", "--ranks", "5", before=["srun", "-n", "2", "--overcommit"])
    assert done.returncode == 2
    assert done.stderr.count("fabricbench: ") == 1
    assert "ranks: must be <= 2" in done.stderr
