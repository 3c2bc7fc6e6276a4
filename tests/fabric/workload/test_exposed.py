"""What hides what: closed forms of the overlap rules, and links that two kinds of communication share."""

import pytest

from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.catalog import language_model
from fabric.workload.costs import Costs
from fabric.workload.device import device_of
from fabric.workload.exposed import Window, beside, of_dp, of_pp
from fabric.workload.plan import plan_of, with_dp
from fabric.workload.training import training_step

WIDE = load("leaf_spine:leaves=2,hosts_per_leaf=8,spines=8,speed=25Gb/s,latency=1ns")
COSTS = Costs(WIDE, NONE, 16)
L40S = device_of(WIDE, "l40s")


def test_beside_each_other_the_longer_counts_and_the_fullest_link():
    assert beside(3.0, 2.0, 0.5) == (1.0, 1.0)
    assert beside(1.0, 2.0, 0.5) == (0.0, 0.5)
    assert beside(1.0, 2.0, 0.5, fullest=2.5) == (0.5, 0.5)


def test_a_window_of_one_chunk_is_its_pass():
    assert Window(2.0, 4, 1).passes == 1
    assert Window(2.0, 4, 1).over(5.0) == 3.0
    assert Window(2.0, 4, 1).over(1.0, fullest=2.5) == 0.5


def test_chunks_leave_more_passes_to_hide_beside_but_none_begins_without_its_part():
    """Two chunks of four stages: four passes of half a micro batch each, then the last chunk's: 2.5 whole passes."""
    window = Window(2.0, 4, 2)
    assert window.passes == 2.5
    assert window.over(3.0) == 0.5, "half of it takes 1.5 s, the first chunk's pass 1 s"
    assert window.over(9.0) == 9.0 - 5.0


def test_a_pass_hides_once():
    """Two messages of 3 s beside 4 s: two of their 6 s stay, whichever comes first."""
    plan, window = plan_of("dp=2"), Window(4.0, 1, 1)
    first, second = (of_dp(plan, "grad", 3.0, before, window, 1000, 0.0, 0.0) for before in (0.0, 3.0))
    assert first.exposed == pytest.approx(0.003)
    assert first.exposed + second.exposed == pytest.approx(2.0, rel=0.01)


def test_a_stage_at_an_end_waits_for_half_the_messages():
    plan = plan_of("pp=4,dp=1")
    assert of_pp(plan, 1.0, 8, 0.0).exposed == 6 + 8
    assert of_pp(plan_of("pp=4,vpp=2,dp=1"), 1.0, 8, 0.5).exposed == 6 + 0.5


@pytest.mark.parametrize("text", ["ep=4", "ep=8", "ep=2,zero=0"])
def test_gradients_of_two_kinds_hide_in_one_backward_pass(text):
    """No more is hidden than both passes last, experts and all."""
    model, plan = language_model("qwen3-30b-a3b"), plan_of(text)
    step = training_step(model, plan, WIDE, batch=16, seq=2048, costs=COSTS, device=L40S)
    hidden = sum(one.seconds - one.exposed for one in step.communications if one.what.startswith("DP"))
    passes = step.seconds - sum(one.exposed for one in step.communications if one.what.startswith("DP"))
    assert step.micro_batches == 1
    assert 0 < hidden < passes


def test_kinds_over_the_same_links_take_their_turns():
    plan = with_dp(plan_of("ep=8,tp=2"), 16)
    calls = [("dp_cp", "reduce_scatter", 2.0**26, 1.0), ("ep", "all_to_all", 2.0**24, 3.0)]
    alone = [COSTS.fullest(plan, [one]) for one in calls]
    each = [times * COSTS.call(plan, *one).seconds for *one, times in calls]
    assert alone == pytest.approx(each, rel=1e-3)
    assert COSTS.fullest(plan, calls) == pytest.approx(sum(alone))


def test_kinds_over_other_links_do_not():
    node = load("dgx-h100:nodes=4")
    costs, plan = Costs(node, None, 32), with_dp(plan_of("tp=8"), 32)
    inside, between = ("tp", "all_gather", 2.0**27, 1.0), ("dp_cp", "reduce_scatter", 2.0**27, 1.0)
    apart = [costs.fullest(plan, [one]) for one in (inside, between)]
    assert costs.fullest(plan, [inside, between]) == max(apart)


def test_sharded_weights_beside_exchanges_on_one_nic_are_exposed_by_what_both_need():
    """FSDP's gather could hide beside a layer's pass; the pass is mostly an exchange over the same NIC."""
    model, plan = language_model("qwen3-30b-a3b"), plan_of("fsdp,ep=8")
    step = training_step(model, plan, WIDE, batch=16, seq=4096, costs=COSTS, device=L40S)
    sharded = [one for one in step.communications if one.what.startswith("FSDP")]
    exchange = next(one for one in step.communications if one.dimension == "ep")
    assert sum(one.exposed for one in sharded) > 0
    assert step.seconds > exchange.seconds + sum(one.seconds for one in sharded)
