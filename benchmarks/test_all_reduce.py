"""Real all-reduces on as many ranks as were started, verified; it does not know which library connects them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fabric.measure.plan import Plan
from fabric.records.case import Case

if TYPE_CHECKING:
    from benchmarks.conftest import Ranks
    from fabric.measure.loop import Timing

SIZES = (8, 64 << 10, 4 << 20)


@pytest.mark.benchmark(group="all_reduce")
@pytest.mark.parametrize("nbytes", SIZES)
def test_all_reduce(nbytes: int, ranks: Ranks, all_ranks_benchmark: Callable[[Case, Plan], Timing]) -> None:
    """All ranks time one size together; every element of the sum is right."""
    case = Case("all_reduce", nbytes, ranks.group.size)
    assert all_ranks_benchmark(case, Plan(budget=0.5)).wrong == 0
