"""Which cables stay: the same wiring under other numbers, and every assignment of small ones tried."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.review.renumbered import kept
from topologies import catalog

FORMS = (
    "rail_optimized:nodes=4,rails=4,radix=8",
    "clos:radix=4,endpoints=16,devices_per_node=2",
    "multi_plane:nodes=8,rails=2,radix=8,planes=2",
    "dragonfly:p=2,a=4,h=2,groups=5",
    "dual_tor:nodes=4,rails=2,down=4,up=2,core_up=2,radix=16",
)


def built(text, **change):
    family, params = catalog.split_spec(text)
    return catalog.build(family, {**params, **{key: str(value) for key, value in change.items()}})


def renumbered(topology, draw, tier):
    """The same wiring, the vertices of one tier in another order; of devices, whole nodes."""
    new = np.arange(topology.vertices)
    own = np.flatnonzero(topology.tier == tier)
    if tier:
        new[own] = draw.permutation(own)
    else:
        nodes = draw.permutation(topology.nodes)
        new[own] = own[np.argsort(np.argsort(nodes[topology.node[own]], kind="stable"), kind="stable")]
    return replace(topology, ends=new[topology.ends].astype(np.int32))


def cables(topology):
    return sum(topology.cables_by_level.values())


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FORMS), st.integers(0, 2**32 - 1), st.data())
def test_other_numbers_move_nothing(form, seed, data):
    topology = built(form)
    tier = data.draw(st.sampled_from([n for n in range(len(topology.tiers)) if n != topology.scale_up_tier]))
    if topology.family == "dragonfly":  # its cables between switches lie in one tier: of those no best is promised
        tier = 0
    assert kept(topology, renumbered(topology, np.random.default_rng(seed), tier)) == cables(topology)


def every_assignment(before, after):
    """The most cables that any assignment of hosts, leaves and spines keeps, all of them tried."""
    tiers = [(np.flatnonzero(before.tier == n), np.flatnonzero(after.tier == n)) for n in range(len(before.tiers))]
    counts = np.zeros((after.vertices, after.vertices), dtype=int)
    np.add.at(counts, tuple(after.ends.T), 1)
    olds, old_counts = np.unique(before.ends, axis=0, return_counts=True)
    best = 0
    for choice in product(*(permutations(new.tolist(), len(old)) for old, new in tiers)):
        where = np.concatenate([np.array(one) for one in choice])
        best = max(best, int(np.minimum(old_counts, counts[tuple(where[olds].T)]).sum()))
    return best


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("leaf_spine:leaves=2,spines=1,hosts_per_leaf=1", "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2"),
        ("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2", "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2"),
        ("leaf_spine:leaves=1,spines=2,hosts_per_leaf=3", "leaf_spine:leaves=3,spines=3,hosts_per_leaf=2"),
        ("clos:radix=4,endpoints=4", "clos:radix=4,endpoints=6"),
    ],
)
def test_nothing_keeps_more(small, large):
    before, after = built(small), built(large)
    assert kept(before, after) == every_assignment(before, after)


def test_a_tier_that_is_new_keeps_what_is_below():
    """From two tiers of 64 ports to three: no host moves, a leaf's cables up are those of its pod."""
    before, after = (built("clos:radix=8,endpoints=1,devices_per_node=2", endpoints=count) for count in (32, 64))
    assert len(after.switches_by_tier) == len(before.switches_by_tier) + 1
    assert 32 <= kept(before, after) <= cables(before)


def test_only_the_networks_cables_stay_where_devices_share_nics():
    """Nodes of two NICs in another order keep every network cable; what joins devices to their NICs is none."""
    small, large = "clos:radix=4,endpoints=8,devices_per_nic=4,devices_per_node=8", "clos:radix=4,endpoints=16"
    topology = built(small)
    assert kept(topology, topology) == sum(topology.cables_by_level.values())
    grown = built(f"{large},devices_per_nic=4,devices_per_node=8")
    assert kept(topology, grown) == kept(built("clos:radix=4,endpoints=8"), built(large))
