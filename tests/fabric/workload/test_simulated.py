"""A step laid out in time: the order of 1F1B, and the closed level's seconds where nothing collides."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.two_levels import LONG, SEQUENCES
from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.catalog import language_model
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates, device_of
from fabric.workload.graph import Graph
from fabric.workload.plan import plan_of
from fabric.workload.simulated import simulated_step
from fabric.workload.slots import before, turns
from fabric.workload.trace import COMPUTE, STAGES, lane
from fabric.workload.traffic import units
from fabric.workload.training import training_step

FABRIC = load("dgx-h100:nodes=4")
COSTS = Costs(FABRIC, None, 32)


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4))
def test_every_stage_passes_every_micro_batch_forward_and_then_backward(stages, chunks, rounds):
    micro_batches = stages * rounds
    for stage in range(stages):
        order = turns(stages, chunks if stages > 1 else 1, micro_batches, stage)
        assert len(set(order)) == len(order) == 2 * micro_batches * (chunks if stages > 1 else 1)
        for turn in order:
            if not turn.forward:
                assert order.index(turn._replace(forward=True)) < order.index(turn)


def test_plain_1f1b_is_that_of_the_paper():
    """Four stages, the third: one forward pass ahead, then forward and backward in turn (arXiv 2104.04473, figure 4)."""
    order = [("F" if turn.forward else "B") + str(turn.micro_batch) for turn in turns(4, 1, 4, 2)]
    assert order == ["F0", "F1", "B0", "F2", "B1", "F3", "B2", "B3"]


def test_a_pass_waits_for_the_chunk_before_it():
    first, second = turns(4, 2, 4, 0)[0], next(turn for turn in turns(4, 2, 4, 0) if turn.forward and turn.chunk == 1)
    assert before(4, 2, 0, first) is None
    assert before(4, 2, 0, second) == (3, second._replace(chunk=0))


def test_units_are_the_ranks_that_pass_a_micro_batch_together():
    found = units(plan_of("tp=2,pp=2,dp=2"))
    assert found.shape == (2, 2, 2)
    assert found[0, 0].tolist() == [0, 1]
    assert found[1, 0].tolist() == [2, 3]
    assert found[0, 1].tolist() == [4, 5]


CASES = [
    "cp=2", "cp=2,pp=2,vpp=2", "fsdp=8", "fsdp,cp=2", "fsdp,pp=2", "pp=2,vpp=4", "tp=4,pp=2,layout=dp-tp-cp-pp",
    "tp=8,dp=4", "tp=8,pp=2,dp=2", "tp=8,pp=4,dp=1", "tp=4,pp=4,dp=2", "tp=4,pp=4,vpp=2,dp=2", "tp=8,zero=0", "fsdp",
    "tp=8,overlap=none", "tp=8,pp=4,recompute=full", "tp=2,pp=2,dp=8,overlap=none",
]  # fmt: skip


MIXED = [
    "ep=4", "ep=8", "ep=16", "ep=8,pp=2", "ep=8,pp=4,vpp=2", "ep=8,overlap=none", "ep=4,etp=2,tp=2",
    "ep=8,layout=dp-tp-cp-pp,pp=2",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [*(("llama3-8b", text) for text in CASES), *(("qwen3-30b-a3b", text) for text in MIXED)]
)
def test_it_is_the_closed_step_where_nothing_collides(name, text):
    model, plan = language_model(name), plan_of(text)
    closed = training_step(model, plan, FABRIC, batch=64, seq=4096, costs=COSTS)
    found = simulated_step(model, plan, FABRIC, batch=64, seq=4096, costs=COSTS)
    assert found.seconds == pytest.approx(closed.seconds, rel=0.005)


@pytest.mark.parametrize("text", ["ep=4,zero=0", "ep=8", "ep=16", "ep=4,etp=2,tp=2"])
def test_it_is_the_closed_step_where_exchanges_slow_gradients(text):
    """Every rank has one slow NIC: exchanges of the last backward pass and DP's messages beside it take their turns."""
    wide = load("leaf_spine:leaves=2,hosts_per_leaf=8,spines=8,speed=25Gb/s")
    model, plan, device = language_model("qwen3-30b-a3b"), plan_of(text), device_of(wide, "l40s")
    costs = Costs(wide, NONE, 16)
    closed = training_step(model, plan, wide, batch=64, seq=2048, device=device, costs=costs)
    found = simulated_step(model, plan, wide, batch=64, seq=2048, device=device, costs=costs)
    assert found.seconds == pytest.approx(closed.seconds, rel=0.005)


def test_a_step_of_messages_between_stages_is_told_from_one_that_has_few():
    """The first is far from the step in time, and says so; the others are near (docs/training.md, two levels)."""
    thin = load("leaf_spine:leaves=2,spines=1,hosts_per_leaf=4,speed=1Gb/s")
    costs, plan = Costs(thin, NONE, 8), plan_of(f"pp=4,mb={SEQUENCES},zero=0,overlap=none")
    for flops, far in ((1e14, True), (1e12, False)):
        device = DeviceRates("any", "", bf16=flops, fp8=None, memory_rate=flops / 2, memory=1e12)
        how = {"batch": 2 * 16 * SEQUENCES, "costs": costs, "device": device}
        closed, found = training_step(LONG, plan, thin, **how), simulated_step(LONG, plan, thin, **how)
        assert any("messages between stages" in line for line in closed.warnings) == far
        assert (abs(closed.seconds / found.seconds - 1) > 0.09) == far


@pytest.mark.parametrize("routing", ["ideal", "ecmp:3"])
@pytest.mark.parametrize("text", ["pp=2,zero=0", "pp=4,dp=4,overlap=none", "tp=2,pp=2,vpp=2,layout=dp-pp-tp-cp", "dp=16"])
def test_what_is_alike_laid_out_once_is_every_rank_laid_out(text, routing):
    """On a thin fabric, where all collide and leaves differ; ECMP's collisions leave little alike."""
    thin = load("leaf_spine:leaves=4,hosts_per_leaf=4,spines=2,speed=10Gb/s")
    model, plan, device = language_model("llama3.2-1b"), plan_of(text), device_of(thin, "l40s")
    costs = Costs(thin, NONE, 16, routing=routing)
    one, every = (
        simulated_step(model, plan, thin, batch=32, seq=2048, device=device, costs=costs, every=each) for each in (False, True)
    )
    assert one.seconds == pytest.approx(every.seconds, rel=1e-12)
    assert [slot.end for slot in one.slots] == pytest.approx([slot.end for slot in every.slots], rel=1e-12)


@pytest.mark.parametrize("text", ["tp=8,pp=4,dp=1", "tp=4,pp=4,vpp=2,dp=2", "tp=8,dp=4"])
def test_slots_of_a_stage_follow_each_other(text):
    found = simulated_step(language_model("llama3-8b"), plan_of(text), FABRIC, batch=64, seq=4096, costs=COSTS)
    plan = plan_of(text)
    assert {slot.stage for slot in found.slots} == set(range(plan.pp))
    for stage in range(plan.pp):
        passes = [slot for slot in found.slots if slot.stage == stage and slot.what in ("forward", "backward")]
        assert len(passes) == 2 * plan.vpp * 64 // (plan.dp or 1)
        for one, two in pairwise(passes):
            assert one.end <= two.start + 1e-9
    assert max(slot.end for slot in found.slots) == pytest.approx(found.seconds)


@pytest.mark.parametrize(
    ("name", "text"), [("llama3-8b", "tp=4,pp=4,vpp=2"), ("qwen3-30b-a3b", "ep=16"), ("llama3-8b", "pp=4")]
)
def test_a_stage_s_slots_tell_arithmetic_from_what_passes_wait_for_and_what_they_send(name, text):
    """Of the first pipeline: slots of a lane follow each other, and exposed ones add up to what the closed level exposes."""
    model, plan = language_model(name), plan_of(text)
    found = simulated_step(model, plan, FABRIC, batch=64, seq=4096, costs=COSTS)
    closed = training_step(model, plan, FABRIC, batch=64, seq=4096, costs=COSTS)
    for stage in range(plan.pp):
        own = [slot for slot in found.slots if slot.stage == stage]
        for where in (COMPUTE, STAGES):
            for one, two in pairwise(slot for slot in own if lane(slot) == where):
                assert one.end <= two.start + 1e-9
        waits = sum(slot.end - slot.start for slot in own if slot.within and slot.micro_batch >= 0)
        exposed = sum(one.exposed for one in closed.communications if one.dimension in ("tp", "ep"))
        assert waits == pytest.approx(exposed, rel=1e-6)
        sent = sum(lane(slot) == STAGES for slot in own)
        ends = (stage == 0) + (stage == plan.pp - 1)
        assert sent == (closed.micro_batches * (2 * plan.vpp - ends) if plan.pp > 1 else 0)


def test_messages_that_share_a_thin_uplink_collide():
    """Eight pipelines over one uplink a leaf: the engine sees all of them at once, and so does the closed level."""
    thin, wide = (load(f"leaf_spine:leaves=2,hosts_per_leaf=8,spines={n},speed=10Gb/s") for n in (1, 8))
    model, plan, device = language_model("llama3.2-1b"), plan_of("pp=2,dp=8,overlap=none,zero=0"), device_of(thin, "l40s")
    found, apart = (simulated_step(model, plan, f, NONE, batch=16, seq=4096, device=device) for f in (thin, wide))
    closed = training_step(model, plan, thin, NONE, batch=16, seq=4096, device=device)
    message = 2 * 4096 * model.hidden / (10e9 / 8)
    assert found.seconds - apart.seconds == pytest.approx(3 * 7 * message, rel=0.02), "three in a row, seven others beside each"
    assert found.seconds == pytest.approx(closed.seconds, rel=0.05)


def test_a_graph_adds_stretches_and_shares_links():
    graph = Graph()
    start = graph.joins(2, np.zeros(0, np.int64), np.zeros(0, np.int64))
    first = graph.stretches(1.0, start)
    second = graph.stretches(2.0, first, start[::-1].copy())
    finish = graph.finish()
    assert finish[first].tolist() == [1.0, 1.0]
    assert finish[second].tolist() == [3.0, 3.0]
