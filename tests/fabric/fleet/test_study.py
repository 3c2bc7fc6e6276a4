"""Runs side by side: intervals, pairs, a journal that a later call goes on from, changes and their worth."""

import json
from dataclasses import replace

import pytest

from fabric.fleet.demand import jobs_of
from fabric.fleet.demand import stated as demand_stated
from fabric.fleet.fleet import Prices, stated
from fabric.fleet.fleet_file import fleet_of, links_of, parse
from fabric.fleet.helps import Change, changes, headline, worth
from fabric.fleet.study import Cell, Ran, Setting, cells, interval, links_key, load_that_fits, paired, run_all, settings
from fabric.fleet.waterfall import HOURS, Waterfall
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=32,uplinks=8,devices_per_node=8"


def file(**more):
    jobs = {"synthetic": "training", "days": 1, "load": 0.9}
    return parse({"topo": TOPO, "jobs": jobs, "policies": ["fifo+scattered", "easy+tree"], "seeds": 2, **more})


def test_an_interval_is_students():
    found = interval([1.0, 2.0, 3.0])
    assert (found.mean, found.seeds) == (2.0, 3)
    assert found.high - found.mean == pytest.approx(4.303 / 3**0.5)
    assert interval([5.0]) == (type(found)(5.0, 5.0, 5.0, 1))


def test_runs_add_up_and_seeds_differ(tmp_path):
    asked = file()
    wanted = settings(asked, asked.policies, links_of(asked))
    assert len(wanted) == 2 * 2 * 2
    found = cells(run_all(asked, wanted, workers=1, journal=tmp_path / "j.jsonl"))
    assert len(found) == 4
    assert all(one.waterfall.adds_up() for cell in found for one in cell.runs)
    assert all(cell.waterfall.adds_up() for cell in found)
    scattered, packed = found[0], found[1]
    assert paired(scattered, scattered) == interval([0.0, 0.0])
    assert paired(scattered, packed).mean == pytest.approx(packed.share("effective").mean - scattered.share("effective").mean)
    again = run_all(asked, wanted, workers=1, journal=tmp_path / "j.jsonl")
    assert [one.waterfall for one in again] == [run.waterfall for cell in found for run in cell.runs]
    assert len((tmp_path / "j.jsonl").read_text().splitlines()) == len(wanted), "nothing is run twice"


def test_a_journal_of_runs_with_fewer_figures_is_refused_in_one_line(tmp_path):
    asked, journal = file(seeds=1), tmp_path / "j"
    wanted = [Setting("easy+tree", links=None)]
    run_all(asked, wanted, workers=1, journal=journal)
    row = json.loads(journal.read_text())
    del row["result"]["layout"]
    journal.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=r"1 of the 1 runs in .* are of an older version.*; name another file") as told:
        run_all(asked, wanted, workers=1, journal=journal)
    assert "\n" not in str(told.value)
    journal.write_text("nothing\n")
    with pytest.raises(InputError, match="is no journal of a sweep"):
        run_all(asked, wanted, workers=1, journal=journal)


def one_run(policy_name, changed, **hours):
    """A cell of one seed with so many device-hours of 100 installed."""
    steps = ("off", "down", "idle", "blocked", "slowed_by_placement", "slowed_by_contention", "lost_to_restarts",
             "unused_by_job", "effective")  # fmt: skip
    parts = {step: hours.get(step, 0) * HOURS for step in steps}
    parts["idle"] += 100 * HOURS - sum(parts.values())
    figures = {"classes": [{"name": "all", "wait_p95": 60.0}]}
    setting = Setting(policy_name, changed=json.dumps(changed) if changed else "")
    return Cell(setting, (Ran(setting, Waterfall(installed=100 * HOURS, window_us=1, **parts), figures),))


def test_what_changes_are_worth_by_hand():
    """100 devices for an hour, 40 effective; 10 are charged and 2 paid for an hour, 876,000 device-hours a year."""
    prices = Prices("CNY", device_hour=2.0, charged=10.0)
    fleet = replace(stated(100, 1, leaf=10), prices=prices)
    base = one_run("fifo+tree", {}, effective=40)

    def of(kind, changed, new=fleet, **hours):
        cell = one_run("fifo+tree", changed, **hours)
        return worth(Change(kind, "x", cell.setting), base, cell, fleet, new)

    packed = of("placement", {}, effective=43)
    assert packed.hours.mean == pytest.approx(0.03)
    assert packed.money == pytest.approx([0.03 * 10 * 876_000] * 3)
    assert not packed.little
    hardly = of("fabric", {}, effective=40.4)
    assert (hardly.little, hardly.money[0]) == (True, pytest.approx(0.004 * 10 * 876_000))
    twice = of("node", {"speed": 2}, new=replace(fleet, prices=replace(prices, device_hour=2.5)), effective=25)
    assert twice.hours.mean == pytest.approx(0.10), "25 hours of devices twice as fast do what 50 do now"
    assert twice.money[0] == pytest.approx((0.10 * 10 - 0.5) * 876_000)
    cheaper = of("price", {}, new=replace(fleet, prices=replace(prices, device_hour=1.5)), effective=40)
    assert (cheaper.hours.mean, cheaper.little) == (0.0, False)
    assert cheaper.money[0] == pytest.approx(0.5 * 876_000)
    dearer = of("price", {}, new=replace(fleet, prices=replace(prices, charged=12.0)), effective=40, unused_by_job=10)
    assert dearer.money[0] == pytest.approx((12 * 0.5 - 10 * 0.4) * 876_000), "another charge is for all that jobs hold"
    more = of("jobs", {}, effective=50, unused_by_job=20)
    assert more.money[0] == pytest.approx(0.30 * 10 * 876_000), "of other jobs what they hold is charged"
    dear = worth(Change("fabric", "x", base.setting), base, one_run("fifo+tree", {}, effective=41), free := replace(
        fleet, prices=replace(prices, charged=None)), free)  # fmt: skip
    assert dear.money[0] == pytest.approx(0.01 * (200 / 40) * 876_000), "without a charge, what an effective hour costs now"


def test_a_fabric_and_faster_devices_are_changes():
    asked = file(
        seeds=1,
        changes=[
            {"name": "twice as fast", "kind": "node", "speed": 2},
            {"name": "two leaves in one", "kind": "tier", "leaves_joined": 2},
        ],
        prices={"currency": "CNY", "device_hour": 2, "charged": 9, "source": "a test"},
    )
    base = Setting("fifo+scattered", 0, None, None, links_key(links_of(asked)[0]))
    listed = changes(asked, base, built=4.0)
    tiers = [one.name for one in changes(asked, base, built=4.0, tree=fleet_of(asked).tree) if one.kind == "tier"]
    assert tiers == ["leaves of 8 nodes instead of 4", "two leaves in one"], "four leaves hold no two pods of four"
    kinds = [(one.kind, one.name) for one in listed]
    assert kinds == [
        ("placement", "tree"), ("placement", "blocks"), ("placement", "aware"), ("backfill", "on"), ("fabric", "1:1"),
        ("node", "twice as fast"), ("tier", "two leaves in one"),
    ]  # fmt: skip
    chosen = [one for one in listed if one.name in ("1:1", "twice as fast", "two leaves in one")]
    found = cells(run_all(asked, [base, *(one.setting for one in chosen)], workers=1))
    fleet = fleet_of(asked)
    assert listed[-2].speed == 2
    wider, faster, larger = (worth(one, found[0], cell, fleet, fleet) for one, cell in zip(chosen, found[1:], strict=True))
    assert wider.hours.mean > 0, "nothing that a 1:1 fabric does makes a job slower"
    assert wider.money[0] == pytest.approx(wider.hours.mean * 9 * 8760 * fleet.devices)
    assert faster.hours.mean > 0, "in hours of today's devices, faster ones do more"
    assert larger.hours.mean != 0, "jobs cross fewer uplinks"
    assert larger.money is not None
    what, share = headline(found[0])
    assert 0 < share < 1
    assert what


def test_the_load_that_fits_keeps_the_wait_and_a_little_more_does_not():
    asked = file(seeds=1, links="none")
    base = Setting("fifo+tree", links=None)
    load, wait = load_that_fits(asked, base, 600.0, workers=1)
    assert wait <= 600.0
    (over,) = cells(run_all(asked, [replace(base, load=load * 1.2)], workers=1))
    assert 0.1 < load <= 1.5
    assert load == 1.5 or over.waits("all", "wait_p95").mean > 600.0


def test_the_demand_says_what_it_rests_on_and_refuses_none(tmp_path):
    found = demand_stated(file())
    plain = {"kind": "synthetic", "name": "training", "days": 1, "load": 0.9, "communication": [], "assumed": False}
    assert found == {**plain, "rows": None, "left_out": [], "notes": [], "source": ""}
    (tmp_path / "j.csv").write_text("id,submit_s,work_s,devices\na,0,10,1\nb,-1,10,1\n")
    trace = demand_stated(parse({"topo": TOPO, "jobs": {"trace": str(tmp_path / "j.csv"), "days": 3}}))
    assert (trace["kind"], trace["name"], trace["assumed"]) == ("trace", "j.csv", True)
    assert [(one["low"], one["high"]) for one in trace["communication"]] == [(0.1, 0.4)]
    too_early = {"key": "too_early", "value": "", "text": "was submitted before the begin of time"}
    assert (trace["rows"], trace["left_out"]) == (2, [{**too_early, "rows": 1}])
    (tmp_path / "k.csv").write_text("id,submit_s,work_s,devices,communication\na,0,10,1,300\n")
    own = demand_stated(parse({"topo": TOPO, "jobs": {"trace": str(tmp_path / "k.csv")}}))
    assert own["communication"] == [], "the trace says it"
    bare = parse({"topo": TOPO})
    with pytest.raises(InputError, match="jobs: must name a trace or a synthetic mix, and not both"):
        jobs_of(bare, fleet_of(bare))


def test_a_warm_up_that_leaves_nothing_is_refused():
    with pytest.raises(InputError, match=r"warm_up: must be below the 1 days that the jobs are of, got 9"):
        jobs_of(late := file(warm_up=9), fleet_of(late))


def test_the_load_that_was_found_is_near_the_one_asked():
    asked = file()
    found = jobs_of(asked, fleet_of(asked), 3, load=0.5)
    assert found.load == pytest.approx(0.5, rel=0.005)
    faster = jobs_of(asked, fleet_of(asked), 3, load=0.5, speed=2.0)
    assert found.load / 2 < faster.load < 0.8 * found.load, "jobs that outlast the window hold as much of it as before"


def test_a_load_that_a_trace_can_never_ask_for_is_refused(tmp_path):
    """Ten jobs of one device: denser and denser they ask for ten devices, and no replay makes it more."""
    (tmp_path / "jobs.csv").write_text("id,submit_s,work_s,devices\n" + "".join(f"{n},{60 * n},3600,1\n" for n in range(10)))
    jobs = {"trace": str(tmp_path / "jobs.csv")}
    asked = file(jobs=jobs)
    most = 10 / fleet_of(asked).devices_on
    with pytest.raises(InputError, match=f"jobs: load must be below {most:.3g}, .* got 0.9; ask for more days"):
        jobs_of(asked, fleet_of(asked), 0, load=0.9)
    assert jobs_of(asked, fleet_of(asked), 0, load=most / 2).load == pytest.approx(most / 2, rel=0.01)


def test_a_run_is_plain_json():
    asked = file(seeds=1)
    (ran,) = run_all(asked, [Setting("easy+tree", links=None)], workers=1)
    assert json.loads(json.dumps(ran.figures)) == ran.figures
