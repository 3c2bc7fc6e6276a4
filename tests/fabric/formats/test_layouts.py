"""Facts about the formats of others that were looked up: one test per fact that had been wrong, or is easily got wrong."""

import json
from itertools import pairwise

import pytest
import yaml

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.network.spec import load
from topologies.errors import InputError

PAIRED = "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4,uplinks=4"


def written(kind, topo):
    return catalog.write(named(load(topo)), kind)


def renamed(names):
    """Return a fabric of four hosts and two leaves below a spine, under such names."""
    hosts, leaves, spine = names
    rows = [f"SwitchName={leaf} Nodes={','.join(hosts[2 * i : 2 * i + 2])}" for i, leaf in enumerate(leaves)]
    text = "\n".join([f"SwitchName={spine} Switches={','.join(leaves)}", *rows]) + "\n"
    return catalog.read(text, "x", "slurm-conf")


SHOUTED = (["Node_A", "node-a", "C", "D"], ["Leaf_1", "Leaf_2"], "SPINE")


def test_volcano_members_are_named_as_their_objects():
    groups = list(yaml.safe_load_all(catalog.write(renamed(SHOUTED), "volcano").text))
    names = {g["metadata"]["name"] for g in groups}
    inner = {m["selector"]["exactMatch"]["name"] for g in groups for m in g["spec"]["members"] if m["type"] == "HyperNode"}
    assert names == {"spine", "leaf-1", "leaf-2"}
    assert inner == {"leaf-1", "leaf-2"}


def test_kubernetes_names_are_lower_case_short_and_different():
    hosts = ["Node_A", "node-a", "c" * 80, "c" * 81]
    topology, _flavor, *nodes = yaml.safe_load_all(catalog.write(renamed((hosts, *SHOUTED[1:])), "kueue").text)
    names = [node["metadata"]["name"] for node in nodes]
    assert names == ["node-a", "node-a-2", "c" * 63, "c" * 61 + "-2"]
    assert topology["apiVersion"] == "kueue.x-k8s.io/v1beta2"
    assert topology["spec"]["levels"][-1] == {"nodeLabel": "kubernetes.io/hostname"}


def test_kueue_flavor_names_its_topology_and_a_label_that_all_nodes_have():
    topology, flavor, *nodes = yaml.safe_load_all(written("kueue", "fat_tree:k=4").text)
    assert flavor["spec"]["topologyName"] == topology["metadata"]["name"]
    ((label, value),) = flavor["spec"]["nodeLabels"].items()
    assert {node["metadata"]["labels"][label] for node in nodes} == {value}


def test_kai_has_the_levels_that_kueue_has_and_is_read_the_same():
    topology = next(yaml.safe_load_all(written("kai", "fat_tree:k=4").text))
    assert (topology["apiVersion"], topology["kind"]) == ("kai.scheduler/v1alpha1", "Topology")
    kueue, kai = (catalog.read(written(kind, "fat_tree:k=4").text, "x") for kind in ("kueue", "kai"))
    assert kai.topology.switches_by_tier == kueue.topology.switches_by_tier
    assert kai.nodes == kueue.nodes


@pytest.mark.parametrize("topo", ["fat_tree:k=4", "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4,uplinks=4"])
def test_slurm_blocks_stand_in_the_order_of_the_tree_and_double(topo):
    found = written("slurm-block", topo).text.splitlines()
    sizes = [int(size) for size in found[-1].removeprefix("BlockSizes=").split(",")]
    blocks = [line for line in found if line.startswith("BlockName=")]
    assert all(large == 2 * small for small, large in pairwise(sizes))
    assert sizes[-2] < sizes[0] * len(blocks) <= sizes[-1]
    same = yaml.safe_load(written("slurm-block-yaml", topo).text)[0]["block"]
    assert same["block_sizes"] == sizes
    assert [f"BlockName={row['block']} Nodes={row['nodes']}" for row in same["blocks"]] == blocks


def test_slurm_blocks_of_a_ragged_fabric_start_at_the_smallest():
    ragged = catalog.read(
        "SwitchName=t Switches=a,b\nSwitchName=a Nodes=n[1-4]\nSwitchName=b Nodes=m[1-3]\n", "x", "slurm-conf"
    )
    found = catalog.write(ragged, "slurm-block")
    assert found.text.splitlines()[1:] == ["BlockName=a Nodes=n[1-4]", "BlockName=b Nodes=m[1-3]", "BlockSizes=3,6"]
    assert any("1 of 2 blocks have more than 3 nodes" in loss for loss in found.losses)
    again = catalog.read(found.text, "x")
    assert again.nodes == ragged.nodes


def test_astra_sim_counts_in_powers_of_two():
    content = yaml.safe_load(written("astra-sim", "fat_tree:k=4,speed=400Gb/s").text)
    assert content["bandwidth"] == [pytest.approx(50e9 / 2**30, rel=1e-6)] * 3
    assert content["npus_count"] == [2, 2, 4]
    assert content["latency"] == [300.0] * 3


def test_simai_has_one_link_per_pair_and_one_nvswitch_per_server():
    topo = "rail_optimized:nodes=4,rails=8,radix=32,scale_up=nvswitch,speed=200Gb/s"
    head, switches, *links = written("simai", topo).text.splitlines()
    nodes, per_server, inside, outside, count, _ = head.split()
    rows = [link.split() for link in links]
    assert (int(per_server), int(inside), int(nodes)) == (8, 4, 32 + 4 + int(outside))
    assert switches.split() == [str(n) for n in range(32, int(nodes))]
    assert len({(a, b) for a, b, *_ in rows}) == len(rows) == int(count)
    assert {(int(a), int(b)) for a, b, *_ in rows if 32 <= int(b) < 36} == {(gpu, 32 + gpu // 8) for gpu in range(32)}
    assert all(speed.endswith("Gbps") and "e" not in speed and delay.endswith("us") for _, _, speed, delay, _ in rows)


def test_simai_keeps_the_speed_of_parallel_cables():
    found = written("simai", f"{PAIRED},speed=400Gb/s")
    uplinks = {line.split()[2] for line in found.text.splitlines()[2:] if int(line.split()[0]) >= 12}
    assert uplinks == {"800Gbps"}
    assert any("parallel ones are one faster link" in loss for loss in found.losses)


def tiers_of(text):
    head, *tiers = text.split("\n\n")
    return [dict(line.split() for line in part.splitlines()) for part in (head, *tiers)]


def test_htsim_is_told_bundles_and_oversubscription():
    head, leaf, spine = tiers_of(written("htsim", "leaf_spine:leaves=3,spines=2,hosts_per_leaf=8,uplinks=4").text)
    assert head == {"Nodes": "24", "Tiers": "2", "Podsize": "24"}
    assert (leaf["Radix_Down"], leaf["Radix_Up"], leaf["Oversubscribed"]) == ("8", "4", "2")
    assert (spine["Radix_Down"], spine["Bundle"]) == ("6", "2")
    assert "Radix_Up" not in spine


def test_htsim_reads_whole_numbers():
    for part in tiers_of(written("htsim", "fat_tree:k=4,speed=123.4Gb/s").text):
        assert all(value.isdigit() for value in part.values())


def test_htsim_refuses_what_it_would_wire_differently():
    with pytest.raises(InputError, match=r"whole multiple of its uplinks, leaf has 31 x 400 down, 32 x 400 Gb/s up"):
        written("htsim", "rail_optimized:nodes=31,rails=8,radix=64")


def test_containerlab_starts_at_eth1_and_writes_no_empty_links():
    content = yaml.safe_load(written("containerlab", "star:devices=2").text)
    assert content["topology"]["links"][0]["endpoints"] == ["host0:eth1", "leaf0:eth1"]
    alone = catalog.write(catalog.read(NCCL, "x", "nccl-xml"), "containerlab").text
    assert "links" not in yaml.safe_load(alone)["topology"]


def test_slurm_yaml_puts_nodes_below_a_switch_of_their_own():
    mixed = catalog.read("SwitchName=top Switches=low Nodes=n[3-4]\nSwitchName=low Nodes=n[1-2]\n", "x", "slurm-conf")
    switches = yaml.safe_load(catalog.write(mixed, "slurm-yaml").text)[0]["tree"]["switches"]
    assert not any("nodes" in row and "children" in row for row in switches)
    assert sorted(row["nodes"] for row in switches if "nodes" in row) == ["n[1-2]", "n[3-4]"]


def test_slurm_yaml_names_come_first():
    assert next(iter(yaml.safe_load(written("slurm-yaml", "fat_tree:k=4").text)[0])) == "topology"
    long = renamed((["a", "b", "c", "d"], ["l" * 65, "m"], "top"))
    assert any("more than 64 characters" in loss for loss in catalog.write(long, "slurm-yaml").losses)


NCCL = """<system version="1"><cpu numaid="0"><pci busid="0000:01:00.0" class="0x060400" link_speed="" link_width="0">
<pcilink target="0000:05:00.0"/><pci busid="0000:02:00.0" class="0x030200" link_speed="32.0 GT/s PCIe" link_width="16">
<gpu dev="0" sm="90" rank="0" gdr="1"><c2c bw="450"/></gpu></pci>
<pci busid="0000:03:00.0" class="0x020000" link_width=""><nic><net name="m" dev="0"/><gin name="m" dev="0"/></nic></pci>
</pci></cpu></system>
"""


def test_nccl_dumps_hold_switch_links_and_unknown_widths():
    found = catalog.read(NCCL, "x", "nccl-xml")
    assert found.topology.devices == 1
    assert set(found.topology.lanes.tolist()) == {16}
    assert {"attribute c2c bw is left out", "attribute pcilink target is left out", "attribute gin dev is left out"} <= set(
        found.losses
    )


def test_nccl_files_invent_no_affinity_and_warn_at_256_elements():
    assert "affinity" not in written("nccl-xml", "rail_optimized:nodes=8").text
    assert not any("elements" in loss for loss in written("nccl-xml", "local:slots=4").losses)
    counts = {}
    for devices in (50, 51):
        sizes = f"hosts_per_leaf={devices},uplinks=1,devices_per_node={devices}"
        found = written("nccl-xml", f"leaf_spine:leaves=1,spines=1,{sizes}")
        counts[found.text.count("<") - found.text.count("</")] = any("refuse the file" in loss for loss in found.losses)
    assert counts == {252: False, 257: True}


def neighbour(chassis, port):
    return {"chassis": chassis, "port": port}


def test_lldp_machines_without_a_name_are_called_by_their_id():
    abilities = [{"type": "Bridge", "enabled": True}]
    silent = {"id": {"type": "mac", "value": "00:1c:0f:5f:c7:c0"}, "ttl": "120", "capability": abilities}
    port = {"id": {"type": "ifname", "value": "swp1"}}
    found = catalog.read(json.dumps({"n1": {"lldp": {"interface": {"eth0": neighbour(silent, port)}}}}), "x", "lldp-json")
    assert found.names == ("n1", "00:1c:0f:5f:c7:c0")
    assert found.topology.switches_by_tier == {"leaf": 1}


def test_lldp_ports_named_by_their_address_are_matched_by_their_description():
    bridge = {"capability": {"type": "Bridge", "enabled": True}}
    host = {"id": {"type": "mac", "value": "aa"}, "capability": {"type": "Station", "enabled": True}}
    to_leaf = neighbour({"leaf1": bridge}, {"id": {"type": "local", "value": "17"}, "descr": "swp1"})
    to_host = neighbour({"n1": host}, {"id": {"type": "mac", "value": "aa:bb"}, "descr": "eth0"})
    dump = {"n1": {"lldp": {"interface": {"eth0": to_leaf}}}, "leaf1": {"lldp": {"interface": {"swp1": to_host}}}}
    found = catalog.read(json.dumps(dump), "x", "lldp-json")
    assert len(found.topology.ends) == 1
    assert set(found.ports.values()) == {("eth0", "swp1")}
    assert not any("from one end only" in loss for loss in found.losses)
