"""Two jobs beside each other, against what the wiring says by hand."""

import numpy as np
import pytest

from fabric.network import spec
from fabric.records.case import Case
from fabric.review.mixed import halves, slowdown

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
