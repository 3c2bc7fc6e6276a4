"""A real slurmctld as judge: it loads the topology that we write, and where it places jobs stands beside where we do."""

import os
import subprocess
from pathlib import Path

import pytest

import fabric.fleet as fleet_room
from benchmarks.slurm_judge import controller, missing, placed, placements, verdicts
from fabric.answers.fleet_audit import collected, fleet_audit, network_of
from fabric.fleet.fleet_file import FleetFile, fleet_of
from fabric.formats import catalog, files
from fabric.formats.named import named
from fabric.network.spec import load

DATA = Path(os.environ.get("FABRICBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))
RAGGED = "SwitchName=t Switches=a,b,c\nSwitchName=a Nodes=n[1-8]\nSwitchName=b Nodes=m[1-6]\nSwitchName=c Nodes=k[1-3]\n"


@pytest.fixture(autouse=True)
def slurm():
    if missing():
        pytest.skip(missing())
    if os.geteuid():
        pytest.skip("slurmctld is started as root")


def test_it_places_whole_jobs_on_the_nodes_of_our_file():
    fabric = named(load("leaf_spine:leaves=3,spines=1,hosts_per_leaf=4,uplinks=1"))
    found = placements(fabric, [4, 4, 3, 2])
    taken = [node for nodes in found for node in nodes]
    assert [len(nodes) for nodes in found] == [4, 4, 3, 0], "the last job waits for a second node"
    assert len(set(taken)) == len(taken) == 11
    leaves = [{node // 4 for node in nodes} for nodes in found[:3]]
    assert [len(own) for own in leaves] == [1, 1, 1]


def test_our_tree_policy_takes_no_more_leaves_than_slurmctld():
    ragged = catalog.read(RAGGED, "x", "slurm-conf")
    for one in verdicts(ragged, [6, 14], 4.0):
        slurm, ours, _best = one.leaves
        assert one.fewest <= ours <= slurm
        assert min(one.regrets) >= 0


def test_what_the_script_collects_of_a_real_slurm_without_books_is_audited(tmp_path):
    """squeue, sinfo and scontrol of a running slurmctld; sacct says that accounting is off."""
    nodes = [f"n{number}" for number in range(8)]
    script = Path(fleet_room.__file__).parent / "collect.sh"
    with controller("SwitchName=t Switches=a,b\nSwitchName=a Nodes=n[0-3]\nSwitchName=b Nodes=n[4-7]\n", nodes, devices=8) as (
        environment,
        folder,
    ):
        placed(environment, folder, [2, 3, 8], devices=8)
        done = subprocess.run(
            ["sh", str(script), str(tmp_path)], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    found = collected(tmp_path)
    assert [(len(job.nodes), job.devices) for job in found.running] == [(2, 16), (3, 24)]
    assert [job.devices for job in found.waiting] == [64]
    assert found.devices == dict.fromkeys(nodes, 8)
    assert found.note.startswith("from squeue")
    audited = fleet_audit(fleet_of(FleetFile(topo=str(network_of(tmp_path)), devices=8)), found)
    assert [(span.leaves, span.fewest) for span in audited] == [(1, 1), (1, 1)]


def test_on_lingjun_a_job_of_64_hosts_takes_nine_leaves_where_eight_suffice():
    file = DATA / "lingjun2023_topo.csv"
    if not file.is_file():
        pytest.skip("the shared data folder is absent: set FABRICBENCH_DATA")
    (one,) = verdicts(files.load(str(file)), [64], 1.0)
    assert one.fewest == 8
    assert one.leaves[0] == 9
    assert one.leaves[1] <= 9
