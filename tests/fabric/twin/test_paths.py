"""Looked-up paths as a forwarding table: the model then routes over exactly these links."""

import json

import numpy as np
import pytest

from fabric.network.routing.route import route, ways
from fabric.network.spec import load
from fabric.twin.paths import Flow, table
from fabric.twin.plan import plan_of
from topologies.errors import InputError


@pytest.mark.parametrize("topo", ["leaf_spine:leaves=4,spines=3,hosts_per_leaf=2", "fat_tree:k=4"])
@pytest.mark.parametrize("seed", range(3))
def test_the_model_takes_the_ways_of_the_table(tmp_path, topo, seed):
    fabric = load(topo)
    devices = np.random.default_rng(seed).permutation(fabric.topology.devices)
    source, target = devices, np.roll(devices, 1)
    drawn = ways(fabric, source, target, f"ecmp:{seed}")
    paths = {
        Flow(int(s), int(t), 1, 2): tuple(
            drawn.link[drawn.paths.links[drawn.paths.first[i] : drawn.paths.first[i + 1]]].tolist()
        )
        for i, (s, t) in enumerate(zip(source, target, strict=True))
    }
    file = tmp_path / "table.json"
    file.write_text(json.dumps(table(plan_of(fabric, 50e6), paths)))
    assert (route(fabric.topology, source, target, f"table:{file}").per_link == drawn_load(paths, fabric)).all()


def drawn_load(paths, fabric):
    return np.bincount([link for links in paths.values() for link in links], minlength=2 * len(fabric.topology.ends))


def test_flows_to_one_device_that_part_ways_are_refused():
    plan = plan_of(load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"), 50e6)
    over = {Flow(0, 2, 1, 1): (0, 8, 13, 5), Flow(1, 2, 1, 1): (2, 10, 15, 5)}
    with pytest.raises(InputError, match="several flows to device 2 take different ways; take a ring, or dmodk"):
        table(plan, over)
