import re
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.pgft import pgft
from topologies.proofs import proof

Lists = tuple[tuple[int, ...], ...]


@st.composite
def trees(draw: st.DrawFn, most: int = 3) -> tuple[Lists, int]:
    h = draw(st.integers(1, 3))
    numbers = st.tuples(*[st.integers(1, most)] * h)
    m = draw(st.tuples(*[st.integers(1, 4)] * h))
    return (m, draw(numbers), draw(numbers)), draw(st.integers(0, prod(m)))


def joined(lists: Lists) -> list[str]:
    return ["x".join(map(str, each)) for each in lists]


@given(given_tree=trees())
def test_counts_are_the_closed_forms(sound, given_tree):
    (m, w, p), _ = given_tree
    topology = pgft(len(m), *joined((m, w, p)))
    sound(topology)
    switches = [prod(w[: tier + 1]) * prod(m[tier + 1 :]) for tier in range(len(m))]
    assert topology.devices == prod(m)
    assert list(topology.switches_by_tier.values()) == switches
    assert list(topology.cables_by_level.values()) == [n * m[t] * p[t] for t, n in enumerate(switches)]


@given(given_tree=trees())
def test_every_vertex_has_its_children_and_parents_each_with_parallel_cables(given_tree):
    (m, w, p), _ = given_tree
    topology = pgft(len(m), *joined((m, w, p)))
    pairs, parallel = np.unique(topology.ends, axis=0, return_counts=True)
    low, high = pairs.T
    assert np.array_equal(parallel, np.array(p)[topology.tier[low]])
    parents, children = np.bincount(low, minlength=topology.vertices), np.bincount(high, minlength=topology.vertices)
    for tier in range(len(m)):
        assert np.all(parents[topology.tier == tier] == w[tier])
        assert np.all(children[topology.tier == tier + 1] == m[tier])


def from_the_definition(m: tuple[int, ...], w: tuple[int, ...], p: tuple[int, ...]) -> list[tuple[int, int]]:
    """Write every vertex as digits: child indices above its tier, parent indices up to it; join those that differ in one."""
    tiers = [list(product(*map(range, reversed(m[tier:])), *map(range, w[:tier]))) for tier in range(len(m) + 1)]
    number, cables = {}, []
    for tier, labels in enumerate(tiers):
        number |= {(tier, label): len(number) + place for place, label in enumerate(labels)}
    for tier, labels in enumerate(tiers[:-1]):
        above = len(m) - tier - 1
        for label in labels:
            for parent in range(w[tier]):
                upper = (*label[:above], *label[above + 1 :], parent)
                cables += [(number[tier, label], number[tier + 1, upper])] * p[tier]
    return cables


@given(given_tree=trees(most=2))
def test_the_wiring_is_the_definition(given_tree):
    lists, _ = given_tree
    topology = pgft(len(lists[0]), *joined(lists))
    assert sorted(map(tuple, topology.ends.tolist())) == sorted(from_the_definition(*lists))


@settings(max_examples=25, deadline=None)
@given(given_tree=trees(most=2))
def test_path_counts_between_leaves_are_the_closed_form(given_tree):
    (m, w, p), _ = given_tree
    w = (1, *w[1:])
    found = proof(pgft(len(m), *joined((m, w, p)))).paths
    if found is not None:
        expected = {2 * t: prod(w[1 : t + 1]) * prod(p[1 : t + 1]) ** 2 for t in range(1, len(m)) if m[t] > 1}
        assert {hops: counts for hops, counts in found.counts.items() if hops} == {h: (n, n) for h, n in expected.items()}


@given(given_tree=trees())
def test_a_ragged_tree_is_the_full_one_without_what_has_no_endpoint_below(given_tree):
    (m, w, p), endpoints = given_tree
    full, ragged = (pgft(len(m), *joined((m, w, p)), endpoints=n) for n in (0, endpoints))
    below = np.arange(full.vertices) < ragged.devices
    for tier in range(1, len(m) + 1):
        low, high = full.ends[full.tier[full.ends[:, 1]] == tier].T
        below[high[below[low]]] = True
    number = np.cumsum(below) - 1
    assert np.array_equal(number[full.ends[below[full.ends[:, 0]]]], ragged.ends)
    assert np.array_equal(full.plane[below], ragged.plane)


@given(given_tree=trees())
def test_devices_with_several_parents_stand_in_as_many_planes_that_never_meet(given_tree):
    (m, w, p), endpoints = given_tree
    topology = pgft(len(m), *joined((m, w, p)), endpoints=endpoints)
    low, high = topology.plane[topology.ends].T
    assert np.all((low == high) | (low == -1))
    assert set(topology.plane[topology.devices :].tolist()) == set(range(w[0]))


def test_simgrids_example():
    topology = parse("pgft:h=2,m=4x4,w=1x2,p=1x2")
    assert (topology.devices, topology.switches_by_tier) == (16, {"leaf": 4, "spine": 2})
    assert sum(topology.cables_by_level.values()) == 32


def test_without_p_it_is_the_xgft():
    plain = parse("pgft:h=2,m=4x4,w=1x2")
    assert plain.name == "pgft:h=2,m=4x4,w=1x2"
    assert np.array_equal(plain.ends, parse("pgft:h=2,m=4x4,w=1x2,p=1x1").ends)


def test_the_fat_tree_is_one_of_them():
    assert np.array_equal(parse("pgft:h=3,m=4x4x8,w=1x4x4").ends, parse("fat_tree:k=8").ends)


@given(given_tree=trees())
def test_the_name_builds_it_again(given_tree):
    lists, endpoints = given_tree
    topology = pgft(len(lists[0]), *joined(lists), endpoints=endpoints)
    again = parse(topology.name)
    assert again.name == topology.name
    assert np.array_equal(again.ends, topology.ends)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("h=0,m=4,w=1", "pgft: h must be a whole number from 1 to 12, got 0"),
        ("h=2,m=4x4,w=1x2,endpoints=-1", "pgft: endpoints must be a whole number >= 0, got -1"),
        ("h=2,m=4x4,w=1x2,endpoints=17", "pgft: endpoints must be at most 16 (the product of m=4x4), got 17"),
        ("h=2,m=4x4x4,w=1x2", "pgft: m must name one number per tier (h=2), got '4x4x4' with 3"),
        ("h=2,m=4x4,w=1", "pgft: w must name one number per tier (h=2), got '1' with 1"),
        ("h=2,m=4x,w=1x2", "pgft: m must be whole numbers >= 1 joined by x, as 4x4x2, got '4x'"),
        ("h=2,m=4x4,w=1x0", "pgft: w must be whole numbers >= 1 joined by x, as 4x4x2, got '1x0'"),
        ("h=2,m=4x4,w=1x2,p=ax1", "pgft: p must be whole numbers >= 1 joined by x, as 4x4x2, got 'ax1'"),
        (
            "h=2,m=9999x9999,w=1x1",
            "pgft: at most 20,000,000 cables can be held in memory, this size needs 99,990,000",
        ),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(f"pgft:{spec}")
