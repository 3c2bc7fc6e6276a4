"""Fragmentation for the jobs seen, by hand: shares, whole devices, and nodes of a kind that a job does not take."""

from fabric.fleet.fleet import Fleet, Pool
from fabric.fleet.fragments import Fragments
from fabric.fleet.job import FleetJob
from fabric.fleet.plain_state import State
from fabric.fleet.policy import policy
from fabric.fleet.ready import ready
from fabric.fleet.simulate import simulate
from fabric.fleet.tree import flat

HOUR = 3_600_000_000
FLEET = Fleet((Pool("old", 1, 4, "T4"), Pool("new", 1, 4, "V100")), flat(2, 2))


def state_of(rows):
    return State(ready(FLEET, rows, policy("fgd"), None, 0, None, refuse=False))


def test_what_is_free_and_of_no_use_to_the_jobs_seen_is_counted():
    rows = [FleetJob("a", 0, HOUR, 3), FleetJob("b", 0, HOUR, 1, share=500), FleetJob("c", 0, HOUR, 1, types=("V100",))]
    found = Fragments(state_of(rows))
    # node of T4 with 2 devices free: 3 devices do not fit (2,000 lost), half a device does (0), a V100 is not there (2,000)
    assert found.of(0, 2, ()) == 2000 + 0 + 2000
    # the same on the node of V100: a whole device fits (0)
    assert found.of(1, 2, ()) == 2000
    # with 300 thousandths of a third device: of no use to whole devices, nor to half of one
    assert found.of(1, 2, (300,)) == 2300 + 300 + 300


def test_a_job_that_takes_any_kind_leaves_the_sought_kind_free():
    asked = [FleetJob("any", 0, HOUR, 4)]
    asked += [FleetJob(f"old{number}", HOUR // 2, HOUR, 4, types=("T4",)) for number in range(3)]
    by = {name: simulate(FLEET, asked, policy(name)) for name in ("fifo+fgd", "fifo+tree")}
    first = {name: next(run for run in out if out.jobs.name(run.job) == "any").nodes for name, out in by.items()}
    assert first == {"fifo+fgd": (1,), "fifo+tree": (0,)}, "nobody else asks for V100"
    begun = {name: min(run.start_us for run in out if out.jobs.name(run.job) != "any") for name, out in by.items()}
    assert begun == {"fifo+fgd": HOUR // 2, "fifo+tree": HOUR}


def test_backfill_too_looks_for_the_least_fragmented_pool_first():
    fleet = Fleet((Pool("old", 1, 4, "T4"), Pool("new", 2, 4, "V100")), flat(3, 3))
    rows = [FleetJob("there", 0, 10 * HOUR, 4, types=("V100",)), FleetJob("first", 1, HOUR, 8, nodes=2, types=("V100",))]
    rows += [FleetJob("later", 2, HOUR, 1), *(FleetJob(f"old{n}", 3 + n, HOUR, 4, types=("T4",)) for n in range(3))]
    found = simulate(fleet, rows, policy("easy+fgd"))
    by_name = {found.jobs.name(run.job): run for run in found}
    assert by_name["first"].start_us == 10 * HOUR, "it holds up the rest, which goes on behind it"
    assert by_name["later"].nodes[0] in (1, 2), "three jobs of four want the old node whole"
    assert by_name["old0"].start_us == 3
