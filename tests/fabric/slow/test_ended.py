"""Searches that end early: what is known is told, going on gives the same as never having stopped, a silent node is found."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.slow_sites import planted
from fabric.network.spec import load
from fabric.slow.adaptive import Ended, search
from fabric.slow.lead import with_gone
from fabric.slow.tree import flat, tree_of

FABRIC = load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=6")
TREE = tree_of(FABRIC)


def site(seed, faults=2):
    return planted(FABRIC, TREE, faults, seed, kinds=("device", "switch"))


def recording(ask, known, most=10**9):
    """Return an ask that gives out what is known and keeps what it must run, until it has run so many calls."""
    ran, at = 0, 0

    def asked(tests):
        nonlocal ran, at
        if at == len(known):
            if ran == most:
                raise Ended
            ran += 1
            known.append((list(tests), ask(tests)))
        told, times = known[at]
        assert told == list(tests), "another search than before"
        at += 1
        return times

    return asked


@given(st.integers(0, 60), st.integers(0, 6))
@settings(max_examples=12)
def test_a_search_that_stopped_and_goes_on_finds_what_one_that_did_not_stop_finds(seed, calls):
    one, known = site(seed), []
    cut = search(TREE, recording(one.ask, known, calls))
    assert len(known) <= calls
    assert all(a.seconds for a in cut.asked)
    again = search(TREE, recording(one.ask, known))
    whole = search(TREE, site(seed).ask)
    assert (again.verdicts, again.cleared, again.open) == (whole.verdicts, whole.cleared, whole.open)


def test_one_that_can_ask_nothing_leaves_everything_open():
    found = search(TREE, recording(site(1).ask, [], 0))
    assert (found.verdicts, found.cleared, found.rounds) == ((), (), 0)
    assert len(found.open) == TREE.first_pair
    assert len(found.untested) == len(TREE.pairs)


@given(st.sets(st.integers(0, TREE.nodes - 1), min_size=1, max_size=3), st.integers(0, 40))
@settings(max_examples=12)
def test_silent_nodes_are_named_take_part_in_no_test_that_runs_and_the_others_are_judged(gone, seed):
    one, ran = site(seed, faults=1), []

    def ask(tests):
        there = [test for test in tests if not gone & {*test.nodes}]
        ran.extend(there)
        times = iter(one.ask(there))
        return [[] if gone & {*test.nodes} else next(times) for test in tests]

    found = with_gone(TREE, search(TREE, ask, gone=sorted(gone)), sorted(gone))
    assert {s for v in found.verdicts if v.kind == "hung" for s in v.suspects} == gone
    assert not any(gone & {*test.nodes} for test in ran)
    assert not gone & {*found.cleared, *found.open, *found.contended}
    assert len(found.cleared) >= TREE.nodes - len(gone) - 3
    planted_at = {s for _, named in one.told for s in named} - gone
    named = {s for v in found.verdicts if v.kind != "hung" for s in v.suspects}
    assert named <= planted_at


@pytest.mark.parametrize("nodes", [4, 5])
def test_a_silent_node_is_named_where_too_few_are_left_to_confirm_it(nodes):
    found = with_gone(flat(nodes), search(flat(nodes), recording(lambda _: [], [], 0), gone=[2]), [2])
    (verdict,) = found.verdicts
    assert (verdict.kind, verdict.suspects, verdict.factor) == ("hung", (2,), inf)
    assert sorted(found.open) == [n for n in range(nodes) if n != 2]
