import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.base import SCALE_UP
from topologies.catalog import parse
from topologies.errors import InputError
from topologies.rail_optimized import rail_optimized
from topologies.scale_up import add_scale_up
from topologies.star import star


@given(devices=st.integers(1, 60), per_node=st.integers(1, 20))
def test_grouping_numbers_nodes_and_rails_and_leaves_the_wiring_alone(devices, per_node):
    plain, grouped = star(devices), add_scale_up(star(devices), "none", per_node)
    assert np.array_equal(grouped.ends, plain.ends)
    assert grouped.nodes == -(-devices // per_node)
    assert grouped.node[:devices].tolist() == [d // per_node for d in range(devices)]
    expected = [d % per_node for d in range(devices)] if per_node > 1 else [-1] * devices
    assert grouped.rail[:devices].tolist() == expected


@given(devices=st.integers(2, 60), per_node=st.integers(2, 20))
def test_nvswitch_adds_one_switch_per_node_and_one_cable_per_device(sound, devices, per_node):
    topology = add_scale_up(star(devices), "nvswitch", per_node)
    sound(topology)
    inside = topology.tier == topology.scale_up_tier
    nodes = -(-devices // per_node)
    assert topology.node[inside].tolist() == list(range(nodes))
    assert topology.forwards[inside].all()
    cables = topology.ends[topology.level == topology.levels.index(SCALE_UP)]
    assert cables[:, 0].tolist() == list(range(devices))
    assert np.array_equal(topology.node[cables[:, 0]], topology.node[cables[:, 1]])


def test_the_scale_out_counts_do_not_change():
    plain, inside = star(8), add_scale_up(star(8), "nvswitch", 4)
    assert inside.switches_by_tier == plain.switches_by_tier
    assert inside.cables_by_level == plain.cables_by_level
    assert np.array_equal(inside.ends[: len(plain.ends)], plain.ends)


def test_a_ragged_last_node_holds_fewer():
    topology = add_scale_up(star(5), "nvswitch", 4)
    assert topology.node.tolist() == [0, 0, 0, 0, 1, -1, 0, 1]
    assert topology.devices_per_node == 4


def test_a_family_that_sets_its_nodes_keeps_them():
    topology = add_scale_up(rail_optimized(4), "nvswitch", 8)
    assert topology.name == "rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch"
    assert topology.nodes == 4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("star:devices=4,scale_up=nvlink", "star: unknown scale_up 'nvlink'; there are: none, nvswitch"),
        ("star:devices=4,devices_per_node=0", "star: devices_per_node must be a whole number from 1 to 32767, got 0"),
        (
            "star:devices=4,scale_up=nvswitch",
            "star: scale_up=nvswitch needs 2 or more devices a node, as devices_per_node=8",
        ),
        (
            "rail_optimized:nodes=4,devices_per_node=4",
            "rail_optimized: devices_per_node must be 8, its nodes' own, got 4",
        ),
        (
            "rail_optimized:nodes=4,rails=1,devices_per_node=4",
            "rail_optimized: devices_per_node must be 1, its nodes' own, got 4",
        ),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(spec)


def test_a_second_scale_up_graph_is_refused():
    topology = parse("star:devices=4,devices_per_node=2,scale_up=nvswitch")
    with pytest.raises(InputError, match=r"already has a scale-up graph$"):
        add_scale_up(topology, "nvswitch", 2)
