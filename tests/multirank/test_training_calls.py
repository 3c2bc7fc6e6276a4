"""What torch's DDP, FSDP and TP really call, on ranks that train a tiny transformer, is what the plan's cases say."""

import json
from collections import Counter
from pathlib import Path

import pytest

from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.device import DeviceRates
from fabric.workload.model import LanguageModel
from fabric.workload.plan import plan_of
from fabric.workload.training import training_step

pytestmark = pytest.mark.multirank
TINY = LanguageModel(
    "tiny", layers=2, hidden=64, heads=4, kv_heads=2, head_width=16, mlp_width=128, vocabulary=256, sequence=16
)
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


@pytest.mark.parametrize(
    ("way", "plan", "ranks_used"), [("ddp", "zero=0,mb=2", 2), ("fsdp", "fsdp=all,mb=2", 4), ("tp", "tp=2,mb=2", 2)]
)
def test_torch_calls_what_the_plan_says(ranks, way, plan, ranks_used):
    ranks.needs("gloo")
    done = ranks.finish(ranks.torchrun(ranks_used, str(Path(__file__).with_name("tiny_transformer.py")), way))
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("[["))
    called = Counter((name, elements) for name, elements in json.loads(line))
    if way in ("fsdp", "tp"):  # gloo scatters by an all-reduce of its own, seen below the call that torch makes
        called = Counter({key: count for key, count in called.items() if key[0] != "all_reduce"})
    assert called == of_the_plan(plan, ranks_used)
