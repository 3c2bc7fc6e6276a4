"""Failures and checkpoints: the closed form, its optimum, and the replay, which meet on exponential failures."""

import os
from math import e, exp, isclose, isinf, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.importers import node_faults
from fabric.workload.checkpoints import (
    Checkpoints,
    Fault,
    best_interval,
    goodput,
    llama3_rate,
    outages,
    replay,
    replay_faults,
)
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]
TRACE = Path(os.environ.get("FABRICBENCH_DATA", ROOT.parent / "shared" / "data")) / "failures" / "faults_400_nodes.csv"
HOUR, DAY = 3600.0, 86_400.0


def test_llama3s_run_stopped_419_times_in_54_days():
    assert isclose(llama3_rate(16_384) * 54 * DAY, 419)
    assert isclose(llama3_rate(1024) * 16, llama3_rate(16_384))


def test_without_failures_only_writing_costs():
    plan = Checkpoints(interval=900, write=100, restart=600)
    assert goodput(0, plan) == 0.9
    assert replay([], 10_000, plan).goodput == 0.9
    assert isinf(best_interval(0, 60))


@settings(max_examples=60)
@given(st.floats(1e-7, 1e-2), st.floats(0.1, 3600))
def test_no_neighbour_of_the_best_interval_is_better(rate, write):
    best = best_interval(rate, write)
    at = goodput(rate, Checkpoints(best, write, 0))
    assert all(goodput(rate, Checkpoints(best * factor, write, 0)) <= at * (1 + 1e-9) for factor in (0.9, 0.99, 1.01, 1.1))


def test_the_best_interval_is_youngs_where_writes_are_short_and_below_it_where_they_are_not():
    assert isclose(best_interval(1e-6, 1), sqrt(2 / 1e-6), rel_tol=2e-3)  # Young, 1974: sqrt(2 write / rate)
    # Daly's series: sqrt(2 d M) (1 + sqrt(d / 2 M) / 3 + d / 18 M) - d
    rate, write = 1 / 10_000, 300.0
    x = sqrt(write * rate / 2)
    daly = sqrt(2 * write / rate) * (1 + x / 3 + x * x / 9) - write
    assert isclose(best_interval(rate, write), daly, rel_tol=1e-3)


def test_a_segment_with_failures_takes_what_daly_says():
    plan = Checkpoints(interval=1 / 1e-3, write=0, restart=0)
    assert isclose(goodput(1e-3, plan), 1 / (e - 1))
    assert isclose(goodput(1e-3, Checkpoints(1000, 0, 500)), exp(-0.5) / (e - 1))


@pytest.mark.parametrize(("interval", "write", "restart"), [(1800, 60, 600), (600, 120, 1200), (5000, 30, 60)])
def test_replay_and_closed_form_agree_on_exponential_failures(interval, write, restart):
    plan = Checkpoints(interval, write, restart)
    rate, run = 1 / 7200, 5000 * 7200.0
    stops = np.cumsum(np.random.default_rng(7).exponential(1 / rate, 6000))
    done = replay([stop for stop in stops.tolist() if stop < run], run, plan)
    assert isclose(done.goodput, goodput(rate, plan), rel_tol=0.02)


@settings(max_examples=60)
@given(
    st.lists(st.floats(0, 1e5), max_size=20),
    st.floats(1, 5000),
    st.floats(0, 500),
    st.floats(0, 5000),
    st.floats(1, 1.2e5),
)
def test_every_second_goes_somewhere(stops, interval, write, restart, seconds):
    done = replay(stops, seconds, Checkpoints(interval, write, restart))
    parts = (done.useful, done.writing, done.lost, done.restarting, done.waiting)
    assert isclose(sum(parts), seconds, rel_tol=1e-9, abs_tol=1e-6)
    assert all(part >= -1e-6 for part in parts)


def test_a_hand_made_run():
    """Work from 0, checkpoints written 100-110 and 210-220; stop at 250 loses 30; a second one cuts the restart short."""
    done = replay([250, 260], 400, Checkpoints(100, 10, 40))
    assert (done.useful, done.writing, done.lost, done.restarting, done.stops) == (300, 20, 30, 50, 2)


def test_spares_take_over_until_there_are_none():
    faults = [Fault(0, 10, 100), Fault(2, 20, 50), Fault(3, 5, 6)]
    assert list(outages(faults, of=4, nodes=2)) == [(10, 10), (20, 20)]  # 2 took over from 0; node 3 was no one's
    assert list(outages(faults[:2], of=3, nodes=2)) == [(10, 10), (20, 50)]
    assert list(outages([Fault(0, 10, 100)], of=1, nodes=1)) == [(10, 100)]
    done = replay_faults(faults[:2], 3, 2, 200, Checkpoints(1000, 1, 5))
    assert done.waiting == 30
    assert done.stops == 2


def test_a_node_with_two_faults_is_back_after_the_later_one():
    assert list(outages([Fault(0, 10, 30), Fault(0, 20, 60)], of=1, nodes=1)) == [(10, 60)]


def test_faults_of_one_moment_are_one_stop():
    assert list(outages([Fault(0, 10, 30), Fault(1, 10, 30)], of=4, nodes=2)) == [(10, 10)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Checkpoints(0), "checkpoints: interval must be a number of seconds above 0, got 0"),
        (lambda: Checkpoints(10, write=-1), "checkpoints: write must be a number of seconds >= 0, got -1"),
        (
            lambda: best_interval(1e-5, 0),
            "checkpoints: write must be above 0 s to have a best interval, got 0; say the interval",
        ),
        (lambda: replay([], 0, Checkpoints(1)), "run: must last longer than 0 s, got 0"),
        (lambda: replay_faults([], 4, 5, 1, Checkpoints(1)), "nodes: must be from 1 to the 4 of the trace, got 5"),
    ],
)
def test_wrong_figures_are_refused_in_one_line(call, message):
    with pytest.raises(InputError) as refused:
        call()
    assert str(refused.value) == message


@pytest.mark.skipif(not TRACE.is_file(), reason="the trace of 400 nodes is not there")
def test_half_a_year_of_400_nodes():
    """The closed form at the trace's own rate, replaced at once, meets the replay with spares within a few per cent."""
    trace = node_faults.load(TRACE)
    faults = [Fault(one.node, one.start, one.end) for one in trace.outages]
    plan = Checkpoints(1800, 60, 600)
    done = replay_faults(faults, 400, 256, trace.seconds, plan)
    closed = goodput(done.stops / trace.seconds, plan)
    assert isclose(done.goodput, closed, rel_tol=0.01)
    full = replay_faults(faults, 400, 400, trace.seconds, plan)
    assert full.waiting > 0.2 * full.seconds  # without spares a job of all nodes stands still for much of the time
