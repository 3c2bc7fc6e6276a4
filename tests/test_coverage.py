"""The coverage that benchmarks/coverage.py publishes, with fewer runs, and its exact parts against another way."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks import coverage
from benchmarks.series import SOURCES
from fabric.measure.cells.plan import MOST
from fabric.statistics import AT_ANY_STOP, CONFIDENCE, LAST_STOP, needed, order_ranks, series_interval

RUNS = 1000
ERROR = (0.945 * 0.055 / RUNS) ** 0.5


@cache
def simulated(name):
    return coverage.simulate(SOURCES[name], RUNS, seed=5)


@pytest.mark.parametrize("name", ["lognormal 10 %", "heavy tail", "tied", "autocorrelated 0.3"])
def test_printed_intervals_cover_at_every_count_with_and_without_the_stop_rule(name):
    found = simulated(name)
    assert coverage.least({"simulated": {name: found}}, name) >= coverage.PROMISED - 3 * ERROR
    kinds = found["coverage"]["0.5"]
    assert set(kinds["printed"]["stopped"]) == set(coverage.looks())
    assert set(kinds["narrow"]["stopped"]) == set(range(needed(0.5, AT_ANY_STOP), MOST + 1))


def test_the_simulation_can_fail_ordinary_intervals_with_the_stop_rule_cover_too_rarely():
    found = simulated("autocorrelated 0.3")
    assert found["at_plain_95"]["least"] < coverage.PROMISED - 3 * ERROR


@pytest.mark.parametrize("quantile", coverage.QUANTILES)
def test_all_intervals_up_to_the_last_stop_hold_at_once_with_the_confidence_that_is_printed(quantile):
    assert MOST <= LAST_STOP
    assert coverage.held_at_every_count(AT_ANY_STOP, quantile, LAST_STOP) >= CONFIDENCE
    assert coverage.exact(quantile, longest=700) >= AT_ANY_STOP - 1e-12


def test_the_walk_agrees_with_drawn_samples_and_a_lower_level_does_not_do():
    runs = 4000
    below = np.cumsum(np.random.default_rng(1).random((runs, 60)) < 0.5, axis=1)
    kept = np.ones(runs, dtype=bool)
    for count in range(1, 61):
        ranks = order_ranks(count, 0.95)
        if ranks:
            kept &= (below[:, count - 1] > ranks[0]) & (below[:, count - 1] <= ranks[1])
    assert coverage.held_at_every_count(0.95, 0.5, 60) == pytest.approx(kept.mean(), abs=4 * 0.5 / runs**0.5)
    assert coverage.held_at_every_count(0.99, 0.5) < CONFIDENCE


def test_the_simulated_tool_is_the_tool():
    samples = SOURCES["autocorrelated 0.5"].draw(20, 80, np.random.default_rng(2))
    for quantile in (0.5, 0.1):
        for count in (9, 40, 80):
            low, high = coverage.ends(samples[:, :count], np.sort(samples[:, :count], axis=1), quantile)
            one_by_one = [series_interval(row[:count], quantile) or (-np.inf, np.inf) for row in samples]
            assert list(zip(low, high, strict=True)) == one_by_one


def test_the_published_file_keeps_the_promise():
    (path,) = sorted((Path(__file__).parents[1] / "results").glob("coverage-*.json"))[-1:]
    found = json.loads(path.read_text())
    assert found["parameters"]["runs"] >= 20_000
    assert found["parameters"]["level"] == AT_ANY_STOP
    for name in coverage.KEPT:
        assert coverage.least(found, name) >= coverage.PROMISED, name
