"""The fleet's two engines side by side: jobs a second on one core, without links and with, and a year of jobs at once.

`python -m pytest benchmarks/test_fleet.py --benchmark-enable -s`. Read ratios within one run: machines differ. Beside them
stands what AccaSim's authors published: 423 jobs a second, without links (Galleguillos et al., 2018).
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import pytest

from fabric.fleet import plain
from fabric.fleet.fleet import stated
from fabric.fleet.job import Jobs
from fabric.fleet.links import LinkModel
from fabric.fleet.policy import policy
from fabric.fleet.ready import Ready, ready
from fabric.fleet.traces.mix import mix

ACCASIM = 423
"""Jobs a second, published."""
PLAIN_JOBS = 1_500
"""Jobs that the plain engine is timed on, the first of those that the compiled one gets."""
LOAD = 0.8
RING = LinkModel("peak", "ring")


def heavy(nodes: int, days: float) -> Jobs:
    """Return the heavy mix at a load of 0.8: a fifth of the jobs take several nodes of 8, up to 128."""
    return mix("training", nodes * 8, days, load=LOAD, largest=1024).jobs


def asked(nodes: int, jobs: Jobs, rule: str, links: LinkModel | None) -> Ready:
    """Return the question: leaves of 8 nodes, uplinks 4:1."""
    return ready(stated(nodes, 8, leaf=8, ratio=4), jobs, policy(rule), None, 0, links, refuse=False)


def seconds(run: Callable[[Ready], Any], question: Ready) -> float:
    """Return processor seconds of one run: other work on the machine does not count."""
    started = time.process_time()
    run(question)
    return time.process_time() - started


@pytest.mark.parametrize("links", [None, RING, LinkModel()], ids=["no links", "ring", "all-to-all"])
@pytest.mark.parametrize("rule", ["fifo+tree", "easy+tree", "easy+aware"])
@pytest.mark.parametrize("nodes", [64, 312, 1250])
def test_jobs_a_second(benchmark, nodes, rule, links):
    """Equal on the first jobs; jobs a second of each."""
    from fabric.fleet.compiled import engine

    jobs = heavy(nodes, 80_000 / nodes)
    question, few = asked(nodes, jobs, rule, links), asked(nodes, jobs[:PLAIN_JOBS], rule, links)
    assert (engine.run(few).end == plain.run(few).end).all(), "equal, and compiled"
    slow = len(few.jobs) / seconds(plain.run, few)
    benchmark.pedantic(engine.run, (question,), rounds=1)
    if benchmark.disabled:
        return
    fast = len(jobs) / min(seconds(engine.run, question) for _ in range(3))
    benchmark.extra_info |= {"jobs_per_second": fast, "plain_jobs_per_second": slow, "accasim_jobs_per_second": ACCASIM}
    print(
        f"\n{nodes * 8:,} devices, {rule}, {links.name if links else 'no links'}: {fast:,.0f} jobs/s compiled, {slow:,.0f} "
        f"plain ({fast / slow:.0f} times), {fast / ACCASIM:,.0f} times AccaSim's published {ACCASIM}"
    )


@pytest.mark.parametrize("rule", ["fifo+tree", "easy+tree"])
@pytest.mark.parametrize("nodes", [312, 1250])
def test_jobs_a_second_where_the_queue_has_grown(benchmark, nodes, rule):
    """Three times as long, all-to-all: jobs that slow one another leave the fleet full and more jobs waiting."""
    from fabric.fleet.compiled import engine

    if benchmark.disabled:
        pytest.skip("says nothing but a speed: with --benchmark-enable")
    jobs = heavy(nodes, 240_000 / nodes)
    question = asked(nodes, jobs, rule, LinkModel())
    engine.run(asked(nodes, jobs[:100], rule, LinkModel()))
    benchmark.pedantic(engine.run, (question,), rounds=1)
    fast = len(jobs) / min(seconds(engine.run, question) for _ in range(3))
    print(f"\n{nodes * 8:,} devices, {rule}, {LinkModel().name}, {len(jobs):,} jobs: {fast:,.0f} jobs/s compiled")


@pytest.mark.parametrize("links", [None, RING], ids=["no links", "ring"])
@pytest.mark.parametrize("rule", ["fifo+tree", "easy+tree"])
def test_a_year_of_jobs(benchmark, rule, links):
    """Seconds and memory of a year on 10,000 devices."""
    from fabric.fleet.compiled import engine

    if benchmark.disabled:
        pytest.skip("a year takes seconds and a gigabyte: with --benchmark-enable")
    days, faster = 365, 4
    slow = mix("training", 10_000, days * faster, load=LOAD, largest=64).jobs  # in a year, by jobs of a quarter of the time
    jobs = slow.changed(submit=slow.submit // faster, work=slow.work // faster + 1)
    question = asked(1250, jobs, rule, links)
    engine.run(asked(1250, jobs[:100], rule, links))
    spent = benchmark.pedantic(seconds, (engine.run, question), rounds=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"\n{len(jobs):,} jobs over {days:g} days, {rule}, {'ring' if links else 'no links'}: {spent:.1f} s, {peak:,} MiB")
