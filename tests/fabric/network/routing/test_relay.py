"""The relay: messages change rails inside their node, and the network carries each on its target's rail."""

import numpy as np
import pytest

from fabric.network.routing.relay import relays
from fabric.network.routing.route import route, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError


def test_messages_between_rails_of_a_rail_only_network_get_through():
    topology = catalog.parse("rail_only:nodes=4,rails=2,radix=8,scale_up=nvswitch")
    source, target = np.array([0, 0, 0, 0]), np.array([1, 2, 3, 0])
    with pytest.raises(InputError, match="from device 0 to device 3"):
        route(topology, source, target, "ideal")
    found = route(topology, source, target, "pxn:ideal")
    inside = topology.level == topology.scale_up_level
    assert found.per_link[0::2][inside].sum() == 2, "to device 1, and on the way to device 3"
    host = topology.level == 0
    assert found.per_link[1::2][host].tolist() == [0, 0, 1, 1, 0, 0, 0, 0] or found.per_link[1::2][host].sum() == 2
    assert found.hops.sum(axis=1).tolist() == [2, 2, 4, 0]


@pytest.mark.parametrize("policy", ["ideal", "ecmp:2", "dmodk"])
def test_the_relay_is_the_two_legs_one_after_the_other(policy):
    fabric = load("rail_optimized:nodes=9,rails=4,radix=8,scale_up=nvswitch")
    topology = fabric.topology
    rng = np.random.default_rng(0)
    source, target = rng.integers(0, 36, 50), rng.integers(0, 36, 50)
    via = relays(topology, source, target)
    apart = topology.node[source] != topology.node[target]
    assert np.array_equal(topology.node[via], topology.node[source])
    assert np.array_equal(topology.rail[via[apart]], topology.rail[target[apart]])
    assert np.array_equal(via[~apart], source[~apart])
    first, second = route(topology, source, via, policy), route(topology, via, target, policy)
    found = route(topology, source, target, f"pxn:{policy}")
    assert np.allclose(found.per_link, first.per_link + second.per_link)
    assert np.array_equal(found.hops, first.hops + second.hops)
    listed = ways(fabric, source, target, f"pxn:{policy}")
    assert np.allclose(listed.latency, found.hops @ fabric.level_latency)
    assert listed.paths.hops.sum() == (first.hops + second.hops).sum() or policy == "ideal"


def test_without_a_graph_inside_or_without_rails_nothing_is_relayed():
    for spec in ("rail_optimized:nodes=9,rails=4,radix=8", "fat_tree:k=4"):
        topology = catalog.parse(spec)
        source, target = np.arange(topology.devices), np.roll(np.arange(topology.devices), 5)
        assert np.array_equal(
            route(topology, source, target, "pxn:ecmp:1").per_link, route(topology, source, target, "ecmp:1").per_link
        )
