"""NCCL's file of one node: what its GPUs' links carry together, and that no speed stands there which nobody said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases

NVSWITCH = "0000:0f:00.0"


def bus(gpu):
    return f"00{gpu:02x}:00:00.0"


def links(kind, targets):
    return "".join(f'<{kind} target="{target}" count="{count}" tclass="0x068000"/>' for target, count in targets)


def xml(gpus, *, shared=2, speed="32.0 GT/s PCIe"):
    """Return a file of GPUs, each (attributes, its NVLinks), `shared` of them below each PCIe switch of one processor."""
    pci = f'class="0x030200" link_speed="{speed}" link_width="16"'
    rows = [
        f'<pci busid="{bus(i)}" {pci}><gpu dev="{i}" {told} rank="{i}" gdr="1">{own}</gpu></pci>'
        for i, (told, own) in enumerate(gpus)
    ]
    bridges = [
        f'<pci busid="ff{start:02x}:00:00.0" class="0x060400" link_speed="{speed}" link_width="16">'
        f"{''.join(rows[start : start + shared])}</pci>"
        for start in range(0, len(rows), shared)
    ]
    return f'<system version="1"><cpu numaid="0">{"".join(bridges)}</cpu></system>\n'


def switched(sm, count, gpus=8, **told):
    return xml([(f'sm="{sm}"', links("nvlink", [(NVSWITCH, count)]))] * gpus, **told)


def meshed(kind, told, gpus=8):
    return xml([(told, links(kind, [(bus(j), 1) for j in range(gpus) if j != i])) for i in range(gpus)])


def read(text):
    return catalog.read(text, "x", "nccl-xml")


def totals(fabric):
    topology = fabric.topology
    chosen = np.flatnonzero(topology.level == topology.scale_up_level)
    ends, speed = topology.ends[chosen].ravel(), np.repeat(fabric.link_speed[2 * chosen], 2)
    return np.bincount(ends, speed, minlength=topology.vertices)[: topology.devices]


def busbw(fabric, algorithm="ring"):
    asked = cases(fabric, "all_reduce", sizes=[2**30], ranks=[fabric.topology.devices])
    return predict(asked, fabric, algorithm=algorithm)[0].busbw


@pytest.mark.parametrize(
    ("text", "total", "link"),
    [
        (switched(70, 6), 150e9, "25 GB/s a link by sm 70"),
        (switched(90, 18), 450e9, "25 GB/s a link by sm 90"),
        (switched(100, 18), 900e9, "50 GB/s a link by sm 100"),
        (meshed("xgmi", 'gcn="gfx942"'), 448e9, "64 GB/s a link by gfx942"),
        (meshed("xgmi", 'gcn="910"'), 350e9, "50 GB/s a link by 910"),
    ],
)
def test_the_links_of_a_gpu_are_added_up(text, total, link):
    found = read(text)
    assert found.fabric.levels["scale-up"].speed == pytest.approx(total)
    assert totals(found.fabric) == pytest.approx(total)
    assert link in found.fabric.assumptions()[0]
    assert any(link in loss and loss.endswith("a speed that the file does not state") for loss in found.losses)


def test_eight_mi300x_do_in_one_step_what_their_seven_links_carry_and_round_a_ring_what_one_does():
    """AMD: 7 x 64 GB/s one way a GPU; the file was read with 25 a link and printed as one PCIe lane's 3.9."""
    fabric = read(meshed("xgmi", 'gcn="gfx942"')).fabric
    assert busbw(fabric, "full_mesh") == pytest.approx(448e9, rel=1e-2)
    assert busbw(fabric) == pytest.approx(64e9, rel=1e-2)


def test_nvlink_carries_all_where_it_joins_all_though_a_pcie_switch_is_as_near():
    found = read(switched(90, 18))
    assert busbw(found.fabric) == pytest.approx(450e9, rel=1e-2)
    assert (
        "PCIe (up to 63.02 GB/s one way) carries nothing between GPUs that faster links join, and is left out" in found.losses
    )


def test_pairs_on_a_bridge_have_pcie_too():
    """RTX 3090: 4 NVLinks of 14.0625 GB/s between two GPUs, PCIe 4 x16 to all others."""
    pairs = [('sm="86"', links("nvlink", [(bus(i ^ 1), 4)])) for i in range(4)]
    found = read(xml(pairs, shared=4, speed="16.0 GT/s PCIe"))
    level = found.fabric.levels["scale-up"]
    assert level.speed == pytest.approx(56.25e9 + 31.5e9, rel=1e-3)
    assert level.source == "PCIe 16 GT/s, NVLink 14.06 GB/s a link by sm 86; latency assumed: part 400g-ndr"
    assert totals(found.fabric) == pytest.approx(level.speed)
    assert busbw(found.fabric) == pytest.approx(31.5e9, rel=1e-2)


def test_pcie_alone_is_a_devices_sixteen_lanes_and_no_nvlinks_when_written():
    found = read(xml([('sm="89"', "")] * 4, speed="16.0 GT/s PCIe"))
    assert found.fabric.levels["scale-up"].speed == pytest.approx(31.5e9, rel=1e-3)
    assert "31.51 GB/s one way a device over 16 lanes, 300 ns a link (PCIe 16 GT/s; " in found.fabric.assumptions()[0]
    assert "nvlink" not in catalog.write(found, "nccl-xml").text
    tree = load("star:devices=4,devices_per_node=4,scale_up=pcie_tree,scale_up_link=pcie5-x16")
    assert "nvlink" not in catalog.write(named(tree), "nccl-xml").text


@pytest.mark.parametrize("kind", ["nvswitch", "nvswitch_chips", "full_mesh", "nvl72"])
def test_as_many_nvlinks_are_written_as_a_devices_speed_is_and_read_as_such(kind):
    fabric = load(f"star:devices=8,devices_per_node=8,scale_up={kind},scale_up_speed=450GB/s")
    again = read(catalog.write(named(fabric), "nccl-xml").text)
    assert again.topology.lanes.tolist() == [18] * 8
    assert again.fabric.levels["scale-up"].speed == 450e9


@settings(max_examples=40, deadline=None)
@given(
    sm=st.sampled_from(["", "60", "86", "90", "103"]),
    speed=st.sampled_from(["", "8.0 GT/s PCIe", "32.0 GT/s PCIe"]),
    cables=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(1, 18)), max_size=12),
)
def test_no_gpu_has_more_than_is_stated_for_a_device(sm, speed, cables):
    """Targets 6 and 7 are switches."""
    gpus = [(f'sm="{sm}"', links("nvlink", [(bus(t), c) for near, t, c in cables if near == i])) for i in range(6)]
    fabric = read(xml(gpus, speed=speed)).fabric
    assert (totals(fabric) <= fabric.levels["scale-up"].speed * (1 + 1e-9)).all()
