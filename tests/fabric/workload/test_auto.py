"""The fastest plan found without asking for all is the one that a search over all finds."""

import pytest

from fabric.network.spec import load
from fabric.workload.ask import domain_of
from fabric.workload.auto import evaluator, explain, fastest, search
from fabric.workload.catalog import language_model
from fabric.workload.costs import Costs
from fabric.workload.floor import Silent, least_seconds
from fabric.workload.plans import Space, plans
from topologies.errors import InputError

THIN = load("leaf_spine:leaves=4,spines=1,hosts_per_leaf=16,node=dgx-h100,speed=100Gb/s")


def space(name, batch=64, seq=4096, ranks=64, fabric=THIN, **pinned):
    return Space(language_model(name), ranks, batch, seq, domain_of(fabric), pinned)


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("llama3-8b", {}),
        ("llama3-8b", {"precision": "fp8", "tp": 2}),
        ("mpt-1b", {}),
        ("qwen3-30b-a3b", {"recompute": "full", "micro_batch": 1}),
    ],
)
def test_the_fastest_is_the_first_of_all(name, pinned):
    asked = space(name, seq=2048, **pinned)
    costs = Costs(THIN, None, asked.ranks)
    whole = search(asked, THIN, None, evaluator(asked, THIN, None, costs=costs), workers=1)
    found = fastest(asked, THIN, None, costs)
    assert found.seconds == whole.best[0].seconds
    assert found.plan == whole.best[0].plan


def test_no_step_is_shorter_than_its_arithmetic():
    asked = space("llama3-8b")
    costs = Costs(THIN, None, asked.ranks)
    evaluate, silent = evaluator(asked, THIN, None, costs=costs), Silent(costs)
    ratios = []
    for plan in list(plans(asked))[::7]:
        step = evaluate(plan)
        ratios.append(step.seconds / least_seconds(asked, plan, silent))
    assert min(ratios) >= 1 - 1e-12
    assert max(ratios) > 1.5, "a thin network shows"


def test_fewer_plans_are_asked_for_than_there_are(monkeypatch):
    fabric, timed = load("dgx-h100:nodes=8"), []
    asked, costs = space("llama3-8b", fabric=fabric), Costs(fabric, None, 64)
    monkeypatch.setattr(costs, "call", lambda *words: timed.append(words) or Costs.call(costs, *words))
    fastest(asked, fabric, None, costs)
    few = len(timed)
    search(asked, fabric, None, evaluator(asked, fabric, None, costs=costs), workers=1)
    assert 0 < few < 0.75 * (len(timed) - few)


def test_what_does_not_fit_is_refused_as_by_search():
    with pytest.raises(InputError, match=r"plan: auto finds none of .* that fits h100-sxm"):
        fastest(space("llama3.1-405b", batch=8, ranks=8), THIN, None)


def test_what_is_one_change_away_says_why_it_is_not_there():
    asked = space("llama3-8b", ranks=64, pp=4, vpp=8)
    costs = Costs(THIN, None, 64)
    evaluate = evaluator(asked, THIN, None, costs=costs)
    found = {one.change: one for one in explain(asked, THIN, fastest(asked, THIN, None, costs), evaluate)}
    assert found["vpp=16"].why == "plan: pp x vpp must be at most llama3-8b's 32 layers, got 4 x 16 = 64; nearest 32"
    assert all(bool(one.why) == (one.seconds is None) for one in found.values())
