import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from topologies.base import Topology
from topologies.catalog import parse
from topologies.errors import InputError
from topologies.rail_optimized import most_leaves, rail_optimized

RADIX = st.integers(1, 6).map(lambda half: 2 * half)


@st.composite
def feasible(draw: st.DrawFn, depth: int) -> Topology:
    radix, rails = draw(RADIX), draw(st.integers(1, 6))
    units = most_leaves(radix, depth) // rails
    assume(units >= 1)
    nodes = draw(st.integers(1, units * (radix // 2)))
    return rail_optimized(nodes, rails, radix, depth)


def block(matrix: np.ndarray, topology: Topology, low: str, high: str) -> np.ndarray:
    rows, columns = (topology.tier == topology.tiers.index(tier) for tier in (low, high))
    return matrix[np.ix_(rows, columns)]


@given(topology=st.one_of(feasible(2), feasible(3)))
def test_every_device_hangs_on_the_leaf_of_its_unit_and_rail(sound, topology):
    sound(topology)
    nodes, rails, radix = (topology.params[key] for key in ("nodes", "rails", "radix"))
    device = np.arange(nodes * rails)
    assert np.array_equal(topology.node[: topology.devices], device // rails)
    assert np.array_equal(topology.rail[: topology.devices], device % rails)
    leaf = topology.ends[: topology.devices, 1] - topology.devices
    assert np.array_equal(topology.ends[: topology.devices, 0], device)
    assert np.array_equal(leaf % rails, device % rails)
    assert np.array_equal(leaf // rails, device // rails // (radix // 2))
    assert topology.switches_by_tier["leaf"] == rails * -(-nodes // (radix // 2))


@given(topology=st.one_of(feasible(2), feasible(3)))
def test_no_switch_uses_more_ports_than_it_has(topology):
    used = np.bincount(topology.ends.ravel(), minlength=topology.vertices)[topology.devices :]
    assert used.max() <= topology.params["radix"]


@given(topology=feasible(2))
def test_two_tiers_stripe_every_leaf_evenly_over_the_fewest_spines(level_matrix, topology):
    half, leaves = topology.params["radix"] // 2, topology.switches_by_tier["leaf"]
    spines = topology.switches_by_tier["spine"]
    assert np.all(block(level_matrix(topology, "leaf-spine"), topology, "leaf", "spine") == half // spines)
    fewer = [s for s in range(1, spines) if half % s == 0]
    assert all(leaves * (half // s) > 2 * half for s in fewer)


@given(topology=feasible(3))
def test_three_tiers_wire_full_pods_and_stripe_spine_s_over_core_group_s(level_matrix, topology):
    half, leaves = topology.params["radix"] // 2, topology.switches_by_tier["leaf"]
    pods = -(-leaves // half)
    group = topology.switches_by_tier["core"] // half
    assert topology.switches_by_tier["spine"] == pods * half
    middle = block(level_matrix(topology, "leaf-spine"), topology, "leaf", "spine")
    same_pod = np.arange(leaves)[:, None] // half == np.arange(pods * half) // half
    assert np.array_equal(middle, same_pod.astype(int))
    top = block(level_matrix(topology, "spine-core"), topology, "spine", "core")
    same_group = (np.arange(pods * half) % half)[:, None] == np.arange(half * group) // group
    assert np.array_equal(top, same_group * (half // group))
    assert all(2 * c < pods for c in range(1, group) if half % c == 0)


@pytest.mark.parametrize(
    ("nodes", "counts"),
    [
        (31, {"leaf": 8, "spine": 4}),
        (63, {"leaf": 16, "spine": 8}),
        (95, {"leaf": 24, "spine": 16}),
        (127, {"leaf": 32, "spine": 16}),
        (256, {"leaf": 64, "spine": 32}),
        (512, {"leaf": 128, "spine": 128, "core": 64}),
        (1024, {"leaf": 256, "spine": 256, "core": 128}),
        (2048, {"leaf": 512, "spine": 512, "core": 256}),
    ],
)
def test_published_counts(nodes, counts):
    topology = rail_optimized(nodes)
    assert topology.switches_by_tier == counts
    assert set(topology.cables_by_level.values()) <= {nodes * 8, counts["leaf"] * 32}


def test_tiers_are_two_where_they_suffice():
    assert rail_optimized(256).tiers == ("host", "leaf", "spine")
    assert rail_optimized(257).tiers == ("host", "leaf", "spine", "core")
    assert rail_optimized(31, tiers=3).tiers == ("host", "leaf", "spine", "core")


def test_forced_tiers_stand_in_the_name():
    assert rail_optimized(31).name == "rail_optimized:nodes=31,rails=8,radix=64"
    assert rail_optimized(31, tiers=3).name == "rail_optimized:nodes=31,rails=8,radix=64,tiers=3"


def test_one_leaf_follows_the_same_rule():
    assert rail_optimized(1, rails=1).switches_by_tier == {"leaf": 1, "spine": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "rail_optimized: nodes must be a whole number >= 1, got 0"),
        ((4, 0), "rail_optimized: rails must be a whole number from 1 to 32767, got 0"),
        ((4, 8, 7), "rail_optimized: radix must be an even number of ports >= 2, got 7"),
        ((4, 8, 0), "rail_optimized: radix must be an even number of ports >= 2, got 0"),
        ((4, 8, 64, 4), "rail_optimized: tiers must be 2, 3 or 0 (as many as it takes), got 4"),
        (
            (8193,),
            "rail_optimized: nodes=8193,rails=8,radix=64 needs 2056 leaves, 3 tiers carry 2048 (65536 endpoints); "
            "the nearest that can be built: nodes=8192 or radix=66",
        ),
        (
            (257, 8, 64, 2),
            "rail_optimized: nodes=257,rails=8,radix=64 needs 72 leaves, 2 tiers carry 64 (2048 endpoints); "
            "the nearest that can be built: nodes=256 or radix=66 or tiers=3",
        ),
        (
            (100, 40, 8),
            "rail_optimized: nodes=100,rails=40,radix=8 needs 1000 leaves, 3 tiers carry 32 (128 endpoints); "
            "the nearest that can be built: nodes=4,rails=32 or radix=26",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        rail_optimized(*arguments)


@given(nodes=st.integers(1, 400), rails=st.integers(1, 80), radix=RADIX, depth=st.sampled_from([0, 2, 3]))
def test_the_sizes_a_refusal_names_can_be_built_and_the_next_ones_cannot(nodes, rails, radix, depth):
    asked = {"nodes": nodes, "rails": rails, "radix": radix, "tiers": depth}
    try:
        rail_optimized(**asked)
        return
    except InputError as error:
        offers = str(error).partition("built: ")[2].split(" or ")
    for offer in offers:
        changed = {key: int(value) for key, value in (item.split("=") for item in offer.split(","))}
        rail_optimized(**asked | changed)
        if offer.startswith("radix") or list(changed) == ["nodes"]:
            step = -2 if offer.startswith("radix") else 1
            with pytest.raises(InputError):
                rail_optimized(**asked | {key: value + step for key, value in changed.items()})


def test_the_largest_size_is_radix_cubed_over_four():
    topology = parse("rail_optimized:nodes=54,rails=8,radix=12")
    assert topology.devices == 12**3 // 4
    with pytest.raises(InputError, match="432 endpoints"):
        parse("rail_optimized:nodes=55,rails=8,radix=12")
