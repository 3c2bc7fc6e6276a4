"""Levels of what is read: a lane's usual speed between nodes; inside nodes the most that a device's links carry together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.formats import catalog
from fabric.formats.named import named
from fabric.formats.observe import Cable, Vertex, observed
from fabric.network.spec import load
from topologies.base import SCALE_UP
from topologies.scale_up_kinds import KINDS

GPUS = [Vertex(f"gpu{i}", is_host=True, node="node0", tier="host") for i in range(3)]
SWITCHES = [Vertex(f"chip{i}", is_host=False, node="node0", tier=SCALE_UP) for i in range(2)]
NAMES = [v.name for v in (*GPUS, *SWITCHES)]
CABLE = st.builds(
    lambda ends, lanes, speed: Cable(*ends, lanes, speed, level=SCALE_UP),
    st.sampled_from([(a, b) for a in NAMES for b in NAMES if a < b]),
    st.integers(1, 18),
    st.sampled_from([None, 25e9, 50e9, 63e9]),
)


def totals(fabric):
    topology = fabric.topology
    chosen = np.flatnonzero(topology.level == topology.scale_up_level)
    ends, speed = topology.ends[chosen].ravel(), np.repeat(fabric.link_speed[2 * chosen], 2)
    return np.bincount(ends, speed, minlength=topology.vertices)[: topology.devices]


@settings(max_examples=100, deadline=None)
@given(cables=st.lists(CABLE, min_size=1, max_size=10))
def test_no_device_has_more_inside_its_node_than_its_level_says(cables):
    fabric = observed([*GPUS, *SWITCHES], cables, "x").fabric
    assert (totals(fabric) <= fabric.levels[SCALE_UP].speed * (1 + 1e-9)).all()
    for cable, speed in zip(cables, fabric.link_speed[::2], strict=True):
        assert cable.speed is None or speed == pytest.approx(cable.speed)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["node-link", "graphml", "csv", "nccl-xml"]),
    scale_up=st.sampled_from(sorted(set(KINDS) - {"nvl72", "cloudmatrix", "host_memory", "cube_mesh", "hypercube"})),
    devices=st.integers(2, 11),
    speed=st.sampled_from([28, 63, 450]),
)
def test_every_reader_keeps_a_devices_links_within_its_total(kind, scale_up, devices, speed):
    """nccl-xml holds one node, and NVLinks of 25 GB/s: to the nearest one."""
    spec = f"star:devices={devices},devices_per_node=4,scale_up={scale_up},scale_up_speed={speed}GB/s"
    found = catalog.read(catalog.write(named(load(spec)), kind).text, "x", kind).fabric
    level = found.levels[SCALE_UP].speed
    assert (totals(found) <= level * (1 + 1e-9)).all()
    assert kind == "nccl-xml" or level == pytest.approx(speed * 1e9)


def test_a_slow_link_inside_a_node_is_one_cables_and_not_the_levels():
    cables = [Cable(f"gpu{i}", "chip0", 4, 100e9 if i else 40e9, level=SCALE_UP) for i in range(3)]
    fabric = observed([*GPUS, *SWITCHES], cables, "x").fabric
    assert (fabric.levels[SCALE_UP].speed, fabric.degraded) == (100e9, {0: 40e9})


def test_a_speed_between_nodes_stays_one_lanes():
    hosts = [Vertex(f"h{i}", is_host=True) for i in range(3)]
    cables = [Cable(f"h{i}", "leaf", 2, 50e9) for i in range(3)]
    fabric = observed([*hosts, Vertex("leaf", is_host=False)], cables, "x").fabric
    assert fabric.levels["host-leaf"].speed == 25e9
    assert "25 GB/s one way a lane, 2 lanes a cable" in fabric.assumptions()[0]
