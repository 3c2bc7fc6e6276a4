import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.constants import NONE, Constants, Line
from fabric.predict.cost import load_of
from fabric.predict.model import Model
from fabric.records.case import Case
from topologies.errors import InputError

S = 2**30
LAT = 300e-9
TIERED = [
    "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8",
    "fat_tree:k=4",
    "fat_tree:k=8,devices_per_node=8,scale_up=nvswitch",
    "rail_optimized:nodes=4,rails=8,radix=8,scale_up=nvswitch",
    "rail_optimized:nodes=8,rails=4,radix=8,scale_up=full_mesh",
]


def crossings(topo, p, algorithm, order="contiguous"):
    """Buffers S over every cable, (cables, up and down), of the whole schedule; the fabric's topology."""
    model, case = Model(load(topo), NONE, "ideal"), Case("all_reduce", S, p, p, 1, order=order)
    schedule = model.schedule(case, algorithm)
    total = np.zeros(2 * len(model.fabric.topology.ends))
    for step in schedule.steps:
        load_now = load_of(model.fabric, schedule, step, model.devices(case), "ideal") * model.fabric.link_speed
        total += schedule.chunks * step.repeats * float(step.share) * load_now
    return total.reshape(-1, 2), model.fabric.topology


def seconds(topo, p, algorithm, constants=NONE):
    return predict([Case("all_reduce", S, p, p, 1)], load(topo), constants, algorithm=algorithm, fidelity="loaded")[0].time


@pytest.mark.parametrize("chunks", [1, 16, 4096])
@pytest.mark.parametrize("p", [2, 5, 8])
def test_nvls_moves_p_plus_1_over_p_each_way_over_every_devices_link(p, chunks):
    topo = "rail_optimized:nodes=2,rails=8,radix=8,scale_up=nvswitch"
    total, topology = crossings(topo, p, f"nvls:chunks={chunks}")
    inside = (topology.level == topology.scale_up_level) & (topology.ends[:, 0] < p)
    filling = (chunks + 1) / chunks
    assert total[inside] == pytest.approx(np.full((p, 2), (p + 1) / p * filling))
    assert not total[~inside].any()
    expected = (chunks + 1) * 2 * LAT + (p + 1) / p * filling * S / 450e9
    assert seconds(topo, p, f"nvls:chunks={chunks}") == pytest.approx(expected, rel=1e-9)


def test_the_lanes_to_several_chips_in_a_node_share_the_bytes_of_nvls_evenly():
    """A GPU has 5, 4, 4 and 5 of its 18 NVLinks on the four chips: they take as long as one link to one switch would."""
    topo = "rail_optimized:nodes=2,rails=8,radix=8,scale_up=nvswitch_chips"
    total, topology = crossings(topo, 8, "nvls:chunks=1")
    inside = (topology.level == topology.scale_up_level) & (topology.ends[:, 0] < 8)
    share = np.tile([5 / 18, 4 / 18, 4 / 18, 5 / 18], 8)
    assert total[inside] == pytest.approx(2 * 9 / 8 * np.stack([share, share], axis=1))
    assert seconds(topo, 8, "nvls:chunks=16") == pytest.approx(seconds(topo.replace("_chips", ""), 8, "nvls:chunks=16"))


@pytest.mark.parametrize("scale_up", ["full_mesh", "none"])
def test_nvls_is_refused_where_no_switch_stands_inside_the_node(scale_up):
    fabric = load(f"rail_optimized:nodes=2,rails=8,radix=8,scale_up={scale_up}")
    with pytest.raises(InputError, match=f"algorithm: nvls needs switches inside nodes, .*, got scale_up={scale_up}"):
        predict([Case("all_reduce", S, 8, 8, 1)], fabric, algorithm="nvls")


def walked(topology, devices):
    """A plain walk: per part below each tier that holds ranks, the cables that lead out of it; tiers until all are joined.

    Parts are found by flooding the cables below the tier from every device, one by one.
    """
    ends, tier = topology.ends.astype(int), topology.tier.astype(int)
    outside = topology.level != topology.scale_up_level
    tiers, sums = 0, {}
    for t in range(1, tier.max() + 1):
        below = [(a, b) for a, b in ends[outside] if tier[b] < t]
        parts = {frozenset(flood(int(d), below)) for d in devices}
        if len(parts) == 1 and t > 1:
            break
        tiers = t
        for part in parts:
            cables = [c for c in np.flatnonzero(outside) if tier[ends[c, 1]] == t and ends[c, 0] in part]
            sums[part] = cables
    return tiers, sums


def flood(start, pairs):
    reached, grown = {start}, True
    while grown:
        more = {b for a, b in pairs if a in reached} | {a for a, b in pairs if b in reached}
        grown = not more <= reached
        reached |= more
    return reached


@settings(max_examples=25, deadline=None)
@given(
    topo=st.sampled_from(TIERED),
    p=st.integers(2, 16),
    order=st.sampled_from(["contiguous", "interleaved", "scattered:3"]),
)
def test_sharp_lets_exactly_one_sum_out_of_every_part_below_a_tier(topo, p, order):
    total, topology = crossings(topo, p, "sharp", order)
    devices = Model(load(topo), NONE, "ideal").devices(Case("all_reduce", S, p, p, 1, order=order))
    tiers, sums = walked(topology, devices)
    expected = np.zeros_like(total)
    for cables in sums.values():
        expected[cables] += 1 / len(cables)
    assert total == pytest.approx(expected)
    fabric = load(topo)
    once = [S / fabric.link_speed[2 * c] / len(cables) for cables in sums.values() for c in cables]
    (result,) = predict([Case("all_reduce", S, p, p, 1, order=order)], fabric, algorithm="sharp", fidelity="loaded")
    assert result.time == pytest.approx(max(once) + 2 * tiers * LAT, rel=1e-9)


@pytest.mark.parametrize(
    ("topo", "p", "levels"),
    [
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8", 8, 1),
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8", 32, 2),
        ("fat_tree:k=4", 16, 3),
        ("rail_optimized:nodes=4,rails=8,radix=8,scale_up=nvswitch", 8, 2),
        ("rail_optimized:nodes=4,rails=8,radix=8,scale_up=nvswitch", 32, 2),
        ("fat_tree:k=8,devices_per_node=8,scale_up=nvswitch", 4, 1),
    ],
)
def test_sharp_takes_the_buffer_once_and_every_level_twice(topo, p, levels):
    nic = 50e9
    assert seconds(topo, p, "sharp") == pytest.approx(S / nic + 2 * levels * LAT, rel=1e-9)
    alpha = Constants("test", {"*": (Line(2e-6),)}, "test")
    assert seconds(topo, p, "sharp", alpha) == pytest.approx(2e-6 + S / nic + 2 * levels * LAT, rel=1e-9)


@pytest.mark.parametrize(
    ("topo", "message"),
    [
        ("torus:dims=4x4", "algorithm: sharp needs switches in tiers, such as leaf_spine or fat_tree, got torus; use ring"),
        ("dragonfly:p=2,a=4,h=2", "algorithm: sharp needs switches in tiers, .*, got dragonfly; use ring"),
        ("rail_only:nodes=2", "algorithm: sharp needs a switch above all ranks, rail_only:nodes=2.* has none; use ring"),
    ],
)
def test_sharp_is_refused_without_tiers_in_one_line(topo, message):
    fabric = load(topo)
    with pytest.raises(InputError, match=message) as error:
        predict(
            [Case("all_reduce", S, min(16, fabric.topology.devices), min(16, fabric.topology.devices), 1)],
            fabric,
            algorithm="sharp",
        )
    assert "\n" not in str(error.value)
