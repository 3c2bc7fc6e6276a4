"""All pairs over distances, crowd by crowd, beside all pairs listed and walked one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.routing import towards
from fabric.network.routing.crowds import crowds_of, everyone_to_everyone
from fabric.network.routing.graph import outside
from fabric.network.routing.route import route, route_all
from topologies import catalog
from topologies.errors import InputError
from topologies.hops import group_distances, hops_to_groups


@settings(max_examples=25, deadline=None)
@given(switches=st.integers(5, 40), degree=st.integers(2, 4), hosts=st.integers(1, 3), seed=st.integers(0, 99), data=st.data())
def test_random_graphs_carry_what_all_pairs_listed_carry(switches, degree, hosts, seed, data):
    switches += switches * degree % 2
    topology = catalog.parse(f"jellyfish:switches={switches},degree={degree},hosts={hosts},seed={seed}")
    devices = np.array(sorted(data.draw(st.sets(st.integers(0, topology.devices - 1), min_size=2, max_size=60))))
    source, target = (ends.ravel() for ends in np.meshgrid(devices, devices, indexing="ij"))
    for policy in ("ideal", "spray"):
        try:
            listed = route(topology, source, target, policy)
        except InputError:
            with pytest.raises(InputError, match="no way in jellyfish"):
                route_all(topology, devices, policy)
            continue
        found = route_all(topology, devices, policy)
        assert np.allclose(found.per_link, listed.per_link, rtol=1e-9, atol=1e-9)
        assert found.hops.sum(axis=1).max() == listed.hops.sum(axis=1).max()


def test_what_every_device_sends_leaves_it_and_arrives():
    topology = catalog.parse("jellyfish:switches=80,degree=5,hosts=2")
    per_link, _ = everyone_to_everyone(outside(topology), np.arange(160), ideal=True)
    own = topology.ends[:, 0] < topology.devices
    assert np.allclose(per_link[0::2][own], 159)
    assert np.allclose(per_link[1::2][own], 159)


def test_counts_of_ways_too_many_for_single_precision_are_counted_again(monkeypatch):
    topology = catalog.parse("hypercube:n=5,hosts=2")
    expected, rows = everyone_to_everyone(outside(topology), np.arange(64), ideal=True)
    monkeypatch.setattr(towards, "EXACT", 2)
    found, again = everyone_to_everyone(outside(topology), np.arange(64), ideal=True)
    assert np.allclose(found, expected, rtol=1e-12)
    assert np.array_equal(rows, again)


def test_a_device_named_twice_sends_itself_nothing():
    topology = catalog.parse("jellyfish:switches=12,degree=3,hosts=2")
    twice = np.array([0, 0, 5, 9])
    source, target = (ends.ravel() for ends in np.meshgrid(twice, twice, indexing="ij"))
    assert np.allclose(route_all(topology, twice).per_link, route(topology, source, target).per_link)


def test_devices_of_a_switch_are_one_crowd():
    topology = catalog.parse("jellyfish:switches=12,degree=3,hosts=4")
    found = crowds_of(outside(topology), np.arange(1, 48))
    assert sorted(found.size.tolist()) == [3] + [4] * 11


@pytest.mark.parametrize("spec", ["ring:switches=9,hosts=1", "ring:switches=400,hosts=1", "jellyfish:switches=70,degree=3"])
def test_distances_by_switch_are_those_by_group_in_as_few_bytes_as_will_do(spec):
    graph = outside(catalog.parse(f"{spec},hosts=1" if "hosts" not in spec else spec))
    found = hops_to_groups(graph.neighbours, graph.groups)
    assert np.array_equal(found.T, group_distances(graph.neighbours, graph.groups))
    assert found.dtype == (np.int16 if found.max() > 127 else np.int8)
