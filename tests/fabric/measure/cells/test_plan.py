import pytest

from fabric.measure.cells.plan import (
    FEWEST,
    IN_A_ROW,
    MOST,
    MOST_IN_A_ROW,
    NARROW_FROM,
    TIMER_SHARE,
    Plan,
    calls_per_sample,
    next_round,
)
from topologies.errors import InputError

STEADY = [1e-3] * NARROW_FROM
NOISY = [1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3, 2e-3, 3e-3, 4e-3]


def test_the_first_round_gives_an_interval():
    assert next_round([], 0.0, Plan()) == FEWEST


def test_a_steady_case_stops_at_once_and_a_noisy_one_goes_on():
    assert next_round(STEADY, 0.006, Plan()) == 0
    assert next_round(STEADY[1:], 0.006, Plan()) > 0
    assert next_round(NOISY * 3, 0.021, Plan()) > 0


def test_the_budget_stops_a_noisy_case_but_not_before_an_interval():
    assert next_round(NOISY, 0.7, Plan(budget=0.6)) == 0
    assert next_round(NOISY[:1], 100.0, Plan(budget=0.6)) == FEWEST - 1


def test_a_round_fits_the_rest_of_the_budget():
    count = next_round(NOISY, 0.06, Plan(budget=0.1))
    assert 1 <= count <= 6


def test_an_adaptive_run_has_a_last_sample():
    assert next_round([1e-6, 9e-6] * (MOST // 2), 0.001, Plan()) == 0


def test_fixed_iterations_are_exactly_so_many_and_come_in_short_rounds():
    plan, samples, rounds = Plan(iters=1000), [], []
    while count := next_round(samples, len(samples) * 1e-3, plan):
        rounds.append(count)
        samples += [1e-3] * count
    assert len(samples) == 1000
    assert max(rounds) <= 100, "a watchdog must hear of every round in time"
    assert next_round([], 0.0, Plan(iters=2)) == 2


@pytest.mark.parametrize("call", [1e-7, 2e-7, 1e-6, 3e-6, 1e-3])
def test_a_sample_has_so_many_calls_that_the_clock_is_cheap_and_no_more(call):
    calls = calls_per_sample([call, 5 * call], 5e-8, Plan())
    assert 5e-8 / (calls * call) <= TIMER_SHARE
    assert calls == 1 or 5e-8 / ((calls - 1) * call) > TIMER_SHARE / 2
    assert calls_per_sample([], 5e-8, Plan()) == 1
    assert calls_per_sample([0.0], 5e-8, Plan()) == MOST_IN_A_ROW


def test_back_to_back_has_twenty_calls_or_what_fits_the_budget():
    plan = Plan(barrier="back_to_back", budget=0.6)
    assert calls_per_sample([1e-4], 5e-8, plan) == IN_A_ROW
    assert calls_per_sample([0.015], 5e-8, plan) == 4
    assert calls_per_sample([9.0], 5e-8, plan) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"iters": 0}, "iters: must be a whole number from 1 to 1,000,000, got 0"),
        ({"warmup": -1}, "warmup: must be a whole number from 0 to 1,000,000, got -1"),
        ({"budget": 0.0}, "budget: must be a finite number above 0, at most 86,400, got 0"),
        ({"barrier": "none"}, "barrier: must be before, excluded, back_to_back, got 'none'"),
        ({"timeout": 0.5}, "timeout: must be a finite number from 1 to 86,400, got 0.5"),
    ],
)
def test_bad_plans(wrong, message):
    with pytest.raises(InputError, match=message):
        Plan(**wrong)
