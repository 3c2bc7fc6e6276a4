"""A real Slurm on the twin: slurmctld in host 0, a slurmd in every host, the generated topology.conf, `measure` by srun."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.formats.named import named
from fabric.formats.slurm_conf import write
from fabric.network.spec import load
from fabric.twin.bring_up import running
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank
ROOT = Path(__file__).parents[2]
DAEMONS = ("munged", "slurmctld", "slurmd", "srun")
TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2"
PORT = 26900
CONFIGURATION = """
ClusterName=twin
SlurmctldHost=host0(10.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
TopologyPlugin=topology/tree
StateSaveLocation={home}
SlurmdSpoolDir={home}/%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/%n.log
ReturnToService=2
SwitchType=switch/none
MpiDefault=none
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """A Slurm inside a twin: commands run in host 0."""

    def __init__(self, holder, home, environment):
        self.holder, self.home, self.environment = holder, home, environment

    def inside(self, *command, host="host0"):
        return self.holder.inside(["/run/enter", host, *command], str(ROOT))

    def ask(self, *command, timeout=30):
        return subprocess.run(
            self.inside(*command), env=self.environment, capture_output=True, text=True, check=False, timeout=timeout
        )

    def wait(self, text, *command):
        deadline = time.monotonic() + 40
        while (said := self.ask(*command)).stdout.split() != text.split():
            assert time.monotonic() < deadline, f"{said.stdout}{said.stderr}{self.log()}"
            time.sleep(0.3)

    def log(self):
        return "\n".join(file.read_text()[-600:] for file in sorted(self.home.glob("*.log")))


@pytest.fixture(scope="module")
def cluster():
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [name for name in DAEMONS if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: `make system-deps` installs a Slurm to test with")
    if os.geteuid():
        pytest.skip("Slurm's daemons run as root")
    fabric = load(TOPO)
    home = Path(tempfile.mkdtemp(prefix="fb-twin-slurm-"))  # short: a socket's path has room for 107 characters
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "PMI", "OMPI_"))}
    environment = bare | {"SLURM_CONF": str(home / "slurm.conf"), "PATH": path, "PYTHONPATH": str(ROOT)}
    try:
        with running(plan_of(fabric, 94e6), "root") as (holder, _):
            made = Cluster(holder, home, environment)
            daemons = start(made, fabric)
            yield made
            end(daemons)
    except EnvironmentFault as fault:
        pytest.skip(str(fault))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def start(cluster, fabric):
    """Write the configuration, start munged and the daemons, each in its host, and wait for idle nodes."""
    hosts = [f"host{node}" for node in range(fabric.topology.nodes)]
    rest = f"CPUs={os.cpu_count()} State=UNKNOWN"
    lines = [
        f"NodeName={host} NodeHostname={host} NodeAddr=10.0.0.{number + 1} Port={PORT + number} {rest}"
        for number, host in enumerate(hosts)
    ]
    (cluster.home / "slurm.conf").write_text(CONFIGURATION.format(home=cluster.home, nodes="\n".join(lines)))
    (cluster.home / "topology.conf").write_text(write(replace(named(fabric), nodes=tuple(hosts))).text)
    (cluster.home / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
    key = cluster.home / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "munge.log", "seed-file": "seed"}
    munge = [f"--{option}={cluster.home}/{'' if '.' in name else 'munge.'}{name}" for option, name in files.items()]
    commands = [("host0", ["munged", "--foreground", "--force", *munge]), ("host0", ["slurmctld", "-D", "-c"])]
    commands += [(host, ["slurmd", "-D", "-N", host]) for host in hosts]
    null, daemons = subprocess.DEVNULL, []
    for host, command in commands:
        daemons.append(subprocess.Popen(cluster.inside(*command, host=host), env=cluster.environment, stdout=null, stderr=null))
        time.sleep(0.3)
    cluster.wait(f"idle {len(hosts)}", "sinfo", "-h", "-o", "'%T %D'")  # a launcher's stand-in for ssh joins words
    return daemons


def end(daemons):
    for daemon in reversed(daemons):
        daemon.terminate()
    for daemon in daemons:
        daemon.wait(timeout=20)


def test_slurm_knows_the_generated_tree(cluster):
    said = cluster.ask("scontrol", "show", "topology")
    found = {line.split()[0]: line for line in said.stdout.splitlines() if line.strip()}
    assert "Nodes=host[0-1]" in found["SwitchName=leaf0"]
    assert "Nodes=host[2-3]" in found["SwitchName=leaf1"]
    assert any("Switches=leaf[0-1]" in line for line in found.values()), said.stdout


def test_a_job_gets_hosts_of_one_leaf(cluster):
    step = ["srun", "-N2", "-n2", "--switches=1@60", "hostname"]
    for _ in range(3):
        said = cluster.ask(*step)
        assert said.returncode == 0, said.stderr
        assert sorted(said.stdout.split()) in (["host0", "host1"], ["host2", "host3"])


def test_gloo_is_measured_over_the_twins_links_under_srun(cluster, ranks, tmp_path):
    ranks.needs("gloo")
    file = tmp_path / "r.jsonl"
    options = ["--sizes", "1MiB", "--barrier", "back_to_back", "--iters", "4", "--warmup", "1", "--json", "-o", str(file)]
    measure = [sys.executable, "-m", "fabric", "measure", "--backend", "gloo", *options]
    launched = ["GLOO_SOCKET_IFNAME=eth0", "srun", "-N4", "-n4", *measure]
    said = cluster.ask("env", *launched, timeout=120)
    assert said.returncode == 0, said.stderr + cluster.log()
    (row,) = json.loads(said.stdout)["rows"]
    least = 2 * 3 / 4 * (1 << 20) / (94e6 / 8)
    assert (row["world_size"], row["nodes"], row["wrong"]) == (4, 4, 0)
    assert 0.8 * least < row["seconds"] < 3 * least, "it went over the rate-limited links"
    assert json.loads(file.read_text())["context"]["launcher"] == "srun"


def test_mpich_is_measured_by_pmi2(cluster):
    python = ROOT / ".venv-mpich" / "bin" / "python"
    if not (python.parent / "mpiexec").exists():
        pytest.skip(f"no {python.relative_to(ROOT)}: `make mpich`")
    options = ["--sizes", "1MiB", "--barrier", "back_to_back", "--iters", "4", "--warmup", "1", "--json"]
    step = ["srun", "--mpi=pmi2", "-N4", "-n4", str(python), "-m", "fabric", "measure", "--backend", "mpi", *options]
    # all hosts are one machine: without these, messages take shared memory instead of the links
    only = ["FI_PROVIDER=tcp", "FI_TCP_IFACE=eth0", "UCX_TLS=tcp,self", "UCX_NET_DEVICES=eth0"]
    said = cluster.ask("env", *only, *step, timeout=120)
    assert said.returncode == 0, said.stderr + cluster.log()
    rows = json.loads(said.stdout)["rows"]
    assert {(row["world_size"], row["nodes"], row["wrong"], row["source"]) for row in rows} == {(4, 4, 0, "mpi:mpich")}
    least = 2 * 3 / 4 * (1 << 20) / (94e6 / 8)
    assert min(row["seconds"] for row in rows) > 0.8 * least, "it went over the rate-limited links"
