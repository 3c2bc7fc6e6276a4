"""Real all-reduces on as many ranks as were started, verified; it does not know which library connects them.

Alone, `pytest benchmarks/test_all_reduce.py` runs one rank; `mpirun -n 2 python -m pytest benchmarks/test_all_reduce.py` and
`torchrun --nproc-per-node 2 -m pytest benchmarks/test_all_reduce.py` run two.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

SIZES = (8, 64 << 10, 4 << 20)


@pytest.mark.benchmark(group="all_reduce")
@pytest.mark.parametrize("nbytes", SIZES)
def test_all_reduce(nbytes: int, collective: Callable[..., object]) -> None:
    """All ranks time one size together; every element of the sum is right."""
    collective("all_reduce", nbytes=nbytes, budget=0.5)
