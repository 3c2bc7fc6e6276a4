"""Devices that share a NIC: one alone has all of it, together they have no more. Times against hand-computed ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.failures import at_devices, between_switches
from fabric.network.spec import load, read, write
from fabric.predict.answer import predict
from fabric.predict.bounds import bound, in_network_bound
from fabric.predict.cases import cases
from fabric.review.bill import bill
from fabric.review.parts import PARTS
from fabric.review.racks import Floor, place

S = 2**28
NIC = 12.5e9


def seconds(topo, algorithm, ranks, collective="all_reduce", fidelity="loaded", nbytes=S):
    fabric = load(topo)
    (case,) = cases(fabric, collective, sizes=[nbytes], ranks=[ranks])
    return predict([case], fabric, algorithm=algorithm, fidelity=fidelity)[0].time


def test_a_ring_over_nodes_has_the_whole_nic():
    """One device a server sends to the next server: 2 (p - 1) / p S at 12.5 GB/s, and 62 steps over four links of 800 ns."""
    ring = 2 * 31 / 32 * S / NIC
    assert seconds("8x4090-dual-root:nodes=4", "ring", 32) == pytest.approx(ring + 62 * 2 * 800e-9, rel=2e-3)
    assert seconds("8x4090-dual-root:nodes=4,devices_per_nic=1", "ring", 32) > 6 * ring


@pytest.mark.parametrize("topo", ["star:devices=4,devices_per_nic=8,scale_up=nvswitch,speed=12.5GB/s,latency=0ns"])
def test_all_at_once_share_it(topo):
    """Every device of one node sends S / p to each of the 24 of the other nodes through one NIC."""
    expected = 8 * 24 * S / 32 / NIC
    for fidelity in ("loaded", "flows"):
        assert seconds(topo, "direct", 32, "all_to_all", fidelity) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([1, 2, 4]), st.sampled_from(["ring", "halving_doubling", "hierarchical", "direct"]), st.integers(2, 4))
def test_it_is_never_slower_than_fixed_shares_and_at_most_so_many_times_faster(nics, algorithm, nodes):
    each = 8 // nics
    collective = "all_to_all" if algorithm == "direct" else "all_reduce"
    inside = "scale_up=nvswitch,devices_per_node=8,scale_up_speed=450GB/s,latency=0ns"
    shared = seconds(
        f"star:devices={nodes * nics},devices_per_nic={each},{inside},speed=25GB/s", algorithm, 8 * nodes, collective
    )
    fixed = seconds(f"star:devices={nodes * 8},{inside},speed={25 / each}GB/s", algorithm, 8 * nodes, collective)
    assert shared <= fixed * (1 + 1e-9)
    assert fixed <= shared * each * (1 + 1e-9)


@pytest.mark.parametrize("name", ["8x4090-dual-root", "gcp-a3-high", "aws-p4d", "8xl40s"])
@pytest.mark.parametrize("collective", ["all_reduce", "all_gather", "all_to_all"])
def test_no_algorithm_beats_the_bound(name, collective):
    fabric = load(f"{name}:nodes=2")
    for case in cases(fabric, collective, sizes=[S], ranks=[8, 16]):
        best = predict([case], fabric, algorithm="best", fidelity="loaded")[0]
        limit = bound(case, fabric)
        if best.model.runs.startswith("nvls"):
            limit = in_network_bound(case, fabric)
        assert best.busbw <= limit.busbw * (1 + 1e-9)


def test_nics_are_no_switches_and_are_bought_once():
    fabric = load("8x4090-dual-root:nodes=6")
    bought = bill(fabric, place(fabric.topology, Floor()), PARTS)
    assert bought.switches == sum(fabric.topology.switches_by_tier.values())
    links = {line.level: line.count for line in bought.network if line.part.kind == "link"}
    assert links["nic-leaf"] == 6
    assert len(at_devices(fabric.topology)) == 6
    assert set(fabric.topology.level[between_switches(fabric.topology)]) == {fabric.topology.levels.index("leaf-spine")}


def test_a_fabrics_file_gives_it_back(tmp_path):
    fabric = load("aws-p4d:nodes=3")
    assert fabric.levels["host-nic"].latency == 0
    write(fabric, tmp_path / "f.yaml")
    again = read(tmp_path / "f.yaml")
    assert again.fingerprint == fabric.fingerprint
    assert np.array_equal(again.topology.ends, fabric.topology.ends)


def test_what_is_assumed_of_sharing_is_said():
    said = "\n".join(load("8x4090-dual-root:nodes=2").assumptions())
    assert "8 devices share a NIC: each has all of it while the others are silent" in said
    fixed = "\n".join(load("8x4090-dual-root:nodes=2,devices_per_nic=1").assumptions())
    assert "each is given 1/8 of it" in fixed
    assert "share a NIC" not in "\n".join(load("dgx-h100:nodes=2").assumptions())
