import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.multi_plane import multi_plane
from topologies.proofs import proof
from topologies.rail_optimized import rail_optimized

SIZES = {
    "nodes": st.integers(1, 12),
    "rails": st.integers(1, 4),
    "radix": st.integers(3, 6).map(lambda half: 2 * half),
    "planes": st.integers(1, 4),
}


@given(**SIZES)
def test_counts_are_those_of_one_plane_times_planes(sound, nodes, rails, radix, planes):
    topology, one = multi_plane(nodes, rails, radix, planes), rail_optimized(nodes, rails, radix)
    sound(topology)
    assert topology.devices == one.devices
    assert topology.switches_by_tier == {tier: planes * count for tier, count in one.switches_by_tier.items()}
    assert topology.cables_by_level == {level: planes * count for level, count in one.cables_by_level.items()}


@given(**SIZES)
def test_every_plane_is_the_rail_optimised_network_and_meets_the_others_in_devices_only(nodes, rails, radix, planes):
    topology, one = multi_plane(nodes, rails, radix, planes), rail_optimized(nodes, rails, radix)
    low, high = topology.plane[topology.ends].T
    assert np.all(topology.plane[: topology.devices] == -1)
    assert np.all((low == high) | (low == -1))
    for plane in range(planes):
        kept = (topology.plane == plane) | (topology.plane == -1)
        number = np.cumsum(kept) - 1
        assert np.array_equal(number[topology.ends[high == plane]], one.ends)


@given(**SIZES)
def test_every_device_has_one_port_in_each_plane(nodes, rails, radix, planes):
    topology = multi_plane(nodes, rails, radix, planes)
    up = topology.ends[topology.ends[:, 0] < topology.devices]
    ports = np.stack([up[:, 0], topology.plane[up[:, 1]]], axis=1)
    assert len(np.unique(ports, axis=0)) == len(ports) == topology.devices * planes


@settings(max_examples=20, deadline=None)
@given(**SIZES)
def test_the_proof_is_that_of_one_plane(nodes, rails, radix, planes):
    found, one = proof(multi_plane(nodes, rails, radix, planes)), proof(rail_optimized(nodes, rails, radix))
    assert (found.ports, found.connected, found.problems) == (one.ports, True, ())
    assert (found.switch_diameter, found.endpoint_diameter) == (one.switch_diameter, one.endpoint_diameter)


@pytest.mark.parametrize(
    ("nodes", "leaf", "spine"), [(64, 16, 8), (128, 32, 16), (256, 64, 32), (512, 128, 64), (1024, 256, 128)]
)
def test_published_twin_planes(nodes, leaf, spine):
    topology = multi_plane(nodes)
    assert topology.switches_by_tier == {"leaf": leaf, "spine": spine}
    assert set(topology.cables_by_level.values()) == {nodes * 8 * 2}


def test_a_plane_less_leaves_every_device_connected():
    graph = multi_plane(5, 2, 6).graph()
    topology = multi_plane(5, 2, 6)
    graph.remove_nodes_from(np.flatnonzero(topology.plane == 0).tolist())
    assert nx.is_connected(graph)


@given(**SIZES, tiers=st.sampled_from([0, 3]))
def test_the_name_builds_it_again(nodes, rails, radix, planes, tiers):
    topology = multi_plane(nodes, rails, radix, planes, tiers)
    again = parse(topology.name)
    assert again.name == topology.name
    assert np.array_equal(again.ends, topology.ends)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nodes=4,planes=0", "multi_plane: planes must be a whole number from 1 to 64, got 0"),
        (
            "nodes=1025,tiers=2",
            "multi_plane: one plane cannot be built: rail_optimized: nodes=1025,rails=8,radix=128 needs 136 leaves, 2 tiers "
            "carry 128 (8192 endpoints); the nearest that can be built: nodes=1024 or radix=130 or tiers=3",
        ),
        ("nodes=60000,planes=64", "multi_plane: at most 20,000,000 cables can be held in memory, this size needs 92,389,376"),
    ],
)
def test_what_cannot_be_built_is_refused(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        parse(f"multi_plane:{spec}")


def test_four_planes_of_200g_carry_8192_devices_in_two_tiers():
    """Each plane is 64 leaves of 128 down and 128 up, and 32 spines of 256."""
    topology = multi_plane(nodes=1024, rails=8, radix=256, planes=4)
    assert topology.devices == 8192
    assert topology.switches_by_tier == {"leaf": 4 * 64, "spine": 4 * 32}
    assert topology.cables_by_level == {"host-leaf": 4 * 8192, "leaf-spine": 4 * 8192}
