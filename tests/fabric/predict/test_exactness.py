"""Where auto calls a cheaper fidelity exact, the simulation of flows gives the same seconds; elsewhere it says why not."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fabric.collectives.algorithms import ALGORITHMS
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, Constants, Line
from fabric.records.case import Case
from topologies.errors import InputError

TOPOS = {
    "star": "star:devices=16",
    "oversubscribed": "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4",
    "two spines": "leaf_spine:leaves=4,spines=2,hosts_per_leaf=4",
    "fat-tree": "fat_tree:k=4",
    "rails": "rail_optimized:nodes=4,rails=4,radix=8,scale_up=nvswitch",
    "torus": "torus:dims=4x4",
    "dragonfly": "dragonfly:p=2,a=4,h=2",
}
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "sendrecv", "barrier", "incast")
SOME = [(c, a) for c in COLLECTIVES for a in ALGORITHMS[c]]
ALPHA = Constants("test", {"*": (Line(1e-6),)}, "test", gamma=1e-11)


def answer(topo, case, algorithm, fidelity, routing, constants=NONE):
    try:
        (result,) = predict([case], load(TOPOS[topo]), constants, algorithm=algorithm, fidelity=fidelity, routing=routing)
    except InputError:
        assume(False)  # this algorithm does not take these ranks, or this policy this fabric
    return result


@settings(max_examples=150, deadline=None)
@given(
    topo=st.sampled_from(sorted(TOPOS)),
    one=st.sampled_from(SOME),
    p=st.sampled_from([2, 3, 4, 7, 8, 12, 16]),
    order=st.sampled_from(["contiguous", "interleaved", "scattered:3"]),
    routing=st.sampled_from(["ideal", "spray", "ecmp:1", "dmodk"]),
    nbytes=st.sampled_from([2**10, 2**20, 2**26]),
    constants=st.sampled_from([NONE, ALPHA]),
)
def test_what_auto_calls_exact_equals_the_simulation(topo, one, p, order, routing, nbytes, constants):
    collective, algorithm = one
    case = Case(collective, nbytes, p, p, 1, order=order)
    auto = answer(topo, case, algorithm, "auto", routing, constants)
    if auto.model.exact and auto.source != "model:flows":
        flows = answer(topo, case, algorithm, "flows", routing, constants)
        assert auto.time == pytest.approx(flows.time, rel=1e-9), auto.model.reason
    assert auto.model.reason


CHOSEN = [
    ("star", "all_reduce", "ring", {}, "closed", "one switch joins all ranks"),
    ("fat-tree", "all_reduce", "ring", {}, "loaded", "no message slows another"),
    ("oversubscribed", "all_to_all", "direct", {"order": "interleaved"}, "flows", "fall out of step"),
    ("fat-tree", "all_reduce", "halving_doubling", {}, "loaded", "every rank takes part in every step"),
    ("fat-tree", "all_reduce", "halving_doubling", {"routing": "ecmp:1", "order": "scattered:1"}, "flows", "fall out of step"),
    ("rails", "all_reduce", "sharp", {}, "loaded", "switches add and copy"),
]


@pytest.mark.parametrize(("topo", "collective", "algorithm", "more", "fidelity", "why"), CHOSEN)
def test_auto_takes_the_cheapest_that_is_exact_and_says_why(topo, collective, algorithm, more, fidelity, why):
    case = Case(collective, 2**24, 16, 16, 1, order=more.get("order", "contiguous"))
    result = answer(topo, case, algorithm, "auto", more.get("routing", "ideal"))
    assert result.source == f"model:{fidelity}"
    assert why in result.model.reason
    assert result.model.exact == (algorithm != "sharp")


def test_the_bottleneck_link_and_the_slowdown_are_named():
    case = Case("all_reduce", 2**26, 16, 16, 1, order="interleaved")
    result = answer("oversubscribed", case, "ring", "auto", "ideal")
    assert result.bottlenecks[0] == "leaf-spine"
    assert "leaf" in result.model.link
    assert "spine0" in result.model.link
    assert result.model.slowdown == pytest.approx(4, rel=0.02)


def test_what_is_too_much_to_simulate_is_answered_loaded_and_called_inexact():
    case = Case("all_reduce", 2**30, 4096, 4096, 1, order="scattered:1")
    (result,) = predict([case], load("fat_tree:k=32"), algorithm="ring", routing="ecmp:1")
    assert result.source == "model:loaded"
    assert not result.model.exact
    assert "too many to simulate unasked" in result.model.reason


@pytest.mark.parametrize("algorithm", ["sharp", "rail_aligned:chunks=4"])
def test_flows_refuses_what_it_does_not_simulate(algorithm):
    fabric = load(TOPOS["rails"])
    with pytest.raises(InputError, match=r"fidelity: flows does not simulate .* use loaded or auto"):
        predict([Case("all_reduce", 2**20, 16, 16, 1)], fabric, algorithm=algorithm, fidelity="flows")


@settings(max_examples=60, deadline=None)
@given(
    topo=st.sampled_from(["oversubscribed", "fat-tree", "torus", "rails"]),
    one=st.sampled_from([o for o in SOME if o[0] in ("all_reduce", "all_to_all")]),
    order=st.sampled_from(["contiguous", "scattered:3"]),
    routing=st.sampled_from(["ideal", "ecmp:1"]),
)
def test_without_latency_simulated_time_scales_with_bytes(topo, one, order, routing):
    spec = TOPOS[topo] + ",latency=0ns" + (",scale_up_latency=0ns" if "scale_up" in TOPOS[topo] else "")
    times = []
    for nbytes in (2**20, 2**23):
        try:
            (result,) = predict(
                [Case(one[0], nbytes, 16, 16, 1, order=order)], load(spec), algorithm=one[1], fidelity="flows", routing=routing
            )
        except InputError:
            assume(False)  # as above
        times.append(result.time)
    assert times[1] == pytest.approx(8 * times[0], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    spines=st.integers(1, 4),
    algorithm=st.sampled_from(["ring", "halving_doubling", "full_mesh"]),
    p=st.sampled_from([4, 8, 16]),
)
def test_more_spines_never_slow_evenly_split_traffic(spines, algorithm, p):
    few, many = (
        predict(
            [Case("all_reduce", 2**24, p, p, 1, order="interleaved")],
            load(f"leaf_spine:leaves=4,spines={n},hosts_per_leaf=4"),
            algorithm=algorithm,
        )
        for n in (spines, spines + 1)
    )
    assert many[0].time <= few[0].time * (1 + 1e-9)


def test_a_speed_that_changes_with_the_messages_is_not_simulated():
    """Halving-doubling sends 32 MiB down to 1 MiB: two lines of a fit with different betas are no one capacity."""
    lines = (Line(0.0, 2e-11, 2**22), Line(0.0, 1e-11))
    constants = Constants("fitted", {"host-leaf": lines}, "test")
    fabric = load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8")
    (case,) = cases(fabric, sizes=[2**26])
    (result,) = predict([case], fabric, constants, algorithm="halving_doubling", routing="ecmp:1")
    assert (result.source, result.model.exact) == ("model:loaded", False)
    assert "the library's speed changes" in result.model.reason
    with pytest.raises(InputError, match="flows does not simulate halving_doubling with constants whose speed"):
        predict([case], fabric, constants, algorithm="halving_doubling", routing="ecmp:1", fidelity="flows")
