"""How many plans a second the closed level answers, how long a curve of best plans and one simulated step take.

What is judged is the ratio to plain work in the same run: a closed plan against a predicted collective whose routes are known,
since a search over plans is worth it while a plan costs less than asking for its collectives once each.
"""

import time

import pytest

from fabric.answers.training import training
from fabric.answers.training_scale import scale_training
from fabric.network.spec import load
from fabric.predict.answer import models_of, predict_on
from fabric.predict.cases import cases
from fabric.predict.of_node import constants_on
from fabric.workload.catalog import language_model
from fabric.workload.costs import Costs
from fabric.workload.plan import plan_of
from fabric.workload.scaling import Question
from fabric.workload.simulated import simulated_step
from fabric.workload.training import training_step

MODEL = language_model("llama3-70b")
PLANS = ["tp=8,pp=4", "tp=8,pp=8", "tp=8,pp=4,vpp=2", "tp=4,pp=8", "tp=8,pp=2", "tp=8,pp=4,mb=2", "tp=8,pp=4,recompute=full"]
STEP_SECONDS = {128: 0.5, 2048: 2.0}
"""Of one simulated step, by nodes of 8 ranks; the issue asks for 2 s at 128."""
SIZES = [64 << n for n in range(9)]
CURVE_SECONDS = 12.0
"""Of two curves to 16,384 ranks: 11.1 s on two cores under a load of 7 (2026-11-29); with half as many plans to choose from
7.7, and 10.9 while every plan was asked for."""
AUTO_SECONDS = 5.0
"""Of `--plan auto` for Llama 3.1 405B on 16,384 H100, the whole answer: winner, front, neighbours, single changes."""
SLOW_MACHINE = 1.7
MILLISECOND = 1e-3


@pytest.fixture(scope="module")
def costs():
    """Return what messages cost on 1,024 H100, those of all plans asked once."""
    fabric = load("dgx-h100:nodes=128")
    known = Costs(fabric, None, fabric.topology.devices)
    every(known)
    return known


def every(costs):
    """Return the step of every plan."""
    return [training_step(MODEL, plan_of(text), costs.fabric, batch=2048, seq=8192, costs=costs) for text in PLANS]


def test_plans_a_second(benchmark, costs):
    """A plan whose collectives are known takes below a millisecond, and no longer than ten known predictions."""
    benchmark(every, costs)
    plan = benchmark.stats.stats.median / len(PLANS)
    benchmark.extra_info["plans_per_second"] = round(1 / plan)
    fabric = costs.fabric
    constants = constants_on(fabric)
    models = models_of(fabric, constants)
    (case,) = cases(fabric, "all_gather", sizes=[2**27])
    ask = lambda: predict_on(models, case, fabric, None, "ideal", "loaded", explain=False)  # noqa: E731
    ask()
    start = time.perf_counter()
    for _ in range(20):
        ask()
    one = (time.perf_counter() - start) / 20
    benchmark.extra_info["predictions_a_plan"] = round(plan / one, 2)
    assert plan < max(SLOW_MACHINE * MILLISECOND, 10 * one)


@pytest.mark.parametrize("nodes", STEP_SECONDS)
def test_a_simulated_step(benchmark, nodes):
    """The engine lays out 1,024 ranks in half a second once it is compiled, 16,384 in two, and stays near the closed level."""
    plan, fabric, batch = plan_of("tp=8,pp=8,vpp=2"), load(f"dgx-h100:nodes={nodes}"), max(256, nodes)
    small, costs = Costs(load("dgx-h100:nodes=2"), None, 16), Costs(fabric, None, fabric.topology.devices)
    simulated_step(MODEL, plan_of("tp=8"), small.fabric, batch=4, seq=4096, costs=small)  # compiles
    found = benchmark.pedantic(
        lambda: simulated_step(MODEL, plan, fabric, batch=batch, seq=8192, costs=costs), rounds=3, warmup_rounds=1
    )
    closed = training_step(MODEL, plan, fabric, batch=batch, seq=8192, costs=costs)
    benchmark.extra_info["over_closed"] = round(found.seconds / closed.seconds, 3)
    assert found.seconds == pytest.approx(closed.seconds, rel=0.05)
    assert benchmark.stats.stats.median < SLOW_MACHINE * STEP_SECONDS[nodes]


def test_the_best_plan_of_405b_on_16384_ranks(benchmark):
    """Every plan that divides is looked at, those that fit are timed on all cores."""
    fabric, model = load("dgx-h100:nodes=2048"), language_model("llama3.1-405b")
    found = benchmark.pedantic(lambda: training(model, fabric), rounds=3, warmup_rounds=1)
    searched = found.beside["searched"]
    timed = searched["considered"] - searched["too_large"]
    benchmark.extra_info["plans"], benchmark.extra_info["timed"] = searched["considered"], timed
    assert timed > 50
    assert benchmark.stats.stats.median < SLOW_MACHINE * AUTO_SECONDS


def test_a_curve_to_16384_ranks(benchmark):
    """The best plan of nine sizes, strong and weak, is found in seconds; strong and weak share what a size asked."""
    fabric = load("dgx-h100:nodes=2048")
    question = Question(MODEL, 8192, 2048, None, {})
    found = benchmark.pedantic(lambda: scale_training([fabric], question, SIZES, ["strong", "weak"]), rounds=1)
    assert len(found) == 2 * len(SIZES)
    assert all(point.step for point in found)
    assert benchmark.stats.stats.median < SLOW_MACHINE * CURVE_SECONDS
