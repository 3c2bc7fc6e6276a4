import platform
import re
import socket
import subprocess
import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.host.inventory import inventory
from fabric.measure.host.machine import cpu_list, machine, slug, usable_cores
from fabric.measure.host.placement import by_node, hardware_here, place, surroundings
from fabric.measure.timing.contention import busy_seconds, usage


def test_the_machine_has_a_core_and_memory():
    here = machine()
    assert here.cores == len(usable_cores()) >= 1
    assert here.slots >= here.cores
    assert here.memory_bytes > 2**27
    assert 1 <= here.physical_cores <= here.cores


@given(st.frozensets(st.integers(0, 300)))
def test_a_list_of_cores_is_read_back_as_what_it_was(cores):
    parts = [part.split("-") for part in cpu_list(cores).split(",") if part]
    assert {core for part in parts for core in range(int(part[0]), int(part[-1]) + 1)} == cores
    assert all(int(a[-1]) + 1 < int(b[0]) for a, b in pairwise(parts)), "no two runs touch"


def test_the_hardware_of_a_node_names_nothing():
    found = hardware_here()
    assert found.keys() == {"processor", "sockets", "physical_cores", "numa_nodes", "governor", "gpus", "nics"}
    assert socket.gethostname() not in str(found).split()


def test_the_slug_is_model_and_cores_and_no_host_name():
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug())
    assert f"{len(usable_cores())}c" in slug().split("-")
    assert socket.gethostname().lower() not in slug().split("-")


def test_the_inventory_pays_for_no_library():
    code = (
        "import sys, fabric.measure.host.inventory as i; i.inventory(); print('torch' in sys.modules, 'mpi4py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_inventory_names_what_is_missing_with_the_way_to_get_it():
    found = inventory()
    assert [backend.name for backend in found.backends] == ["gloo", "nccl", "mpi"]
    assert all(backend.missing is None or len(backend.missing) > 20 for backend in found.backends)
    assert platform.node() not in str(found.to_dict()).replace(found.name, "").split()


def test_ranks_are_counted_on_their_nodes_and_cores_only_once():
    placement = place([("a", frozenset({0})), ("a", frozenset({1})), ("b", frozenset({0, 1})), ("a", frozenset({0}))])
    assert placement.node == (0, 0, 1, 0)
    assert placement.nodes(2) == 1
    assert placement.nodes(3) == 2
    assert placement.ranks_per_node(4) == 3
    assert not placement.exceeds_cores(3)
    assert placement.exceeds_cores(4), "three ranks on the two cores of a"
    assert [len(placement.counted_by(rank)) for rank in range(4)] == [2, 0, 2, 0]


def test_busy_time_grows_with_work():
    before = usage(usable_cores())
    while usage(frozenset()).own - before.own < 0.2:
        pass
    assert busy_seconds(usable_cores()) - before.everybody > 0.1
    assert busy_seconds(frozenset()) == 0


def test_bindings_are_kept_by_node_in_rank_order():
    none = frozenset()
    placement = place([("a", none), ("b", none), ("a", none)])
    assert by_node(placement, ["0", "1", "2"]) == [["0", "2"], ["1"]]


def test_what_differs_between_nodes_is_said_and_the_first_node_stands_for_the_rest():
    none = frozenset()
    placement = place([("a", none), ("a", none), ("b", none)])
    alike = surroundings(placement, [{"gpus": 8}, {"gpus": 8}], ["0", "1", "0"])
    assert alike == {"hardware": {"gpus": 8}, "nodes_alike": True, "binding": ["0", "1"], "bound_alike": True}
    other = surroundings(placement, [{"gpus": 8}, {"gpus": 4}], ["0", "1", "1"])
    assert (other["nodes_alike"], other["bound_alike"], other["binding"]) == (False, False, ["0", "1"])
