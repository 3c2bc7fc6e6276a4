"""Which tenants' jobs fit: at once, after a wait, never; and all seeds together."""

from dataclasses import asdict

from fabric.answers.fleet_fits import tenants_fair
from fabric.fleet.fits import Fit, fits, over_seeds
from fabric.fleet.fleet import stated
from fabric.fleet.job import FleetJob, table
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate
from fabric.fleet.study import Cell, Ran, Setting
from fabric.report.words.fleet import fair_cells

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


def cell_of(*seeds):
    """A cell whose runs have these tenants: (name, hours, jobs, mean wait, mean slowdown)."""
    keys = ("name", "hours", "jobs", "wait_mean", "slowdown_mean")
    setting = Setting("fifo+tree")
    return Cell(
        setting, tuple(Ran(setting, None, {"tenants": [dict(zip(keys, row, strict=True)) for row in one]}) for one in seeds)
    )


def test_how_tenants_fare_is_over_all_seeds_and_weighted_by_jobs():
    found = tenants_fair(cell_of([("x", 10.0, 1, 60.0, 2.0), ("y", 30.0, 2, 0.0, None)], [("x", 50.0, 3, 20.0, 4.0)]))
    one, two = found
    assert (one["tenant"], one["device_hours"], one["jobs"]) == ("x", 30.0, 4)
    assert (one["wait_mean_seconds"], one["slowdown_mean"]) == (30.0, 3.5)
    assert one["share"] == 60 / 90
    assert (two["device_hours"], two["slowdown_mean"]) == (15.0, None)
    assert fair_cells(two, "en") == ("y", "15", "33.3 %", "2", "0 s", "-")
