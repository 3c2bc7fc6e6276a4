"""Labels of what looks alike: right on symmetric families, harmless on damaged ones, the same proof with and without."""

from dataclasses import replace

import numpy as np
import pytest

from topologies.base import Topology
from topologies.catalog import parse
from topologies.proofs import proof
from topologies.symmetry import orbits

SYMMETRIC = {
    "torus:dims=4x4x4,hosts=0": 1,
    "torus:dims=4x6,hosts=1": 2,
    "torus:dims=2x3x5,hosts=2": 3,
    "ring:switches=7,hosts=0": 1,
    "hypercube:n=5,hosts=0": 1,
    "hyperx:dims=4x3,hosts=2": 3,
    "full_mesh:dims=3x4": 1,
    "fat_tree:k=6": 4,
    "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch": 12,
}
ANY = [
    *SYMMETRIC,
    "dragonfly:p=2,a=4,h=2",
    "dragonfly:p=1,a=3,h=1,arrangement=circulant",
    "leaf_spine:leaves=5,spines=3,hosts_per_leaf=2",
]


def damaged(topology: Topology) -> Topology:
    """Return the wiring without the last cable of the scale-out network."""
    keep = np.arange(len(topology.ends)) != len(topology.ends) - 1
    return replace(topology, ends=topology.ends[keep], level=topology.level[keep], lanes=topology.lanes[keep])


@pytest.mark.parametrize(("spec", "kinds"), SYMMETRIC.items())
def test_so_many_kinds_of_vertices_are_left(spec, kinds):
    assert len(np.unique(orbits(parse(spec)))) == kinds


@pytest.mark.parametrize("spec", ["torus:dims=4x4,hosts=0", "fat_tree:k=4", "ring:switches=9"])
def test_a_missing_cable_ends_the_symmetries_it_breaks(spec):
    whole, broken = parse(spec), damaged(parse(spec))
    assert len(np.unique(orbits(broken))) > len(np.unique(orbits(whole)))


@pytest.mark.parametrize("spec", ANY)
@pytest.mark.parametrize("change", [lambda topology: topology, damaged], ids=["whole", "damaged"])
def test_symmetries_save_work_and_change_nothing(spec, change):
    topology = change(parse(spec))
    quick, slow = proof(topology), proof(replace(topology, family="unknown"))
    assert quick.paths.counts == slow.paths.counts
    assert quick.paths.uniform == slow.paths.uniform
    assert (quick.connected, quick.switch_diameter, quick.endpoint_diameter) == (
        slow.connected,
        slow.switch_diameter,
        slow.endpoint_diameter,
    )


def test_a_wrong_declaration_is_not_believed():
    wrong = replace(parse("leaf_spine:leaves=4,spines=2,hosts_per_leaf=2"), family="ring", params={})
    assert len(np.unique(orbits(wrong))) == wrong.vertices
