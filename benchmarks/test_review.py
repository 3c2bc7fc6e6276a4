"""How long a design review takes: three candidates of 8,192 and of 102,400 devices; one design of the search. No network.

`python -m pytest benchmarks/test_review.py --benchmark-enable`. Peak memory is that of the process (VmHWM), which only grows.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fabric.review.evaluate import evaluate
from fabric.review.request import Candidate, CaseText, Limits, Request, Step, load
from fabric.search.generate import Demand, Wiring, generate
from fabric.search.quick import Work
from fabric.search.quick import evaluate as evaluate_wiring

CASES = (
    CaseText(collective="all_reduce", size="4GiB"),
    CaseText(collective="all_gather", size="4GiB"),
    CaseText(collective="all_to_all", size="256MiB", count=4),
    CaseText(collective="all_to_all_v", size="64MiB", params={"skew": 0.3}, ranks=1024, count=4),
)
"""Collectives over all GPUs, as the review had them before it trained a model; a plan's own are lighter."""
ASSUMED = {"cases": CASES, "step": Step(compute=2.0), "training": None}
SHIPPED = load(Path(__file__).with_name("reviews") / "h100-8192.yaml").model_copy(update=ASSUMED)
SPEEDS = ("400Gb/s", "800Gb/s")


def timed(benchmark: Any, work: Callable[[], Any], rounds: int) -> Any:
    """Return the work's answer, timed; the peak of the process goes into the JSON as peak_mib."""
    answer = benchmark.pedantic(work, rounds=rounds)
    benchmark.extra_info["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return answer


def three(nodes: int, radix: int) -> Request:
    """Return the shipped review with three candidates of so many nodes of 8: rail-optimised, full Clos, 2:1 Clos."""
    tail = "devices_per_node=8,scale_up=nvswitch"
    clos = f"clos:radix={radix},endpoints={8 * nodes}"
    specs = {
        "rail-optimised": f"rail_optimized:nodes={nodes},rails=8,radix={radix},scale_up=nvswitch",
        "full Clos": f"{clos},{tail}",
        "2:1 Clos": f"{clos},oversubscription=2,{tail}",
    }
    candidates = tuple(Candidate(name=name, topo=topo) for name, topo in specs.items())
    return SHIPPED.model_copy(update={"candidates": candidates, "limits": Limits()})


@pytest.mark.benchmark(group="review of three candidates")
@pytest.mark.parametrize(("devices", "radix", "rounds"), [(8_192, 64, 3), (102_400, 128, 1)])
def test_three_candidates(benchmark, devices, radix, rounds):
    """Bills, layout, all cases under three seeds, failures, growth, ceilings, cost."""
    review = timed(benchmark, lambda: evaluate(three(devices // 8, radix)), rounds)
    assert len(review.designs) == 3


def wirings(family: str) -> list[Wiring]:
    """Return five wirings of a family for 8,192 endpoints, evenly apart."""
    found, _ = generate(Demand(8192, families=(family,)))
    return found[:: max(1, len(found) // 5)][:5]


@pytest.mark.benchmark(group="search: five wirings of 8,192 at two speeds")
@pytest.mark.parametrize("how", ["together", "one by one"])
@pytest.mark.parametrize("family", ["clos", "leaf_spine", "dragonfly"])
def test_a_wiring_at_two_speeds(benchmark, family, how):
    """Worked out once for both speeds, and for each speed anew."""
    speeds = [SPEEDS] if how == "together" else [(speed,) for speed in SPEEDS]
    works = [Work(wiring, 8192, 8, each, SHIPPED) for wiring in wirings(family) for each in speeds]
    answers = timed(benchmark, lambda: [evaluate_wiring(work) for work in works], 3)
    assert sum(len(answer["rows"]) + len(answer["refused"]) for answer in answers) == 2 * len(wirings(family))
