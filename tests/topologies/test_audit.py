"""Faults that are planted are found, whatever the switches are called, and nothing else is."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from topologies import catalog
from topologies.audit import audit


def relabelled(topology, seed):
    random = np.random.default_rng(seed)
    place = np.arange(topology.vertices)
    for tier in range(len(topology.tiers)):
        mine = np.flatnonzero(topology.tier == tier)
        place[mine] = random.permutation(mine)
    order = random.permutation(len(topology.ends))
    ends = place[topology.ends][order].astype(np.int32)
    return replace(topology, ends=ends, level=topology.level[order], lanes=topology.lanes[order])


def test_cables_inside_nodes_are_not_compared_whatever_their_graph():
    """A mesh of NVLinks between devices has no switch that would tell its cables; the design may have it or not."""
    plain = catalog.parse("fat_tree:k=4,devices_per_node=4")
    for kind in ("full_mesh", "ring", "nvswitch"):
        wired = catalog.parse(f"fat_tree:k=4,devices_per_node=4,scale_up={kind}")
        for observed, designed in ((wired, plain), (plain, wired), (relabelled(wired, 1), wired)):
            found = audit(observed, designed)
            assert (found.findings, found.matched) == ((), 1.0)
    direct = catalog.parse("torus:dims=4x4,devices_per_node=4,scale_up=full_mesh")
    assert audit(direct, catalog.parse("torus:dims=4x4")).findings == ()


def planted(topology, count, seed):
    """Return the wiring with `count` faults on switches of their own, and (kind, ends) of each."""
    random = np.random.default_rng(seed)
    between = random.permutation(np.flatnonzero((topology.ends >= topology.devices).all(axis=1)))
    ends, lanes, drop, used, found = topology.ends.copy(), topology.lanes * 4, [], set(), set()
    cables = iter(between.tolist())
    for kind in ("missing", "swapped", "width") * count:
        if len(found) == count:
            break
        i = next(c for c in cables if not used & set(ends[c].tolist()))
        a, b = ends[i].tolist()
        used |= {a, b}
        if kind == "missing":
            drop.append(i)
            found.add((kind, frozenset((a, b))))
        elif kind == "width":
            lanes[i] = 1
            found.add((kind, frozenset((a, b))))
        else:
            fits = (c for c in cables if topology.level[c] == topology.level[i] and not used & set(ends[c].tolist()))
            j = next(fits, None)
            if j is None:
                continue
            c, d = ends[j].tolist()
            used |= {c, d}
            ends[i], ends[j] = (a, d), (c, b)
            found.add((kind, frozenset((a, b, c, d))))
    kept = np.setdiff1d(np.arange(len(ends)), drop)
    return replace(topology, ends=ends[kept], level=topology.level[kept], lanes=lanes[kept].astype(np.int16)), found


def told(findings):
    return {(f.kind, frozenset(f.vertices)) for f in findings}


FAMILIES = [
    "fat_tree:k=8",
    "leaf_spine:leaves=31,spines=9,hosts_per_leaf=18,uplinks=18",
    "rail_optimized:nodes=127,rails=8,radix=64",
    "slim_fly:q=5",
]


@pytest.mark.parametrize("topo", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_relabelled_wiring_has_no_faults(topo, seed):
    design = catalog.parse(topo)
    found = audit(relabelled(design, seed), design)
    assert found.findings == ()
    assert found.matched == 1


@pytest.mark.parametrize("topo", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_three_planted_faults_are_found_and_no_more(topo, seed):
    design = catalog.parse(topo)
    built, faults = planted(relabelled(design, seed), 3, seed)
    assert told(audit(built, design).findings) == faults


ALIKE = [
    "dragonfly:p=2,a=4,h=2",
    "dragonfly:p=3,a=6,h=3",
    "jellyfish:switches=90,degree=7,hosts=5,seed=1",
    "jellyfish:switches=500,degree=12,hosts=8,seed=3",
    "polarfly:q=7",
]


@pytest.mark.parametrize("topo", [*ALIKE, "dragonfly:p=4,a=8,h=4"])
@pytest.mark.parametrize("seed", range(3))
def test_switches_that_look_alike_nearby_are_told_apart(topo, seed):
    design = catalog.parse(topo)
    found = audit(relabelled(design, seed), design)
    assert found.findings == ()
    assert found.matched == 1


@pytest.mark.parametrize("topo", ALIKE)
@pytest.mark.parametrize(("count", "seed"), [(3, 0), (3, 1), (4, 0), (4, 2), (5, 3)])
def test_faults_between_switches_that_look_alike_are_found(topo, count, seed):
    design = catalog.parse(topo)
    built, faults = planted(relabelled(design, seed), count, seed)
    assert len(faults) == count
    assert told(audit(built, design).findings) == faults


def test_faults_that_another_placing_explains_as_well_are_told_by_number():
    design = catalog.parse("dragonfly:p=2,a=4,h=2")
    built, faults = planted(relabelled(design, 2), 5, 2)
    found = audit(built, design).findings
    assert Counter(f.kind for f in found) == Counter(kind for kind, _ in faults)


def test_two_thousand_switches_of_a_random_graph():
    design = catalog.parse("jellyfish:switches=2000,degree=24,hosts=8,seed=2")
    built, faults = planted(relabelled(design, 0), 5, 0)
    assert told(audit(built, design).findings) == faults


def test_fifty_faults_in_a_hundred_thousand_ports():
    design = catalog.parse("fat_tree:k=74")
    assert design.devices == 101_306
    built, faults = planted(relabelled(design, 5), 50, 5)
    found = audit(built, design)
    assert told(found.findings) == faults
    assert len(faults) == 50


def test_hosts_are_told_by_counts():
    design = catalog.parse("leaf_spine:leaves=4,spines=2,hosts_per_leaf=4")
    ends = design.ends.copy()
    ends[0, 1] = 17  # host 0 hangs on the second leaf
    found = audit(replace(design, ends=ends), design).findings
    assert [f.kind for f in found] == ["moved"]
    assert found[0].vertices[1:] == (16, 17)
    gone = replace(design, ends=design.ends[1:], level=design.level[1:], lanes=design.lanes[1:])
    assert [f.kind for f in audit(gone, design).findings] == ["missing"]


def test_what_fits_several_switches_is_ambiguous():
    design = catalog.parse("rail_optimized:nodes=127,rails=8,radix=64")
    low = np.flatnonzero(design.ends[:, 0] == 0)
    kept = np.setdiff1d(np.arange(len(design.ends)), low)
    built = replace(design, ends=design.ends[kept], level=design.level[kept], lanes=design.lanes[kept])
    found = audit(built, design).findings
    assert [f.kind for f in found] == ["missing"]
    assert found[0].ambiguous
    assert len(found[0].instead) == 8  # the last pod's leaves have one host less as well


def test_trusted_places_tell_hosts_apart():
    design = catalog.parse("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2")
    ends = design.ends.copy()
    ends[[0, 3], 1] = ends[[3, 0], 1]
    built = replace(design, ends=ends)
    assert audit(built, design).findings == ()
    kinds = Counter(f.kind for f in audit(built, design, place=np.arange(design.vertices)).findings)
    assert kinds == {"swapped": 1}


def test_another_size_names_what_is_missing():
    small, large = (
        catalog.parse("leaf_spine:leaves=3,spines=2,hosts_per_leaf=2"),
        catalog.parse("leaf_spine:leaves=4,spines=2,hosts_per_leaf=2"),
    )
    assert Counter(f.kind for f in audit(small, large).findings) == {"missing_switch": 1, "missing_host": 2}
    assert Counter(f.kind for f in audit(large, small).findings)["extra_switch"] == 1
