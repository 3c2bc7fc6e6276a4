import math

import numpy as np

from fabric.formats.named import speeds
from fabric.network.audit import slow_cables
from fabric.network.spec import load
from topologies.audit import audit

TOPO = "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2"


def compared(stated):
    built, design = load(f"{TOPO},speed=400Gb/s"), load(f"{TOPO},speed=400Gb/s")
    return slow_cables(built, design, audit(built.topology, design.topology, place=np.arange(11)), stated)


def test_equal_speeds_are_no_finding():
    assert compared(speeds(load(TOPO))) == []


def test_one_slow_cable_is_named():
    stated = speeds(load(TOPO))
    stated[7] = 25e9
    (found,) = compared(stated)
    assert (found.cable, found.level, found.observed, found.designed) == (7, "leaf-spine", 25e9, 50e9)


def test_a_slow_level_is_one_finding():
    stated = speeds(load(TOPO))
    stated[6:] = 25e9
    (found,) = compared(stated)
    assert (found.cable, found.level, found.observed, found.designed) == (-1, "leaf-spine", 25e9, 50e9)


def test_unknown_speeds_are_not_judged():
    assert compared(np.full(12, math.nan)) == []
