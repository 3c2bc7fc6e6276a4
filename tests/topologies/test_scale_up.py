import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.base import SCALE_UP, Topology
from topologies.catalog import parse
from topologies.errors import InputError
from topologies.rail_optimized import rail_optimized
from topologies.scale_up import add_scale_up, device_lanes, sharing
from topologies.scale_up_kinds import KINDS
from topologies.star import star

KINDS_TEXT = ", ".join(KINDS)
BOUNDED = {"cloudmatrix", "cube_mesh", "full_mesh", "nvl72", "nvswitch_chips"}


@given(devices=st.integers(1, 60), per_node=st.integers(1, 20))
def test_grouping_numbers_nodes_and_rails_and_leaves_the_wiring_alone(devices, per_node):
    plain, grouped = star(devices), add_scale_up(star(devices), "none", per_node)
    assert np.array_equal(grouped.ends, plain.ends)
    assert grouped.nodes == -(-devices // per_node)
    assert grouped.node[:devices].tolist() == [d // per_node for d in range(devices)]
    expected = [d % per_node for d in range(devices)] if per_node > 1 else [-1] * devices
    assert grouped.rail[:devices].tolist() == expected


@given(devices=st.integers(2, 60), per_node=st.integers(2, 20))
def test_nvswitch_adds_one_switch_per_node_and_one_cable_per_device(sound, devices, per_node):
    topology = add_scale_up(star(devices), "nvswitch", per_node)
    sound(topology)
    inside = topology.tier == topology.scale_up_tier
    nodes = -(-devices // per_node)
    assert topology.node[inside].tolist() == list(range(nodes))
    assert topology.forwards[inside].all()
    cables = topology.ends[topology.level == topology.levels.index(SCALE_UP)]
    assert cables[:, 0].tolist() == list(range(devices))
    assert np.array_equal(topology.node[cables[:, 0]], topology.node[cables[:, 1]])


def test_the_scale_out_counts_do_not_change():
    plain, inside = star(8), add_scale_up(star(8), "nvswitch", 4)
    assert inside.switches_by_tier == plain.switches_by_tier
    assert inside.cables_by_level == plain.cables_by_level
    assert np.array_equal(inside.ends[: len(plain.ends)], plain.ends)


def test_a_ragged_last_node_holds_fewer():
    topology = add_scale_up(star(5), "nvswitch", 4)
    assert topology.node.tolist() == [0, 0, 0, 0, 1, -1, 0, 1]
    assert topology.devices_per_node == 4


def test_a_family_that_sets_its_nodes_keeps_them():
    topology = add_scale_up(rail_optimized(4), "nvswitch", 8)
    assert topology.name == "rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch"
    assert topology.nodes == 4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "star:devices=4,scale_up=nvlink",
            "star: unknown scale_up 'nvlink' (did you mean nvl72?); there are: none, " + KINDS_TEXT,
        ),
        ("star:devices=4,devices_per_node=0", "star: devices_per_node must be a whole number from 1 to 32767, got 0"),
        (
            "star:devices=4,scale_up=nvswitch",
            "star: scale_up=nvswitch needs 2 or more devices a node, as devices_per_node=8",
        ),
        (
            "rail_optimized:nodes=4,devices_per_node=4",
            "rail_optimized: devices_per_node must be 8, its nodes' own, got 4",
        ),
        (
            "rail_optimized:nodes=4,rails=1,devices_per_node=4",
            "rail_optimized: devices_per_node must be 1, its nodes' own, got 4",
        ),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(spec)


def test_a_second_scale_up_graph_is_refused():
    topology = parse("star:devices=4,devices_per_node=2,scale_up=nvswitch")
    with pytest.raises(InputError, match=r"already has a scale-up graph$"):
        add_scale_up(topology, "nvswitch", 2)


def inside(topology: Topology, node: int) -> nx.MultiGraph:
    """Return the graph inside a node, lanes included."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(np.flatnonzero(topology.node == node).tolist())
    chosen = np.flatnonzero(topology.level == topology.levels.index(SCALE_UP))
    for (a, b), lanes in zip(topology.ends[chosen].tolist(), topology.lanes[chosen].tolist(), strict=True):
        if topology.node[a] == node:
            graph.add_edge(a, b, lanes=lanes)
    return graph


@pytest.mark.parametrize(
    ("kind", "devices", "switches", "cables"),
    [
        ("nvswitch", 8, 1, 8),
        ("nvswitch_chips", 8, 4, 32),
        ("nvl72", 72, 18, 1_296),
        ("full_mesh", 8, 0, 28),
        ("ring", 8, 0, 8),
        ("ring", 2, 0, 1),
        ("torus", 16, 0, 32),
        ("hypercube", 16, 0, 32),
        ("cube_mesh", 8, 0, 16),
        ("pcie_tree", 8, 5, 12),
        ("cloudmatrix", 384, 448, 2_688 + 5_376),
    ],
)
def test_published_counts(sound, kind, devices, switches, cables):
    topology = add_scale_up(star(2 * devices), kind, devices)
    sound(topology)
    for node in (0, 1):
        graph = inside(topology, node)
        assert (len(graph) - devices, graph.number_of_edges()) == (switches, cables)
        assert nx.is_connected(graph)


@given(kind=st.sampled_from(sorted(KINDS)), devices=st.integers(3, 40), per_node=st.integers(2, 12))
def test_every_node_is_wired_inside_and_to_no_other_node(sound, kind, devices, per_node):
    if kind == "hypercube":
        per_node = 2 ** (per_node.bit_length() - 1)
    if kind == "cube_mesh":
        per_node = 8
    devices -= devices % per_node if kind in ("hypercube", "cube_mesh") and devices >= per_node else 0
    if kind in ("hypercube", "cube_mesh") and (per_node < 2 or devices < per_node):
        return
    plain, topology = star(devices), add_scale_up(star(devices), kind, per_node)
    sound(topology)
    low, high = topology.ends[len(plain.ends) :].T
    assert np.array_equal(topology.ends[: len(plain.ends)], plain.ends)
    assert np.array_equal(topology.node[low], topology.node[high])
    assert topology.switches_by_tier == plain.switches_by_tier
    assert topology.cables_by_level == plain.cables_by_level
    assert all(nx.is_connected(inside(topology, node)) for node in range(topology.nodes))


def test_cloudmatrix_is_seven_planes():
    topology = add_scale_up(star(16), "cloudmatrix", 16)
    graph = inside(topology, 0)
    upper = [v for v in graph if v >= topology.vertices - 112]
    assert all(graph.degree(v) == 2 for v in upper)
    graph.remove_nodes_from(range(16))
    assert nx.number_connected_components(graph) == 7


def test_gpus_have_eighteen_lanes_on_four_chips():
    graph = inside(add_scale_up(star(8), "nvswitch_chips", 8), 0)
    assert [data["lanes"] for *_, data in graph.edges(0, data=True)] == [5, 4, 4, 5]
    assert max(dict(graph.degree(weight="lanes")).values()) == 40


def test_pcie_devices_meet_at_the_root_only():
    graph = inside(add_scale_up(star(8), "pcie_tree", 8), 0)
    assert nx.is_tree(graph)
    assert nx.shortest_path_length(graph, 0, 7) == 4
    assert nx.shortest_path_length(graph, 0, 1) == 2


@pytest.mark.parametrize("kind", sorted(BOUNDED))
def test_more_devices_than_the_kind_holds_are_refused(kind):
    with pytest.raises(InputError, match=rf"^star: scale_up={kind} needs 2 to \d+ devices a node, as devices_per_node=\d+$"):
        add_scale_up(star(1000), kind, 1000)


@pytest.mark.parametrize(
    ("kind", "devices", "lanes"),
    [
        ("nvswitch", 8, 1),
        ("nvswitch_chips", 8, 18),
        ("nvl72", 72, 18),
        ("full_mesh", 8, 7),
        ("ring", 8, 2),
        ("ring", 2, 1),
        ("pcie_tree", 8, 1),
        ("cloudmatrix", 384, 14),
    ],
)
def test_every_device_has_the_lanes_of_the_machine_its_kind_is_known_from(kind, devices, lanes):
    topology = add_scale_up(star(devices), kind, devices)
    assert set(device_lanes(topology).tolist()) == {lanes}
    inside = topology.level == topology.scale_up_level
    assert set(sharing(topology)[inside].tolist()) == {lanes}
    assert set(sharing(topology)[~inside].tolist()) == {1}


def test_lanes_are_shared_node_by_node_where_the_last_one_is_smaller():
    topology = add_scale_up(star(7), "full_mesh", 4)
    assert device_lanes(topology).tolist() == [3, 3, 3, 3, 2, 2, 2]
    assert sharing(topology)[topology.level == topology.scale_up_level].tolist() == [3] * 6 + [2] * 3
    assert device_lanes(star(3)).tolist() == [0, 0, 0]


def test_a_cloudmatrix_board_sends_up_as_many_lanes_as_its_devices_have_and_a_pcie_switch_one():
    for kind, devices, down, up in (("cloudmatrix", 384, 16, 16), ("pcie_tree", 8, 2, 1)):
        topology = add_scale_up(star(devices), kind, devices)
        inside = topology.level == topology.scale_up_level
        low, high = topology.ends[inside].T
        at = [np.bincount(end, topology.lanes[inside], minlength=topology.vertices) for end in (high, low)]
        first = np.unique(high[low < devices])
        assert [set(lanes[first].tolist()) for lanes in at] == [{down}, {up}]


RACKS = "clos:radix=64,endpoints=2376,devices_per_node={},scale_up=nvl72"


def test_thirty_three_racks_of_eighteen_trays_have_594_switches():
    built = parse(RACKS.format("4,domain=72"))
    inside = built.tier == built.scale_up_tier
    assert (built.nodes, built.devices_per_node, built.domains) == (594, 4, 33)
    assert inside.sum() == 594
    assert (built.level == built.scale_up_level).sum() == 33 * 1296
    assert sorted(np.bincount(built.node[inside]).tolist()) == [1] * 594  # one chip a tray, since 18 stand with 18


@pytest.mark.parametrize("kind", ["nvswitch", "full_mesh", "ring", "nvl72", "pcie_tree"])
@pytest.mark.parametrize(("servers", "domain"), [(2, 4), (2, 8), (1, 3), (3, 12)])
def test_a_domain_is_wired_as_a_node_of_its_size_and_only_its_servers_differ(kind, servers, domain):
    own = parse(f"leaf_spine:leaves=4,spines=2,hosts_per_leaf=7,devices_per_node={servers},scale_up={kind},domain={domain}")
    one = parse(f"leaf_spine:leaves=4,spines=2,hosts_per_leaf=7,devices_per_node={domain},scale_up={kind}")
    for field in ("tier", "plane", "forwards", "ends", "level", "lanes"):
        assert np.array_equal(getattr(own, field), getattr(one, field)), field
    assert np.array_equal(own.domain, one.node)
    assert np.array_equal(sharing(own), sharing(one))
    devices = own.node[: own.devices]
    assert np.array_equal(devices, np.arange(own.devices) // servers)
    switches = np.flatnonzero(own.tier == own.scale_up_tier)
    homes = [set(devices[own.domain[: own.devices] == own.domain[switch]].tolist()) for switch in switches]
    assert all(own.node[switch] in home for switch, home in zip(switches.tolist(), homes, strict=True))
    assert parse(own.name).name == own.name


def test_a_domain_as_large_as_a_node_changes_nothing():
    plain = parse("leaf_spine:leaves=2,spines=1,hosts_per_leaf=8,devices_per_node=4,scale_up=nvswitch")
    same = parse("leaf_spine:leaves=2,spines=1,hosts_per_leaf=8,devices_per_node=4,scale_up=nvswitch,domain=4")
    assert same.domain is None
    assert same.name == plain.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("devices_per_node=4,scale_up=nvswitch,domain=6", "a multiple of the 4"),
        ("devices_per_node=4,domain=8", "needs a graph"),
        ("devices_per_node=4,scale_up=nvswitch,domain=0", "domain must be"),
        ("devices_per_node=4,scale_up=nvl72,domain=144", "2 to 72 devices a domain, as domain=72"),
    ],
)
def test_domains_that_cannot_be_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        parse(f"clos:radix=64,endpoints=288,{text}")


@pytest.mark.parametrize("devices", [2, 3, 8, 9])
def test_host_memory_has_two_roots_with_half_of_the_devices_each(sound, devices):
    built = parse(f"star:devices={devices},devices_per_node={devices},scale_up=host_memory")
    sound(built)
    roots = np.flatnonzero(built.tier == built.scale_up_tier)
    inside = built.level == built.scale_up_level
    below = [int((built.ends[inside, 1][built.ends[inside, 0] < devices] == root).sum()) for root in roots]
    assert below == [-(-devices // 2), devices // 2]
    assert inside.sum() == devices + 1
    assert sharing(built)[inside].tolist() == [2] * (devices + 1)


@given(rows=st.integers(3, 7), columns=st.integers(3, 7))
def test_a_torus_is_that_of_networkx_and_a_round_of_it_stays_on_links(rows, columns):
    graph = nx.Graph(KINDS["torus"][0](rows * columns).cables)
    sides = next((a, rows * columns // a) for a in range(int((rows * columns) ** 0.5), 0, -1) if rows * columns % a == 0)
    if min(sides) > 2:
        assert nx.faster_could_be_isomorphic(graph, nx.grid_2d_graph(*sides, periodic=True))
    count = rows * columns
    steps = [(place, (place + 1) % count) for place in range(count)]
    missing = [step for step in steps if not graph.has_edge(*step)]
    assert len(missing) == (1 if all(side % 2 for side in sides) and min(sides) > 1 else 0)


def test_a_torus_of_four_by_four_is_trainiums():
    graph = nx.Graph(KINDS["torus"][0](16).cables)
    assert nx.is_isomorphic(graph, nx.grid_2d_graph(4, 4, periodic=True))
    assert set(dict(graph.degree).values()) == {4}


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4, 5])
def test_a_hypercube_is_that_of_networkx_and_a_round_of_it_stays_on_links(dimensions):
    count = 2**dimensions
    graph = nx.Graph(KINDS["hypercube"][0](count).cables)
    assert nx.is_isomorphic(graph, nx.hypercube_graph(dimensions))
    assert all(graph.has_edge(place, (place + 1) % count) for place in range(count))


def test_the_cube_mesh_has_six_links_a_device_and_two_squares_without_a_gap():
    found = KINDS["cube_mesh"][0](8)
    links = np.bincount(np.ravel(found.cables), np.repeat(found.lanes, 2))
    assert links.tolist() == [6] * 8
    graph = nx.Graph(found.cables)
    order = [0, 3, 2, 1, 5, 6, 7, 4]
    fours = [[order.index(gpu) for gpu in range(first, first + 4)] for first in (0, 4)]
    assert all(graph.subgraph(four).number_of_edges() == 6 for four in fours)


@pytest.mark.parametrize(
    ("kind", "devices", "words"), [("hypercube", 6, "a power of two, got 6"), ("cube_mesh", 4, "must be 8")]
)
def test_sizes_that_a_graph_has_not_are_refused(kind, devices, words):
    with pytest.raises(InputError, match=words):
        add_scale_up(star(devices), kind, devices)
