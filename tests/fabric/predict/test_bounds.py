import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.predict.bounds import bound
from fabric.predict.loaded import predict
from fabric.records.case import Case
from topologies.errors import InputError

ALGORITHMS = ["ring", "halving_doubling", "double_binary_tree:chunks=512", "hierarchical", "rail_aligned", "ring:channels=8"]


@pytest.mark.parametrize(
    "topo",
    ["rail_optimized:nodes=40,scale_up=nvswitch", "fat_tree:k=8,devices_per_node=8,scale_up=nvswitch", "star:devices=64"],
)
@pytest.mark.parametrize("p", [8, 16, 64])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_algorithm_beats_the_bound(topo, p, algorithm):
    if topo.startswith("star") and algorithm == "ring:channels=8":
        return
    fabric = load(topo)
    case = Case("all_reduce", 2**34, p)
    (result,) = predict([case], fabric, algorithm=algorithm)
    assert result.busbw <= bound(case, fabric).busbw * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(p=st.integers(2, 64), order=st.sampled_from(["contiguous", "interleaved", "scattered:2"]))
def test_a_ring_reaches_the_device_cut_of_a_star(p, order):
    fabric = load("star:devices=64,latency=0ns")
    case = Case("all_reduce", 2**30, p, order=order)
    assert bound(case, fabric).busbw == pytest.approx(50e9)
    assert bound(case, fabric).level == "device"
    assert predict([case], fabric, algorithm="ring")[0].busbw == pytest.approx(50e9)


def test_the_node_cut_binds_many_nodes_and_idle_devices_do_not_help():
    fabric = load("rail_optimized:nodes=64,scale_up=nvswitch")
    wide = bound(Case("all_reduce", 8, 512), fabric)
    assert wide.level == "node"
    assert wide.busbw == pytest.approx(511 / 512 * 64 / 63 * 400e9)
    sparse = bound(Case("all_reduce", 8, 64, order="interleaved"), fabric)
    assert sparse.level == "node"
    assert sparse.busbw == pytest.approx(50e9)


def test_leaves_bind_where_their_uplinks_are_slower_than_a_nic(tmp_path):
    """One uplink of a NIC's rate is enough for all-reduce, however many hosts share it: a leaf lets out one sum."""
    topology = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=8"
    assert bound(Case("all_reduce", 8, 32), load(topology)).level == "device"
    path = tmp_path / "f.yaml"
    path.write_text(f"schema: fabricbench.fabric/1\ntopology: {topology}\nlevels: {{leaf-spine: {{speed: 100Gb/s}}}}\n")
    limit = bound(Case("all_reduce", 8, 32), load(str(path)))
    assert limit.level == "leaf"
    assert limit.busbw == pytest.approx(31 / 32 * 4 / 3 * 12.5e9)


def test_a_degraded_nic_binds_everyone(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("schema: fabricbench.fabric/1\ntopology: star:devices=8\ndegraded: {3: 40Gb/s}\n")
    assert bound(Case("all_reduce", 8, 8), load(str(path))).busbw == pytest.approx(2 * 7 / 8 * 5e9)


def test_world_size_one_has_no_bound_and_others_are_refused():
    assert bound(Case("all_reduce", 8, 1), load("star:devices=2")) is None
    with pytest.raises(InputError, match="bound: known for all_reduce, got all_gather"):
        bound(Case("all_gather", 8, 2), load("star:devices=2"))
