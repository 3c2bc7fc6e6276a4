"""Growth against a plain comparison of cable lists, and against what a wiring's arithmetic says of cables that must move."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.review.growth import stages
from topologies import catalog
from topologies.errors import InputError


def plain_cables(topology):
    """The cables outside nodes by the names of both ends, one by one."""
    found = Counter()
    for number, (a, b) in enumerate(topology.ends):
        if topology.level[number] != topology.scale_up_level:
            found[topology.vertex_name(int(a)), topology.vertex_name(int(b))] += 1
    return found


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(
        [("rail_optimized:nodes=2,rails=2,radix=8", "nodes"), ("leaf_spine:leaves=2,spines=2,hosts_per_leaf=3", "leaves")]
    ),
    st.integers(2, 6),
    st.integers(1, 6),
)
def test_moved_and_added_cables(form, small, more):
    topo, key = form
    family, params = catalog.split_spec(topo)
    before, after = (plain_cables(catalog.build(family, {**params, key: str(n)})) for n in (small, small + more))
    first, second = stages(topo, key, (small, small + more))
    assert (first.kept, first.moved, first.added) == (0, 0, sum(before.values()))
    same_names = sum(min(count, after[name]) for name, count in before.items())
    assert same_names <= second.kept == sum(before.values()) - second.moved
    assert first.cables + second.added == second.cables == sum(after.values())
    assert second.step == (second.moved > 0)


def test_leaves_are_added_without_moving_anything():
    _, second = stages("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4", "leaves", (2, 4))
    assert (second.moved, second.added, second.new_switches) == (0, 12, 2)


def test_a_tier_step_is_seen():
    two, three = stages("clos:radix=8,endpoints=32", "endpoints", (32, 64))
    assert (two.tiers, three.tiers) == (2, 3)
    assert three.step


@pytest.mark.parametrize("values", [(4,), (4, 4), (8, 4)])
def test_values_must_grow(values):
    with pytest.raises(InputError, match=r"grow\.nodes: must be two or more values that grow"):
        stages("rail_optimized:nodes=4,rails=2,radix=8", "nodes", values)


def test_a_host_that_keeps_its_leaf_has_not_moved_because_leaves_are_renumbered():
    """Twice the leaves of a rail: half of every leaf's cables up go to new spines, and no host is touched."""
    _, two, three = stages("rail_only:nodes=128,rails=8,radix=64", "nodes", (128, 256, 512))
    assert (two.moved, three.moved) == (8 * 128 // 2, 8 * 256 // 2), "half of a rail's uplinks, 1,536 in all"


def test_a_leaf_that_takes_another_host_keeps_those_it_has():
    """Hosts are numbered leaf by leaf: with four a leaf host 3 is another machine than with three."""
    _, more = stages("leaf_spine:leaves=6,spines=2,hosts_per_leaf=3", "hosts_per_leaf", (3, 4))
    assert (more.moved, more.added) == (0, 6)


def test_a_candidate_of_a_node_grows_like_its_wiring():
    of_node = stages("rail_optimized:nodes=8,rails=8,radix=16,speed=200Gb/s,node=dgx-h100", "nodes", (8, 16))
    assert of_node == stages("rail_optimized:nodes=8,rails=8,radix=16,scale_up=nvswitch", "nodes", (8, 16))
