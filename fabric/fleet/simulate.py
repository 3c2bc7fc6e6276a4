"""One fleet, one list of jobs, one policy, over time: checks, engines by name. It does not know how an engine works."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.fleet.alone import best
from fabric.fleet.fleet import Fleet, joined
from fabric.fleet.job import WHOLE, FleetJob, Jobs
from fabric.fleet.links import LinkModel
from fabric.fleet.outcome import Outcome, Runs
from fabric.fleet.policy import SchedulingPolicy
from fabric.fleet.ready import Ready, ready
from fabric.text.escape import shown
from topologies.errors import InputError

ENGINES = ("compiled", "plain")
TOO_LARGE = ("leave", "refuse")


def simulate(
    fleet: Fleet,
    jobs: Sequence[FleetJob] | Jobs,
    policy: SchedulingPolicy,
    *,
    window: tuple[int, int] | None = None,
    seed: int = 0,
    engine: str = "compiled",
    links: LinkModel | None = None,
    too_large: str = "leave",
) -> Outcome:
    """Return what happens to the jobs on the fleet under the policy.

    window: (begin, end) in microseconds over which sums are made; the run stops at its end. None: from the first submit until
    the last job is done. seed: of failures drawn from the fleet's rates. engine: `compiled`, or `plain` (the reference in plain
    Python, equal in every start, end and placement); shares of a device, processors and memory, and fgd run plain. links: how
    jobs load shared links, None for full speed everywhere. too_large: `leave` jobs out that the fleet can never hold (they are
    counted, with the reason), or `refuse` them.

    At one instant: ends by job, repairs and failures by node, arrivals by index, one pass over the queue, then new speeds.

    Raises:
        InputError: no jobs, a window that ends before it begins, an unknown engine, a job too large where that is refused.
    """
    if engine not in ENGINES:
        raise InputError(f"engine: must be {' or '.join(ENGINES)}, got {shown(engine)}")
    if too_large not in TOO_LARGE:
        raise InputError(f"too_large: must be {' or '.join(TOO_LARGE)}, got {shown(too_large)}")
    question = ready(fleet, jobs, policy, window, seed, links, refuse=too_large == "refuse")
    engine = engine if compiled_knows(question) else "plain"
    runs = _run(question, engine)
    end = question.end if window else int(max(runs.end.max(initial=0), question.jobs.submit[-1] + 1))
    outages = tuple(joined(question.outages, end))
    return Outcome(
        fleet, question.jobs, policy, (question.begin, end), runs, outages, links, seed, engine, question.left_out,
        best(question, runs),
    )  # fmt: skip


def compiled_knows(question: Ready) -> bool:
    """Return whether the compiled engine can answer: devices alone, whole ones, no preemption, no fgd, no rule of one's own."""
    policy = question.policy
    whole = bool((question.jobs.columns()["share"] == WHOLE).all())
    named = policy.own_order is None and policy.own_placement is None
    return whole and named and question.beside is None and not policy.preempt and policy.placement != "fgd"


def _run(question: Ready, engine: str) -> Runs:
    if engine == "plain":
        from fabric.fleet import plain  # noqa: PLC0415  # as below

        return plain.run(question)
    from fabric.fleet.compiled import engine as compiled  # noqa: PLC0415  # numba costs 0.3 s, paid only where it runs

    return compiled.run(question)
