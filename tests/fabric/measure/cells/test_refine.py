"""Curves with switch points that are known: they are found, and curves without any are left alone."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.cells.job import Job
from fabric.measure.cells.refine import NARROW, Point, Switch, curves, next_size, refined, switches
from fabric.records.case import Case
from fabric.records.result import Result

SWEEP = [2**k for k in range(3, 27)]


def refine(sizes, time, most, half=0.0):
    """Return the points after at most so many sizes were added."""
    points = [Point(size, time(size), half * time(size)) for size in sizes]
    for _ in range(most):
        size = next_size(points, lambda nbytes: nbytes // 4 * 4 or None)
        if size is None:
            break
        assert size not in {point.nbytes for point in points}
        points = sorted([*points, Point(size, time(size), half * time(size))], key=lambda point: point.nbytes)
    return points


def line(size, alpha=2e-6, beta=1e-10):
    return alpha + beta * size


@given(st.floats(1e-7, 1e-3), st.floats(1e-12, 1e-8))
def test_alpha_and_beta_alone_bend_nowhere(alpha, beta):
    points = refine(SWEEP, lambda size: line(size, alpha, beta), 9)
    assert len(points) == len(SWEEP)
    assert not switches(points)


@given(st.floats(100, 3e7), st.one_of(st.floats(1.35, 6), st.floats(0.2, 0.7)), st.floats(1e-6, 1e-4))
def test_a_jump_is_found_within_12_percent(where, factor, alpha):
    def time(size):
        return line(size, alpha) * (factor if size > where else 1)

    points = refine(SWEEP, time, 8)
    hits = [s for s in switches(points) if s.low <= where < s.high]
    assert len(hits) == 1
    assert hits[0].high <= max(NARROW * hits[0].low, hits[0].low + 4)
    assert hits[0].factor == pytest.approx(factor, rel=0.15)


def test_two_jumps_and_a_wide_sweep():
    def time(size):
        return line(size) * (1.6 if size > 9000 else 1) * (0.5 if size > 700_000 else 1)

    points = refine([8, 64, 512, 4096, 32768, 2**18, 2**21, 2**24], time, 16)
    found = switches(points)
    for where in (9000, 700_000):
        (hit,) = [s for s in found if s.low <= where < s.high]
        assert hit.high <= NARROW * hit.low
    assert len(points) <= 8 + 14


@pytest.mark.parametrize("seed", range(20))
def test_noise_within_the_intervals_adds_no_size(seed):
    noise = np.random.default_rng(seed)
    known = {}

    def time(size):
        return known.setdefault(size, line(size) * (1 + 0.02 * noise.uniform(-1, 1)))

    points = refine(SWEEP, time, 6, half=0.02)
    assert len(points) == len(SWEEP)
    assert not switches(points)


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_not_hide_a_jump(seed):
    noise = np.random.default_rng(seed)
    known = {}

    def time(size):
        return known.setdefault(size, line(size) * (1.6 if size > 10_000 else 1) * (1 + 0.01 * noise.uniform(-1, 1)))

    found = switches(refine(SWEEP, time, 6, half=0.01))
    (hit,) = (one for one in found if one.low <= 10_000 < one.high)
    assert hit.low <= 10_000 < hit.high <= NARROW * hit.low


def test_a_gap_that_whole_elements_cannot_split_is_left():
    points = [Point(4, 1e-6), Point(8, 1e-6), Point(12, 5e-6), Point(16, 5e-6)]
    assert next_size(points, lambda nbytes: nbytes // 4 * 4) is None
    assert next_size(points, lambda nbytes: nbytes) == round(sqrt(8 * 12))


def measured(job, time, known):
    """Answer the next cells of a job as a run would, visit by visit; return them."""
    cells = refined(job, known)
    for cell in cells:
        seconds = tuple(time(cell.nbytes) * (1 + 0.001 * k) for k in range(20))
        known.append(
            Result(
                Case(cell.collective, cell.nbytes, cell.world_size, 1, cell.world_size, in_place=cell.in_place),
                "gloo",
                seconds,
                wrong=0,
            )
        )
    return cells


def test_a_job_adds_sizes_with_their_neighbours_and_stops_at_its_number():
    job = Job("gloo", tuple(2**k for k in range(4, 20)), (2, 3), refine=3)
    known = []

    def time(size):
        return line(size) * (2 if size > 5000 else 1)

    cases = [Case("all_reduce", cell.nbytes, cell.world_size, 1, cell.world_size) for cell in job.cells()]
    known += [Result(case, "gloo", (time(case.nbytes),) * 20, wrong=0) for case in cases]
    first = measured(job, time, known)
    assert {(cell.world_size, cell.nbytes) for cell in first} == {(p, size) for p in (2, 3) for size in (4096, 5792, 8192)}
    while measured(job, time, known):
        pass
    extra = {result.case.nbytes for result in known} - set(job.sizes)
    assert 1 <= len(extra) <= 3
    assert all(size % 4 == 0 for size in extra)
    for points in curves(known).values():
        (hit,) = switches(points)
        assert hit.low <= 5000 < hit.high <= NARROW * hit.low


def test_the_words_and_too_few_points():
    assert Switch(8192, 10240, 1.6).text() == "between 8 KiB and 10 KiB time jumps 1.6x"
    assert not switches([Point(8, 1.0), Point(16, 9.0)])
    wide = [Point(64, 1.0), Point(128, 1.0), Point(256, 9.0), Point(512, 9.0)]
    assert not switches(wide), "a wide gap says too little"
    assert next_size(wide, lambda nbytes: nbytes) == 181
    assert next_size([Point(8, 1.0)], lambda nbytes: nbytes) is None
