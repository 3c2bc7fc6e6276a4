"""How much memory schedules take at 1,024 and 65,536 ranks."""

import tracemalloc

import pytest

from fabric.collectives.algorithms import ALGORITHMS

MIB = 2**20
QUADRATIC = {"pairwise", "pairwise_xor"}
LISTED = {("all_to_all", "rail_aligned"), ("all_to_all_v", "direct")}


def test_an_even_all_to_all_v_holds_no_matrix_of_all_pairs(built, even):
    tracemalloc.start()
    schedule = built("all_to_all_v", "pairwise", even(1024, 8), params={"skew": 0, "seed": 5})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert schedule.messages == 8191
    assert peak < 20e6


@pytest.mark.parametrize(
    ("collective", "name"),
    [(c, n) for c in ALGORITHMS for n in ALGORITHMS[c] if n not in QUADRATIC and (c, n) not in LISTED],
)
def test_schedules_stay_compact_at_65536_ranks(collective, name, built, even):
    p = 65_536
    groups = even(1, p) if name == "nvls" else even(p // 8, 8)
    tracemalloc.start()
    schedule = built(collective, name, groups)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(schedule.steps) <= 64
    assert sum(step.source.size for step in schedule.steps) <= 64 * p
    assert peak < 64 * MIB


@pytest.mark.parametrize(
    ("collective", "name"), [*(("all_to_all", n) for n in ALGORITHMS["all_to_all"]), ("all_to_all_v", "pairwise"),
                             ("all_to_all_v", "direct"), ("reduce_scatter", "pairwise")]
)  # fmt: skip
def test_all_to_all_of_1024_ranks_takes_less_than_50_megabytes(collective, name, built, even):
    params = {"skew": 1.0} if collective == "all_to_all_v" else {}
    tracemalloc.start()
    schedule = built(collective, name, even(128, 8), params=params)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert schedule.messages >= 1
    assert peak < 50e6
