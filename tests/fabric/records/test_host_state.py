from dataclasses import replace

import numpy as np
import pytest

from fabric.records.case import Case
from fabric.records.host_state import FEWEST, border, labelled, quiet
from fabric.records.pool import pooled
from fabric.records.result import Result

BARE = Result(Case("all_reduce", 8, 2, 1, 2), "mpi:openmpi", (1.0, 2.0))


def seen(canaries, **context):
    return [replace(BARE, context={"canary_seconds": float(c), **context}) for c in canaries]


def two_states(rng, fast=12, slow=8):
    noise = 0.1 * rng.standard_normal(fast + slow)
    return np.array([0.21e-6] * fast + [0.55e-6] * slow) * np.exp(noise)


def test_the_two_states_of_a_host_are_told_apart():
    rng, runs = np.random.default_rng(0), 500
    found = [border(two_states(rng)) for _ in range(runs)]
    there = [seconds for seconds in found if seconds is not None]
    assert len(there) / runs > 0.95
    assert all(0.25e-6 < seconds < 0.48e-6 for seconds in there)


@pytest.mark.parametrize("draw", ["normal", "heavy", "uniform"])
def test_one_state_is_one_however_it_spreads(draw):
    rng, runs, count = np.random.default_rng(4), 1000, 40
    shapes = {
        "normal": lambda: np.exp(0.2 * rng.standard_normal(count)),
        "heavy": lambda: 1 + 0.3 * rng.pareto(1.5, count),
        "uniform": lambda: 1 + rng.random(count),
    }
    assert sum(border(shapes[draw]()) is not None for _ in range(runs)) / runs < 0.03


def test_too_few_or_equal_readings_are_no_states():
    assert border([1.0] * 50 + [9.0] * 50) is None, "two readings, however often they are quoted"
    assert border(np.geomspace(1, 1.1, FEWEST).tolist() + np.geomspace(5, 5.5, FEWEST - 1).tolist()) is None
    assert border([]) is None


def test_results_are_labelled_within_their_own_kind():
    canaries = two_states(np.random.default_rng(0))
    states = [r.context["host_state"] for r in labelled(seen(canaries))]
    assert states == ["fast"] * 12 + ["slow"] * 8
    apart = labelled([*seen(canaries[:12], cores=2), *seen(canaries[12:], cores=4)])
    assert {r.context["host_state"] for r in apart} == {"one"}
    assert labelled([BARE]) == [BARE]


def test_a_pool_over_two_states_is_flagged():
    (mixed,) = pooled(seen(two_states(np.random.default_rng(0))))
    assert mixed.context["mixed_host_states"]
    assert mixed.context["host_state"] == "mixed"
    (calm,) = pooled(seen(0.21e-6 * np.exp(0.1 * np.random.default_rng(1).standard_normal(20))))
    assert "mixed_host_states" not in calm.context
    assert calm.context["host_state"] == "one"


def test_only_the_quiet_state_is_left_where_a_host_was_in_two():
    """A case that was never visited in the quiet state keeps its visits; a host in one state keeps everything."""
    visits = [replace(one, seconds=(1e-6,) * 3) for one in seen(two_states(np.random.default_rng(1)))]
    alone = replace(visits[-1], case=replace(BARE.case, nbytes=16))
    kept, lines = quiet([*visits, alone])
    assert [one.context["host_state"] for one in kept] == ["fast"] * 12 + ["slow"]
    (line,) = lines
    assert "8 of 21 visits, made in the slow one, are left out; 1 cases were seen in no other and stay" in line
    assert quiet(visits[:12]) == (labelled(visits[:12]), [])
