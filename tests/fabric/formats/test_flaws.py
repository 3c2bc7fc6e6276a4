"""One flaw never refuses a file: small inputs of every kind that the field handed in, each with its right outcome."""

import json

import pytest

from fabric.formats import catalog
from fabric.formats.only import select
from topologies.errors import InputError


def read(text, name="x", kind=None):
    return catalog.read(text, name, kind)


def kinds(found):
    return [(defect.kind, defect.line) for defect in found.defects]


def wires(found):
    return sorted(tuple(sorted((found.names[a], found.names[b]))) for a, b in found.topology.ends.tolist())


def switch(guid, name, *ports):
    rows = [f'[{port}]\t"{far}"[{far_port}]\t\t# "{peer}" lid 1 {rate}' for port, far, far_port, peer, rate in ports]
    return "\n".join([f'Switch\t64 "S-{guid}"\t\t# "{name}" enhanced port 0 lid 1 lmc 0', *rows, "", ""])


def adapter(guid, name, far, far_port, rate="4xNDR"):
    port = f'[1](b{guid})\t"S-{far}"[{far_port}]\t\t# lid 9 lmc 0 "leaf" lid 1 {rate}'
    return f'Ca\t1 "H-{guid}"\t\t# "{name}"\n{port}\n\n'


LEAF = switch("a1", "leaf", (1, "H-c1", 1, "n1 mlx5_0", "4xNDR"), (2, "H-c2", 1, "n2 mlx5_0", "4xNDR"))
HOSTS = adapter("c1", "n1 mlx5_0", "a1", 1) + adapter("c2", "n2 mlx5_0", "a1", 2)
WHOLE = [("leaf", "n1 mlx5_0"), ("leaf", "n2 mlx5_0")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LEAF + HOSTS, []),
        ("ibwarn: [1] no answer\n" + LEAF + HOSTS, [("noise", 1)]),
        ("\ufeff" + (LEAF + HOSTS).replace("\n", "\r\n"), []),
        (LEAF + HOSTS.rstrip(), [("unfinished", 9)]),
        (LEAF + adapter("c1", "n1 mlx5_0", "a1", 1), [("missing", 3)]),
        (LEAF + HOSTS.replace("4xNDR", "1xNDR", 1), [("uneven", 2)]),
        (LEAF + HOSTS + HOSTS[: HOSTS.index("\n\n") + 1], [("repeated", 11), ("repeated", 12)]),
        (LEAF.replace("[2]\t", '[3]\t"S-a1"[4]\t\t# "leaf" lid 1 4xNDR\n[2]\t') + HOSTS, [("one_sided", 3), ("loopback", 3)]),
    ],
)
def test_an_infiniband_dump_is_read_around_its_flaws(text, found):
    dump = read(text)
    assert sorted(kinds(dump)) == sorted(found)
    assert wires(dump) == WHOLE
    assert dump.nodes == ("n1", "n2")


def test_a_port_that_the_other_end_denies_is_left_out():
    other = switch("a2", "other", (7, "H-c1", 1, "n1 mlx5_0", "4xNDR"))
    dump = read(LEAF + other + HOSTS)
    assert wires(dump) == WHOLE
    assert [kind for kind, _ in kinds(dump)] == ["contradicted"]


def test_a_dump_cut_among_its_switches_is_refused():
    with pytest.raises(InputError, match=r"^x:1: expected adapters behind the last switch \(the file may be cut\)$"):
        read(LEAF)


PORTS = """CA   10  1 0x0a01 4x EDR - SW    1  1 0x0b01 ( 'n1 HCA-1' - 'leaf' )
CA   11  1 0x0a02 4x EDR - SW    1  2 0x0b01 ( 'n2 HCA-1' - 'leaf' )
SW    1  1 0x0b01 4x EDR - CA   10  1 0x0a01 ( 'leaf' - 'n1 HCA-1' )
SW    1  2 0x0b01 4x EDR - CA   11  1 0x0a02 ( 'leaf' - 'n2 HCA-1' )
SW    1  3 0x0b01 4x ???                                    'leaf'
"""
LINKS = """CA: n1 HCA-1:
      0x0a01     10    1[  ] ==( 4X       25.78125 Gbps Active/  LinkUp)==>       1    1[  ] "leaf" ( )
CA: n2 HCA-1:
      0x0a02     11    1[  ] ==( 4X       25.78125 Gbps Active/  LinkUp)==>       1    2[  ] "leaf" ( )
Switch: 0x0b01 leaf:
           1    1[  ] ==( 4X       25.78125 Gbps Active/  LinkUp)==>      10    1[  ] "n1 HCA-1" ( )
           1    2[  ] ==( 4X       25.78125 Gbps Active/  LinkUp)==>      11    1[  ] "n2 HCA-1" ( )
           1    3[  ] ==(                Down/ Polling)==>             [  ] "" ( )
"""


@pytest.mark.parametrize("text", [PORTS, LINKS], ids=["ibnetdiscover -p", "iblinkinfo"])
def test_lists_of_ports_are_read_and_ports_that_are_down_counted(text):
    found = read(text)
    assert wires(found) == [("leaf", "n1 HCA-1"), ("leaf", "n2 HCA-1")]
    assert found.nodes == ("n1", "n2")
    assert set(found.stated) == {12.5e9}
    assert "1 port is down and without a cable" in found.losses
    assert not found.defects


STORAGE = (
    LEAF
    + switch("a9", "stor", (1, "H-d1", 1, "n1 mlx5_3", "4xNDR"), (2, "H-d2", 1, "n2 mlx5_3", "4xNDR"))
    + HOSTS
    + adapter("d1", "n1 mlx5_3", "a9", 1)
    + adapter("d2", "n2 mlx5_3", "a9", 2)
)


@pytest.mark.parametrize("only", [["ports:mlx5_[0-2]"], ["switches:!stor"], ["switches:leaf*", "ports:mlx5_*"]])
def test_the_compute_network_is_chosen_by_ports_or_switches(only):
    found = select(read(STORAGE), only)
    assert wires(found) == WHOLE
    assert "only 2 of 4 devices and 1 of 2 switches are kept" in found.losses


def test_what_is_asked_for_must_be_there():
    with pytest.raises(InputError, match=r"^only: must leave devices with cables, ports:hfi\* leaves none"):
        select(read(STORAGE), ["ports:hfi*"])
    with pytest.raises(InputError, match=r"^only: must be ports:PATTERNS or switches:PATTERNS"):
        select(read(STORAGE), ["rails:0"])


def test_a_tree_of_leaves_that_nodes_join_says_so():
    losses = catalog.write(read(STORAGE), "slurm-conf").losses
    assert any("stand for several switches" in loss and "stor" in loss for loss in losses)


TREE = "SwitchName=s0 Nodes=n[0-3]\nSwitchName=s1 Nodes=n[4-7]\nSwitchName=top Switches=s[0-1]\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TREE, []),
        (TREE.rstrip(), [("unfinished", 3)]),
        (TREE.replace("\n", "\r\n"), []),
        (TREE.replace("SwitchName=s0 Nodes=n[0-3]", 'SwitchName = "s0"  Nodes = "n[0-3]"'), []),
        (TREE + "hello\n", [("noise", 4)]),
        (TREE.replace("s1 N", "s1 Level=0 LinkSpeed=1 N").replace("top ", "top Level=1 Nodes=n[0-7] "), []),
    ],
)
def test_what_slurm_takes_is_read(text, found):
    conf = read(text)
    assert kinds(conf) == found
    assert (conf.topology.devices, conf.topology.switches_by_tier) == (8, {"leaf": 2, "spine": 1})


def test_a_node_on_two_leaves_and_a_switch_without_a_line():
    both = read(TREE.replace("n[4-7]", "n[3-7]"))
    assert kinds(both) == [("repeated", 2)]
    assert both.topology.cables_by_level == {"host-leaf": 9, "leaf-spine": 2}
    gone = read(TREE.replace("s[0-1]", "s[0-2]"))
    assert kinds(gone) == [("missing", 3)]
    assert gone.topology.switches_by_tier == {"leaf": 3, "spine": 1}


def test_blocks_may_be_empty_and_may_have_a_tree_above():
    blocks = "BlockSizes=4,8\nBlockName=b1 Nodes=n[1-4]\nBlockName=b2\nBlockName=b3 Nodes=n[5-8]\n"
    found = read(blocks)
    assert (found.topology.devices, found.topology.switches_by_tier) == (8, {"leaf": 3})
    assert "blocks are read as switches without anything above" in found.losses
    above = read(blocks + "SwitchName=top Switches=b[1-3]\n")
    assert above.topology.switches_by_tier == {"leaf": 3, "spine": 1}
    assert "blocks are read as switches without anything above" not in above.losses
    again = read(catalog.write(above, "volcano").text)
    assert again.topology.cables_by_level == above.topology.cables_by_level | {"leaf-spine": 2}


def test_what_is_included_is_read_from_the_same_folder(tmp_path):
    (tmp_path / "leaves.conf").write_text("SwitchName=s0 Nodes=n[0-3]\nSwitchName=s1 Nodes=n[4-7]\n")
    text = "Include /etc/slurm/leaves.conf\nSwitchName=top Switches=s[0-1]\n"
    assert read(text, str(tmp_path / "topology.conf")).topology.devices == 8
    kept = "SwitchName=s0 Nodes=n0\nInclude absent.conf\n"
    assert kinds(read(kept, str(tmp_path / "topology.conf"))) == [("missing", 2)]


def pci(bus, inner="", kind="0x030200"):
    return f'<pci busid="{bus}" class="{kind}" link_speed="16 GT/s" link_width="16">{inner}</pci>'


def system(*inner):
    return f'<system version="1"><cpu numaid="0">{"".join(inner)}</cpu></system>'


@pytest.mark.parametrize("kind", ["0x030200", "0x038000", "0x120000"])
def test_gpus_are_known_by_their_pci_class(kind):
    below = pci("1", kind=kind) + pci("2", kind=kind) + pci("9", kind="0x020700")
    found = read(system(pci("ff", below, "0x060400")))
    assert found.names[:2] == ("1", "2")
    assert found.topology.devices == 2
    assert any(loss.startswith("2 GPUs are known by their PCI class only") for loss in found.losses)


def test_a_repeated_bus_id_and_a_link_to_itself_are_told():
    twice = read(system(*[pci("c5", pci(bus, f'<gpu dev="{bus}"/>'), "0x060400") for bus in "12"]))
    assert kinds(twice) == [("repeated", 1)]
    assert "c5 (2)" in twice.names
    looped = '<gpu dev="0" sm="90"><nvlink target="1" count="2" tclass="0x030200"/></gpu>'
    assert kinds(read(system(pci("1", looped), pci("2", '<gpu dev="1"/>')))) == [("loopback", 1)]


def test_speeds_are_read_under_any_name_or_told():
    found = read("source,target,bandwidth,colour\nh1,s1,100Gbps,red\nh2,s1,100Gbps,red\nh3,s1,25Gbps,red\n")
    assert found.stated.tolist() == [12.5e9, 12.5e9, 3.125e9]
    assert "cable attribute 'colour' is left out" in found.losses
    links = [{"source": "a", "target": "s", "bandwidth": 100}, {"source": "b", "target": "s", "capacity": "400Gbps"}]
    nodes = [{"id": "a", "type": "server"}, {"id": "b", "type": "server"}, {"id": "s"}]
    half = read(json.dumps({"nodes": nodes, "links": links}))
    assert any("'bandwidth' is left out in 1 of 2 rows: '100' is no speed with a unit" in loss for loss in half.losses)
    assert "speed of 1 cables of host-leaf was not read; they are taken to be as fast as its others" in half.losses
    zoo = read(json.dumps({"nodes": nodes, "links": [{"source": "a", "target": "s", "LinkSpeedRaw": 10e9}]}))
    assert zoo.stated.tolist() == [1.25e9]


def test_a_csv_row_that_is_none_is_left_out():
    text = "source;target\nh1;s1\nh2\n;s1\nh3;s1\nh3;s1"
    found = read(text)
    assert wires(found) == [("h1", "s1"), ("h3", "s1")]
    assert kinds(found) == [("noise", 3), ("noise", 4), ("unfinished", 6)]


def test_a_wiring_without_hosts_says_how_they_are_marked():
    nodes = "".join(f'<node id="{i}"/>' for i in range(3))
    edges = "".join(f'<edge source="{i}" target="{(i + 1) % 3}"/>' for i in range(3))
    with pytest.raises(InputError, match="expected at least one host, got 3 vertices without any; mark hosts with type=host"):
        read(f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph>{nodes}{edges}</graph></graphml>')


def test_a_backbone_is_told_and_zones_are_joined_at_their_gateways():
    cluster = '<cluster id="c{0}" prefix="n{0}-" suffix="" radical="0-3" speed="1Gf" bw="1GBps" lat="1us" router_id="r{0}"{1}/>'
    ends = 'src="c1" dst="c2" gw_src="r1" gw_dst="r2"'
    zones = f'<link id="l" bandwidth="2GBps" latency="1us"/><zoneRoute {ends}><link_ctn id="l"/></zoneRoute>'
    inner = cluster.format(1, ' bb_bw="1GBps"') + cluster.format(2, "") + zones
    found = read(f'<platform version="4.1"><zone id="z" routing="Full">{inner}</zone></platform>')
    assert len(found.topology.ends) == 9
    assert ("r1", "r2") in wires(found)
    assert ["bb_bw=1GBps" in defect.told for defect in found.defects] == [True]


@pytest.mark.parametrize(
    ("text", "kind", "devices"),
    [
        (
            "topology: [ Switch, Ring ]\nnpus_count: [ 8, 4 ]\nbandwidth: [ 400.0, 50.0 ]\nlatency: [ 9.0, 5.0 ]\n",
            "astra-sim",
            32,
        ),
        ("4 2 0 1 3 A100\n3\n0 3 400Gbps 0.0005ms 0\n1 3 400Gbps 0.0005ms 0\n2 3 400Gbps 0.0005ms 0\n", "simai", 3),
        (
            'name: lab\ntopology:\n  nodes:\n    a: {}\n    b: {}\n  links:\n    - endpoints: ["a:eth1", "b:eth1"]\n',
            "containerlab",
            2,
        ),
    ],
)
def test_simulators_files_are_known_and_read(text, kind, devices):
    assert catalog.guess(text, "x") == kind
    assert read(text).topology.devices == devices


def test_nodes_labels_alone_tell_where_they_stand():
    labels = [{"topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": zone} for zone in ("a", "a", "b")]
    rows = [{"kind": "Node", "metadata": {"name": f"n{i}", "labels": found}} for i, found in enumerate(labels)]
    found = read(json.dumps({"kind": "List", "items": rows}))
    assert wires(found) == [("a", "n0"), ("a", "n1"), ("a", "r"), ("b", "n2"), ("b", "r")]
    del labels[1]["topology.kubernetes.io/zone"]
    assert kinds(read(json.dumps({"items": rows}), kind="kueue"))[0][0] == "missing"


def test_a_format_is_told_by_its_structure_however_long_the_file_is():
    filler = "".join(f"# a comment of line {i}\n" for i in range(2_000))
    assert catalog.guess(filler + TREE, "x") == "slurm-conf"
    assert catalog.guess(f"<!-- {filler} -->\n{system(pci('1'))}", "x") == "nccl-xml"
    packed = json.dumps({"description": filler, "devices": [], "instances": []}, separators=(",", ":"))
    assert catalog.guess(packed, "x") == "infragraph"


def test_a_list_of_cables_without_its_last_line_end_is_read_and_told(tmp_path):
    from fabric.formats import files

    path = tmp_path / "cables.txt"
    path.write_text("a s\nb s\nc s")
    (told,) = files.load(f"edge_list:file={path}").defects
    assert (told.kind, told.line) == ("unfinished", 3)
    path.write_text("a s\nb s\nc s\n")
    assert files.load(f"edge_list:file={path}").defects == ()


INFRA = """\
devices:
- {name: h, components: [{name: n, choice: nic, count: 1}]}
- {name: s, components: [{name: p, choice: port, count: 9}]}
instances:
- {name: host, device: h, count: 2}
- {name: leaf, device: s, count: 1}
links:
- {name: fast, physical: {bandwidth: {gigabits_per_second: 400}}}
edges:
- {ep1: {instance: host}, ep2: {instance: leaf}, link: fast, scheme: many2many}
name: fabric
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("instances:\n", "instances:\n- {name: odd, device: h9}\n", 5),
        ("instances:\n", "instances:\n- {name: odd, device: h, count: many}\n", 5),
        ("instances:\n", "instances:\n- odd\n", 1),
        ("devices:\n", "devices:\n- 7\n", 1),
        ("links:\n", "links:\n- {name: odd, physical: {bandwidth: {gigabits_per_second: -4}}}\n", 8),
        ("edges:\n", "edges:\n- {ep1: {instance: gone}, ep2: {instance: leaf}, link: fast, scheme: many2many}\n", 10),
    ],
)
def test_one_bad_entry_of_an_infrastructure_is_left_out(old, new, line):
    found = read(INFRA.replace(old, new))
    assert [d.line for d in found.defects] == [line]
    assert (found.topology.devices, len(found.topology.ends)) == (2, 2)
    assert float(found.fabric.link_speed[0]) == 50e9


def heard(far, port):
    able = {"type": "Bridge", "enabled": True}
    return {"chassis": {far: {"capability": able}}, "port": {"id": {"type": "ifname", "value": port}}}


@pytest.mark.parametrize(
    "odd",
    [
        {"e1": {"chassis": {}, "port": {}}},
        {"e1": {"chassis": {"leaf": {}}, "port": {"id": 7}}},
        {"e1": 7},
        {"e1": heard("leaf", "s9") | {"chassis": {"leaf": {"capability": 7}}}},
        7,
    ],
)
def test_one_bad_neighbour_is_left_out(odd):
    dump = {f"n{i}": {"lldp": {"interface": [{"e0": heard("leaf", f"s{i}")}]}} for i in (1, 2)}
    dump["n2"]["lldp"]["interface"].append(odd)
    found = catalog.read(json.dumps(dump, indent=1), "x", "lldp-json")
    assert [d.kind for d in found.defects] == ["noise"]
    assert found.defects[0].line > 1
    assert (found.topology.devices, len(found.topology.ends)) == (2, 2)


def test_a_machine_that_says_nothing_right_is_left_out():
    dump = {"n1": {"lldp": {"interface": {"e0": heard("leaf", "s1")}}}, "n2": {"lldp": 7}}
    found = catalog.read(json.dumps(dump, indent=1), "x", "lldp-json")
    assert [d.told.endswith("what n2 hears is left out") for d in found.defects] == [True]


def test_of_several_topologies_the_others_are_told():
    tree = "- topology: {0}\n  {1}tree: {{switches: [{{switch: s0, nodes: 'n[0-{2}]'}}]}}\n"
    first, second = tree.format("a", "", 3), tree.format("b", "", 7)
    found = catalog.read(first + second, "x")
    assert found.topology.devices == 4
    (told,) = [loss for loss in found.losses if "topologies" in loss]
    assert told.startswith("of 2 topologies 'a' is read, its first; 'b' (line 3) left out: cluster_default: true in one")
    assert catalog.read(first + tree.format("b", "cluster_default: true\n  ", 7), "x").topology.devices == 8
