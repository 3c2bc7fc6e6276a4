import numpy as np
import pytest

from fabric.network.placement import given_order, groups_of, place, spread
from topologies import catalog
from topologies.errors import InputError

RAILS = catalog.parse("rail_optimized:nodes=3,rails=2,radix=8")
LEAVES = catalog.parse("leaf_spine:leaves=3,spines=1,hosts_per_leaf=2")


def test_contiguous_is_device_by_device():
    assert place(RAILS, 4).tolist() == [0, 1, 2, 3]
    assert spread(RAILS, place(RAILS, 3)) == (2, 2)


def test_interleaved_goes_round_nodes_where_they_hold_several_devices_else_leaves():
    assert place(RAILS, 6, "interleaved").tolist() == [0, 2, 4, 1, 3, 5]
    assert place(LEAVES, 6, "interleaved").tolist() == [0, 2, 4, 1, 3, 5]


def test_strided_is_every_so_many_devices():
    assert place(RAILS, 3, "strided:2").tolist() == [0, 2, 4]
    assert place(RAILS, 6, "strided:1").tolist() == place(RAILS, 6).tolist()
    assert spread(RAILS, place(RAILS, 3, "strided:2")) == (3, 1)


def test_scattered_is_a_seeded_draw_without_repetition():
    drawn = place(RAILS, 6, "scattered:3")
    assert sorted(drawn) == list(range(6))
    assert np.array_equal(drawn, place(RAILS, 6, "scattered:3"))
    assert not np.array_equal(drawn, place(RAILS, 6, "scattered:4"))


def test_a_given_list_travels_beside_its_hash():
    devices = np.array([5, 0, 3])
    assert place(RAILS, 3, given_order(devices), devices).tolist() == [5, 0, 3]
    assert given_order(devices) != given_order(devices[::-1])


def test_groups_are_numbered_by_first_rank():
    assert groups_of(RAILS, np.array([4, 5, 0, 2])).node_of.tolist() == [0, 0, 1, 2]


def test_a_single_machine_takes_more_ranks_than_slots():
    machine = catalog.parse("local:slots=2")
    assert place(machine, 5).tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("ranks", "order", "given", "message"),
    [
        (7, "contiguous", None, "rail_optimized.* has 6 devices, got 7 ranks; ask for at most 6"),
        (2, "random", None, "order: must be contiguous, interleaved, .* got 'random'"),
        (4, "strided:2", None, "order: 4 ranks 2 devices apart need 7, rail_optimized.* has 6; at most 3 ranks"),
        (2, "strided:0", None, "order: must be contiguous, interleaved, strided:STEP"),
        (2, "given:abc", None, "order: must be"),
        (2, "given:abc", np.array([1, 1]), r"must name 2 different devices in 0 \.\.\. 5"),
        (2, "given:abc", np.array([1, 9]), "must name 2 different devices"),
    ],
)
def test_what_cannot_be_placed_is_refused(ranks, order, given, message):
    with pytest.raises(InputError, match=message):
        place(RAILS, ranks, order, given)
