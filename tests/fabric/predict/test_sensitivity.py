"""The part that is named is the part that moves the answer: shares are held against predictions of changed fabrics."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, Constants, Line, constants_of
from fabric.predict.sensitivity import STEP
from fabric.records.prediction import Share

RAILS = "rail_optimized:nodes=4,rails=8,radix=64,scale_up=nvswitch"
FITTED = Constants("fitted", {"*": (Line(2e-6, 3e-11),), "scale-up": (Line(1e-6),)}, "test", backend="nccl:h100", gamma=1e-12)
TOPOS = (RAILS, "fat_tree:k=4", "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4", "torus:dims=4x4", f"{RAILS},speed=50Gb/s")


def slowed(fabric, level, *, speed=1.0, latency=1.0):
    """The fabric with one level's links slower."""
    own = fabric.levels[level]
    changed = replace(own, speed=own.speed / speed, latency=own.latency * latency)
    return replace(fabric, levels={**fabric.levels, level: changed})


def answer(fabric, nbytes, constants=NONE, algorithm="ring", **more):
    (case,) = cases(fabric, sizes=[nbytes])
    return predict([case], fabric, constants, algorithm=algorithm, fidelity="loaded", **more)[0]


@settings(max_examples=30, deadline=None)
@given(
    topo=st.sampled_from(TOPOS),
    nbytes=st.sampled_from([8, 2**16, 2**20, 2**26, 2**30]),
    algorithm=st.sampled_from(["ring", "halving_doubling", "double_binary_tree:chunks=4"]),
    constants=st.sampled_from([NONE, FITTED]),
)
def test_a_share_is_what_a_slower_fabric_costs(topo, nbytes, algorithm, constants):
    fabric = load(topo)
    result = answer(fabric, nbytes, constants, algorithm)
    for level in fabric.levels:
        for kind in ("speed", "latency"):
            slower = answer(slowed(fabric, level, **{kind: 1 + STEP}), nbytes, constants, algorithm)
            share = getattr(result.model.shares, kind)[level].slower
            assert share == pytest.approx((slower.time / result.time - 1) / STEP, abs=1e-4), (kind, level)


@pytest.mark.parametrize("nbytes", [2**12, 2**22, 2**30])
@pytest.mark.parametrize("hardware", ["nccl:h100", "nccl:a100"])
def test_shares_of_nccls_own_choice_are_those_of_a_slower_fabric_with_the_same_choice(hardware, nbytes):
    fabric, constants = load(f"{RAILS},speed=100Gb/s"), constants_of(hardware)
    result = answer(fabric, nbytes, constants, None)
    for level in fabric.levels:
        slower = answer(slowed(fabric, level, speed=1 + STEP), nbytes, constants, None)
        if slower.model.runs == result.model.runs:
            share = result.model.shares.speed[level].slower
            assert share == pytest.approx((slower.time / result.time - 1) / STEP, abs=1e-4), level


def test_the_named_part_moves_the_answer_and_the_others_do_not():
    """Faster NVLink or NICs change nothing here: what NCCL makes of them is its own table's limit."""
    fabric, constants = load(RAILS), constants_of("nccl:h100")
    result = answer(fabric, 2**30, constants, None)
    assert result.bottlenecks[0] == "library bandwidth"
    for level in fabric.levels:
        assert answer(slowed(fabric, level, speed=0.5), 2**30, constants, None).time == pytest.approx(result.time, rel=1e-3)
    starved = slowed(fabric, "host-leaf", speed=2.0)
    assert answer(starved, 2**30, constants, None).bottlenecks[0] == "host-leaf"


def test_equal_limits_tie_and_either_alone_slows():
    result = answer(load("leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,latency=0ns"), 2**20)
    assert result.bottlenecks == ("host-leaf", "leaf-spine")
    for level in ("host-leaf", "leaf-spine"):
        share = result.model.shares.speed[level]
        assert (share.slower, share.faster) == (pytest.approx(1), pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize(
    ("nbytes", "constants", "named"),
    [
        (8, NONE, "latency"),
        (8, FITTED, "library latency"),
        (2**30, FITTED, "library bandwidth"),
        (2**30, replace(FITTED, lines={}, gamma=1e-9), "reduction"),
        (2**30, NONE, "host-leaf"),
    ],
)
def test_what_is_named_is_the_largest_share(nbytes, constants, named):
    assert answer(load("fat_tree:k=4"), nbytes, constants).bottlenecks[0] == named


def test_nothing_to_do_has_no_share():
    fabric = load("star:devices=4")
    (case,) = cases(fabric, sizes=[8], ranks=[1])
    (result,) = predict([case], fabric)
    assert result.bottlenecks[0] == "latency"
    assert all(share == Share(0.0, 0.0) for share in result.model.shares.speed.values())
