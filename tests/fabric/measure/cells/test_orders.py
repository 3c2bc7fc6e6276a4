"""Orders of a launch: they mean what they mean on a fabric, and never name one group twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.cells.orders import check_orders, ranks_in_order, seating
from fabric.network.placement import place, spread
from fabric.network.spec import from_short_form
from topologies.errors import InputError

ALL = ["contiguous", "interleaved", "scattered:7"]


def by_hand(node, order):
    """Return the launch's ranks in order, written down plainly."""
    devices = [rank for number in sorted(set(node)) for rank in range(len(node)) if node[rank] == number]
    if order == "contiguous":
        return devices
    if order == "interleaved":
        piles = [[rank for rank in devices if node[rank] == number] for number in sorted(set(node))]
        return [pile[turn] for turn in range(len(node)) for pile in piles if turn < len(pile)]
    return [devices[i] for i in np.random.default_rng(int(order.split(":")[1])).permutation(len(node))]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.sampled_from(ALL), st.data())
def test_every_order_is_what_its_definition_says(raw, order, data):
    names = sorted(set(raw))
    node = [names.index(number) for number in raw]
    if len(node) == len(names):
        return  # one device a node: leaves decide, which a launch does not know
    p = data.draw(st.integers(1, len(node)))
    found = ranks_in_order(node, p, order)
    assert list(found) == by_hand(node, order)[:p]
    assert len(set(found)) == p


@pytest.mark.parametrize("order", ALL)
@pytest.mark.parametrize("p", [2, 5, 16])
def test_a_launch_that_fills_a_fabric_sits_as_the_prediction_says(order, p):
    fabric = from_short_form("rail_optimized:nodes=4,rails=4,radix=8")
    node = list(fabric.topology.node[: fabric.topology.devices])
    ranks = ranks_in_order(node, p, order)
    devices = place(fabric.topology, p, order)
    assert list(ranks) == list(devices)
    assert spread(fabric.topology, devices)[0] == len({node[rank] for rank in ranks})


def test_a_launcher_that_deals_ranks_out_round_robin_changes_nothing():
    assert ranks_in_order([0, 1, 0, 1], 2, "contiguous") == (0, 2)
    assert ranks_in_order([0, 1, 0, 1], 2, "interleaved") == (0, 1)


def test_one_node_has_no_interleaved_order():
    seats, notes = seating([0, 0, 0], [1, 2, 3], ["contiguous", "interleaved"])
    assert seats == {(1, "contiguous"): (0,), (2, "contiguous"): (0, 1), (3, "contiguous"): (0, 1, 2)}
    assert notes == ["interleaved: on 1, 2, 3 ranks the same as contiguous, left out"]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=8), st.lists(st.sampled_from(ALL), min_size=1, max_size=3))
def test_no_group_stands_under_two_names(raw, orders):
    names = sorted(set(raw))
    node = [names.index(number) for number in raw]
    seats, notes = seating(node, range(1, len(node) + 1), orders)
    groups = [(p, ranks) for (p, _), ranks in seats.items()]
    assert len(set(groups)) == len(groups)
    assert {p for p, _ in groups} == set(range(1, len(node) + 1))
    left_out = len(dict.fromkeys(orders)) * len(node) - len(seats)
    assert bool(notes) == (left_out > 0 or len(orders) > len(set(orders)))


@pytest.mark.parametrize("order", ["interleave", "scattered", "scattered:x", "given:abc", "contiguous:1"])
def test_other_words_are_refused(order):
    with pytest.raises(InputError, match="orders: must be contiguous, interleaved or scattered:SEED, got"):
        check_orders([order])
    with pytest.raises(InputError, match="orders: must name at least one of"):
        check_orders([])
