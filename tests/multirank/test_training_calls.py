"""What torch's DDP, FSDP, TP and pipelines really call, under a tiny transformer, is what the plan's cases say."""

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.device import DeviceRates
from fabric.workload.model import LanguageModel
from fabric.workload.plan import plan_of
from fabric.workload.slots import before, turns
from fabric.workload.training import training_step

pytestmark = pytest.mark.multirank
TINY = LanguageModel(
    "tiny", layers=2, hidden=64, heads=4, kv_heads=2, head_width=16, mlp_width=128, vocabulary=256, sequence=16
)
PIPED = replace(TINY, layers=8)
ANY = DeviceRates("any", "", bf16=1e12, fp8=None, memory_rate=1e11, memory=1e10)
FP32 = {"all_gather": 2, "reduce_scatter": 4, "all_reduce": 4}
"""Collective -> bytes an element in the plan: weights travel as BF16, gradients as FP32; the tiny run keeps all in FP32."""


def of_the_plan(text, ranks):
    """Collective and elements -> calls a step."""
    batch = 2 if "tp=" in text else 2 * ranks
    step = training_step(TINY, plan_of(text), load("star:devices=4"), NONE, batch=batch, ranks=ranks, device=ANY)
    found = Counter()
    for one in step.communications:
        assert one.case.world_size == ranks
        width = 2 if one.dimension == "tp" else FP32[one.case.collective]
        found[one.case.collective, one.case.nbytes // width] += one.count
    return found


@pytest.fixture(scope="module")
def seen(ranks, tmp_path_factory):
    """What torch called in a step, by way."""
    ranks.needs("gloo")
    program = str(Path(__file__).with_name("tiny_transformer.py"))
    done = ranks.finish([sys.executable, program, str(tmp_path_factory.mktemp("meet"))])
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one["way"]: Counter((name, elements) for name, elements in one["calls"]) for one in said}


@pytest.mark.parametrize(
    ("way", "plan", "ranks_used"), [("ddp", "zero=0,mb=2", 2), ("fsdp", "fsdp=all,mb=2", 4), ("tp", "tp=2,mb=2", 2)]
)
def test_torch_calls_what_the_plan_says(seen, way, plan, ranks_used):
    called = seen[way]
    if way in ("fsdp", "tp"):  # gloo scatters by an all-reduce of its own, seen below the call that torch makes
        called = Counter({key: count for key, count in called.items() if key[0] != "all_reduce"})
    assert called == of_the_plan(plan, ranks_used)


def sends_of_the_plan(plan, micro_batches, rank):
    """The rank that each message of a stage goes to, in order: to where the opposite pass of its chunk waits."""
    there = (
        before(plan.pp, plan.vpp, rank, turn._replace(forward=not turn.forward))
        for turn in turns(plan.pp, plan.vpp, micro_batches, rank)
    )
    return [found[0] for found in there if found is not None]


def test_torchs_pipelines_send_what_the_plan_says(ranks, tmp_path):
    ranks.needs("gloo")
    done = ranks.finish([sys.executable, str(Path(__file__).with_name("tiny_pipeline.py")), str(tmp_path / "meet")])
    assert done.returncode == 0, done.stderr
    found = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda line: line["rank"])
    for way, text in (("plain", "pp=4"), ("interleaved", "pp=4,vpp=2")):
        step = training_step(PIPED, plan_of(text), load("star:devices=4"), NONE, batch=8, ranks=4, device=ANY)
        (one,) = step.communications
        assert (one.case.collective, one.case.world_size) == ("sendrecv", 4)
        sent = [[peer for _, peer in line[way]] for line in found]
        assert sent == [sends_of_the_plan(step.plan, step.micro_batches, rank) for rank in range(4)]
        assert {elements for line in found for elements, _ in line[way]} == {one.case.nbytes // 2}  # BF16 in the plan
        assert max(map(len, sent)) == one.count
