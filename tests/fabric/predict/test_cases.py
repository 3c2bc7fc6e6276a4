"""Cases on a fabric are whole: their nodes are the fabric's, whoever asks."""

import numpy as np
import pytest

from fabric.network.placement import given_order
from fabric.network.spec import load
from fabric.predict.cases import cases
from topologies.errors import InputError

RAILS = load("rail_optimized:nodes=16,rails=8,radix=64,scale_up=nvswitch")


def test_a_case_has_the_nodes_that_its_order_uses():
    contiguous, interleaved = (
        cases(RAILS, "all_reduce", sizes=[8], ranks=[16], order=order)[0] for order in ("contiguous", "interleaved")
    )
    assert (contiguous.nodes, contiguous.ranks_per_node) == (2, 8)
    assert (interleaved.nodes, interleaved.ranks_per_node) == (16, 1)


def test_all_devices_where_no_ranks_are_named():
    assert [case.world_size for case in cases(RAILS, sizes=[8, 64])] == [128, 128]


def test_given_devices_name_the_order_and_count_the_ranks():
    devices = np.array([0, 8, 9, 127])
    (case,) = cases(RAILS, sizes=[8], given=devices)
    assert (case.order, case.world_size, case.nodes, case.ranks_per_node) == (given_order(devices), 4, 3, 2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"collective": "all_reduce", "root": 1}, "root: all_reduce has none, got 1"),
        ({"collective": "incast", "params": {"skew": 1.0}}, "param: incast takes fan_in, got 'skew'"),
        ({"ranks": [129]}, "ranks: .* has 128 devices, got 129 ranks"),
    ],
)
def test_what_does_not_fit_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        cases(RAILS, sizes=[8], **asked)
