"""Bounds and throughput brackets, timed: the 102,400-GPU design, TUB at 5,000 switches, weights at 1,000. Knows no peers.

`python -m pytest benchmarks/test_throughput.py --benchmark-enable`. The fabric is built before the clock starts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from fabric.network.fabric import Fabric
from fabric.network.spec import load
from fabric.predict.bounds import bound
from fabric.predict.throughput.bracket import bracket
from fabric.records.case import Case

LARGE = "rail_optimized:nodes=12800,rails=8,radix=128"
RANDOM = "jellyfish:switches=1000,degree=10,hosts=4"
WIDE = "jellyfish:switches=5000,degree=16,hosts=8"


@lru_cache(maxsize=3)
def built(topo: str) -> Fabric:
    """Return the fabric, built once."""
    return load(topo)


@pytest.mark.benchmark(group="throughput bracket, 102,400 GPUs")
@pytest.mark.parametrize("traffic", ["uniform", "worst", "permutation:0"])
def test_bracket_of_102400_gpus(benchmark: Any, traffic: str) -> None:
    """Time the whole bracket; it closes."""
    found = benchmark.pedantic(bracket, (built(LARGE), traffic), rounds=5, warmup_rounds=1)
    assert found.gap < 1e-9


@pytest.mark.benchmark(group="bound of a collective, 102,400 GPUs")
@pytest.mark.parametrize("collective", ["all_reduce", "all_to_all", "incast"])
def test_bound_of_102400_gpus(benchmark: Any, collective: str) -> None:
    """Time one bound, the wiring's groups being known."""
    fabric = built(LARGE)
    assert benchmark.pedantic(bound, (Case(collective, 1 << 30, 102_400, 12_800, 8), fabric), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="TUB, random regular graph of 5,000 switches")
def test_tub_of_5000_switches(benchmark: Any) -> None:
    """Time finding the longest matching and its hop bound."""
    found = benchmark.pedantic(bracket, (built(WIDE), "worst", ["hop"]), rounds=3, warmup_rounds=1)
    assert found.upper is not None


@pytest.mark.benchmark(group="multiplicative weights, random regular graph of 1,000 switches")
@pytest.mark.parametrize("eps", [0.05, 0.02])
def test_weights_of_1000_switches(benchmark: Any, eps: float) -> None:
    """Time all-to-all to a gap of eps; numba's kernels are compiled before the clock starts."""
    fabric = built(RANDOM)
    found = benchmark.pedantic(lambda: bracket(fabric, "uniform", ["hop", "weights"], eps=eps), rounds=3, warmup_rounds=1)
    benchmark.extra_info["gap"] = found.gap
    assert found.gap is not None
    assert found.gap <= eps
