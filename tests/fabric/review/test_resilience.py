"""Failures: goodput by hand, single points against a plain count, what is lost against a cut by hand."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.network import spec
from fabric.review.racks import Floor, place
from fabric.review.request import Failing, parse
from fabric.review.resilience import goodput, resilience, single_homed

LEAF_SPINE = "leaf_spine:leaves=4,spines=2,hosts_per_leaf=4"


def request_of(**failing):
    cases = [{"collective": "all_reduce", "size": "64MiB", "algorithm": "ring"}]
    return parse({"title": "t", "candidates": [{"name": "a", "topo": LEAF_SPINE}], "cases": cases, "failing": failing})


@pytest.mark.parametrize(
    "topo",
    [
        LEAF_SPINE,
        "multi_plane:nodes=4,rails=2,radix=8,planes=2",
        "dual_tor:nodes=4,rails=2,down=4,up=2,core_up=2,radix=16",
        "torus:dims=3x3",
    ],
)
def test_devices_on_one_cable(topo):
    topology = spec.load(topo).topology
    reached = defaultdict(set)
    for number, ends in enumerate(topology.ends.tolist()):
        if topology.level[number] != topology.scale_up_level:
            for here, there in (ends, ends[::-1]):
                reached[here].add(there)
    assert single_homed(topology) == sum(len(reached[device]) <= 1 for device in range(topology.devices))


@given(st.floats(0, 100), st.floats(0, 1e4), st.floats(0, 1e4))
def test_goodput(stops, restart, checkpoint):
    found = goodput(stops, Failing(restart=restart, checkpoint=checkpoint))
    assert 0 <= found <= 1
    assert found == pytest.approx(max(0, 1 - stops * (restart + checkpoint / 2) / 3600))


def test_published_rates():
    """16,384 devices stop every 3.09 hours; switches and cables every 37."""
    found = resilience(spec.load("star:devices=64"), request_of(links=[1], switches=[]), routing="ideal")
    assert 64 / 16_384 / found.stops == pytest.approx(3.09, abs=0.005)
    assert 64 / 16_384 / found.network_stops == pytest.approx(37, abs=0.05)


def test_what_is_lost():
    fabric = spec.load(LEAF_SPINE)
    layout = place(fabric.topology, Floor(nodes_per_rack=4))
    found = {
        one.what: one for one in resilience(fabric, request_of(links=[1], switches=[1]), routing="spray", layout=layout).lost
    }
    assert (found["one leaf switch drained"].cut, found["one leaf switch drained"].median) == (1, None)
    spine = found["one spine switch drained"]
    assert (spine.cut, spine.median) == (0, pytest.approx(1.0, rel=1e-3)), (
        "a ring has one flow a leaf: the other spine carries it"
    )
    rack = next(one for name, one in found.items() if name.startswith("rack"))
    assert (rack.failed, rack.cut) == (2, 1), "both spines stand in one rack"


def test_failed_cables_never_help_where_all_split():
    request = request_of(links=[1, 2, 3], switches=[1], seeds=3)
    found = resilience(spec.load("clos:radix=8,endpoints=32"), request, routing="spray").damage
    links = [one for one in found if one.what == "links" and one.median is not None]
    assert [one.failed for one in links] == [1, 2, 3]
    assert all(1 - 1e-9 <= one.median <= one.worst for one in links)
