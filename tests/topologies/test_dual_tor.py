import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.base import Topology
from topologies.catalog import parse
from topologies.dual_tor import dual_tor
from topologies.errors import InputError
from topologies.proofs import proof


@st.composite
def feasible(draw: st.DrawFn) -> Topology:
    rails, down, up, core_up = (draw(st.integers(1, most)) for most in (3, 4, 4, 4))
    radix = max(down + 2 * up, 2 * (rails + core_up)) + draw(st.integers(0, 8))
    per_pod = (radix // 2 - core_up) // rails * down
    return dual_tor(draw(st.integers(1, min(radix // 2 * per_pod, 60))), rails, down, up, core_up, radix)


def lanes_used(topology: Topology) -> np.ndarray:
    return np.bincount(topology.ends.ravel(), weights=np.repeat(topology.lanes, 2), minlength=topology.vertices)


def test_published_hpn_7():
    topology = parse("dual_tor:nodes=1920")
    assert topology.devices == 15 * 1024
    assert topology.switches_by_tier == {"leaf": 240, "spine": 120}
    assert topology.cables_by_level == {"host-leaf": 30720, "leaf-spine": 14400}
    used = lanes_used(topology)
    assert np.all(used[topology.tier == 1] == 128 + 2 * 60)
    assert np.all(used[topology.tier == 2] == 2 * 120)
    assert np.all(np.bincount(topology.plane[topology.tier == 2]) == 60)


@given(topology=feasible())
def test_no_switch_uses_more_lanes_than_it_has(sound, topology):
    sound(topology)
    assert lanes_used(topology)[topology.devices :].max() <= topology.params["radix"]


@given(topology=feasible())
def test_every_device_is_on_two_leaves_of_its_segment_and_rail_one_per_plane(topology):
    rails, down = topology.params["rails"], topology.params["down"]
    up = topology.ends[topology.ends[:, 0] < topology.devices]
    device, leaf = up.T
    per_plane = topology.switches_by_tier["leaf"] // 2
    plane, place = np.divmod(leaf - topology.devices, per_plane)
    assert np.array_equal(place, device // rails // down * rails + device % rails)
    assert np.array_equal(plane, topology.plane[leaf])
    assert sorted(zip(device.tolist(), plane.tolist(), strict=True)) == [
        (d, p) for d in range(topology.devices) for p in (0, 1)
    ]


@given(topology=feasible())
def test_planes_never_meet_and_each_joins_all_devices(topology):
    low, high = topology.plane[topology.ends].T
    assert np.all((low == high) | (low == -1))
    graph = topology.graph()
    for plane in (0, 1):
        kept = np.flatnonzero((topology.plane == plane) | (topology.plane == -1))
        assert nx.is_connected(graph.subgraph(kept.tolist()))


@given(topology=feasible())
def test_every_leaf_has_one_cable_to_each_spine_of_its_pod_and_plane(level_matrix, topology):
    rails, radix, core_up, up = (topology.params[key] for key in ("rails", "radix", "core_up", "up"))
    leaves, spines = topology.switches_by_tier["leaf"] // 2, topology.switches_by_tier["spine"] // 2
    per_pod = (radix // 2 - core_up) // rails * rails
    one = np.arange(leaves)[:, None] // per_pod == np.arange(spines) // up
    found = level_matrix(topology, "leaf-spine")[np.ix_(topology.tier == 1, topology.tier == 2)]
    assert np.array_equal(found, np.kron(np.eye(2, dtype=int), one.astype(int)))


@given(topology=feasible())
def test_several_pods_stripe_every_spine_evenly_over_its_core_group(level_matrix, topology):
    core_up, up = topology.params["core_up"], topology.params["up"]
    if "core" not in topology.tiers:
        assert topology.switches_by_tier["spine"] == 2 * up
        return
    spines, cores = topology.switches_by_tier["spine"] // 2, topology.switches_by_tier["core"] // 2
    group = cores // up
    one = (np.arange(spines) % up)[:, None] == np.arange(cores) // group
    found = level_matrix(topology, "spine-core")[np.ix_(topology.tier == 2, topology.tier == 3)]
    assert np.array_equal(found, np.kron(np.eye(2, dtype=int), one * (core_up // group)))


@settings(max_examples=20, deadline=None)
@given(topology=feasible())
def test_the_proof_holds(topology):
    found = proof(topology)
    assert found.connected
    assert found.monotonic
    assert found.problems == ()


def test_cables_between_switches_take_two_lanes():
    topology = dual_tor(3000)
    assert {level: set(topology.lanes[topology.level == i].tolist()) for i, level in enumerate(topology.levels)} == {
        "host-leaf": {1},
        "leaf-spine": {2},
        "spine-core": {2},
    }


@given(topology=feasible())
def test_the_name_builds_it_again(topology):
    again = parse(topology.name)
    assert again.name == topology.name
    assert np.array_equal(again.ends, topology.ends)
    assert np.array_equal(again.lanes, topology.lanes)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nodes=0", "dual_tor: nodes must be a whole number >= 1, got 0"),
        (
            "nodes=8,up=65",
            "dual_tor: a leaf with down=128 of 1 lane and up=65 of 2 needs 258 lanes; radix must be at least that, got 256",
        ),
        (
            "nodes=8,rails=125",
            "dual_tor: a spine with rails=125 leaves of one segment and core_up=8, 2 lanes each, needs 266 lanes; "
            "radix must be at least that, got 256",
        ),
        (
            "nodes=100,rails=2,down=2,up=2,core_up=2,radix=8",
            "dual_tor: nodes must be at most 8 (cores of 8 lanes join 4 pods), got 100",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(f"dual_tor:{spec}")


def test_the_largest_size_that_is_named_can_be_built():
    assert dual_tor(8, 2, 2, 2, 2, 8).switches_by_tier == {"leaf": 16, "spine": 16, "core": 8}
