"""A whole design of 102,400 GPUs answered at once: wiring, proof, collectives, bracket, failures. Measures no network.

`python -m pytest benchmarks/test_design.py --benchmark-enable`. Warm: routers and kernels of the process are loaded.
"""

from __future__ import annotations

import pytest

from benchmarks.test_tool import with_peak
from fabric.network.fabric import Fabric
from fabric.network.failures import draw
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.throughput.bracket import bracket
from fabric.records.case import Case
from topologies.proofs import proof

DESIGN = "rail_optimized:nodes=12800,rails=8,radix=128"
GPUS = 102_400
REDUCE = Case("all_reduce", 2**30, GPUS, nodes=12_800, ranks_per_node=8)
EXCHANGE = Case("all_to_all", 2**30, GPUS, nodes=12_800, ranks_per_node=8)


def reductions(fabric: Fabric, routing: str = "ideal") -> list[float]:
    """Return the seconds of ring, tree and hierarchical all-reduce."""
    names = ("ring", "double_binary_tree", "rail_aligned")
    return [predict([REDUCE], fabric, algorithm=n, routing=routing, fidelity="loaded")[0].time for n in names]


def exchange(fabric: Fabric) -> float:
    """Return the seconds of an all-to-all."""
    return predict([EXCHANGE], fabric, algorithm="direct", fidelity="loaded")[0].time


def after_failures(fabric: Fabric) -> float:
    """Return the seconds of a ring all-reduce around 100 failed links."""
    failures = draw(fabric.topology, "links:100", 1)
    return predict([REDUCE], fabric, algorithm="ring", routing="ecmp:1", fidelity="loaded", failures=failures)[0].time


def whole() -> float:
    """Return a number that all of it went into."""
    fabric = load(DESIGN)
    known = proof(fabric.topology)
    times = [*reductions(fabric), exchange(fabric), after_failures(fabric), bracket(fabric).upper]
    return sum(times) + known.connected


GROUP = "102,400 GPUs: rail_optimized:nodes=12800,rails=8,radix=128"


@pytest.mark.benchmark(group=GROUP)
def test_whole_design(benchmark):
    """Build, proof, three all-reduces, all-to-all, bracket, 100 failed links."""
    assert with_peak(benchmark, whole, 5) > 0


@pytest.mark.benchmark(group=GROUP)
def test_build_and_proof(benchmark):
    """Build and proof alone."""
    assert with_peak(benchmark, lambda: proof(load(DESIGN).topology), 5).connected


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("work", [reductions, exchange, after_failures, bracket])
def test_parts(benchmark, work):
    """Each part alone, on a fabric that is built."""
    fabric = load(DESIGN)
    assert with_peak(benchmark, lambda: work(fabric), 5)
