"""A plan's text, its groups of ranks, and what a model asks of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.workload.catalog import language_model
from fabric.workload.check import checked
from fabric.workload.layout import groups
from fabric.workload.plan import DIMENSIONS, ParallelPlan, plan_of, with_dp
from fabric.workload.stages import chunk_layers, stages
from topologies.errors import InputError

PLANS = st.builds(
    ParallelPlan,
    tp=st.sampled_from([1, 2, 4]),
    pp=st.sampled_from([1, 2, 3]),
    cp=st.sampled_from([1, 2]),
    dp=st.sampled_from([1, 2, 4]),
    micro_batch=st.integers(1, 4),
    recompute=st.sampled_from(["none", "pointwise", "selective", "full"]),
    fsdp=st.sampled_from([0, -1]),
    zero=st.sampled_from([0, 1, 2]),
    dispatch=st.sampled_from(["each", "once"]),
    sp=st.booleans(),
    layout=st.permutations(DIMENSIONS).map(tuple),
)


@given(PLANS)
def test_a_plan_is_read_back_from_its_text(plan):
    assert plan_of(plan.text()) == plan


@settings(max_examples=40)
@given(
    PLANS,
    st.sampled_from(["tp", "cp", "pp", "dp", "dp_cp", "shard", "replica", "ep", "expert_dp", "expert_shard", "expert_replica"]),
)
def test_the_groups_of_a_dimension_hold_every_rank_once(plan, dimension):
    table = groups(plan, dimension)
    assert np.array_equal(np.sort(table.ravel()), np.arange(plan.ranks))
    assert (np.diff(table, axis=1) > 0).all()


def test_groups_are_those_of_megatron_by_default():
    plan = ParallelPlan(tp=2, cp=2, dp=2, pp=2)
    assert groups(plan, "tp")[0].tolist() == [0, 1]
    assert groups(plan, "cp")[0].tolist() == [0, 2]
    assert groups(plan, "dp")[0].tolist() == [0, 4]
    assert groups(plan, "pp")[0].tolist() == [0, 8]
    assert groups(plan, "dp_cp")[0].tolist() == [0, 2, 4, 6]
    moe = ParallelPlan(tp=2, dp=4, pp=2, ep=4)
    assert groups(moe, "ep")[0].tolist() == [0, 1, 2, 3]
    assert groups(moe, "expert_dp")[0].tolist() == [0, 4]


def test_hsdp_shards_over_neighbours_and_replicates_over_the_rest():
    plan = ParallelPlan(dp=8, fsdp=4)
    assert groups(plan, "shard").tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert groups(plan, "replica").tolist() == [[0, 4], [1, 5], [2, 6], [3, 7]]
    moe = ParallelPlan(dp=8, ep=2, fsdp=2)
    assert groups(moe, "expert_shard").tolist() == [[0, 2], [4, 6], [1, 3], [5, 7]]
    assert groups(moe, "expert_replica").tolist() == [[0, 4], [2, 6], [1, 5], [3, 7]]


@given(st.integers(1, 60), st.integers(1, 20))
def test_chunks_hold_all_layers_as_evenly_as_can_be(layers, chunks):
    found = chunk_layers(layers, chunks)
    assert sum(found) == layers
    assert max(found) - min(found) <= 1


@pytest.mark.parametrize("name", ["llama3.1-405b", "deepseek-v3", "gpt-22b"])
@pytest.mark.parametrize("text", ["tp=2,pp=2,dp=4", "tp=1,pp=1,dp=8", "tp=2,pp=8,vpp=4,dp=1"])
def test_the_parameters_of_all_stages_are_the_models(name, text):
    """The tied embedding stands on both ends; norms are whole on every TP rank, so the sum is held before TP cuts it."""
    model, plan = language_model(name), plan_of(text)
    held = sum(stage.weights * plan.tp + stage.expert_weights * plan.ep for stage in stages(model, plan))
    twice = model.embedding_weights if model.tied and plan.pp > 1 else 0
    positions = (plan.tp - 1) * model.learned_positions * model.hidden
    assert held == pytest.approx(model.parameters + twice + positions, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tq=8", "unknown key 'tq' .did you mean tp?"),
        ("tp=8,tp=4", "tp is said twice"),
        ("tp=0", "tp must be a whole number >= 1"),
        ("zero=3", "zero must be 0, 1 or 2"),
        ("dispatch=all", "dispatch must be one of each, once"),
        ("recompute=some", "recompute must be one of none, pointwise, selective, full"),
        ("overlap=grad+dp", "overlap must be one of grad, param"),
        ("vpp=2", "vpp needs pp of 2 or more"),
        ("layout=tp-dp", "layout must order tp-cp-dp-pp"),
        ("skew=0.5", "1 or more, got 0.5"),
    ],
)
def test_a_plans_text_that_cannot_be_is_refused(text, says):
    with pytest.raises(InputError, match=says.replace("?", r"\?")):
        plan_of(text)


@pytest.mark.parametrize(
    ("name", "text", "ranks", "batch", "says"),
    [
        ("llama3-70b", "tp=8,pp=4", 100, 64, "tp x cp x pp = 8 x 1 x 4 = 32, got 100; nearest 96 or 128"),
        ("llama3-70b", "tp=8,pp=4,dp=3", 128, 64, "dp=4 fits"),
        ("llama3-70b", "tp=8,pp=3", 64, 64, "= 24, got 64; nearest 48 or 72, or tp x cp x pp of 16 or 32"),
        ("llama3-70b", "tp=16,pp=8", 64, 64, "= 128, got 64; nearest 128, or tp x cp x pp of 64"),
        ("llama3-70b", "tp=3", 64, 64, "tp must divide the 64 heads of llama3-70b, got 3; nearest 2 or 4"),
        ("llama3-70b", "tp=8,pp=128", 1024, 64, "must be at most llama3-70b's 80 layers, got 128 x 1 = 128; nearest 80"),
        ("llama3-70b", "tp=3", 96, 96, "tp must divide the 64 heads of llama3-70b, got 3; nearest 2 or 4"),
        ("llama3-70b", "pp=12", 96, 96, "pp = 12 must divide llama3-70b's 80 layers .* nearest 10 or 16"),
        ("llama3-8b", "pp=64", 64, 64, "at most llama3-8b's 32 layers"),
        ("llama3-8b", "dp=64", 64, 60, "dp x mb = 64 x 1 = 64, got 60; nearest 64"),
        ("llama3-8b", "dp=8,mb=2", 8, 100, "got 100; nearest 96 or 112"),
        ("llama3-8b", "pp=4,vpp=2", 8, 12, "multiples of pp = 4, got 6; nearest batch 16"),
        ("llama3-8b", "ep=2", 8, 8, "llama3-8b is dense"),
        ("qwen3-30b-a3b", "ep=24", 48, 48, "ep must divide the 128 experts of qwen3-30b-a3b, got 24; nearest 16 or 32"),
        ("llama3-8b", "fsdp=3", 8, 8, "fsdp must divide dp x cp = 8, got 3; nearest 2 or 4"),
    ],
)
def test_a_plan_that_does_not_divide_is_refused_with_the_nearest_that_does(name, text, ranks, batch, says):
    with pytest.raises(InputError, match=says):
        checked(language_model(name), plan_of(text), ranks, batch, 4096)


def test_a_sequence_beyond_the_models_is_refused():
    with pytest.raises(InputError, match="seq: must be 1 to 8,192 tokens for llama3-8b, got 9,000"):
        checked(language_model("llama3-8b"), plan_of("tp=1"), 8, 8, 9000)


def test_dp_is_what_the_ranks_leave():
    assert with_dp(plan_of("tp=8,pp=4"), 128).dp == 4
