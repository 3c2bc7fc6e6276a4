"""Every wiring that is generated holds what was asked, fits its switches, and is built as said; the rest is counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.search.generate import MAKERS, Demand, generate
from topologies import catalog
from topologies.errors import InputError

OF_THE_TOPOLOGY = ("more than", "needs", "at most")


def built(wiring, per_node):
    try:
        return catalog.parse(wiring.spec(per_node))
    except InputError as error:
        if not any(words in str(error) for words in OF_THE_TOPOLOGY):
            raise
        return None


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 300), st.sampled_from([1, 2, 4, 8]), st.sampled_from([16, 24]), st.sampled_from(sorted(MAKERS)))
def test_what_is_generated_holds_the_demand_and_fits_its_switches(endpoints, per_node, radix, family):
    demand = Demand(endpoints, per_node, (radix,), families=(family,), oversubscriptions=("1", "3"))
    wirings, skipped = generate(demand)
    assert len(set(wirings)) == len(wirings)
    assert all(count > 0 for count in skipped.values())
    for wiring in wirings:
        topology = built(wiring, per_node)
        if topology is None:
            continue
        assert topology.devices == wiring.devices >= endpoints
        assert wiring.devices <= demand.least * 1.25
        assert topology.nodes * per_node == topology.devices
        outside = topology.level != topology.scale_up_level
        lanes = np.bincount(topology.ends[outside].ravel(), np.repeat(topology.lanes[outside], 2), minlength=topology.vertices)
        assert lanes[topology.devices :].max() <= radix * wiring.split, wiring


def test_every_family_has_a_design_for_8192():
    wirings, skipped = generate(Demand(8192))
    assert {wiring.family for wiring in wirings} == set(MAKERS)
    assert 2 * len(wirings) >= 2000  # designs, at two speeds
    assert skipped["fat_tree: more than 25% above the demand"] > 0


def test_the_smallest_feasible_size_is_among_them():
    wirings, _ = generate(Demand(8000, families=("fat_tree",)))
    assert [wiring.devices for wiring in wirings] == [8192]


def test_an_oversize_of_nothing_leaves_exact_sizes():
    wirings, skipped = generate(Demand(8192, oversize=0.0))
    assert {wiring.devices for wiring in wirings} == {8192}
    assert skipped["hyperx: more than 0% above the demand"] > 0


def test_a_divided_port_is_said():
    wirings, _ = generate(Demand(64, 8, (32,), families=("multi_plane",), planes=(2,)))
    assert {(dict(wiring.params)["radix"], wiring.split) for wiring in wirings} == {("32", 1), ("64", 2)}


def test_the_order_is_the_same_every_time():
    demand = Demand(256, 8, (32, 64))
    assert generate(demand) == generate(demand)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"endpoints": 1}, "endpoints: must be a whole number >= 2, got 1"),
        ({"endpoints": 8, "devices_per_node": 0}, "devices-per-node: must be a whole number >= 1, got 0"),
        ({"endpoints": 8, "radices": (7,)}, "radix: must be even numbers of ports >= 4, got 7"),
        ({"endpoints": 8, "families": ("fattree",)}, "families: must be of clos, .* got 'fattree'"),
        ({"endpoints": 8, "oversize": -1.0}, "oversize: must be >= 0"),
    ],
)
def test_a_wrong_demand_is_one_clear_line(asked, message):
    with pytest.raises(InputError, match=message):
        Demand(**asked)


def test_every_device_has_a_port_where_the_servers_of_the_catalogue_share_nics():
    """A design holds so many devices as it says: its speed is that of a device's port."""
    for node in ("dgx-h100", "8x4090-dual-root"):
        wirings, _ = generate(Demand(64, 8, (32,), ("clos", "fat_tree", "leaf_spine")))
        for wiring in wirings:
            assert load(wiring.spec(8, "100Gb/s", node)).topology.devices == wiring.devices
