"""NICs that devices share: counts, who hangs where, what the network is without them, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.base import HOST_NIC, NIC
from topologies.catalog import parse
from topologies.errors import InputError
from topologies.nics import cables_by_device, nics_alone, share_nics

FAMILIES = ["clos:radix=8,endpoints=12", "fat_tree:k=4", "leaf_spine:leaves=4,spines=2,hosts_per_leaf=3", "star:devices=6"]


@given(st.sampled_from(FAMILIES), st.integers(2, 5), st.integers(1, 3))
def test_every_endpoint_is_a_nic_with_its_devices_below(spec, each, per_node):
    plain = parse(spec)
    shared = parse(f"{spec},devices_per_nic={each},devices_per_node={each * per_node}")
    assert shared.devices == plain.devices * each
    assert shared.nodes == -(-plain.devices // per_node)
    assert shared.switches_by_tier == plain.switches_by_tier
    assert list(shared.cables_by_level.values()) == list(plain.cables_by_level.values())
    below = shared.ends[shared.level == shared.levels.index(HOST_NIC)]
    assert np.array_equal(below[:, 0], np.arange(shared.devices))
    nic = shared.tiers.index(NIC)
    assert (shared.tier[below[:, 1]] == nic).all()
    assert (np.bincount(below[:, 1])[shared.devices :] == each).all()
    assert np.array_equal(shared.node[below[:, 0]], shared.node[below[:, 1]])


@given(st.sampled_from(FAMILIES), st.integers(2, 4), st.sampled_from(["none", "ring", "host_memory", "nvswitch"]))
def test_without_what_is_inside_it_is_the_familys_own_network(spec, each, kind):
    plain = parse(spec)
    alone = nics_alone(parse(f"{spec},devices_per_nic={each},scale_up={kind}"))
    assert alone.name == plain.name
    for key in ("ends", "tier", "level", "lanes", "forwards", "plane", "node"):
        assert np.array_equal(getattr(alone, key), getattr(plain, key)), key
    assert (alone.tiers, alone.levels) == (plain.tiers, plain.levels)
    assert nics_alone(plain) is plain


@given(st.sampled_from(FAMILIES), st.integers(2, 4), st.sampled_from(["none", "host_memory", "nvswitch"]))
def test_a_cable_of_a_nic_is_a_cable_of_each_device_below_it(spec, each, kind):
    plain, shared = parse(spec), parse(f"{spec},devices_per_nic={each},scale_up={kind}")
    assert np.array_equal(plain.ports, np.arange(plain.devices))
    assert np.array_equal(shared.ports, shared.devices + np.arange(shared.devices) // each)
    assert np.array_equal(cables_by_device(plain)[1], plain.ends)
    cable, ends = cables_by_device(shared)
    assert set(cable.tolist()) == set(np.flatnonzero(shared.is_cable).tolist())
    near = ends[:, 0] < shared.devices
    assert near.sum() == each * (plain.ends[:, 0] < plain.devices).sum()
    assert np.array_equal(shared.ports[ends[near, 0]], shared.ends[cable[near], 0])
    assert np.array_equal(ends[:, 1], shared.ends[cable, 1])
    assert np.array_equal(ends[~near], shared.ends[cable[~near]])
    assert len(np.unique(np.column_stack([cable, ends]), axis=0)) == len(cable)


def test_the_name_builds_it_again():
    shared = parse("clos:radix=8,endpoints=8,devices_per_nic=4,devices_per_node=8,scale_up=host_memory")
    again = parse(shared.name)
    assert again.name == shared.name
    assert np.array_equal(again.ends, shared.ends)


def test_one_device_a_nic_is_the_plain_wiring():
    assert parse("fat_tree:k=4,devices_per_nic=1").name == "fat_tree:k=4"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("torus:dims=4x4,devices_per_nic=2", "neither forward nor stand in nodes"),
        ("rail_optimized:nodes=4,rails=4,devices_per_nic=2", "devices_per_nic=1 gives every device a port of its own"),
        ("fat_tree:k=4,devices_per_nic=2,devices_per_node=3", "must be a multiple of devices_per_nic=2, got 3"),
        ("fat_tree:k=4,devices_per_nic=0", "devices_per_nic must be"),
        ("fat_tree:k=4,devices_per_nic=x", "devices_per_nic must be a whole number, got 'x'"),
    ],
)
def test_what_cannot_share_is_refused(spec, words):
    with pytest.raises(InputError, match=words):
        parse(spec)


def test_a_wiring_with_nodes_is_refused():
    with pytest.raises(InputError, match="nodes or rails of their own"):
        share_nics(parse("fat_tree:k=4,devices_per_node=4"), 2, 4)
