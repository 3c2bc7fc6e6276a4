"""A real slurmctld as judge: it loads the topology that we write, and where it places jobs stands beside where we do."""

import os
from pathlib import Path

import pytest

from benchmarks.slurm_judge import missing, placements, verdicts
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


def test_on_lingjun_a_job_of_64_hosts_takes_nine_leaves_where_eight_suffice():
    file = DATA / "lingjun2023_topo.csv"
    if not file.is_file():
        pytest.skip("the shared data folder is absent: set FABRICBENCH_DATA")
    (one,) = verdicts(files.load(str(file)), [64], 1.0)
    assert one.fewest == 8
    assert one.leaves[0] == 9
    assert one.leaves[1] <= 9
