"""Groups that call at once: as alone where they share no link, slower by what they share where they do."""

import numpy as np
import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.constants import NONE
from fabric.predict.of_node import constants_on
from fabric.predict.together import Groups
from topologies.errors import InputError

SIZE = 64 * 2**20


def by_columns(ranks, width):
    """Groups of ranks a whole width apart."""
    return np.arange(ranks).reshape(-1, width).T


def test_one_group_is_what_predict_says():
    fabric, devices = load("dgx-h100:nodes=4"), np.arange(0, 32, 8)
    constants = constants_on(fabric)
    groups = Groups(fabric, constants, devices[None, :])
    for collective in ("all_reduce", "all_gather", "all_to_all", "sendrecv"):
        case = groups.case(collective, SIZE)
        (alone,) = predict([case], fabric, constants, given=devices, fidelity="loaded")
        assert groups.call(collective, SIZE).seconds == pytest.approx(alone.time)


@pytest.mark.parametrize("collective", ["all_reduce", "all_gather", "reduce_scatter", "all_to_all", "sendrecv"])
def test_groups_on_rails_of_their_own_do_not_slow_each_other(collective):
    fabric = load("dgx-h100:nodes=4")
    found = Groups(fabric, constants_on(fabric), by_columns(32, 8)).call(collective, SIZE)
    assert found.seconds == pytest.approx(found.alone)


@pytest.mark.parametrize("collective", ["all_reduce", "all_gather", "all_to_all"])
def test_groups_that_share_thin_uplinks_slow_each_other_by_how_many_there_are(collective):
    """Four leaves of four hosts, one uplink each: four groups of one rank a leaf share every uplink."""
    fabric = load("leaf_spine:leaves=4,hosts_per_leaf=4,spines=1,speed=100Gb/s,latency=1ns")
    found = Groups(fabric, NONE, by_columns(16, 4)).call(collective, SIZE, "ring" if collective != "all_to_all" else "direct")
    assert found.seconds == pytest.approx(4 * found.alone, rel=1e-4)


def test_messages_of_many_groups_are_listed_up_to_a_limit(monkeypatch):
    fabric = load("leaf_spine:leaves=4,hosts_per_leaf=4,spines=4,speed=100Gb/s")
    whole = Groups(fabric, NONE, by_columns(16, 4)).call("all_to_all", SIZE).seconds
    monkeypatch.setattr("fabric.predict.together.MOST_MESSAGES", 24)
    assert Groups(fabric, NONE, by_columns(16, 4)).call("all_to_all", SIZE).seconds == pytest.approx(whole)


def test_of_many_groups_those_of_the_same_nodes_are_listed(monkeypatch):
    """Two groups share every uplink, the first and the last row of the table: both stand for all."""
    fabric = load("leaf_spine:leaves=2,hosts_per_leaf=4,spines=1,speed=100Gb/s,latency=1ns")
    rows = np.array([[0, 4], [2, 6], [1, 5], [3, 7]])[:, ::-1]
    monkeypatch.setattr("fabric.predict.together.MOST_MESSAGES", 4)
    found = Groups(fabric, NONE, rows).call("all_to_all", SIZE)
    assert found.seconds == pytest.approx(2 * found.alone, rel=1e-3)
    far = load("leaf_spine:leaves=4,hosts_per_leaf=2,spines=1,speed=100Gb/s,latency=1ns")
    rows = np.array([[0, 2], [4, 6], [1, 3], [5, 7]])
    found = Groups(far, NONE, rows).call("all_to_all", SIZE)
    assert found.seconds == pytest.approx(2 * found.alone, rel=1e-3)


@pytest.mark.parametrize("collective", ["all_reduce", "all_gather", "reduce_scatter", "all_to_all", "sendrecv"])
def test_links_are_busy_for_as_long_as_a_call_that_only_moves_bytes(collective):
    fabric = load("leaf_spine:leaves=4,hosts_per_leaf=4,spines=1,speed=100Gb/s,latency=1ns")
    groups = Groups(fabric, NONE, by_columns(16, 4))
    busy = dict(zip(fabric.topology.levels, groups.busy(collective, SIZE), strict=True))
    assert busy["leaf-spine"] == pytest.approx(groups.call(collective, SIZE).seconds, rel=1e-3)
    assert busy["host-leaf"] == pytest.approx(busy["leaf-spine"] / 4, rel=1e-3)


def test_groups_that_share_a_device_are_refused():
    with pytest.raises(InputError, match="different devices"):
        Groups(load("star:devices=4"), NONE, np.array([[0, 1], [1, 2]]))
