"""The same command under srun, on a real Slurm: munge, slurmctld and one slurmd, started here and taken down again."""

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
DAEMONS = ("munged", "slurmctld", "slurmd", "srun")
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
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldPort=26817
SlurmdPort=26818
ReturnToService=2
SwitchType=switch/none
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture(scope="module")
def slurm():
    missing = [name for name in DAEMONS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: `make system-deps` installs a Slurm to test with")
    if os.geteuid() != 0:
        pytest.skip("a slurmd of one's own needs root")
    home = Path(tempfile.mkdtemp(prefix="fb-slurm-"))  # short: a socket's path has room for 107 characters
    environment = os.environ | {"SLURM_CONF": str(home / "slurm.conf"), "PATH": os.environ["PATH"] + ":/usr/sbin"}
    running = start(home, environment)
    yield environment
    for process in reversed(running):
        process.terminate()
        process.wait(timeout=20)
    shutil.rmtree(home, ignore_errors=True)


def start(home, environment):
    (home / "spool").mkdir()
    (home / "slurm.conf").write_text(CONFIGURATION.format(home=home, cores=os.cpu_count()))
    (home / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    key = home / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={home}/munge.{name}" for option, name in files.items()]
    commands = [["munged", "--foreground", "--force", *options], ["slurmctld", "-D", "-c"], ["slurmd", "-D", "-N", "localhost"]]
    running = []
    for command in commands:
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(1)
    deadline = time.monotonic() + 30
    while "idle" not in subprocess.run(["sinfo", "-h"], env=environment, capture_output=True, text=True, check=False).stdout:
        assert time.monotonic() < deadline, "Slurm's node did not come up"
        time.sleep(0.5)
    return running


@pytest.mark.multirank
def test_gloo_under_srun(slurm, tmp_path):
    file = tmp_path / "r.jsonl"
    measure = [
        sys.executable,
        "-m",
        "fabric",
        "measure",
        "--backend",
        "gloo",
        "--ranks",
        "1,2",
        "--sizes",
        "8,64KiB",
        "--iters",
        "8",
    ]
    command = ["srun", "-n", "2", "--overcommit", *measure, "-o", str(file), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=slurm, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["world_size"], row["nbytes"]) for row in rows] == [(1, 8), (1, 65536), (2, 8), (2, 65536)]
    assert all(row["wrong"] == 0 for row in rows)
    assert {json.loads(line)["context"]["launcher"] for line in file.read_text().splitlines()} == {"srun"}


@pytest.mark.multirank
def test_bad_input_under_srun_is_one_line_of_ours(slurm):
    measure = [sys.executable, "-m", "fabric", "measure", "--backend", "gloo", "--ranks", "5"]
    command = ["srun", "-n", "2", "--overcommit", *measure]
    done = subprocess.run(command, cwd=ROOT, env=slurm, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("fabricbench: ") == 1
    assert "ranks: must be <= 2" in done.stderr
