"""Where one job goes: the best found is the best there is, policies are timed by the same rule, what cannot be is refused."""

from itertools import combinations

import numpy as np
import pytest

from fabric.answers.fleet_place import fleet_place as answered
from fabric.fleet.asked import JobCase, Timer, job_of, node_names, numbers_of, with_ratio
from fabric.fleet.fleet import of_fabric
from fabric.fleet.fleet_file import of_text
from fabric.fleet.place import place, search
from fabric.fleet.policy import policy
from fabric.formats import catalog
from fabric.network.spec import load
from fabric.workload.job import JobStep
from fabricbench import fleet_place
from topologies.errors import InputError

SMALL = "leaf_spine:leaves=3,spines=1,hosts_per_leaf=3,uplinks=1"
RAGGED = "SwitchName=t Switches=a,b,c\nSwitchName=a Nodes=n[1-4]\nSwitchName=b Nodes=m[1-3]\nSwitchName=c Nodes=k[1-2]\n"


def ragged():
    return of_fabric(with_ratio(catalog.read(RAGGED, "x", "slurm-conf").fabric, 3.0))


def every(timer, free):
    """Every set of free nodes, timed one by one without the timer's own rule of what is alike."""
    found = {}
    for nodes in combinations(np.flatnonzero(free).tolist(), timer.count):
        found[nodes] = timer._predict(list(nodes))
    return found


@pytest.mark.parametrize("collective", ["all_to_all", "all_reduce"])
@pytest.mark.parametrize("fleet", [of_fabric(load(SMALL)), ragged()], ids=["even", "ragged"])
def test_the_best_found_is_the_best_of_all_sets_of_nodes(fleet, collective):
    free = np.ones(fleet.nodes, bool)
    free[[0, 5]] = False
    timer = Timer(fleet, JobCase(collective, 1 << 28, 4))
    best, exact = search(timer, free, [])
    by_force = every(timer, free)
    assert exact
    assert timer.seconds(best) == pytest.approx(min(by_force.values()), rel=1e-12)
    assert free[list(best)].all()


@pytest.mark.parametrize("collective", ["all_to_all", "all_reduce"])
def test_sets_of_nodes_that_count_as_alike_take_the_same_time(collective):
    fleet = ragged()
    timer = Timer(fleet, JobCase(collective, 1 << 28, 3))
    by_kind = {}
    for nodes, seconds in every(timer, np.ones(fleet.nodes, bool)).items():
        by_kind.setdefault(timer.signature(nodes), set()).add(round(seconds * 1e12))
    assert len(by_kind) > 5
    assert all(max(found) - min(found) <= 1 for found in by_kind.values())


def test_the_bounded_search_comes_near_the_best_where_not_all_kinds_are_timed():
    fleet = of_fabric(load("leaf_spine:leaves=6,spines=1,hosts_per_leaf=4,uplinks=1"))
    free = np.ones(fleet.nodes, bool)
    free[[0, 1, 2, 5, 9, 10, 16]] = False
    timer = Timer(fleet, JobCase("all_to_all", 1 << 28, 7))
    best, exact = search(timer, free, [], most=1000)
    near, all_timed = search(Timer(fleet, JobCase("all_to_all", 1 << 28, 7)), free, [], most=8)
    assert (exact, all_timed) == (True, False)
    assert timer.seconds(best) <= timer.seconds(near) <= 1.05 * timer.seconds(best)


def test_policies_are_placed_on_free_nodes_and_held_against_the_best():
    fleet = of_fabric(load("leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,uplinks=1"))
    free = np.ones(fleet.nodes, bool)
    free[:3] = False
    names = [policy(name) for name in ("scattered", "tree", "required")]
    found = place(Timer(fleet, JobCase("all_to_all", 1 << 28, 4)), free, names)
    by = {one.by: one for one in found.placed}
    assert all(free[list(one.nodes)].all() and len(one.nodes) == 4 for one in found.placed)
    assert (by["fifo+tree"].leaves, by["fifo+scattered"].leaves, found.fewest) == (1, 4, 1)
    assert all(one.regret >= 0 for one in found.placed)
    assert min(one.seconds for one in found.placed) >= found.best.seconds
    large = place(Timer(fleet, JobCase("all_to_all", 1 << 28, 6)), free, names)
    assert large.waits == ("fifo+required",)


def test_what_cannot_be_placed_is_refused_in_one_line():
    fleet = of_fabric(load(SMALL))
    free = np.zeros(fleet.nodes, bool)
    free[:2] = True
    with pytest.raises(InputError, match=r"job: needs 3 free nodes, there are 2; it would wait under every policy"):
        place(Timer(fleet, JobCase("all_reduce", 1024, 3)), free, [])
    with pytest.raises(InputError, match=r"job: the fleet has 9 devices on 9 nodes, got 10"):
        Timer(fleet, JobCase("all_reduce", 1024, 10))
    with pytest.raises(InputError, match=r"free: no node 'x' in the fleet; its 9 nodes are node0 \.\.\. node8"):
        numbers_of(fleet, ["x"], "free")
    with pytest.raises(InputError, match=r"ratio: must be above 0, such as 4 for 4:1, got 0"):
        with_ratio(load(SMALL), 0)


def test_a_stated_ratio_is_what_leaves_pass_on():
    fleet = ragged()
    assert fleet.tree.ratios == pytest.approx((3.0,), rel=1e-3)
    assert sorted(node_names(fleet)) == sorted(["n1", "n2", "n3", "n4", "m1", "m2", "m3", "k1", "k2"])


def test_a_training_step_is_placed_by_its_seconds():
    fleet = of_fabric(load("rail_optimized:nodes=8,rails=8,radix=8,node=dgx-h100"))
    timer = Timer(fleet, JobStep("llama3-8b", "tp=8", 64, 32), None)
    free = np.ones(fleet.nodes, bool)
    best, exact = search(timer, free, [])
    assert exact
    assert timer.count == 4
    assert timer.seconds(best) == pytest.approx(min(every(timer, free).values()))
    assert timer.seconds(best) > 0.01
    with pytest.raises(InputError, match="routing: a training step is predicted with ideal routing"):
        Timer(fleet, JobStep("llama3-8b", "tp=8", 64, 32), None, "ecmp:1")


def test_a_job_on_one_node_or_device_takes_the_same_everywhere():
    fleet = of_fabric(load(SMALL))
    timer = Timer(fleet, JobCase("all_reduce", 1 << 20, 1))
    assert search(timer, np.ones(fleet.nodes, bool), [])[1]
    assert timer.seconds([0]) == timer.seconds([8]) == 0.0


def test_python_and_the_command_line_take_the_same_jobs():
    topo = "leaf_spine:leaves=3,spines=1,hosts_per_leaf=16,uplinks=2,node=dgx-h100"
    text = "training:llama3-8b:tp=8:64:16"
    found = fleet_place(topo, text, policies=["easy+tree"])
    wanted = answered(of_text(topo)[1], job_of(text), policies=[policy("easy+tree")])
    assert found.json() == wanted.json()
    assert fleet_place(topo, "all_reduce:1MiB:16").json() == fleet_place(topo, "all_reduce", "1MiB", 16).json()
    for wrong in (("all_reduce",), ("all_reduce", "1MiB"), ("training:llama3-8b",), ("all_reduce:1MiB,2MiB:16",)):
        with pytest.raises(InputError, match="job: "):
            fleet_place(topo, *wrong)
