"""Published counts and power that a bill must give, and where publications disagree with themselves."""

import pytest

from fabric.network import spec
from fabric.review.bill import bill
from fabric.review.parts import PARTS
from fabric.review.published_errors import SLIPS
from fabric.review.racks import Floor, place
from topologies import catalog

SHEET = {512: 8, 1024: 48, 2048: 96, 4096: 192, 8192: 384, 16384: 768, 32768: 2560, 65536: 5120}
LAMBDA = {576: (12, 37), 4608: (100, 305), 10368: (216, 658), 41472: (1440, 4392)}
"""GPUs: (switches, kW freed by co-packaged optics), as printed."""


@pytest.mark.parametrize("gpus", SHEET)
def test_switches_of_the_cost_sheet(gpus):
    """64-port switches, 8 rails: one tier to 64 nodes, 8 (N/32 + N/64) to 2,048, 8 N 5/64 above."""
    nodes = gpus // 8
    family = "rail_only" if nodes <= 2048 and gpus != 1024 else "rail_optimized"
    closed = 8 if nodes <= 64 else 8 * (nodes // 32 + nodes // 64) if nodes <= 2048 else 8 * nodes * 5 // 64
    topology = catalog.parse(f"{family}:nodes={nodes},rails=8,radix=64")
    assert sum(topology.switches_by_tier.values()) == closed == SHEET[gpus]


@pytest.mark.parametrize("units", [1, 2, 3, 4])
def test_superpod_h100(units):
    nodes, leaf, spine, cables = {1: (31, 8, 4, 256), 2: (63, 16, 8, 512), 3: (95, 24, 16, 768), 4: (127, 32, 16, 1024)}[units]
    fabric = spec.load(f"rail_optimized:nodes={nodes},rails=8,radix=64")
    found = bill(fabric, place(fabric.topology, Floor()), PARTS, nodes="node-8xh100")
    counts = {line.tier: line.count for line in found.lines if line.tier}
    assert (counts["leaf"], counts["spine"], found.nodes[0].count) == (leaf, spine, nodes)
    assert sum(line.count for line in found.lines if line.level == "leaf-spine") == cables
    host = sum(line.count for line in found.lines if line.level == "host-leaf")
    assert host == 8 * nodes, "printed with 4 more: those lead to the fabric manager"


@pytest.mark.parametrize("units", [16, 32, 64])
def test_superpod_b200_of_three_tiers(units):
    printed = {16: (128, 128, 64, 4096), 32: (256, 256, 128, 8192), 64: (512, 512, 256, 16384)}
    topology = catalog.parse(f"rail_optimized:nodes={32 * units},rails=8,radix=64,tiers=3")
    tiers, cables = topology.switches_by_tier, topology.cables_by_level
    assert (tiers["leaf"], tiers["spine"], tiers["core"]) == printed[units][:3]
    assert cables["leaf-spine"] == cables["spine-core"] == printed[units][3]


@pytest.mark.parametrize("gpus", LAMBDA)
def test_lambda_gb300(gpus):
    """144-port switches, 7.0 - 3.95 kW a switch.

    Ports alone would do with 64 + 32 = 96 switches at 4,608; 32 spines do not divide a leaf's 72 uplinks, 36 do: 100.
    """
    printed, kilowatts = LAMBDA[gpus]
    topology = catalog.parse(f"clos:radix=144,endpoints={gpus}")
    assert sum(topology.switches_by_tier.values()) == printed
    if gpus == 4608:
        leaf, spine = topology.switches_by_tier["leaf"], -(-64 * 72 // 144)
        assert (leaf + spine, 72 % spine, 72 % (printed - leaf)) == (96, 8, 0)
    freed = PARTS["switch-144x800g"].watts.range.mid - PARTS["switch-144x800g-cpo"].watts.range.mid
    assert freed == 3050
    assert abs(printed * freed / 1000 - kilowatts) < 1, "printed without its fraction"


def test_slips_are_slips():
    assert [(slip.printed, round(slip.computed, 1)) for slip in SLIPS] == [
        (30.1, 35.3), (104_858, 104_856), (9_216, 10_368), (278_528, 279_040), (658, 658.8),
    ]  # fmt: skip
