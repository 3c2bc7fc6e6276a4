"""What can cross between two sets of ranks: closed forms, the narrower direction, more ranks than devices."""

import pytest

from fabric.network.spec import load
from fabric.predict.halves import between


def test_a_star_carries_what_the_smaller_side_has():
    fabric = load("star:devices=8")
    nic = float(fabric.link_speed[0])
    assert between(fabric, range(4), range(4, 8)) == pytest.approx(4 * nic, rel=1e-5)
    assert between(fabric, range(2), range(2, 8)) == pytest.approx(2 * nic, rel=1e-5)


@pytest.mark.parametrize(("first", "second"), [(range(8), range(8, 16)), (range(0, 16, 2), range(1, 16, 2))])
def test_a_full_fat_tree_carries_every_nic(first, second):
    fabric = load("fat_tree:k=4")
    assert between(fabric, first, second) == pytest.approx(8 * float(fabric.link_speed[0]), rel=1e-5)


def test_more_ranks_than_devices_go_round_again():
    fabric = load("star:devices=2")
    assert between(fabric, [0, 2], [1, 3]) == pytest.approx(float(fabric.link_speed[0]), rel=1e-5)
