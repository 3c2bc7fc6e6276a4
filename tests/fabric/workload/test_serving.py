"""A serving replica: bytes of keys and values as published, seconds worked out by hand, identities, published figures."""

from math import isclose
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import serving_published
from fabric.answers.serving import serving
from fabric.cli.main import program
from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.catalog import language_model
from fabric.workload.device import DeviceRates
from fabric.workload.inference import KERNELS, LAUNCH, kv_token_bytes
from fabric.workload.kernels import OTHER
from fabric.workload.plan import plan_of
from fabric.workload.serving import PUBLISHED, Asked, serving_replica
from topologies.errors import InputError

LLAMA, QWEN, DEEPSEEK = (language_model(name) for name in ("llama3.1-8b", "qwen3-30b-a3b", "deepseek-v3"))
STAR = load("star:devices=8,speed=400Gb/s")
PLAIN = DeviceRates("plain", "", bf16=1e15, fp8=2e15, memory_rate=2e12, memory=80e9)
"""A device whose kernels are OTHER's."""


def replica(model=LLAMA, plan="", batch=1, prompt=1000, output=100, fabric=STAR, kv="bf16"):
    asked = Asked(prompt, output, kv)
    return serving_replica(model, plan_of(plan), fabric, NONE, batch=batch, asked=asked, device=PLAIN)


@pytest.mark.parametrize(
    ("model", "kilobytes"), [("deepseek-v3", 70.272), ("qwen2.5-72b", 327.680), ("llama3.1-405b", 516.096)]
)
def test_keys_and_values_of_a_token_are_the_published_bytes(model, kilobytes):
    """In BF16, all layers (arXiv 2505.09343, table 1)."""
    found = language_model(model)
    assert found.layers * kv_token_bytes(found, plan_of("tp=1"), 2) == pytest.approx(1e3 * kilobytes, rel=1e-12)


def test_one_token_of_one_sequence_takes_its_bytes_and_its_launches():
    """Every weight but the embedding's and every key and value are read once; activations are little beside them."""
    one = replica()
    weights = 2 * (LLAMA.parameters - LLAMA.embedding_weights)
    read = weights + 131_072 * (1000 + 50)
    expected = read / (OTHER.memory * PLAIN.memory_rate) + LAUNCH * KERNELS * LLAMA.layers
    assert one.token == pytest.approx(expected, rel=0.003)
    assert one.token > expected


def test_a_long_prompt_takes_its_flop():
    one = replica(prompt=32_000)
    flops = 2 * 32_000 * (LLAMA.parameters - 2 * LLAMA.embedding_weights)
    gemm = next(part.seconds for part in one.prefill.parts if part.what == "gemm")
    assert gemm == pytest.approx(flops / (OTHER.gemm_bf16 * PLAIN.bf16), rel=0.03)


def test_of_experts_only_those_that_are_visited_are_read():
    def gemm(batch):
        return next(part.seconds for part in replica(QWEN, batch=batch).decode.parts if part.what == "gemm")

    def least(share):
        beside = sum(QWEN.layer_parameters_beside_experts(n) for n in range(QWEN.layers))
        experts = share * sum(QWEN.layer_expert_parameters(n) for n in range(QWEN.layers))
        return 2 * (beside + experts) / (OTHER.memory * PLAIN.memory_rate)

    assert gemm(1) == pytest.approx(least(8 / 128), rel=0.01)
    assert gemm(2) == pytest.approx(least(1 - (1 - 8 / 128) ** 2), rel=0.01)
    assert gemm(128) == pytest.approx(least(1.0), rel=0.02)


def test_parts_add_up_and_rates_are_those_of_the_times():
    one = replica(plan="tp=2", batch=16)
    for passed in (one.prefill, one.decode):
        assert isclose(sum(part.seconds for part in passed.parts), passed.seconds)
    assert isclose(one.tokens_per_second * one.request, 16 * 100)
    assert isclose(one.request, one.first_token + 99 * one.token + 15 * one.pace)
    assert isclose(one.decode_tokens_per_second * one.token, 16)
    assert replica(plan="tp=2").request == pytest.approx(replica(plan="tp=2").first_token + 99 * replica(plan="tp=2").token)


def test_prompts_and_tokens_apart_balance():
    """So many replicas read as many prompts a second as one decoding replica finishes."""
    one = replica(plan="tp=2", batch=16)
    assert isclose(one.prefill_replicas * one.prompt_tokens_per_second / 1000, one.decode_tokens_per_second / 100)


def test_a_pipeline_is_filled_by_its_sequences():
    one, two, four = (replica(plan="pp=2", batch=batch) for batch in (1, 2, 4))
    assert isclose(one.token, one.decode.seconds)
    assert isclose(two.token, 2 * two.decode.pace)
    assert two.token > two.decode.seconds  # the logits make the last stage the slower one
    assert four.token < 1.05 * two.token
    assert isclose(two.prefill.seconds, one.prefill.seconds)
    assert [(sent.what, sent.count) for sent in one.decode.communications] == [("PP activations", 1)]


def test_as_many_sequences_fit_as_there_is_room_for():
    room = replica(prompt=4000).memory.room
    assert room is not None
    assert replica(prompt=4000, batch=room).memory.feasible
    assert not replica(prompt=4000, batch=room + 1).memory.feasible
    assert replica(prompt=4000, kv="fp8").memory.room in (2 * room, 2 * room + 1)
    assert serving(LLAMA, load("dgx-h100:nodes=1"), prompt=4000)[-1].memory.feasible


def test_keys_and_values_go_to_the_next_replica_at_the_links_speed():
    one = replica(plan="tp=4", prompt=8000)
    assert one.handover is not None
    assert one.handover.nbytes == 8000 * 131_072 / 4
    assert one.handover.seconds == pytest.approx(one.handover.nbytes / 50e9, rel=0.01)
    assert replica(plan="tp=8", prompt=8000).handover is None


def test_exchanges_run_where_experts_are_spread_and_sums_where_they_are_cut():
    spread, cut = replica(DEEPSEEK, "ep=8", batch=8), replica(DEEPSEEK, "tp=8")
    assert {one.case.collective: one.count for one in spread.decode.communications} == {"all_to_all": 2 * 58}
    assert {one.case.collective: one.count for one in cut.decode.communications} == {"all_reduce": 2 * 61}
    assert spread.plan.dp == 8
    assert cut.plan.etp == 8


def test_published_figures_are_as_far_off_as_the_page_says(capsys):
    serving_published.main()
    page = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()
    assert capsys.readouterr().out in page


def test_published_figures_lie_in_the_range_that_every_answer_says():
    over = {}
    for row in serving_published.ROWS:
        over.setdefault(row.what.partition(",")[0], []).append(
            row.value / serving_published.figure(row, serving_published.answer(row))
        )
    over["tokens/s"] = over.pop("tokens/s/device")
    for what, (low, high, count) in PUBLISHED.items():
        found = over[what]
        assert (round(min(found), 2), round(max(found), 2), len(found)) == (low, high, count)


@pytest.mark.parametrize(
    ("model", "plan", "ranks"),
    [("llama3.1-70b", "", 4), ("llama3.1-405b", "", 16), ("llama3.1-405b", "precision=fp8", 8), ("deepseek-v3", "", 64)],
)
def test_without_a_cut_a_replica_fits_and_no_power_of_two_of_its_domain_makes_more(model, plan, ranks):
    fabric, known = load("dgx-h100:nodes=64"), language_model(model)
    found = serving(known, fabric, plan)[-1]
    assert found.memory.feasible
    assert found.ranks == ranks
    key = "tp" if known.experts is None else "ep"
    for ways in (1, 2, 4, 8):
        one = serving(known, fabric, ",".join(filter(None, (plan, f"{key}={ways}"))))[-1]
        assert not one.memory.feasible or one.tokens_per_second / one.ranks <= found.tokens_per_second / found.ranks
    assert any("were not said" in line for line in found.assumptions)
    assert not any("were not said" in line for line in serving(LLAMA, fabric, "tp=1")[0].assumptions)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kv", "fp4"], "kv: must be one of bf16, fp8"),
        (["--plan", "cp=2"], "cp means nothing to a replica"),
        (["--plan", "tp=16"], "takes 16 devices, dgx-h100:nodes=1 has 8"),
        (["--plan", "tp=3"], "nearest"),
        (["--plan", "dp=2", "--batch", "3"], "nearest 2 or 4"),
        (["--plan", "ep=2"], "need a mixture of experts"),
        (["--prompt", "131072"], "prompt: with its output at most 131,072 tokens"),
        (["--prompt", "0"], "prompt"),
    ],
)
def test_bad_input_is_one_line(words, message):
    done = CliRunner().invoke(program, ["serving", "llama3.1-8b", "--topo", "dgx-h100:nodes=1", *words])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_model_that_fits_nowhere_says_what_it_lacks():
    with pytest.raises(InputError, match=r"the largest replica of deepseek-v3 tried, 8 devices of .* lacks .* GiB a device"):
        serving(DEEPSEEK, load("dgx-h100:nodes=1"))
    with pytest.raises(InputError, match="names no node"):
        serving(LLAMA, load("fat_tree:k=4"))
