"""`node=NAME`: a given key wins over the node, the node over the defaults, and counts must agree."""

import pytest

from fabric.hardware.catalog import VARIABLE, names
from fabric.hardware.node import node
from fabric.network.spec import load, read, write
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=4,node=dgx-h100"


def test_a_node_sets_counts_graph_and_speeds():
    fabric = load(RAILS)
    assert fabric.topology.name == "rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch"
    assert {name: level.speed for name, level in fabric.levels.items()} == {
        "host-leaf": 50e9,
        "leaf-spine": 50e9,
        "scale-up": 450e9,
    }
    assert fabric.levels["scale-up"].part == "nvlink4"
    assert any("node dgx-h100: 8 x h100-sxm, 8 NICs of 400 Gb/s, library nccl" in line for line in fabric.assumptions())


@pytest.mark.parametrize(
    ("keys", "level", "speed", "latency"),
    [
        ("speed=200Gb/s", "host-leaf", 25e9, 300e-9),
        ("link=800gbe", "host-leaf", 100e9, 800e-9),
        ("latency=1us", "host-leaf", 50e9, 1e-6),
        ("scale_up_speed=100GB/s", "scale-up", 100e9, 300e-9),
        ("scale_up_link=pcie5-x16", "scale-up", 63e9, 500e-9),
        ("scale_up=nvswitch", "scale-up", 450e9, 300e-9),
    ],
)
def test_a_given_key_wins_over_the_node_and_the_node_over_the_default(keys, level, speed, latency):
    found = load(f"{RAILS},{keys}").levels[level]
    assert (found.speed, found.latency) == pytest.approx((speed, latency))


def test_the_same_said_by_keys_is_the_same_fabric():
    by_keys = "rail_optimized:nodes=4,scale_up=nvswitch,speed=400Gb/s,scale_up_speed=450GB/s"
    assert load(by_keys).fingerprint == load(RAILS).fingerprint
    assert load(by_keys).node is None


@pytest.mark.parametrize(
    ("text", "fingerprint"),
    [
        ("fat_tree:k=4", "1ce88a5e88bf"),
        ("rail_optimized:nodes=4,scale_up=nvswitch", "05191680ba8b"),
        ("star:devices=8,devices_per_node=8,scale_up=cloudmatrix", "7fb7da8ecb50"),
        ("star:devices=8,devices_per_node=8,scale_up=pcie_tree,link=800gbe", "788c24074867"),
    ],
)
def test_fabrics_without_a_node_keep_their_fingerprints(text, fingerprint):
    assert load(text).fingerprint == fingerprint


@pytest.mark.parametrize(
    ("text", "lane"),
    [
        ("dual_tor:nodes=2,node=dgx-h100", 25e9),
        ("multi_plane:nodes=2,node=dgx-h100", 25e9),
        ("rail_only:nodes=2,node=dgx-h100", 50e9),
    ],
)
def test_lanes_of_a_device_share_what_it_has_of_the_nics(text, lane):
    fabric = load(text)
    assert fabric.levels["host-leaf"].speed == lane


@pytest.mark.parametrize(
    ("text", "topology"),
    [
        ("dgx-h100:nodes=64", "rail_optimized:nodes=64,rails=8,radix=64,scale_up=nvswitch"),
        ("dgx-h100:nodes=64,radix=32,tiers=3", "rail_optimized:nodes=64,rails=8,radix=32,tiers=3,scale_up=nvswitch"),
        ("gcp-a3-high:nodes=4", "clos:radix=64,endpoints=16,devices_per_nic=2,devices_per_node=8,scale_up=nvswitch"),
        ("gb200-nvl72:nodes=2,radix=144", "clos:radix=144,endpoints=144,devices_per_node=72,scale_up=nvl72"),
    ],
)
def test_a_nodes_name_alone_is_a_fabric_of_them(text, topology):
    assert load(text).topology.name == topology


@pytest.mark.parametrize("name", names("nodes"))
def test_every_node_makes_a_fabric_or_says_what_is_missing(name):
    one = node(name)
    keys = ["" if one.graph else ",scale_up=none", "" if one.device_nic_speed else ",speed=100Gb/s"]
    keys += ["" if one.scale_up_speed or not one.graph else ",scale_up_speed=50GB/s"]
    fabric = load(f"{name}:nodes=2{''.join(keys)}")
    assert fabric.topology.devices == 2 * one.devices
    assert fabric.topology.devices_per_node == one.devices
    if not any(keys):
        alone = one.nic_speed if one.devices_per_nic > 1 else one.device_nic_speed  # of a NIC that others share: all of it
        assert fabric.nic_speed == pytest.approx(alone)


def test_a_file_names_its_node_and_comes_back(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("schema: fabricbench.fabric/2\ntopology: rail_optimized:nodes=4\nnode: dgx-h100\n")
    fabric = read(path)
    assert fabric.fingerprint == load(RAILS).fingerprint
    write(fabric, path)
    again = read(path)
    assert (again.fingerprint, again.node) == (fabric.fingerprint, fabric.node)
    path.write_text(
        "schema: fabricbench.fabric/2\ntopology: rail_optimized:nodes=4\nnode: dgx-h100\nlevels: {scale-up: {speed: 9GB/s}}\n"
    )
    assert read(path).levels["scale-up"].speed == 9e9


def test_a_users_file_changes_what_a_node_is(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text("nodes: {dgx-h100: {facts: {nic_speed: 200 Gb/s}}}\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own.yaml"))
    assert load(RAILS).nic_speed == 25e9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "rail_optimized:nodes=4,rails=3,node=dgx-h100",
            "rails must equal the NICs of node dgx-h100, 8, or divide them, got 3",
        ),
        ("rail_optimized:nodes=4,rails=4,node=dgx-h100", "rails must be 8, one for each device of node dgx-h100, got 4"),
        ("rail_optimized:nodes=4,node=gcp-a3-high", "the NICs of node gcp-a3-high, 4, or divide them, got 8"),
        ("fat_tree:k=8,devices_per_node=4,node=dgx-h100", "devices_per_node must be 8, as node dgx-h100 has devices, got 4"),
        ("fat_tree:k=8,node=dgx-h10", "no node 'dgx-h10' in the catalogue .did you mean dgx-h100"),
        ("dgx-h10:nodes=4", "no family and no node 'dgx-h10' .did you mean dgx-h100"),
        ("dgx-h100", "nodes is missing; write dgx-h100:nodes=N"),
        ("dgx-h100:nodes=4,node=dgx-h200", "node is given twice, as 'dgx-h100' and as 'dgx-h200'"),
        ("gcp-a3-high:nodes=x", "nodes must be a whole number, got 'x'"),
        ("dgx-h100:nodes=x", "nodes must be a whole number, got 'x'"),
        ("rail_optimized:nodes=2,rails=x,node=dgx-h100", "rails must be a whole number, got 'x'"),
        ("trn2-ultra:nodes=2", "inside it is four 2-D tori of 4 x 4 joined by rings, which no scale_up graph here is"),
        ("atlas950-superpod:nodes=2", "no NIC speed is known; give speed="),
        ("kuae-s4000:nodes=2", "no scale-up speed is known; give scale_up_speed="),
    ],
)
def test_what_contradicts_a_node_is_refused_by_both_names(text, words):
    with pytest.raises(InputError, match=words):
        load(text)


def test_a_file_that_names_two_nodes_is_refused(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("schema: fabricbench.fabric/2\ntopology: rail_optimized:nodes=4,node=dgx-h100\nnode: dgx-h200\n")
    with pytest.raises(InputError, match="node is given twice, as 'dgx-h200' and as 'dgx-h100'"):
        read(path)
