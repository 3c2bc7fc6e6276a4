"""Which tenants' jobs fit: at once, after a wait, never; and all seeds together."""

from dataclasses import asdict

from fabric.fleet.fits import Fit, fits, over_seeds
from fabric.fleet.fleet import stated
from fabric.fleet.job import FleetJob, table
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate

SECOND = 1_000_000


def test_what_starts_waits_and_never_fits_is_told_per_tenant_and_size():
    jobs = table([
        FleetJob("a", 0, 100 * SECOND, 16, "x"),
        FleetJob("b", 10 * SECOND, 50 * SECOND, 8, "y"),
        FleetJob("c", 20 * SECOND, 50 * SECOND, 1, "x"),
        FleetJob("d", 30 * SECOND, 50 * SECOND, 64, "y"),
    ])  # fmt: skip
    outcome = simulate(stated(2, 8, leaf=2), jobs, policy("fifo"), engine="plain")
    found = fits(outcome, jobs)
    assert found == [
        Fit("x", "1", 1, 0, 80.0, 0),
        Fit("x", "9-64", 1, 1, 0.0, 0),
        Fit("y", "2-8", 1, 0, 90.0, 0),
        Fit("y", "9-64", 0, 0, None, 1),
    ]
    assert sum(one.jobs + one.never for one in found) == len(jobs)


def test_seeds_add_jobs_up_and_average_their_waits():
    runs = [[asdict(Fit("x", "1", 3, 1, wait, 0))] for wait in (10.0, 30.0)] + [[asdict(Fit("x", "1", 0, 0, None, 2))]]
    assert over_seeds(runs) == [Fit("x", "1", 6, 2, 20.0, 2)]
