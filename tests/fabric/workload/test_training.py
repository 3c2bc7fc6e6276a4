"""A step in closed form: its parts add up, its laws hold, and what a plan changes changes what it should."""

from dataclasses import replace
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from fabric.workload.catalog import language_model
from fabric.workload.compute import On, Product
from fabric.workload.costs import Costs
from fabric.workload.device import device_of
from fabric.workload.kernels import kernels_of
from fabric.workload.messages import token_copies
from fabric.workload.model import Experts
from fabric.workload.plan import plan_of
from fabric.workload.training import training_step
from topologies.errors import InputError

FABRIC = load("dgx-h100:nodes=8")
COSTS = Costs(FABRIC, None, 64)
PLANS = [
    "tp=8", "tp=8,pp=2", "tp=4,pp=4,vpp=2", "tp=2,cp=2", "fsdp", "fsdp=8", "zero=0,tp=4", "tp=8,sp=0,recompute=full",
    "tp=4,precision=fp8", "tp=4,overlap=none", "tp=4,overlap=tp+grad+param", "tp=4,flash=0,recompute=selective",
]  # fmt: skip
MOE = ["ep=8", "ep=8,tp=2", "ep=16,pp=2", "ep=8,overlap=ep+grad+param", "ep=8,skew=1.5"]


def step(name, text, batch=128, seq=4096, **more):
    return training_step(language_model(name), plan_of(text), FABRIC, batch=batch, seq=seq, costs=COSTS, **more)


@pytest.mark.parametrize(("name", "text"), [*(("llama3-8b", p) for p in PLANS), *(("qwen3-30b-a3b", p) for p in MOE)])
def test_a_step_is_the_sum_of_its_parts(name, text):
    found = step(name, text)
    assert found.seconds == pytest.approx(sum(part.seconds for part in found.parts))
    assert found.exposed == pytest.approx(found.part("communication"))
    assert all(part.seconds > 0 and part.rule for part in found.parts)
    for one in found.communications:
        assert 0 <= one.exposed <= one.seconds * 1.5 + 1e-12, one.what
        assert one.groups * len(one.ranks) == 64
        assert one.case.world_size == len(one.ranks)
    assert 0 < found.mfu <= found.hfu < 1
    assert found.tokens_per_second * found.seconds == pytest.approx(128 * 4096)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLANS), st.sampled_from([1, 2, 4]))
def test_more_micro_batches_take_more_and_each_no_longer(text, times):
    """The bubble and the ends are paid once, so a step of k times the batch takes at most k times as long."""
    one, more = step("llama3-8b", text), step("llama3-8b", text, batch=128 * times)
    assert one.seconds <= more.seconds * (1 + 1e-9)
    assert more.seconds <= times * one.seconds * (1 + 1e-9) + one.part("gemm")


@pytest.mark.parametrize("text", PLANS)
def test_no_step_is_faster_than_its_model_flops_at_the_peak(text):
    found = step("llama3-8b", text)
    assert found.seconds > found.flops * found.tokens / found.ranks / found.peak


@pytest.mark.parametrize(
    ("slower", "faster", "what"),
    [
        ("tp=4,pp=4", "tp=4,pp=4,vpp=2", "bubble"),
        ("tp=8,overlap=none", "tp=8,overlap=tp", "communication"),
        ("tp=1,overlap=none", "tp=1", "communication"),
        ("tp=4,recompute=full", "tp=4", "recompute"),
        ("tp=4,sp=0", "tp=4", "memory-bound"),
        ("tp=4", "tp=4,precision=fp8", "gemm"),
        ("tp=4,compiled=0", "tp=4", "memory-bound"),
        ("tp=1,zero=0", "tp=1", "optimizer"),
        ("tp=4,flash=0", "tp=4", "memory-bound"),
    ],
)
def test_what_a_setting_is_for_gets_shorter(slower, faster, what):
    assert step("llama3-8b", slower).part(what) > step("llama3-8b", faster).part(what)


def test_the_bubble_is_p_minus_1_over_v_micro_batches():
    plain, half = (step("llama2-7b", text).part("bubble") for text in ("pp=4,overlap=none", "pp=4,vpp=2,overlap=none"))
    assert half == pytest.approx(plain / 2)


def test_communications_are_the_cases_of_the_plan():
    found = {one.what: one for one in step("llama3-8b", "tp=4,pp=2,dp=8").communications}
    model, layers, micro_batches = language_model("llama3-8b"), 16, 16
    assert found["TP gather"].count == 4 * layers * micro_batches
    assert found["TP gather"].case.nbytes == 2 * 4096 * model.hidden
    assert found["TP gather"].nics == 0
    assert found["PP activations"].count == 2 * micro_batches
    assert found["PP activations"].case.nbytes == 2 * 4096 * model.hidden / 4
    assert found["DP gradients"].case.collective == "reduce_scatter"
    assert found["DP gradients"].case.world_size == 8
    assert found["DP gradients"].nics == 2, "two of its ranks stand on a node of eight"
    stage = (model.parameters / 2 / 4) * 4
    assert found["DP gradients"].case.nbytes == pytest.approx(stage, rel=0.01)
    assert found["DP weights"].case.nbytes == pytest.approx(stage / 2, rel=0.01)


def test_fsdp_gathers_every_layer_twice_and_scatters_it_once_a_micro_batch():
    sent = step("llama3-8b", "fsdp", batch=128).communications
    gathers = [one.count for one in sent if one.what == "FSDP weights"]
    scatters = [one.count for one in sent if one.what == "FSDP gradients"]
    assert max(gathers) == 2 * 32 * 2
    assert max(scatters) == 32 * 2


def test_experts_exchange_every_token_with_its_experts():
    (found,) = [one for one in step("qwen3-30b-a3b", "ep=8").communications if one.dimension == "ep"]
    assert found.case.collective == "all_to_all"
    assert found.count == 4 * 48 * 2
    assert found.case.nbytes == 2 * 4096 * 8 * 2048


def test_a_skewed_router_costs_what_the_fullest_rank_does():
    even, skewed = step("qwen3-30b-a3b", "ep=8"), step("qwen3-30b-a3b", "ep=8,skew=1.5")
    assert skewed.part("gemm") > even.part("gemm")
    times = [one.exposed for found in (even, skewed) for one in found.communications if one.dimension == "ep"]
    assert times[1] == pytest.approx(1.5 * times[0], rel=0.1)


def test_a_slower_fabric_makes_a_slower_step_and_the_arithmetic_stays():
    thin = load("dgx-h100:nodes=8,speed=50Gb/s")
    fast, slow = (training_step(language_model("llama3-8b"), plan_of("fsdp"), f, batch=64, seq=4096) for f in (FABRIC, thin))
    assert slow.seconds > 1.5 * fast.seconds
    assert slow.part("gemm") == fast.part("gemm")


def test_what_does_not_fit_says_by_how_much():
    found = step("llama3-70b", "tp=1,zero=0", batch=64)
    assert found.feasible is False
    assert any("GiB too much" in line for line in found.warnings)
    assert step("llama3-8b", "fsdp").feasible is True


def test_tp_beyond_a_domain_is_allowed_and_warned():
    found = step("llama3-70b", "tp=16", batch=64)
    assert any("tp=16 reaches beyond a scale-up domain" in line for line in found.warnings)
    assert not any("scale-up" in line for line in step("llama3-70b", "tp=8", batch=64).warnings)


def test_the_assumptions_name_device_share_library_and_source():
    lines = " ".join(step("llama3-8b", "tp=8").assumptions)
    for word in ("h100-sxm", "989 TFLOP/s dense bf16", "nccl:dgx-h100", "3.35 TB/s"):
        assert word in lines


def test_a_fabric_without_a_node_has_no_device():
    with pytest.raises(InputError, match="names no node"):
        training_step(language_model("llama3-8b"), plan_of("tp=1"), load("star:devices=8"), batch=8)


def test_the_arithmetic_of_matrices_goes_with_their_share_of_the_peak():
    """None of these waits for its bytes, so their seconds go with the inverse of the share."""
    kernels = kernels_of(device_of(FABRIC))
    slower = [replace(kernels, gemm_bf16=kernels.gemm_bf16 / n) for n in (1, 2, 4)]
    whole, half, quarter = (step("llama3-8b", "tp=1,mb=2", batch=128, kernels=k).part("gemm") for k in slower)
    assert (half, quarter) == pytest.approx((2 * whole, 4 * whole))


def test_a_token_sent_once_to_a_place_is_sent_as_often_as_places_hold_its_experts():
    """Of 8 experts drawn from 4, 2 a place on 2 places: by counting all draws."""
    experts = replace(language_model("qwen3-30b-a3b").experts, count=4, top_k=2)
    once = plan_of("ep=2,dispatch=once")
    drawn = [{expert // 2 for expert in draw} for draw in combinations(range(4), 2)]
    assert token_copies(experts, once, 2) == pytest.approx(sum(map(len, drawn)) / len(drawn))
    assert token_copies(experts, once, 4) == pytest.approx(2)
    assert token_copies(experts, replace(once, dispatch="each"), 2) == 2


def test_between_nodes_a_token_sent_once_saves_most():
    """Top 8 of 128 over 2 nodes: 8 copies, or nearly one a node; over the 8 ranks of one node 5.3."""
    sent = {
        (text, ep): {one.what: one for one in step("qwen3-30b-a3b", f"ep={ep},dispatch={text}").communications}["EP exchange"]
        for text in ("each", "once")
        for ep in (8, 16)
    }
    ratios = [sent["once", ep].case.nbytes / sent["each", ep].case.nbytes for ep in (8, 16)]
    assert ratios == pytest.approx(
        [8 * (1 - comb(112, 8) / comb(128, 8)) / 8, 2 * (1 - comb(64, 8) / comb(128, 8)) / 8], rel=1e-6
    )
    assert sent["once", 16].seconds < 0.3 * sent["each", 16].seconds


def test_fsdp_gathers_the_experts_of_a_rank_among_the_ranks_that_hold_the_same():
    """64 ranks, 8 share a layer's experts: each of 8 holds an eighth of what it gathers twice a layer and micro batch."""
    model = language_model("qwen3-30b-a3b")
    found = {one.what: one for one in step("qwen3-30b-a3b", "ep=8,fsdp=all").communications}
    gather, scatter = found["FSDP expert weights"], found["FSDP expert gradients"]
    assert gather.case.nbytes == 2 * model.experts.count * model.expert_weights // 8
    assert (gather.case.world_size, gather.count, scatter.count) == (8, 2 * model.layers * 2, model.layers * 2)
    assert "HSDP expert gradients" not in found
    shared = {one.what: one for one in step("qwen3-30b-a3b", "ep=8,fsdp=4").communications}
    assert shared["FSDP expert weights"].case.world_size == 4
    assert shared["HSDP expert gradients"].case.world_size == 2
    assert "FSDP expert weights" not in {one.what for one in step("qwen3-30b-a3b", "ep=64,fsdp=all").communications}


def test_zero_2_scatters_after_every_micro_batch_and_keeps_a_part_of_the_gradients():
    one, two = step("llama3-8b", "tp=8,zero=1", batch=64), step("llama3-8b", "tp=8,zero=2", batch=64)
    sent = [{a.what: a for a in found.communications}["DP gradients"] for found in (one, two)]
    assert [a.count for a in sent] == [1, 8]
    assert sent[0].case == sent[1].case
    assert two.seconds > one.seconds
    assert two.memory[0].gradients < 0.2 * one.memory[0].gradients
    assert two.memory[0].optimizer == one.memory[0].optimizer


def test_gradients_of_two_bytes_are_added_up_and_sent_in_half_the_bytes():
    four, two = (step("llama3-8b", f"tp=8,grad_bytes={n}") for n in (4, 2))
    sent = [{a.what: a for a in found.communications}["DP gradients"].case.nbytes for found in (four, two)]
    assert sent[0] == 2 * sent[1]
    assert two.memory[0].gradients == four.memory[0].gradients / 2
    assert two.part("gemm") <= four.part("gemm")


def test_the_host_launches_on_while_the_device_waits_for_messages():
    """A pass of less work than its launch lasts the launch, with its exchange and not beside it."""
    slow = replace(kernels_of(device_of(FABRIC)), moe_host=1.0)
    found = step("qwen3-30b-a3b", "ep=8", kernels=slow)
    passes = 2 * 48 * found.micro_batches
    beside = sum(found.part(what) for what in ("logits", "optimizer", "fixed"))
    after = sum(one.exposed for one in found.communications if one.dimension != "ep")
    assert found.seconds == pytest.approx(passes * 1.0 + beside + after + found.part("contention"), rel=1e-6)


def test_interleaved_stages_scatter_once_for_pp_micro_batches_in_a_row():
    """128 micro batches, 4 in a row a chunk: 32 scatters, against 128 of a plain pipeline."""
    counts = {}
    for text in ("tp=4,pp=4,zero=2", "tp=4,pp=4,vpp=2,zero=2"):
        (one,) = [a for a in step("llama3-8b", text, batch=512).communications if a.what == "DP gradients"]
        counts[text] = one.count
    assert list(counts.values()) == [128, 32]


def test_pointwise_recompute_takes_memory_traffic_alone():
    one, light = step("llama3-8b", "tp=4"), step("llama3-8b", "tp=4,recompute=pointwise")
    assert 0 < light.part("recompute") < 0.5 * one.part("memory-bound")
    assert light.hfu == light.mfu
    assert light.part("gemm") == one.part("gemm")


def test_torchs_checkpoint_does_not_make_a_layers_last_matrix_again():
    """Of a two-matrix MLP four times as wide as the hidden width it is a third of all matrices' FLOP."""
    model = language_model("mpt-7b")
    fsdp, whole = step("mpt-7b", "fsdp,recompute=full", seq=2048), step("mpt-7b", "tp=1,recompute=full", seq=2048)
    core = model.layers * model.core_flops(model.keys(2048))
    assert (fsdp.hardware_flops - fsdp.flops - core) / (whole.hardware_flops - whole.flops - core) == pytest.approx(2 / 3)
    assert fsdp.part("recompute") < 0.8 * whole.part("recompute")


def test_a_matrix_lasts_as_long_as_its_flops_or_its_bytes_and_a_sum_is_bytes():
    """8192 x 8192 outputs over 4096 inputs wait for FLOP, with 8 bytes each more still; over 16 for their bytes."""
    on = On(device_of(FABRIC), kernels_of(device_of(FABRIC)))
    deep, flat = Product(8192, 8192, 4096, "bf16"), Product(8192, 8192, 16, "bf16")
    assert on.matrix(deep) == on.matrix(deep, sums=8.0)
    whole = 2 * 4096 * 8192**2 / (on.kernels.gemm_bf16 * on.rates.bf16)
    tail = 132 * 128 * 256 / 8192**2 / 2
    assert on.matrix(deep) == pytest.approx(whole * (1 + on.kernels.edge / 4096) * (1 + tail))
    assert on.matrix(flat) == on.stream(2 * (2 * 16 * 8192 + 8192**2))
    assert on.matrix(flat, sums=8.0) == on.stream(2 * (2 * 16 * 8192 + 8192**2) + 8 * 8192**2)


def test_matrices_run_together_waste_one_half_wave_and_one_after_the_other_one_each():
    """Sixteen experts' matrices of half a wave each: together they lose 1/16, one at a time as much as they take."""
    on = On(device_of(FABRIC), kernels_of(device_of(FABRIC)))
    half = Product(1024, on.kernels.wave / 2 / 1024, 8192, "bf16")
    deep = replace(on.kernels, wave=0.0)
    whole = On(on.rates, deep).matrix(half)
    assert on.matrix(half) == pytest.approx(2 * whole)
    assert on.matrix(half._replace(times=16)) == pytest.approx(16 * whole * (1 + 1 / 16))
    less = half._replace(i=768)
    assert on.matrix(less) == pytest.approx(2 * On(on.rates, deep).matrix(less))


def test_a_token_that_may_visit_few_groups_of_experts_reaches_fewer_places():
    """Of 16 experts in 4 groups, 2 of them, 3 experts drawn from these: by counting all draws, on 2, 4 and 8 places."""
    experts, once = Experts(16, 3, 128, groups=4, top_groups=2), plan_of("dispatch=once")
    draws = [three for two in combinations(range(4), 2) for three in combinations([e for e in range(16) if e // 4 in two], 3)]
    for places in (2, 4, 8):
        reached = [len({expert * places // 16 for expert in three}) for three in draws]
        assert token_copies(experts, once, places) == pytest.approx(sum(reached) / len(reached))
    assert language_model("deepseek-v3").experts.top_groups == 4
