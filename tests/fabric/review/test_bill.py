"""Bills against the published cost sheet, and against counts of the wiring."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network import spec
from fabric.review.bill import bill
from fabric.review.parts import PARTS, part
from fabric.review.quote import NOTHING, Range, priced_in, quote
from fabric.review.racks import Floor, place
from topologies.errors import InputError

PARTS_400G = {name: p for name, p in PARTS.items() if "400" in name or p.kind == "node"}
FLOOR = Floor()
SHEET = {  # GPUs: (switches, USD of switches, USD of cables and optics, family)
    512: (8, 288_000, 675_840, "rail_only"),
    1024: (48, 1_728_000, 2_621_440, "rail_optimized"),
    2048: (96, 3_456_000, 5_242_880, "rail_optimized"),
    4096: (192, 6_912_000, 10_485_760, "rail_only"),
    8192: (384, 13_824_000, 20_971_520, "rail_only"),
    16384: (768, 27_648_000, 41_943_040, "rail_only"),
    32768: (2560, 92_160_000, 124_518_400, "rail_optimized"),
}
"""Public H100 cost sheet, August 2024."""


def sheet_parts(link_price):
    usd = quote(link_price, link_price, "USD", "the sheet's own row", "2024-08")
    return {name: replace(p, price=usd) if p.kind == "link" else p for name, p in PARTS_400G.items()}


def bill_of(text, parts=PARTS_400G, floor=FLOOR, **more):
    fabric = spec.load(text)
    return bill(fabric, place(fabric.topology, floor), parts, **more)


@pytest.mark.parametrize("gpus", SHEET)
def test_the_cost_sheet_is_reproduced(gpus):
    switches, switch_price, cable_price, family = SHEET[gpus]
    fabric = spec.load(f"{family}:nodes={gpus // 8},rails=8,radix=64")
    cables = sum(count for level, count in fabric.topology.cables_by_level.items() if level != "scale-up")
    found = bill(fabric, place(fabric.topology, Floor()), sheet_parts(cable_price / cables), nodes="node-8xh100")
    assert found.switches == switches
    assert found.network_price.low == pytest.approx(switch_price + cable_price, rel=1e-12)
    assert found.price.low - found.network_price.low == 310_000 * gpus // 8


def test_steps_of_network_cost_a_gpu():
    steps = {gpus: (s + c) / gpus for gpus, (_, s, c, _) in SHEET.items() if gpus in (512, 1024, 32768)}
    assert {gpus: int(usd) for gpus, usd in steps.items()} == {512: 1882, 1024: 4247, 32768: 6612}  # printed 4,248: rounded up


@pytest.mark.parametrize("text", ["fat_tree:k=8", "dragonfly:p=2,a=4,h=2", "rail_optimized:nodes=31,rails=8,radix=64"])
def test_every_cable_and_switch_is_on_the_bill(text):
    fabric, found = spec.load(text), bill_of(text)
    cables = {level: n for level, n in fabric.topology.cables_by_level.items() if level != "scale-up"}
    for level, count in cables.items():
        assert sum(line.count for line in found.network if line.level == level) == count
    assert found.switches == sum(n for tier, n in fabric.topology.switches_by_tier.items() if tier != "scale-up")


def test_spare_ports_are_ports_less_cables():
    (line, *_) = bill_of("star:devices=20").network
    assert (line.count, line.spare) == (1, 44)


def test_two_slow_ports_share_a_fast_one():
    (line, *_) = bill_of("star:devices=100,speed=200Gb/s").network
    assert (line.part.name, line.spare) == ("switch-64x400g", 28)


def test_no_part_fits():
    with pytest.raises(InputError, match=r"star: leaf: needs a switch with ports of 100 GB/s.*list one under parts"):
        bill_of("star:devices=8,speed=800Gb/s")
    with pytest.raises(InputError, match=r"host-leaf: needs a link of 50 GB/s over \d+ m"):
        bill_of("star:devices=64", floor=Floor(nodes_per_rack=1, row_pitch=1000, racks_per_row=2))


def test_a_part_without_a_price_is_named():
    found = bill_of("star:devices=100,speed=800Gb/s", PARTS)
    with pytest.raises(InputError, match=r"parts.switch-144x800g: price is not known; give low, mid, high, source and date"):
        _ = found.price


def test_every_listed_figure_has_a_source_and_a_date():
    quotes = [q for p in PARTS.values() for q in (p.price, p.watts) if q is not None]
    assert quotes
    assert all(q.source and q.date for q in quotes)


@pytest.mark.parametrize("switches_per_rack", [1, 3, 16])
@pytest.mark.parametrize(
    "text", ["multi_plane:nodes=16,rails=4,radix=8,planes=2", "rail_only:nodes=16,rails=4,radix=8", "fat_tree:k=8"]
)
def test_network_racks_are_filled_plane_by_plane(text, switches_per_rack):
    topology = spec.load(text).topology
    layout = place(topology, Floor(switches_per_rack=switches_per_rack))
    nodes_in = set(layout.rack[: topology.devices].tolist())
    planes = {}
    for switch in range(topology.devices, topology.vertices):
        if int(layout.rack[switch]) not in nodes_in:
            planes.setdefault(int(layout.rack[switch]), []).append(int(topology.plane[switch]))
    assert all(len(set(own)) == 1 for own in planes.values())
    assert max(map(len, planes.values())) <= switches_per_rack
    per_plane = np.bincount([own[0] for own in planes.values() for _ in own])
    assert len(planes) == layout.network_racks == sum(-(-int(n) // switches_per_rack) for n in per_plane)


def test_unknown_part():
    with pytest.raises(InputError, match="did you mean switch-64x400g"):
        part("switch-64x400")


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["fat_tree:k=4", "rail_optimized:nodes=8,rails=4,radix=8", "torus:dims=4x4", "star:devices=9"]),
    st.integers(1, 5),
    st.integers(1, 6),
)
def test_lengths_are_a_walk_on_the_floor(text, nodes_per_rack, racks_per_row):
    topology = spec.load(text).topology
    floor = Floor(nodes_per_rack=nodes_per_rack, racks_per_row=racks_per_row, switches_per_rack=2)
    layout = place(topology, floor)
    assert np.bincount(layout.rack[: topology.devices]).max() <= nodes_per_rack * topology.devices_per_node
    for cable, (a, b) in enumerate(topology.ends):
        row, column = zip(*[divmod(int(layout.rack[v]), racks_per_row) for v in (a, b)], strict=True)
        x = [racks_per_row - 1 - c if r % 2 else c for r, c in zip(row, column, strict=True)]
        walk = abs(x[0] - x[1]) * 0.6 + abs(row[0] - row[1]) * 3 + 2 * 1.5 + 1
        assert layout.metres[cable] == pytest.approx(2 if layout.rack[a] == layout.rack[b] else walk)


def test_ranges_add_and_stay_ordered():
    assert Range(1, 2, 3) + NOTHING * 5 == Range(1, 2, 3)
    assert (Range(1, 2, 3) * 2) / 4 == Range(0.5, 1, 1.5)
    with pytest.raises(InputError, match="low <= mid <= high, got 3, 2, 1"):
        Range(3, 2, 1)


def test_currencies():
    yuan = quote(10, 20, "CNY", "a quotation", "2026-11")
    assert priced_in(yuan, "USD", {"CNY": 0.14}).range == Range(1.4000000000000001, 2.1, 2.8000000000000003)
    with pytest.raises(InputError, match="got 'CNY'; add it under rates"):
        priced_in(yuan, "USD", {"EUR": 1.1})
    with pytest.raises(InputError, match="every price and power needs a source and a date"):
        quote(1, 2, "USD", "", "2026")
