"""Equivalent clusters: laws that hold whatever the hardware is, and public comparisons as loose checks."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.review.equivalent import FLAT, Found, _searched, _stops, equivalents
from fabric.review.footprint import footprint
from fabric.review.work import Item, work_of
from topologies.errors import InputError

WORKS = ["all_reduce:64MiB", "all_to_all:16MiB:3,flops:1e12", "reduce_scatter:64MiB,memory:1GiB", "flops:1e13"]
NODE = """
nodes:
  box:
    device: {device}
    graph: {graph}
    network: ethernet
    library: nccl
    facts: {{devices: 8 devices, nics: 8 NICs, nic_speed: {nic} Gb/s, scale_up_speed: {inside} GB/s}}
"""


def one(of, name, work, **how):
    (found,) = equivalents(load(of), [name], work_of(work), **how)
    return found


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize(("name", "nodes"), [("dgx-h100", 5), ("atlas-800t-a2", 3), ("mi300x-oam", 4)])
def test_the_same_hardware_gives_exactly_as_many(name, nodes, work):
    found = one(f"{name}:nodes={nodes}", name, work)
    assert (found.fewest, found.nodes, found.most) == (nodes, nodes, nodes)
    assert found.reaches == pytest.approx(1)


@settings(max_examples=3, deadline=None)
@given(st.integers(50, 400), st.integers(50, 400), st.integers(60, 900), st.integers(60, 900), st.sampled_from(WORKS))
def test_less_bandwidth_never_needs_fewer(tmp_path_factory, nic, more_nic, inside, more_inside, work):
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        counts = []
        for number, (nics, up) in enumerate([(nic, inside), (max(nic, more_nic), max(inside, more_inside))]):
            file = folder / f"{number}.yaml"
            file.write_text(NODE.format(device="h100-sxm", graph="nvswitch", nic=nics, inside=up))
            patch.setenv("FABRICBENCH_HARDWARE", str(file))
            counts.append(one("dgx-h100:nodes=3", "box", work, most_devices=256).nodes or 1_000_000)
    assert counts[0] >= counts[1]


@given(
    st.integers(1, 500),
    st.lists(st.floats(0.01, 10), min_size=1, max_size=4),
    st.floats(0.1, 1.0),
    st.floats(0.5, 800),
    st.integers(1, 600),
)
def test_a_slower_rate_never_needs_fewer_whatever_its_curve(start, waves, slower, needed, largest):
    def rate(nodes):
        return nodes / (1 + sum(wave * (nodes % (3 + place)) for place, wave in enumerate(waves)))

    empty = Found("any", load("dgx-h100:nodes=2").node, needed)
    if start > largest:
        with pytest.raises(InputError, match="above the most"):
            _searched(empty, rate, start, largest)
        return
    fast, slow = (_searched(empty, lambda n, by=by: by * rate(n), start, largest).nodes for by in (1.0, slower))
    assert slow is None or (fast is not None and fast <= slow)
    assert fast is None or rate(fast) >= needed * (1 - 1e-9)


def test_a_network_that_stops_scaling_is_named_with_its_size():
    tried = {nodes: nodes / (1 + nodes / 64) for nodes in (8, 16, 32, 64, 128, 256, 512)}
    stops = _stops(tried)
    assert tried[2 * stops] / tried[stops] < FLAT <= tried[stops] / tried[stops // 2]
    assert _stops({nodes: float(nodes) for nodes in (8, 16, 32)}) is None


def test_no_number_suffices_where_rounds_grow_with_the_nodes():
    found = one("dgx-h100:nodes=4", "8x4090-dual-root", "all_reduce:1KiB", algorithm="ring", most_devices=512)
    assert found.nodes is None
    assert found.reaches < 1
    assert found.stops_at is not None
    assert found.largest == 64


def test_conflicting_facts_give_an_interval_around_the_answer(tmp_path, monkeypatch):
    two = "[{value: 200, unit: Gb/s, source: a}, {value: 100, unit: Gb/s, source: b}, {value: 400, unit: Gb/s, source: c}]"
    file = tmp_path / "own.yaml"
    file.write_text(
        NODE.format(device="h100-sxm", graph="nvswitch", nic=200, inside=450)
        .replace("200 Gb/s", two)
        .replace("ethernet", "infiniband")
    )
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(file))
    found = one("dgx-h100:nodes=4", "box", "all_reduce:64MiB")
    assert found.fewest == 4
    assert found.fewest < found.nodes < found.most


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("all_reduce", "COLLECTIVE:SIZE"),
        ("all_redoce:1MiB", "all_reduce"),
        ("flops:many", "number above 0"),
        ("all_reduce:1MiB:0", "COUNT"),
        ("memory:1 parsec", "work"),
    ],
)
def test_work_that_is_none_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        work_of(text)


def test_work_reads_every_part():
    assert work_of("all_reduce:1GiB, all_to_all:64MiB:48,flops:5e14,memory:80GB") == (
        Item("all_reduce", 2**30),
        Item("all_to_all", 64 * 2**20, 48),
        Item("flops", 5e14),
        Item("memory", 80e9),
    )


def test_a_reference_without_a_node_is_refused():
    with pytest.raises(InputError, match="of: must be a fabric of a node"):
        one("fat_tree:k=4", "dgx-h100", "all_reduce:1MiB")


def test_what_nodes_take_adds_up():
    node = load("dgx-h100:nodes=2").node
    takes = footprint(node, 32)
    assert (takes.devices, takes.servers, takes.racks) == (256, 32, 8)
    assert takes.watts == (256 * 700, 256 * 700)
    assert takes.rent[0] == 256 * 1.25
    rack = footprint(load("gb200-nvl72:nodes=2").node, 3)
    assert (rack.devices, rack.servers, rack.racks) == (216, 54, 3)


OWN = "nodes:\n" + "".join(
    f"  {name}: {{device: {device}, graph: {graph}, network: infiniband, library: nccl,"
    f" facts: {{devices: 8 devices, nics: {nics} NICs, nic_speed: 400 Gb/s}}}}\n"
    for name, device, graph, nics in [
        ("hgx-h20", "h20-96", "nvswitch", 8),
        ("hgx-h800", "h800-sxm", "nvswitch", 8),
        ("8x4090d", "rtx4090d", "pcie_tree", 1),
    ]
)
PUBLIC = [
    ("dgx-h100", "atlas-800t-a2-b3", "flops:1e14", 3.0, 3.3, True),
    ("dgx-a100", "atlas-800t-a2", "flops:1e14", 0.83, 1.25, True),
    ("hgx-h800", "hgx-h20", "flops:1e14", 6.4, 7.0, True),
    ("hgx-h20", "hgx-h800", "memory:80GB", 1.1, 1.3, True),
    ("dgx-a100", "8x4090-dual-root", "flops:1e14", 0.8, 1.0, False),
    ("8x4090d", "atlas-800t-a2-b4", "memory:14GB", 0.9, 1.0, False),
]
"""Reference, candidate, work, least and most nodes for one of the reference's by what is published, and whether ours agrees."""


@pytest.mark.parametrize(("of", "name", "work", "least", "most", "agrees"), PUBLIC)
def test_public_comparisons(tmp_path, monkeypatch, of, name, work, least, most, agrees):
    Path(tmp_path / "own.yaml").write_text(OWN)
    monkeypatch.setenv("FABRICBENCH_HARDWARE", str(tmp_path / "own.yaml"))
    ratio = one(f"{of}:nodes=40", name, work).nodes / 40
    assert (least <= ratio <= most) is agrees, ratio
