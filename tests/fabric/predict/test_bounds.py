from functools import cache

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from fabric.collectives.algorithms import ALGORITHMS
from fabric.collectives.sizes import split_sizes
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.bounds import bound, cuts, in_network_bound, least_seconds
from fabric.predict.cases import cases
from fabric.predict.needs import NEEDS
from fabric.records.case import Case
from topologies.errors import InputError
from topologies.scale_up_kinds import KINDS

ADDS_IN_SWITCHES = ("nvls", "nvls_tree", "sharp")
FABRICS = ["rail_optimized:nodes=40,scale_up=nvswitch", "fat_tree:k=8,devices_per_node=8,scale_up=nvswitch", "star:devices=64"]
DIRECT = ["torus:dims=4x4", "dragonfly:p=2,a=4,h=2", "hypercube:n=4"]
S = 2**30
B = 50e9


def every_algorithm():
    return [(c, a) for c, known in ALGORITHMS.items() if NEEDS.get(c) for a in known if a not in ADDS_IN_SWITCHES]


def predicted(case, fabric, algorithm):
    try:
        return predict([case], fabric, algorithm=algorithm, fidelity="loaded")[0].time
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(("collective", "algorithm"), every_algorithm())
def test_no_algorithm_beats_the_bound(collective, algorithm):
    tried = 0
    for topo in FABRICS + DIRECT:
        fabric = load(topo)
        for p in (8, 16, 64):
            if p > fabric.topology.devices:
                continue
            case = Case(collective, 2**34, p, p, 1, params={"skew": 1.0, "seed": 3} if collective == "all_to_all_v" else {})
            seconds = predicted(case, fabric, algorithm)
            if isinstance(seconds, str):
                continue
            tried += 1
            assert seconds >= least_seconds(case, fabric)[0] * (1 - 1e-9), (topo, p)
    if not tried:
        pytest.skip("the algorithm runs on none of these fabrics")


@cache
def inside(kind, devices, per_node):
    return load(f"star:devices={devices},devices_per_node={per_node},scale_up={kind},scale_up_speed=300GB/s")


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    devices=st.integers(2, 14),
    per_node=st.integers(2, 9),
    pair=st.sampled_from(every_algorithm()),
    nbytes=st.sampled_from([8, 2**20, 2**34]),
    order=st.sampled_from(["contiguous", "interleaved", "scattered:2"]),
    fidelity=st.sampled_from(["auto", "loaded"]),
    share=st.floats(0, 1),
)
def test_nothing_beats_the_bound_whatever_stands_inside_nodes(kind, devices, per_node, pair, nbytes, order, fidelity, share):
    collective, algorithm = pair
    params = {"skew": 1.0, "seed": 3} if collective == "all_to_all_v" else None
    ranks = 2 + int(share * (devices - 2))
    try:
        fabric = inside(kind, devices, per_node)
        asked = cases(fabric, collective, sizes=[nbytes], ranks=[ranks], order=order, params=params)
        (found,) = predict(asked, fabric, algorithm=algorithm, fidelity=fidelity)
    except InputError:
        reject()
    assert found.busbw <= bound(*asked, fabric).busbw * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["nvswitch", "nvswitch_chips", "nvl72", "cloudmatrix"])
def test_a_ring_fills_all_lanes_of_a_device_whatever_switches_they_lead_to(kind):
    """Of an H100's 18 NVLinks 5, 4, 4 and 5 lead to the four chips: taken as 25, 16, 16 and 25 ways, a ring had 410 GB/s."""
    fabric = load(f"star:devices=8,devices_per_node=8,scale_up={kind},scale_up_speed=450GB/s,scale_up_latency=0ns")
    (found,) = predict([Case("all_reduce", 2**32, 8, 1, 8)], fabric, algorithm="ring")
    assert found.busbw == pytest.approx(450e9)


@pytest.mark.parametrize(
    ("kind", "devices", "printed"),
    [("nvl72", 72, 7490), ("nvswitch_chips", 8, 7320), ("cloudmatrix", 384, 2354), ("full_mesh", 8, 3149)],
)
@pytest.mark.parametrize("algorithm", ["ring", "full_mesh"])
def test_no_ring_is_faster_than_one_devices_links_together(kind, devices, printed, algorithm):
    """printed: GB/s where a device's 450 were given to each of its cables."""
    p = min(devices, 16) if algorithm == "full_mesh" else devices
    fabric = load(f"star:devices={p},devices_per_node={p},scale_up={kind},scale_up_speed=450GB/s")
    case = Case("all_reduce", 2**32, p, 1, p)
    (found,) = predict([case], fabric, algorithm=algorithm)
    assert found.busbw <= 450e9 < printed * 1e9
    assert bound(case, fabric).busbw == pytest.approx(500e9)  # with the device's cable into the network


@pytest.mark.parametrize(
    ("collective", "algorithm"),
    [
        ("all_reduce", "ring"),
        ("all_gather", "ring"),
        ("reduce_scatter", "ring"),
        ("all_to_all", "pairwise"),
        ("all_to_all", "direct"),
        ("gather", "linear"),
        ("scatter", "linear"),
        ("sendrecv", "ring"),
        ("incast", "direct"),
        ("latency", "ping_pong"),
    ],
)
@settings(max_examples=8, deadline=None)
@given(p=st.integers(2, 64), order=st.sampled_from(["contiguous", "interleaved", "scattered:2"]))
def test_a_known_good_algorithm_reaches_the_bound_on_a_star(collective, algorithm, p, order):
    fabric = load("star:devices=64,latency=0ns")
    case = Case(collective, 2**30 // p * p, p, p, 1, order=order)
    seconds, level = least_seconds(case, fabric)
    assert level == "device"
    assert predicted(case, fabric, algorithm) == pytest.approx(seconds, rel=1e-6)
    assert predict([case], fabric, algorithm=algorithm, fidelity="loaded")[0].busbw == pytest.approx(
        bound(case, fabric).busbw, rel=1e-6
    )


@pytest.mark.parametrize(
    ("collective", "expected"),
    [
        ("all_reduce", 2 * 7 / 8),
        ("all_gather", 7 / 8),
        ("reduce_scatter", 7 / 8),
        ("all_to_all", 7 / 8),
        ("all_to_all_v", 7 / 8),
        ("broadcast", 1),
        ("reduce", 1),
        ("gather", 7 / 8),
        ("scatter", 7 / 8),
        ("sendrecv", 1),
        ("incast", 7),
        *((name, 1) for name in ("latency", "bandwidth", "bibandwidth", "message_rate")),
    ],
)
def test_the_device_cut_in_closed_form(collective, expected):
    assert least_seconds(Case(collective, S, 8, 8, 1), load("star:devices=8"))[0] == pytest.approx(expected * S / B)


def test_node_cuts_in_closed_form():
    """Eight nodes of eight: a node lets out 8 NICs' bytes."""
    fabric, p, node = load("rail_optimized:nodes=8,scale_up=nvswitch"), 64, 8 * B
    assert least_seconds(Case("all_to_all", S, p, p, 1), fabric) == (pytest.approx(8 * 56 / 64 * S / node), "node")
    assert least_seconds(Case("all_gather", S, p, p, 1), fabric) == (pytest.approx(56 / 64 * S / node), "node")
    assert least_seconds(Case("broadcast", S, p, p, 1), fabric) == (pytest.approx(S / node), "node")
    assert least_seconds(Case("incast", S, p, p, 1, params={"fan_in": 63}), fabric) == (pytest.approx(56 * S / node), "node")
    assert least_seconds(Case("sendrecv", S, p, p, 1, order="interleaved"), fabric) == (pytest.approx(8 * S / node), "node")
    assert least_seconds(Case("message_rate", S, p, p, 1), fabric)[0] == pytest.approx(8 * S / node)
    at_home = Case("message_rate", S, p, p, 1, order="interleaved")  # ranks r and r + 32 are on one node
    assert least_seconds(at_home, fabric)[0] < S / B


def test_an_incast_counts_only_its_senders_and_a_root_may_be_anyone():
    fabric = load("star:devices=8")
    assert least_seconds(Case("incast", S, 8, 8, 1, params={"fan_in": 3}), fabric)[0] == pytest.approx(3 * S / B)
    assert least_seconds(Case("gather", S, 8, 8, 1, root=5), fabric)[0] == pytest.approx(7 / 8 * S / B)
    with pytest.raises(InputError, match=r"root: must be a rank, 0 ... 7, got 8"):
        bound(Case("gather", S, 8, 8, 1, root=8), fabric)


@settings(max_examples=20, deadline=None)
@given(p=st.integers(2, 32), skew=st.floats(0, 3), seed=st.integers(0, 5))
def test_a_skewed_all_to_all_is_bound_by_what_the_hottest_rank_gets(p, skew, seed):
    units = split_sizes(p, skew, seed).astype(float)
    share = units / units.sum(axis=1, keepdims=True)
    np.fill_diagonal(share, 0)
    case = Case("all_to_all_v", S, p, p, 1, params={"skew": skew, "seed": seed})
    busiest = max(share.sum(axis=0).max(), share.sum(axis=1).max())
    assert least_seconds(case, load("star:devices=32"))[0] == pytest.approx(busiest * S / B)


def test_a_skew_over_many_ranks_needs_no_list_of_pairs():
    case = Case("all_to_all_v", S, 5000, 5000, 1, params={"skew": 1.0})
    even = Case("all_to_all_v", S, 5000, 5000, 1)
    fabric = load("star:devices=5000")
    assert least_seconds(case, fabric)[0] > 10 * least_seconds(even, fabric)[0]


@pytest.mark.parametrize("topo", FABRICS + DIRECT)
@pytest.mark.parametrize("pair", [("all_gather", "reduce_scatter"), ("broadcast", "reduce"), ("gather", "scatter")])
def test_mirror_images_have_one_bound(topo, pair):
    fabric = load(topo)
    ahead, back = (least_seconds(Case(name, S, 16, 16, 1, order="scattered:1"), fabric) for name in pair)
    assert ahead == (pytest.approx(back[0]), back[1])


def test_direct_wirings_are_bound_by_their_halves_and_groups():
    torus = load("torus:dims=8x4")
    assert least_seconds(Case("all_to_all", S, 32, 32, 1), torus) == (pytest.approx(16 * 16 / 32 * S / (8 * B)), "half")
    assert [level for level, _ in cuts(load("dragonfly:p=2,a=4,h=2").topology)] == ["device", "switch", "group", "half"]
    thin = load("dragonfly:p=8,a=4,h=1")  # 5 groups of 32 devices, 4 cables out of each
    assert least_seconds(Case("all_to_all", S, 160, 160, 1), thin) == (pytest.approx(32 * 128 / 160 * S / (4 * B)), "group")


def test_the_in_network_bound_is_one_buffer_over_the_device_link():
    fabric = load("star:devices=8")
    case = Case("all_reduce", S, 8, 8, 1)
    assert in_network_bound(case, fabric).busbw == pytest.approx(2 * 7 / 8 * B)
    assert in_network_bound(case, fabric).busbw > bound(case, fabric).busbw
    assert in_network_bound(Case("all_gather", S, 8, 8, 1), fabric) is None


def test_the_node_cut_binds_many_nodes_and_idle_devices_do_not_help():
    fabric = load("rail_optimized:nodes=64,scale_up=nvswitch")
    wide = bound(Case("all_reduce", 8, 512, 512, 1), fabric)
    assert wide.level == "node"
    assert wide.busbw == pytest.approx(511 / 512 * 64 / 63 * 400e9)
    sparse = bound(Case("all_reduce", 8, 64, 64, 1, order="interleaved"), fabric)
    assert sparse.level == "node"
    assert sparse.busbw == pytest.approx(50e9)


def test_leaves_bind_where_their_uplinks_are_slower_than_a_nic(tmp_path):
    """One uplink of a NIC's rate is enough for all-reduce, however many hosts share it: a leaf lets out one sum."""
    topology = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=8"
    assert bound(Case("all_reduce", 8, 32, 32, 1), load(topology)).level == "device"
    path = tmp_path / "f.yaml"
    path.write_text(f"schema: fabricbench.fabric/1\ntopology: {topology}\nlevels: {{leaf-spine: {{speed: 100Gb/s}}}}\n")
    limit = bound(Case("all_reduce", 8, 32, 32, 1), load(str(path)))
    assert limit.level == "leaf"
    assert limit.busbw == pytest.approx(31 / 32 * 4 / 3 * 12.5e9)


def test_a_degraded_nic_binds_everyone(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("schema: fabricbench.fabric/1\ntopology: star:devices=8\ndegraded: {3: 40Gb/s}\n")
    assert bound(Case("all_reduce", 8, 8, 8, 1), load(str(path))).busbw == pytest.approx(2 * 7 / 8 * 5e9)


def test_world_size_one_and_a_barrier_have_no_bound_and_unknown_ones_are_refused():
    assert bound(Case("all_reduce", 8, 1, 1, 1), load("star:devices=2")) is None
    assert bound(Case("barrier", 0, 2, 2, 1), load("star:devices=2")) is None
    with pytest.raises(InputError, match=r"bound: known for all_reduce, .*, got all_talk"):
        bound(Case("all_talk", 8, 2, 2, 1), load("star:devices=2"))
