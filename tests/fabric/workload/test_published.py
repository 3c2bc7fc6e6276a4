"""The table of published runs: every line reads, divides, and gives a plausible share of its device's peak."""

import pytest

from fabric.hardware.catalog import find
from fabric.workload.catalog import language_model
from fabric.workload.published import runs, runs_of


@pytest.mark.parametrize("run", runs(), ids=lambda run: f"{run.model} on {run.ranks}")
def test_a_published_run_divides_and_stays_below_the_peak(run):
    assert run.plan.ranks == run.ranks
    assert run.batch % (run.plan.dp * run.plan.micro_batch) == 0
    assert run.source
    assert run.date
    flops = language_model(run.model).flops_per_token(run.seq)
    share = run.rate * flops / find("devices", run.device).number(run.plan.precision)
    assert 0.15 < share < 0.55


def test_llama_405b_on_16384_is_the_papers_utilization():
    (run,) = [one for one in runs_of("llama3.1-405b") if one.ranks == 16_384 and one.seq == 8192]
    assert run.plan.dp == 128
    assert run.rate * language_model(run.model).flops_per_token(8192) / 989e12 == pytest.approx(0.41, abs=0.01)


def test_deepseek_v3s_hours():
    (run,) = runs_of("deepseek-v3")
    assert run.rate == pytest.approx(1e12 / 180_000 / 3600, rel=1e-3)
    assert (run.plan.pp, run.plan.ep, run.plan.dp) == (16, 64, 128)
    assert run.batch * run.seq / run.seconds == pytest.approx(1543 * 2048)


def test_runs_are_found_by_device():
    assert runs_of("mpt-13b", "h100-sxm")
    assert not runs_of("mpt-13b", "a100-sxm-80")
