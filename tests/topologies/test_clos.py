import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from topologies.base import Topology
from topologies.catalog import parse
from topologies.clos import clos, most_endpoints, ports
from topologies.errors import InputError
from topologies.proofs import proof

RATIOS = st.sampled_from(["1", "2", "3", "1.5", "0.5", "7"])
DEPTHS = st.integers(2, 4)


@st.composite
def feasible(draw: st.DrawFn, depths: st.SearchStrategy[int] = DEPTHS) -> Topology:
    radix, tiers, ratio = draw(st.integers(2, 14)), draw(depths), draw(RATIOS)
    per_tier = (Fraction(ratio), *[Fraction(1)] * (tiers - 2))
    assume(all(min(ports(radix, each)) >= 1 for each in per_tier))
    endpoints = draw(st.integers(1, min(most_endpoints(radix, per_tier), 200)))
    return clos(radix, endpoints, tiers, ratio)


def used_ports(topology: Topology) -> np.ndarray:
    return np.bincount(topology.ends.ravel(), minlength=topology.vertices)


def of_tier(topology: Topology, name: str) -> np.ndarray:
    return topology.tier == topology.tiers.index(name)


def test_the_published_example():
    topology = parse("clos:radix=64,tiers=3,endpoints=8192,oversubscription=3")
    assert topology.switches_by_tier == {"leaf": 171, "spine": 96, "core": 64}
    assert topology.cables_by_level == {"host-leaf": 8192, "leaf-spine": 171 * 16, "spine-core": 96 * 32}


@given(topology=feasible())
def test_no_switch_uses_more_ports_than_it_has(sound, topology):
    sound(topology)
    assert used_ports(topology)[topology.devices :].max() <= topology.params["radix"]


@given(topology=feasible())
def test_leaves_are_filled_one_after_the_other_and_the_last_one_is_ragged(topology):
    down, _ = ports(topology.params["radix"], Fraction(topology.params.get("oversubscription", "1")))
    hosts = topology.ends[: topology.devices]
    assert hosts[:, 0].tolist() == list(range(topology.devices))
    assert np.array_equal(hosts[:, 1] - topology.devices, np.arange(topology.devices) // down)
    assert topology.switches_by_tier["leaf"] == -(-topology.devices // down)


@given(topology=feasible(st.just(2)))
def test_two_tiers_stripe_every_leaf_evenly_over_the_fewest_spines(level_matrix, topology):
    radix = topology.params["radix"]
    _, up = ports(radix, Fraction(topology.params.get("oversubscription", "1")))
    leaves, spines = topology.switches_by_tier["leaf"], topology.switches_by_tier["spine"]
    between = level_matrix(topology, "leaf-spine")[np.ix_(of_tier(topology, "leaf"), of_tier(topology, "spine"))]
    assert np.all(between == up // spines)
    assert all(leaves * up > radix * fewer for fewer in range(1, spines) if up % fewer == 0)


@given(topology=feasible(st.just(3)))
def test_three_tiers_wire_full_pods_and_stripe_spine_s_over_core_group_s(level_matrix, topology):
    radix = topology.params["radix"]
    _, up = ports(radix, Fraction(topology.params.get("oversubscription", "1")))
    half = radix // 2
    leaves, spines = topology.switches_by_tier["leaf"], topology.switches_by_tier["spine"]
    pods, group = -(-leaves // half), topology.switches_by_tier["core"] // up
    assert spines == pods * up
    middle = level_matrix(topology, "leaf-spine")[np.ix_(of_tier(topology, "leaf"), of_tier(topology, "spine"))]
    assert np.array_equal(middle, (np.arange(leaves)[:, None] // half == np.arange(spines) // up).astype(int))
    top = level_matrix(topology, "spine-core")[np.ix_(of_tier(topology, "spine"), of_tier(topology, "core"))]
    same_group = (np.arange(spines) % up)[:, None] == np.arange(up * group) // group
    assert np.array_equal(top, same_group * (half // group))
    assert all(pods * half > radix * fewer for fewer in range(1, group) if half % fewer == 0)


@settings(max_examples=25, deadline=None)
@given(topology=feasible(st.integers(2, 3)))
def test_the_proof_holds(topology):
    found = proof(topology)
    assert found.connected
    assert found.monotonic
    assert found.paths is None or found.paths.uniform
    assert found.problems == ()


@pytest.mark.parametrize("k", [4, 8, 12])
def test_full_and_without_oversubscription_it_is_the_fat_tree_and_half_its_cores_with_two_cables(k):
    full, fat = clos(k, k**3 // 4, 3), parse(f"fat_tree:k={k}")
    assert np.array_equal(full.ends, fat.ends)
    assert clos(k, k**3 // 8, 3).switches_by_tier["core"] <= fat.switches_by_tier["core"]


@pytest.mark.parametrize(
    ("radix", "ratio", "split"), [(64, 3, (48, 16)), (64, 2, (42, 21)), (64, 7, (56, 8)), (63, 1, (31, 31))]
)
def test_ports_down_and_up(radix, ratio, split):
    assert ports(radix, Fraction(ratio)) == split


def test_unused_ports_stay_free():
    full = clos(64, 42 * 64, 2, "2")
    assert proof(full).ports["leaf"] == 42 + 21


def test_oversubscription_named_for_each_tier():
    alike, tapered = clos(16, 256, 3, "3/1"), clos(16, 256, 3, "3/3")
    assert np.array_equal(alike.ends, clos(16, 256, 3, "3").ends)
    assert alike.switches_by_tier == {"leaf": 22, "spine": 12, "core": 8}
    assert tapered.switches_by_tier == {"leaf": 22, "spine": 8, "core": 4}
    assert tapered.name == "clos:radix=16,endpoints=256,tiers=3,oversubscription=3/3"
    assert clos(16, 256, oversubscription="3/3").tiers == tapered.tiers


def test_a_number_is_as_good_as_its_text():
    assert clos(64, 8192, 3, oversubscription=3).name == clos(64, 8192, 3, "3").name
    assert clos(64, 8192, 3, oversubscription=1).name == clos(64, 8192, 3).name


def test_more_uplinks_than_hosts_are_possible():
    assert clos(48, 160, 2, "0.5").cables_by_level == {"host-leaf": 160, "leaf-spine": 10 * 32}


def test_tiers_are_two_where_they_suffice_and_any_number_where_not():
    assert clos(8, 32).tiers == ("host", "leaf", "spine")
    assert clos(8, 33).tiers == ("host", "leaf", "spine", "core")
    assert clos(8, 200).tiers == ("host", "leaf", "spine", "core", "tier4")
    assert clos(8, 512).switches_by_tier == {"leaf": 128, "spine": 128, "core": 128, "tier4": 64}


@given(topology=feasible())
def test_the_name_builds_it_again(topology):
    again = parse(topology.name)
    assert again.name == topology.name
    assert np.array_equal(again.ends, topology.ends)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("radix=1,endpoints=4", "clos: radix must be a whole number >= 2, got 1"),
        ("radix=8,endpoints=0", "clos: endpoints must be a whole number >= 1, got 0"),
        ("radix=8,endpoints=4,tiers=1", "clos: tiers must be from 2 to 12, or 0 (as many as it takes), got 1"),
        (
            "radix=8,endpoints=4,oversubscription=3:1",
            "clos: oversubscription must be a number > 0, or one per tier as 2/1, got '3:1'",
        ),
        (
            "radix=8,endpoints=4,oversubscription=0",
            "clos: oversubscription must be a number > 0, or one per tier as 2/1, got '0'",
        ),
        (
            "radix=8,endpoints=4,tiers=2,oversubscription=2/1",
            "clos: oversubscription=2/1 is for tiers=3, got tiers=2",
        ),
        (
            "radix=4,endpoints=4,oversubscription=7",
            "clos: radix=4 with oversubscription=7 leaves a switch without a port down or up; the smallest radix is 8",
        ),
        (
            "radix=64,endpoints=65537,tiers=3",
            "clos: endpoints=65537 is more than 3 tiers of 64 ports carry (65536); the nearest that can be built: "
            "endpoints=65536 or radix=65 or tiers=4",
        ),
        (
            "radix=64,endpoints=5000,tiers=2,oversubscription=3",
            "clos: endpoints=5000 is more than 2 tiers of 64 ports carry (3072); the nearest that can be built: "
            "endpoints=3072 or radix=82 or tiers=3",
        ),
        ("radix=64,endpoints=999999999", "clos: at most 20,000,000 cables can be held in memory, this size needs 999,999,999"),
    ],
)
def test_what_cannot_be_built_is_refused(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(f"clos:{spec}")


@given(radix=st.integers(2, 20), endpoints=st.integers(1, 3000), tiers=st.integers(2, 4), ratio=RATIOS)
def test_the_sizes_a_refusal_names_can_be_built_and_the_next_ones_cannot(radix, endpoints, tiers, ratio):
    asked = {"radix": radix, "endpoints": endpoints, "tiers": tiers, "oversubscription": ratio}
    try:
        clos(**asked)
        return
    except InputError as error:
        if "smallest radix" in str(error):
            return
        offers = re.findall(r"(endpoints|radix|tiers)=(\d+)", str(error).partition("built: ")[2])
    for key, value in offers:
        clos(**asked | {key: int(value)})
        if key != "tiers":
            with pytest.raises(InputError):
                clos(**asked | {key: int(value) + (1 if key == "endpoints" else -1)})


@given(ratio=RATIOS, tiers=st.integers(2, 4))
def test_the_smallest_radix_for_an_oversubscription_is_named(ratio, tiers):
    try:
        clos(2, 1, tiers, ratio)
    except InputError as error:
        smallest = int(str(error).rpartition(" ")[2])
        clos(smallest, 1, tiers, ratio)
        with pytest.raises(InputError, match=f"the smallest radix is {smallest}$"):
            clos(smallest - 1, 1, tiers, ratio)
