import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.routing.route import route_all
from fabric.network.spec import load
from fabric.predict.throughput.bracket import METHODS, bracket
from fabric.predict.throughput.core import core_of
from fabric.predict.throughput.demand import demand_of
from fabric.predict.throughput.hop import hop_bound
from fabric.predict.throughput.longest import longest
from fabric.predict.throughput.program import program
from fabric.predict.throughput.spray import shortest_split
from fabric.predict.throughput.tiers import hop_theta, is_even, split_theta
from fabric.predict.throughput.traffic import named, of_pairs
from fabric.predict.throughput.weights import concurrent_flow
from topologies.errors import InputError

SMALL = st.one_of(
    st.builds(
        "jellyfish:switches={},degree=3,hosts={},seed={}".format,
        st.sampled_from([8, 10, 12]),
        st.integers(1, 3),
        st.integers(1, 9),
    ),
    st.builds("torus:dims={}x{},hosts={}".format, st.integers(2, 4), st.integers(2, 4), st.integers(0, 2)),
    st.builds(
        "leaf_spine:leaves={},spines={},hosts_per_leaf={}".format, st.integers(2, 5), st.integers(1, 3), st.integers(1, 4)
    ),
    st.builds("dragonfly:p={},a={},h=1".format, st.integers(1, 3), st.integers(2, 3)),
    st.just("dual_tor:nodes=4,rails=2"),
    st.builds(
        "leaf_spine:leaves=3,spines=1,hosts_per_leaf={},devices_per_nic={},scale_up={}".format,
        st.integers(1, 3),
        st.integers(2, 3),
        st.sampled_from(["none", "nvswitch"]),
    ),
)
TRAFFIC = st.one_of(
    st.just("uniform"), st.just("worst"), st.just("skewed:3"), st.builds("permutation:{}".format, st.integers(0, 9))
)
FULL = ["fat_tree:k=4", "fat_tree:k=8", "star:devices=9", "rail_optimized:nodes=16,rails=4,radix=16"]


def theta(topo, traffic, *methods):
    (found,) = bracket(load(topo), traffic, methods).estimates
    return found.value


def test_theta_is_in_a_devices_part_of_a_shared_nic():
    """Per NIC of eight devices 120 of 127 parts of uniform traffic leave, all of the worst; the network is not short of it."""
    topo = "fat_tree:k=4,node=8x4090-dual-root"
    found = bracket(load(topo), "uniform")
    assert found.nic == pytest.approx(12.5e9 / 8)
    assert (found.lower, found.upper) == pytest.approx((127 / 120, 127 / 120))
    worst = bracket(load(topo), "worst")
    assert (worst.lower, worst.upper) == pytest.approx((1, 1))
    short = "leaf_spine:leaves=4,spines=2,hosts_per_leaf=4,speed=100Gb/s"
    plain, shared = (bracket(load(f"{short}{node}"), "worst") for node in ("", ",node=8x4090-dual-root"))
    assert (shared.lower, shared.upper) == pytest.approx((plain.lower, plain.upper)) == (0.5, 0.5)


@settings(max_examples=40, deadline=None)
@given(topo=SMALL, traffic=TRAFFIC)
def test_every_achieved_rate_is_below_the_program_and_every_bound_above_it(topo, traffic):
    found = {e.name: e for e in bracket(load(topo), traffic, list(METHODS), eps=0.1).estimates}
    best = found["lp"].value
    for estimate in found.values():
        if estimate.value is None or estimate.name == "lp":
            continue
        if estimate.side == "bound":
            assert estimate.value >= best * (1 - 1e-7), estimate
        else:
            assert estimate.value <= best * (1 + 1e-7), estimate


@settings(max_examples=25, deadline=None)
@given(topo=SMALL, traffic=TRAFFIC, eps=st.sampled_from([0.2, 0.1]))
def test_weights_come_within_eps_of_the_program(topo, traffic, eps):
    fabric = load(topo)
    core = core_of(fabric)
    wanted = named(fabric.topology, traffic) or of_pairs("worst", fabric.topology, np.arange(fabric.topology.devices)[::-1])
    demand = demand_of(wanted, core)
    if not len(demand.sources):
        return
    best = program(core, demand)
    found = concurrent_flow(core, demand, hop_bound(core, demand), eps, 5000)
    assert found.gap <= eps
    assert found.lower <= best * (1 + 1e-7)
    assert found.upper >= best * (1 - 1e-7)


@pytest.mark.parametrize("topo", FULL)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_full_bisection_carries_every_permutation_at_the_nics_rate(topo, seed):
    found = bracket(load(topo), f"permutation:{seed}")
    assert found.lower == pytest.approx(1)
    assert found.upper == pytest.approx(1)


@pytest.mark.parametrize("topo", FULL)
def test_full_bisection_carries_the_worst_case_and_all_to_all(topo):
    for traffic in ("worst", "uniform"):
        assert bracket(load(topo), traffic).lower == pytest.approx(1)
        assert bracket(load(topo), traffic).upper == pytest.approx(1)


@settings(max_examples=20, deadline=None)
@given(leaves=st.integers(2, 6), spines=st.integers(1, 4), hosts=st.integers(1, 8))
def test_a_leaf_spine_in_closed_form(leaves, spines, hosts):
    topo, devices = f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts}", leaves * hosts
    found = bracket(load(topo), "worst")
    assert found.upper == pytest.approx(min(1, spines / hosts))
    assert found.lower == pytest.approx(found.upper)
    spread = bracket(load(topo), "uniform")
    assert spread.upper == pytest.approx(min(1, spines / (hosts * (devices - hosts) / (devices - 1))))
    assert spread.lower == pytest.approx(spread.upper)


def test_four_to_one_is_a_quarter():
    assert bracket(load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8"), "worst").lower == pytest.approx(0.25)


def test_the_nics_rate_counts_devices_at_either_end_of_a_cable():
    assert bracket(load("torus:dims=2x2"), "uniform").nic == 50e9


@pytest.mark.parametrize("n", [4, 5, 6, 8, 9])
def test_a_ring_in_closed_form(n):
    """Uniform: 2 n links; n devices whose distances sum to floor(n^2 / 4), each at 1 / (n - 1)."""
    found = bracket(load(f"ring:switches={n}"), "uniform")
    expected = 2 * n / (n * (n * n // 4) / (n - 1))
    assert theta(f"ring:switches={n}", "uniform", "hop") == pytest.approx(expected)
    assert found.lower == pytest.approx(min(expected, found.upper))


@pytest.mark.parametrize(("dims", "distance"), [("4x4", 32), ("4x4x4", 192), ("5x5", 60), ("6x4", 60)])
def test_a_torus_reaches_its_hop_bound_under_all_to_all(dims, distance):
    """By symmetry the even split fills all links of a dimension alike; equal even dimensions fill all links."""
    fabric = load(f"torus:dims={dims}")
    n, links = fabric.topology.devices, 2 * len(fabric.topology.ends)
    assert theta(f"torus:dims={dims}", "uniform", "hop") == pytest.approx(links * (n - 1) / (n * distance))
    if dims != "6x4":
        assert theta(f"torus:dims={dims}", "uniform", "spray") == pytest.approx(links * (n - 1) / (n * distance))


@settings(max_examples=25, deadline=None)
@given(topo=st.sampled_from([*FULL, "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4", "dual_tor:nodes=8"]), traffic=TRAFFIC)
def test_the_closed_forms_of_tiers_are_those_of_the_graph(topo, traffic):
    fabric = load(topo)
    wanted = named(fabric.topology, traffic) or of_pairs("turned", fabric.topology, np.arange(fabric.topology.devices)[::-1])
    assert is_even(fabric.topology)
    core = core_of(fabric)
    demand = demand_of(wanted, core)
    nic = theta(topo, traffic, "nic") if traffic != "worst" else split_theta(fabric, wanted)
    assert split_theta(fabric, wanted) == pytest.approx(min(nic, shortest_split(core, demand)))
    if not topo.startswith("dual_tor"):  # there the devices' own cables are part of the graph
        assert hop_theta(fabric, wanted)["all links"] == pytest.approx(hop_bound(core, demand))


@pytest.mark.parametrize(
    "topo", ["fat_tree:k=4", "dragonfly:p=2,a=4,h=2", "torus:dims=4x3,hosts=2", "jellyfish:switches=12,degree=3,hosts=2"]
)
def test_the_even_split_is_that_of_routing(topo):
    fabric = load(topo)
    load_of = route_all(fabric.topology, np.arange(fabric.topology.devices), "spray").per_link / (fabric.topology.devices - 1)
    assert theta(topo, "uniform", "spray") == pytest.approx(1 / load_of.max())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_hop_bound_is_near_the_program_on_random_regular_graphs(seed):
    topo = f"jellyfish:switches=40,degree=8,hosts=4,seed={seed}"
    fabric = load(topo)
    core = core_of(fabric)
    demand = demand_of(named(fabric.topology, "uniform"), core)
    found = concurrent_flow(core, demand, hop_bound(core, demand), 0.01, 2000)
    assert found.lower >= 0.96 * hop_bound(core, demand)


def test_a_102400_gpu_design_closes():
    found = bracket(load("rail_optimized:nodes=12800,rails=8,radix=128"), "worst")
    assert found.lower == pytest.approx(1)
    assert found.gap == pytest.approx(0, abs=1e-9)


def test_what_stays_in_a_node_is_no_demand():
    topo = "rail_optimized:nodes=4,rails=4,radix=16"
    alone, with_network = theta(topo, "uniform", "nic"), theta(f"{topo},scale_up=nvswitch", "uniform", "nic")
    assert alone == pytest.approx(1)
    assert with_network == pytest.approx(15 / 12)


@pytest.mark.parametrize(
    ("topo", "kwargs", "message"),
    [
        (
            "star:devices=4",
            {"traffic": "any"},
            "traffic: must be uniform, permutation:SEED, worst or skewed:FACTOR .*, got 'any'",
        ),
        ("star:devices=4", {"traffic": "skewed:0.5"}, "FACTOR a number >= 1"),
        ("star:devices=4", {"methods": ["tea"]}, "methods: must be among nic, cut, .*, got 'tea'"),
        ("star:devices=4", {"eps": 1.5}, "eps: must be above 0 and below 1, got 1.5"),
        ("star:devices=1", {}, "has one device; traffic needs two or more"),
        ("rail_only:nodes=4,rails=2,scale_up=nvswitch", {}, "no way to each other outside their nodes"),
    ],
)
def test_bad_input_is_refused(topo, kwargs, message):
    with pytest.raises(InputError, match=message):
        bracket(load(topo), **kwargs)


def test_large_programs_are_left_out_with_a_reason():
    (found,) = bracket(load("jellyfish:switches=100,degree=8,hosts=2"), "uniform", ["lp"]).estimates
    assert found.value is None
    assert "variables, over 15,000" in found.note


@pytest.mark.parametrize("topo", ["jellyfish:switches=60,degree=4,hosts=2", "torus:dims=8x7", "dragonfly:p=1,a=4,h=2"])
def test_the_matching_of_large_graphs_is_near_the_assignment(topo, monkeypatch):
    """The two ways to match are set side by side on graphs that both can do."""
    best, _ = longest(load(topo), core_of(load(topo)))
    monkeypatch.setattr("fabric.predict.throughput.longest.ASSIGN", 8)
    near, _ = longest(load(topo), core_of(load(topo)))
    bounds = []
    for traffic in (best, near):
        core = core_of(load(topo))
        assert sorted(traffic.target) == sorted(traffic.source)
        bounds.append(hop_bound(core, demand_of(traffic, core)))
    assert bounds[0] <= bounds[1] * (1 + 1e-9)
    assert bounds[1] <= bounds[0] * 1.1
