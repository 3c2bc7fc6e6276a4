"""One fleet, one list of jobs, one policy, over time: checks, engines by name. It does not know how an engine works."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.fleet.fleet import Fleet
from fabric.fleet.job import FleetJob, Jobs
from fabric.fleet.links import LinkModel
from fabric.fleet.outcome import Outcome
from fabric.fleet.policy import SchedulingPolicy

ENGINES = ("compiled", "plain")


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
    Python, equal in every start, end and placement); shares of a device and fgd run plain. links: how jobs load shared
    links, None for full speed everywhere. too_large: `leave` jobs out that the fleet can never hold (they are counted, with the
    reason), or `refuse` them.

    At one instant: ends by job, repairs and failures by node, arrivals by index, one pass over the queue, then new speeds.

    Raises:
        InputError: no jobs, a window that ends before it begins, an unknown engine, a job too large where that is refused.
    """
    raise NotImplementedError
