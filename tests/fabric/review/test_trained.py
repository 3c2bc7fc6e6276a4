"""The efficiency of a review from a model's training step instead of assumed numbers."""

from math import isclose

import pytest

from fabric.network.spec import load
from fabric.review.evaluate import evaluate
from fabric.review.request import TrainingText, parse
from fabric.review.trained import efficiency, trained, trained_curve
from topologies.errors import InputError

TEXT = TrainingText(model="mpt-1b", plan="fsdp=all", batch=256, seq=2048)
FAST, SLOW = (load(f"dgx-h100:nodes=4,speed={speed}") for speed in ("400Gb/s", "25Gb/s"))


def test_a_slower_network_is_less_efficient_and_the_free_step_is_the_same():
    fast, slow = trained(FAST, TEXT), trained(SLOW, TEXT)
    assert efficiency(slow) < efficiency(fast) < 1
    assert isclose(efficiency(slow) * slow.seconds, efficiency(fast) * fast.seconds, rel_tol=1e-9)


def test_jobs_of_growing_size_take_a_batch_in_proportion():
    assert [size for size, _ in trained_curve(FAST, TEXT, [8, 16])] == [8, 16]
    assert trained(FAST, TEXT, 8).batch == 64


def test_the_plan_may_be_found():
    step = trained(FAST, TrainingText(model="mpt-1b", batch=256, seq=2048))
    assert step.feasible


def test_a_review_takes_its_efficiency_from_the_step():
    request = parse({
        "title": "t",
        "candidates": [{"name": "a", "topo": "dgx-h100:nodes=4"}],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "training": {"model": "mpt-1b", "plan": "fsdp=all", "batch": 256, "seq": 2048},
    })  # fmt: skip
    (design,) = evaluate(request).designs
    assert isclose(design.performance.efficiency, efficiency(trained(FAST, TEXT)))
    assert design.curve[0][0] == 8


def test_assumed_numbers_and_a_model_exclude_each_other():
    content = {
        "title": "t",
        "candidates": [{"name": "a", "topo": "dgx-h100:nodes=4"}],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "step": {"compute": 1.0},
        "training": {"model": "mpt-1b"},
    }
    with pytest.raises(InputError, match="step: is for assumed numbers, and training gives the efficiency"):
        parse(content)


def test_an_unknown_model_refuses_the_candidate():
    with pytest.raises(InputError, match="no model 'mpt-1x'"):
        trained(FAST, TrainingText(model="mpt-1x"))
