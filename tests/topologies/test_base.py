import numpy as np
import pytest

from topologies.base import (
    MAX_CABLES,
    Topology,
    assemble,
    check_size,
    check_whole,
    copies,
    tier_names,
    uplinks,
    whole_numbers,
)
from topologies.errors import InputError


def tiny() -> Topology:
    return assemble(
        "tiny",
        {"devices": 2, "spread": 1},
        {"host": 2, "leaf": 1},
        {"host-leaf": np.array([[0, 2], [1, 2]])},
    )


def test_name_is_the_short_form_with_every_parameter():
    assert tiny().name == "tiny:devices=2,spread=1"
    assert assemble("one", {}, {"host": 1, "leaf": 1}, {"host-leaf": np.array([[0, 1]])}).name == "one"


def test_a_device_is_its_own_node_and_has_no_rail_by_default():
    topology = tiny()
    assert topology.node.tolist() == [0, 1, -1]
    assert topology.rail.tolist() == [-1, -1, -1]
    assert (topology.nodes, topology.devices_per_node) == (2, 1)


def test_only_switches_forward():
    assert tiny().forwards.tolist() == [False, False, True]


def test_uplinks_lists_parallel_cables_as_separate_rows():
    cables = uplinks(np.array([0, 1]), np.array([[5, 6], [7, 8]]), parallel=2)
    assert cables.tolist() == [[0, 5], [0, 5], [0, 6], [0, 6], [1, 7], [1, 7], [1, 8], [1, 8]]


def test_graph_shows_every_vertex_and_cable():
    graph = tiny().graph()
    assert graph.name == "tiny:devices=2,spread=1"
    assert dict(graph.nodes[2]) == {"tier": "leaf", "node": -1}
    assert sorted(graph.edges(data=True)) == [
        (0, 2, {"level": "host-leaf", "lanes": 1}),
        (1, 2, {"level": "host-leaf", "lanes": 1}),
    ]


def test_whole_numbers_out_of_range_are_refused_by_name():
    check_whole("star", devices=1)
    with pytest.raises(InputError, match=r"^star: devices must be a whole number >= 1, got 0$"):
        check_whole("star", devices=0)
    with pytest.raises(InputError, match=r"^x: rails must be a whole number from 1 to 8, got 9$"):
        check_whole("x", most=8, rails=9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"node": np.array([0])}, r"node must have one value per device, 2 in one row, got shape \(1,\)"),
        ({"node": np.array([0, 0, 0])}, r"node must have one value per device, 2 in one row, got shape \(3,\)"),
        ({"rail": np.array([[0, 1]])}, r"rail must have one value per device, 2 in one row, got shape \(1, 2\)"),
        ({"plane": np.array([0, 0])}, r"plane must have one value per vertex, 3 in one row, got shape \(2,\)"),
    ],
)
def test_an_array_of_another_shape_is_refused(given, said):
    with pytest.raises(InputError, match=f"^x: {said}$"):
        assemble("x", {}, {"host": 2, "leaf": 1}, {"host-leaf": np.array([[0, 2], [1, 2]])}, **given)


@pytest.mark.parametrize(
    ("cables", "said"),
    [
        ([0, 2, 1, 2], r"must be whole numbers, two ends a row, shape \(cables, 2\), got int64 of shape \(4,\)"),
        ([[0, 1, 2], [1, 2, 0]], r"must be whole numbers, two ends a row, shape \(cables, 2\), got int64 of shape \(2, 3\)"),
        ([[0.0, 2.0]], r"must be whole numbers, two ends a row, shape \(cables, 2\), got float64 of shape \(1, 2\)"),
        ([[0, 3]], r"must end at vertices 0 to 2, got 3"),
        ([[0, -1]], r"must end at vertices 0 to 2, got -1"),
        ([[0, 2**32 + 1]], r"must end at vertices 0 to 2, got 4294967297"),
    ],
)
def test_cables_of_another_shape_or_to_nowhere_are_refused(cables, said):
    with pytest.raises(InputError, match=f"^x: cables of level 'host-leaf' {said}$"):
        assemble("x", {}, {"host": 2, "leaf": 1}, {"host-leaf": np.array(cables)})


def test_more_cables_than_memory_holds_are_refused():
    check_size("star", MAX_CABLES)
    message = r"^star: at most 20,000,000 cables can be held in memory, this size needs 20,000,001$"
    with pytest.raises(InputError, match=message):
        check_size("star", MAX_CABLES + 1)


def test_lists_of_whole_numbers():
    assert whole_numbers("x", "dims", "4x4x2") == (4, 4, 2)
    assert whole_numbers("x", "dims", "0", least=0) == (0,)
    for text in ("", "4x", "4xx4", "4,4", "4x0", "ax2"):
        with pytest.raises(InputError, match=rf"^x: dims must be whole numbers >= 1 joined by x, as 4x4x2, got '{text}'$"):
            whole_numbers("x", "dims", text)


def test_tiers_have_names_up_to_the_core_and_numbers_above():
    assert tier_names(2) == ["leaf", "spine"]
    assert tier_names(5) == ["leaf", "spine", "core", "tier4", "tier5"]


def test_lanes_and_planes_are_one_and_zero_unless_given():
    ends = {"host-leaf": np.array([[0, 2], [1, 2]]), "leaf-spine": np.array([[2, 3]])}
    sizes = {"host": 2, "leaf": 1, "spine": 1}
    assert assemble("x", {}, sizes, ends).lanes.tolist() == [1, 1, 1]
    given = assemble("x", {}, sizes, ends, plane=np.array([-1, -1, 1, 1]), lanes={"leaf-spine": 2})
    assert (given.lanes.tolist(), given.plane.tolist()) == ([1, 1, 2], [-1, -1, 1, 1])


def test_copies_share_their_devices_or_have_their_own():
    one = tiny()
    sizes, cables, plane = copies(one, np.array([[0, 1], [0, 1]]))
    assert (sizes, plane.tolist()) == ({"host": 2, "leaf": 2}, [-1, -1, 0, 1])
    assert cables["host-leaf"].tolist() == [[0, 2], [1, 2], [0, 3], [1, 3]]
    sizes, cables, plane = copies(one, np.array([[0, 2], [1, 3]]))
    assert sizes == {"host": 4, "leaf": 2}
    assert cables["host-leaf"].tolist() == [[0, 4], [2, 4], [1, 5], [3, 5]]
