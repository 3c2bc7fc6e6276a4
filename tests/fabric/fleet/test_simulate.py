from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.fleet.account import timeline, waterfall
from fabric.fleet.fleet import FailureRates, Fleet, Outage, Pool, stated
from fabric.fleet.job import WHOLE, FleetJob, shape
from fabric.fleet.links import LIGHTEST, LinkModel
from fabric.fleet.outcome import ENDED, FULL, Outcome
from fabric.fleet.policy import ORDERS, PLACEMENTS, SchedulingPolicy, policy
from fabric.fleet.simulate import simulate
from fabric.fleet.tree import flat
from fabric.fleet.waterfall import HOURS, STEPS
from topologies.errors import InputError

SECOND = 1_000_000
WINDOWS = (None, (0, 100 * SECOND), (20 * SECOND, 70 * SECOND))
MODELS = (None, LinkModel(), LinkModel("peak", "ring", "hash"), LIGHTEST)


@st.composite
def jobs(draw, shares=True, beside=False):
    count = draw(st.integers(1, 25))
    sizes = st.sampled_from((1, 1, 2, 3, 4, 8, 12, 16, 24, 32))
    found = []
    for number in range(count):
        devices = draw(sizes)
        found.append(
            FleetJob(
                f"j{number}",
                draw(st.integers(0, 50)) * SECOND,
                draw(st.integers(1, 60 * SECOND)),
                devices,
                tenant=draw(st.sampled_from("abc")),
                share=draw(st.sampled_from((WHOLE, 300, 500))) if shares and devices == 1 else WHOLE,
                priority=draw(st.sampled_from((0, 0, 1))),
                preemptible=draw(st.booleans()),
                communication=draw(st.sampled_from((0, 200, 600, 1000))),
                checkpoint_us=draw(st.sampled_from((0, SECOND, 7 * SECOND))),
                use=draw(st.sampled_from((WHOLE, 480))),
                processors=draw(st.sampled_from((0, 4000, 30_001))) if beside else 0,
                memory=draw(st.sampled_from((0, 64, 500))) if beside else 0,
            )
        )
    return found


@st.composite
def fleets(draw, beside=False):
    has = {name: draw(st.sampled_from((0, most))) for name, most in (("processors", 32_000), ("memory", 512)) if beside}
    leaf, ratio = draw(st.integers(1, 3)), draw(st.sampled_from((1.0, 2.0, 4.0)))
    pools = (Pool("a", 6, 4, "A", off=draw(st.integers(0, 1))), Pool("b", 4, 8, "B", **has)) if draw(st.booleans()) else ()
    pools = pools or (Pool("all", draw(st.integers(4, 9)), 8, **has),)
    nodes = sum(pool.nodes for pool in pools)
    outages = tuple(
        Outage(draw(st.integers(0, nodes - 1)), start * SECOND, draw(st.sampled_from((None, (start + 20) * SECOND))))
        for start in draw(st.lists(st.integers(0, 90), max_size=4))
    )
    return Fleet(pools, flat(nodes, leaf, ratio=ratio), outages=outages)


def policies(*, preempt=True):
    return st.builds(
        lambda order, placement, easy, stop, depth: replace(
            policy("+".join([order, placement, *["easy"] * easy, *["preempt"] * stop])), depth=depth
        ),
        st.sampled_from(sorted(ORDERS)),
        st.sampled_from(sorted(PLACEMENTS)),
        st.booleans(),
        st.booleans() if preempt else st.just(False),
        st.sampled_from((100, 1, 2, 4)),
    )


def try_to(*arguments, **named):
    """Return an outcome, or None where no job fits at all."""
    try:
        return simulate(*arguments, **named)
    except InputError as error:
        if "fits" not in str(error):
            raise
        return None


@settings(max_examples=80, deadline=None)
@given(
    fleets(beside=True),
    jobs(beside=True),
    policies(),
    st.sampled_from(MODELS),
    st.sampled_from(WINDOWS),
)
def test_hours_are_conserved_to_the_integer_and_no_node_holds_more_than_it_has(fleet, rows, rule, links, window):
    outcome = try_to(fleet, rows, rule, links=links, window=window, engine="plain")
    if outcome is None:
        return
    found = waterfall(outcome)
    assert found.adds_up()
    assert all(getattr(found, name) >= 0 for name in STEPS)
    assert 0 <= found.unavoidable <= found.slowed_by_placement
    assert found.steps[-1].amount == found.effective == found.steps[-1].left
    assert (timeline(outcome).free >= 0).all()
    assert_rooms(outcome)
    assert_work(outcome)
    if links is None:
        assert found.slowed_by_placement == found.slowed_by_contention == 0


def assert_rooms(outcome: Outcome) -> None:
    """Every node, at every start, holds no more than it has, and nothing while it is down or off."""
    share = outcome.jobs.columns()["share"]
    held = [(run, int(share[run.job]) * run.each) for run in outcome]
    down = {(o.node, o.start_us, o.end_us or outcome.window[1]) for o in outcome.outages}
    for run, _own in held:
        for node in run.nodes:
            here = [(other, a) for other, a in held if node in other.nodes and other.start_us <= run.start_us < other.end_us]
            assert sum(a for _, a in here) <= outcome.fleet.node_devices[node] * WHOLE
            pool = outcome.fleet.pools[int(outcome.fleet.node_pool[node])]
            for name in ("processors", "memory"):
                taken = sum(-(-getattr(outcome.jobs.row(other.job), name) // len(other.nodes)) for other, _ in here)
                assert not getattr(pool, name) or taken <= getattr(pool, name)
            assert outcome.fleet.node_on[node]
            assert not any(n == node and run.start_us < end and start < run.end_us for n, start, end in down)


def assert_work(outcome: Outcome) -> None:
    """A finished job has done its work, once, and no sooner than at full speed."""
    runs = outcome.runs
    for job in range(len(outcome.jobs)):
        own = np.flatnonzero(runs.job == job)
        done = int(runs.kept[own].sum())
        assert done <= int(outcome.jobs.work[job]) * FULL
        assert (done == int(outcome.jobs.work[job]) * FULL) == bool((runs.why[own] == ENDED).any())
        assert (runs.end[own] - runs.start[own] >= runs.done[own] // FULL).all()
        assert (runs.start[own][1:] >= runs.end[own][:-1]).all()


def one(devices, seconds, *, at=0, **more):
    return FleetJob(f"{devices}x{seconds}@{at}{more.get('tenant', '')}", at * SECOND, seconds * SECOND, devices, **more)


def seconds(outcome):
    return [start // SECOND for start in outcome.start.tolist()], [end // SECOND for end in outcome.end.tolist()]


def test_fifo_waits_behind_the_first_that_does_not_fit_and_easy_fills_in_without_delaying_it():
    fleet = stated(2, 8, leaf=2)
    rows = [one(8, 100), one(16, 10, at=1), one(8, 99, at=2), one(8, 50, at=3)]
    assert seconds(simulate(fleet, rows, policy("fifo+tree"), engine="plain"))[0] == [0, 100, 110, 110]
    assert seconds(simulate(fleet, rows, policy("easy+tree"), engine="plain"))[0] == [0, 100, 110, 3]


def test_the_shortest_goes_first_and_priority_before_it():
    fleet = stated(1, 8, leaf=1)
    rows = [one(8, 10), one(8, 30, at=1), one(8, 20, at=2), one(8, 40, at=3, priority=1)]
    assert seconds(simulate(fleet, rows, policy("shortest"), engine="plain"))[0] == [0, 70, 50, 10]


def test_fair_share_turns_to_the_tenant_that_holds_least_of_its_quota():
    fleet = stated(2, 8, leaf=1)
    rows = [one(8, 100, tenant="a"), one(8, 10, tenant="b"), one(8, 10, at=1, tenant="a"), one(8, 10, at=2, tenant="b")]
    rule = policy("fair", quotas={"a": 8, "b": 8})
    assert seconds(simulate(fleet, rows, rule, engine="plain"))[0] == [0, 0, 20, 10]
    capped = policy("fifo", quotas={"a": 8}, cap=True)
    assert seconds(simulate(fleet, rows, capped, engine="plain"))[0] == [0, 0, 100, 10]


def test_two_jobs_share_an_uplink_max_min_and_a_lone_one_is_slowed_by_its_place():
    fleet = stated(4, 8, leaf=2, ratio=2)  # a leaf's uplink carries one node's rate
    rows = [one(16, 100, nodes=2, communication=500, tenant=name) for name in "ab"]
    spread = simulate(fleet, rows, policy("scattered"), engine="plain", links=LinkModel("peak", "ring"))
    # Two rings ask for 2 of a capacity of 1: each gets half its rate, so a step takes .5 + .5 / .5 = 1.5 times as long.
    assert seconds(spread)[1] == [150, 150]
    found = waterfall(spread)
    assert found.slowed_by_placement == 0
    assert found.slowed_by_contention / found.allocated == pytest.approx(1 / 3, abs=1e-5)
    packed = simulate(fleet, rows, policy("tree"), engine="plain", links=LinkModel("peak", "ring"))
    assert seconds(packed)[1] == [100, 100]
    lone = simulate(
        stated(4, 8, leaf=2, ratio=4), rows[:1], policy("scattered"), engine="plain", links=LinkModel("peak", "ring")
    )
    assert seconds(lone)[1] == [150]
    assert waterfall(lone).slowed_by_contention == 0
    assert waterfall(lone).unavoidable == 0


def test_a_failure_costs_the_work_since_the_last_checkpoint():
    fleet = Fleet((Pool("all", 1, 8),), flat(1, 1), outages=(Outage(0, 25 * SECOND, 30 * SECOND),))
    rows = [one(8, 40, checkpoint_us=10 * SECOND)]
    outcome = simulate(fleet, rows, policy("fifo"), engine="plain")
    assert seconds(outcome)[1] == [50]  # 20 of 25 seconds are kept
    found = waterfall(outcome)
    assert found.lost_to_restarts == 5 * SECOND * 8 * WHOLE
    assert found.down == 5 * SECOND * 8 * WHOLE
    assert found.effective == 40 * SECOND * 8 * WHOLE


def test_a_job_of_higher_priority_takes_the_place_of_a_preemptible_one():
    rows = [one(8, 100, preemptible=True, checkpoint_us=SECOND), one(8, 10, at=50, priority=1)]
    outcome = simulate(stated(1, 8, leaf=1), rows, policy("fifo+preempt"), engine="plain")
    assert seconds(outcome) == ([0, 50], [110, 60])


def largest_first(state, job):
    return -state.devices[job]


def from_the_back(_state, fitting, count, _job, _pool):
    return fitting[-count:]


def test_rules_of_ones_own_run_on_the_plain_engine():
    rule = SchedulingPolicy(own_order=largest_first, own_placement=from_the_back)
    outcome = simulate(stated(2, 8, leaf=2), [one(16, 10), one(8, 10, at=1), one(16, 10, at=2)], rule)
    assert (outcome.engine, rule.name) == ("plain", "largest_first+from_the_back")
    assert seconds(outcome)[0] == [0, 20, 10]
    assert [run.nodes for run in outcome] == [(0, 1), (0, 1), (1,)]


def test_shares_of_one_device_stand_on_it_together():
    rows = [one(1, 10, share=500, tenant="a"), one(1, 10, share=500, tenant="b"), one(1, 10, share=300, tenant="c")]
    outcome = simulate(stated(1, 1, leaf=1), rows, policy("tree"), engine="plain")
    assert seconds(outcome)[0] == [0, 0, 10]


def test_idle_is_free_without_demand_and_blocked_is_free_with_it():
    found = waterfall(simulate(stated(2, 8, leaf=1), [one(8, 10), one(16, 10, at=5)], policy("fifo"), engine="plain"))
    assert found.idle == 5 * 8 * SECOND * WHOLE
    assert found.blocked == 5 * 8 * SECOND * WHOLE
    assert found.hours("idle") == found.idle / HOURS


def test_what_the_fleet_can_never_hold_is_left_out_and_said_or_refused():
    rows = [one(8, 10), one(64, 10)]
    outcome = simulate(stated(2, 8, leaf=1), rows, policy("fifo"), engine="plain")
    assert list(outcome.left_out) == ["64x10@0"]
    with pytest.raises(InputError, match=r"64x10@0.*16 devices on"):
        simulate(stated(2, 8, leaf=1), rows, policy("fifo"), engine="plain", too_large="refuse")


@pytest.mark.parametrize(
    ("rows", "named", "told"),
    [
        ([], {}, "at least one"),
        ([one(1, 1)], {"window": (5, 5)}, "window"),
        ([one(1, 1)], {"engine": "fast"}, "engine"),
        ([one(1, 1), one(1, 1)], {}, "twice"),
        ([FleetJob("x", -1, 5, 1)], {}, "submit_us"),
        ([FleetJob("x", 1, 0, 1)], {}, "work_us"),
        ([FleetJob("x", 1, 5, 2, share=500)], {}, "share"),
    ],
)
def test_bad_input_is_told_in_one_line(rows, named, told):
    with pytest.raises(InputError, match=told) as caught:
        simulate(stated(2, 8, leaf=1), rows, policy("fifo"), **named)
    assert "\n" not in str(caught.value)


def test_drawn_failures_depend_on_the_seed_alone():
    fleet = Fleet((Pool("all", 4, 8),), flat(4, 2), rates=FailureRates(20, 2, 10))
    rows = [one(16, 36_000, at=n, checkpoint_us=600 * SECOND) for n in range(8)]
    found = [simulate(fleet, rows, policy("easy"), seed=seed, engine="plain") for seed in (1, 1, 2)]
    assert found[0].outages == found[1].outages != found[2].outages
    assert waterfall(found[0]).lost_to_restarts > 0


def test_a_job_takes_as_few_nodes_as_hold_it_evenly_filled():
    assert shape(12, 0, 8) == (2, 6)
    assert shape(17, 0, 8) == (3, 6)
    assert shape(8, 4, 8) == (4, 2)
    assert shape(9, 1, 8) == (0, 0)


@settings(max_examples=100, deadline=None)
@given(fleets(), jobs(shares=False), policies(preempt=False), st.sampled_from(MODELS), st.sampled_from(WINDOWS))
def test_two_engines_agree_in_every_start_end_and_placement(fleet, rows, rule, links, window):
    plain = try_to(fleet, rows, rule, links=links, window=window, engine="plain")
    compiled = try_to(fleet, rows, rule, links=links, window=window)
    if plain is None or compiled is None:
        assert plain is compiled
        return
    assert compiled.engine == ("plain" if rule.placement == "fgd" else "compiled")
    for name, one_engine, other in zip(plain.runs._fields, plain.runs, compiled.runs, strict=True):
        assert np.array_equal(one_engine, other), name


NARROW = Fleet((Pool("all", 2, 8, processors=32_000, memory=1024),), flat(2, 2))


def test_processors_and_memory_bind_where_nodes_and_jobs_state_them():
    rows = [one(2, 10, processors=24_000), one(2, 10, tenant="b", processors=24_000), one(2, 10, tenant="c", processors=24_000)]
    for engine in ("compiled", "plain"):
        outcome = simulate(NARROW, rows, policy("fifo+tree"), engine=engine)
        assert (seconds(outcome), outcome.engine) == (([0, 0, 10], [10, 10, 20]), "plain"), "two nodes of 32 hold one each"
    assert seconds(simulate(stated(2, 8, leaf=2), rows, policy("fifo+tree")))[0] == [0, 0, 0], "nodes that state none hold all"
    both = one(16, 10, memory=2049)
    with pytest.raises(InputError, match="or for a kind, processors or memory that none has"):
        simulate(NARROW, [both], policy("fifo+tree"))
    assert seconds(simulate(NARROW, [replace(both, memory=2048)], policy("fifo+tree")))[0] == [0], "half of it on each node"


def test_what_backfill_keeps_for_the_first_counts_memory_too():
    rows = [one(1, 30, memory=1000), one(1, 10, tenant="b", memory=1000), one(2, 5, at=1, memory=1024), one(2, 20, at=2)]
    outcome = simulate(NARROW, rows, policy("easy+tree"))
    start = {outcome.jobs.name(run.job): run.start_us // SECOND for run in outcome}
    assert start["2x5@1"] == 10, "when the first node's memory is free"
    assert start["2x20@2"] == 10, "it would outlast that and might take the node: by devices alone both would seem free"


def test_fgd_keeps_memory_for_the_jobs_that_need_it():
    rows = [one(1, 100, memory=400), one(1, 100, tenant="b", memory=400), *(one(4, 100, at=at, memory=700) for at in (1, 2))]
    start = {name: seconds(simulate(NARROW, rows, policy(name)))[0] for name in ("fifo+fgd", "fifo+scattered")}
    assert start == {"fifo+fgd": [0, 0, 1, 100], "fifo+scattered": [0, 0, 100, 100]}
