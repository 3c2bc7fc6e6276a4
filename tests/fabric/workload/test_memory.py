"""Memory against arXiv 2205.05198: activations of fig. 1 (as calculon-ai/calculon embeds them) and state."""

import pytest

from fabric.workload.catalog import language_model
from fabric.workload.memory import in_flight, memory_of
from fabric.workload.plan import ParallelPlan

GIB = 2**30
SHAPES = {"gpt-22b": (1, 1, 4), "gpt-175b": (8, 3, 1), "gpt-530b": (35, 3, 1), "gpt-1t": (64, 1, 1)}
"""Model -> stages, virtual stages and micro batch of the paper's table 3; TP is 8."""
ACTIVATIONS = {
    "gpt-22b": (59.25, 9.5625),
    "gpt-175b": (66.84375, 12.3515625),
    "gpt-530b": (114.0234375, 23.076171875),
    "gpt-1t": (131.25, 26.5625),
}
"""GiB a device: nothing recomputed; selective with sequence parallelism."""
STATE = {"gpt-22b": 45.5625, "gpt-175b": 45.5625, "gpt-530b": 31.640625, "gpt-1t": 32.958984375}


def fullest(name, **more):
    pp, vpp, micro_batch = SHAPES[name]
    plan = ParallelPlan(tp=8, pp=pp, vpp=vpp, dp=1, micro_batch=micro_batch, flash=False, zero=0, **more)
    return memory_of(language_model(name), plan, None, 2048, 512)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_the_paper_within_half_a_per_cent(name):
    none, selective = ACTIVATIONS[name]
    assert fullest(name, sp=False)[0].activations / GIB == pytest.approx(none, rel=5e-3)
    assert fullest(name, recompute="selective")[0].activations / GIB == pytest.approx(selective, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "shares"),
    [("gpt-22b", (66.84, 49.42, 16.18)), ("gpt-175b", (62.04, 56.53, 18.49)), ("gpt-530b", (58.31, 62.04, 20.27))],
)
def test_shares_of_what_is_kept_are_those_of_figure_7(name, shares):
    whole = fullest(name, sp=False)[0].activations
    ways = ({"sp": True}, {"sp": False, "recompute": "selective"}, {"sp": True, "recompute": "selective"})
    found = [100 * fullest(name, **how)[0].activations / whole for how in ways]
    assert found == pytest.approx(shares, rel=5e-3)


@pytest.mark.parametrize("name", STATE)
def test_state_without_the_embedding_is_18_bytes_a_parameter_as_in_the_paper(name):
    """Of the second stage where there is one: the first holds the embedding, which the paper leaves out."""
    stages = fullest(name)
    stage = stages[1] if len(stages) > 2 else stages[0]
    state = (stage.weights + stage.gradients + stage.optimizer) / GIB
    assert state == pytest.approx(STATE[name], rel=1e-3 if len(stages) > 2 else 0.02)


def test_zero_and_fsdp_spread_what_they_say():
    model = language_model("llama3-8b")
    (whole,), (zero,), (fsdp,) = (
        memory_of(model, ParallelPlan(dp=8, **how), None, 4096, 4) for how in ({"zero": 0}, {}, {"fsdp": -1})
    )
    assert zero.optimizer == pytest.approx(whole.optimizer / 8)
    assert zero.weights == whole.weights == pytest.approx(2 * model.parameters, rel=1e-3)
    assert fsdp.weights == pytest.approx(whole.weights / 8)
    assert fsdp.optimizer == zero.optimizer


@pytest.mark.parametrize(("pp", "vpp"), [(4, 1), (4, 2), (8, 4)])
def test_stages_keep_fewer_micro_batches_the_nearer_they_are_to_the_end(pp, vpp):
    kept = [in_flight(ParallelPlan(pp=pp, vpp=vpp, dp=1), 10 * pp, stage) for stage in range(pp)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == pytest.approx(pp * (1 + (pp - 1) / (pp * vpp)) if vpp > 1 else pp)
    assert kept[-1] >= 1


def test_pointwise_recompute_keeps_neither_norms_nor_activations():
    """Of Llama 3 8B at tp=1, in units of s b h: 8 + 4 + 4 g / a + 6 f / h less the outputs, 4 + 2 f / h."""
    model = language_model("llama3-8b")
    none, light = (
        memory_of(model, ParallelPlan(dp=8, recompute=how), None, 4096, 4)[0].activations for how in ("none", "pointwise")
    )
    unit = 4096 * model.hidden * model.layers
    assert none / unit == pytest.approx(8 + 4 + 1 + 6 * 3.5)
    assert (none - light) / unit == pytest.approx(4 + 2 * 3.5)


def test_zero_2_keeps_whole_only_the_gradients_of_two_chunks():
    model = language_model("llama3.1-405b")
    one, two = (memory_of(model, ParallelPlan(tp=8, pp=16, vpp=8, dp=128, zero=z), None, 8192, 16)[3] for z in (1, 2))
    assert two.gradients == pytest.approx(one.gradients * (2 / 8 + 1 / 128))
    assert (two.weights, two.optimizer) == (one.weights, one.optimizer)
