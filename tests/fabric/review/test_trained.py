"""The efficiency of a review from a model's training step instead of assumed numbers."""

from math import isclose

import pytest

from fabric.answers.review import review
from fabric.network.placement import place
from fabric.network.spec import load
from fabric.review.evaluate import evaluate
from fabric.review.performance import case_on
from fabric.review.request import TrainingText, parse
from fabric.review.trained import cases_of, efficiency, trained, trained_curve, unplaced
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


def asked(**more):
    """Return the content of a review of one candidate that trains a model and names no cases."""
    training = {"model": "mpt-1b", "plan": "fsdp=all", "batch": 256, "seq": 2048}
    return {"title": "t", "candidates": [{"name": "a", "topo": "dgx-h100:nodes=4"}], "training": training, **more}


def test_without_cases_a_review_takes_the_longest_message_of_each_collective_with_its_count():
    (design,) = evaluate(parse(asked())).designs
    step = trained(FAST, TEXT)
    longest = {}
    for one in sorted(step.communications, key=lambda one: one.seconds):
        longest[one.case.collective] = (one.seconds, one.case.collective, one.case.nbytes, one.count)
    wanted = [rest for _, *rest in sorted(longest.values(), reverse=True)]
    found = [done.text for done in design.performance.timed]
    assert [[one.collective, one.nbytes, one.count] for one in found] == wanted
    assert all(done.result.case.world_size == 32 for done in design.performance.timed)


def test_cases_that_are_named_stay():
    (design,) = evaluate(parse(asked(cases=[{"collective": "all_reduce", "size": "1MiB"}]))).designs
    assert [done.text.collective for done in design.performance.timed] == ["all_reduce"]


def test_groups_of_one_rank_a_node_are_placed_so():
    step = trained(FAST, TrainingText(model="mpt-1b", plan="tp=8", batch=256, seq=2048))
    texts = cases_of(step, FAST)
    assert texts
    assert all((text.order, text.ranks) == ("interleaved", 4) for text in texts)
    assert all(case_on(FAST, text, "contiguous").nodes == 4 for text in texts)


@pytest.mark.parametrize(
    ("plan", "collective", "order"),
    [
        ("tp=4", "reduce_scatter", "strided:4"),
        ("tp=2,pp=2", "reduce_scatter", "strided:2"),
        ("fsdp=16", "all_reduce", "strided:16"),
    ],
)
def test_groups_any_number_of_ranks_apart_are_placed_where_the_plan_has_them(plan, collective, order):
    step = trained(FAST, TrainingText(model="mpt-1b", plan=plan, batch=256, seq=2048))
    text = next(text for text in cases_of(step, FAST) if text.collective == collective)
    assert text.order == order
    case = case_on(FAST, text, "contiguous")
    own = next(one for one in step.communications if (one.case.collective, len(one.ranks)) == (collective, text.ranks))
    assert place(FAST.topology, case.world_size, case.order).tolist() == list(own.ranks)
    assert (case.nodes, case.ranks_per_node) == (own.case.nodes, own.case.ranks_per_node)


def test_ranks_that_are_not_equally_far_apart_are_named_and_left_out():
    text = {"model": "mpt-1b", "plan": "tp=2,cp=2,pp=2,layout=tp-cp-pp-dp,zero=0", "batch": 256, "seq": 2048}
    step = trained(FAST, TrainingText(**text))
    (line,) = unplaced(step, FAST)
    assert line.startswith(
        "DP gradients: ranks 0, 2, 8, 10 ... of its first group are not equally far apart (layout tp-cp-pp-dp)"
    )
    with pytest.raises(InputError, match=r"cases: DP gradients: .* name collectives and sizes"):
        cases_of(step, FAST)
    answer = review(parse(asked(training=text | {"plan": "tp=2,cp=2,pp=2,layout=tp-cp-pp-dp"})))
    assert not answer.items


def test_a_plan_that_sends_nothing_between_nodes_needs_cases():
    node = load("dgx-h100:nodes=1")
    with pytest.raises(InputError, match=r"cases: plan .* sends no collective between nodes"):
        cases_of(trained(node, TEXT), node)


def test_a_review_needs_cases_or_a_model():
    content = {key: value for key, value in asked().items() if key != "training"}
    with pytest.raises(InputError, match="cases: must name at least one collective and size, or training a model"):
        parse(content)


def test_an_order_of_a_case_must_be_one():
    case = {"collective": "all_reduce", "size": "1MiB", "order": "sideways"}
    with pytest.raises(InputError, match=r"cases\.0: order: must be contiguous"):
        evaluate(parse(asked(cases=[case])))


def test_detours_of_a_dragonfly_count_in_the_step():
    fabric = load("dragonfly:p=8,a=2,h=1,groups=2,devices_per_node=8,node=dgx-h100")
    assert trained(fabric, TEXT, routing="ugal").seconds <= trained(fabric, TEXT).seconds * (1 + 1e-9)


def test_experts_go_by_a_neighbour_where_rails_do_not_meet():
    text = TrainingText(model="mixtral-8x7b", plan="ep=8,tp=4", batch=64, seq=2048)
    met, parted = (load(f"{family}:nodes=4,rails=8,radix=64,node=dgx-h100") for family in ("rail_optimized", "rail_only"))
    assert trained(parted, text).seconds >= trained(met, text).seconds * (1 - 1e-9)
