"""Two jobs beside each other, against what the wiring says by hand."""

import numpy as np
import pytest

from fabric.network import spec
from fabric.records.case import Case
from fabric.review.mixed import halves, slowdown, slowdowns

CASE = Case("all_reduce", 2**20, 16, 16, 1)


def test_halves_are_alternate_nodes():
    one, other = halves(spec.load("clos:radix=8,endpoints=16,devices_per_node=4"))
    assert np.array_equal(one, [0, 1, 2, 3, 8, 9, 10, 11])
    assert np.array_equal(other, [4, 5, 6, 7, 12, 13, 14, 15])


def test_jobs_on_one_switch_do_not_meet():
    assert slowdown(spec.load("star:devices=8"), CASE, "ring", "ideal") == pytest.approx(1)


def test_two_rings_share_the_only_uplink():
    """Devices 0 2 | 4 6 and 1 3 | 5 7: either ring crosses between the leaves once each way."""
    fabric = spec.load("leaf_spine:leaves=2,spines=1,hosts_per_leaf=4")
    assert slowdown(fabric, CASE, "ring", "ideal") == pytest.approx(2)


def test_two_spines_carry_both():
    fabric = spec.load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4")
    assert slowdown(fabric, CASE, "ring", "spray") == pytest.approx(1)


def test_a_single_node_has_no_halves():
    assert slowdown(spec.load("star:devices=8,devices_per_node=8"), CASE, "ring", "ideal") is None


def test_every_seed_is_asked():
    """Two flows between two leaves over two spines: a seed puts them on one or on both, and one draw says nothing."""
    fabric = spec.load("leaf_spine:leaves=4,spines=4,hosts_per_leaf=4")
    found = slowdowns(fabric, CASE, "ring", "ecmp:1-20")
    assert found == tuple(slowdown(fabric, CASE, "ring", f"ecmp:{seed}") for seed in range(1, 21))
    assert len(set(found)) > 1
    assert slowdowns(fabric, CASE, "ring", "spray") == (slowdown(fabric, CASE, "ring", "spray"),)


def test_where_there_are_no_two_jobs_there_is_no_slowdown():
    assert slowdowns(spec.load("star:devices=8,devices_per_node=8"), CASE, "ring", "ecmp:1-3") == ()
    gather = Case("all_gather", 2**20, 6, 6, 1)
    assert slowdowns(spec.load("star:devices=6"), gather, "recursive_doubling", "ideal") == (), (
        "three ranks are no power of two"
    )
