import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.clos import clos
from topologies.errors import InputError
from topologies.proofs import proof
from topologies.rail_only import rail_only

SIZES = {"nodes": st.integers(1, 40), "rails": st.integers(1, 5), "radix": st.integers(2, 6).map(lambda half: 2 * half)}


@given(**SIZES)
def test_every_rail_is_a_network_of_its_own(sound, nodes, rails, radix):
    topology = rail_only(nodes, rails, radix)
    sound(topology)
    low, high = topology.ends.T
    assert np.array_equal(topology.plane[low], topology.plane[high])
    parts = list(nx.connected_components(topology.graph()))
    assert len(parts) == rails
    for part in parts:
        members = np.array(sorted(part))
        devices = members[members < topology.devices]
        assert len(np.unique(topology.rail[devices])) == 1
        assert np.array_equal(topology.node[devices], np.arange(nodes))


@given(**SIZES)
def test_devices_are_numbered_node_by_node_and_stand_in_the_plane_of_their_rail(nodes, rails, radix):
    topology = rail_only(nodes, rails, radix)
    device = np.arange(nodes * rails)
    assert np.array_equal(topology.node[: topology.devices], device // rails)
    assert np.array_equal(topology.rail[: topology.devices], device % rails)
    assert np.array_equal(topology.plane[: topology.devices], device % rails)


@given(**SIZES)
def test_a_rail_is_one_switch_where_it_suffices_else_a_clos(nodes, rails, radix):
    topology = rail_only(nodes, rails, radix)
    one = {"leaf": 1} if nodes <= radix else clos(radix, nodes).switches_by_tier
    assert topology.switches_by_tier == {tier: rails * count for tier, count in one.items()}


@given(**SIZES)
def test_no_switch_uses_more_ports_than_it_has(nodes, rails, radix):
    topology = rail_only(nodes, rails, radix)
    assert np.bincount(topology.ends.ravel())[topology.devices :].max() <= radix


@settings(max_examples=20, deadline=None)
@given(**SIZES)
def test_the_proof_of_a_rail_is_that_of_its_clos(nodes, rails, radix):
    whole, one = proof(rail_only(nodes, rails, radix)), proof(rail_only(nodes, 1, radix))
    assert (whole.ports, whole.monotonic, whole.switch_diameter) == (one.ports, one.monotonic, one.switch_diameter)
    assert one.connected
    assert whole.connected is (rails == 1)


def test_counts_of_larger_rails():
    assert rail_only(256).switches_by_tier == {"leaf": 64, "spine": 32}
    assert rail_only(4096).switches_by_tier == {"leaf": 1024, "spine": 1024, "core": 512}
    assert rail_only(96, oversubscription="3").switches_by_tier == {"leaf": 16, "spine": 8}


def test_inside_a_node_a_scale_up_graph_joins_the_rails():
    topology = parse("rail_only:nodes=6,rails=4,radix=8,scale_up=nvswitch")
    assert nx.is_connected(topology.graph())


@given(**SIZES, tiers=st.sampled_from([0, 3]), ratio=st.sampled_from(["1", "0.5"]))
def test_the_name_builds_it_again(nodes, rails, radix, tiers, ratio):
    topology = rail_only(nodes, rails, radix, tiers, ratio) if nodes <= radix else rail_only(nodes, rails, radix)
    again = parse(topology.name)
    assert again.name == topology.name
    assert np.array_equal(again.ends, topology.ends)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nodes=0", "rail_only: nodes must be a whole number >= 1, got 0"),
        ("nodes=4,rails=0", "rail_only: rails must be a whole number from 1 to 32767, got 0"),
        ("nodes=4,tiers=13", "rail_only: tiers must be from 1 to 12, or 0 (as many as it takes), got 13"),
        (
            "nodes=65,tiers=1",
            "rail_only: nodes=65 is more than 1 tier of 64 ports carry (64); the nearest that can be built: "
            "nodes=64 or radix=65 or tiers=2",
        ),
        ("nodes=9999999,rails=8", "rail_only: at most 20,000,000 cables"),
    ],
)
def test_what_cannot_be_built_is_refused(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        parse(f"rail_only:{spec}")
