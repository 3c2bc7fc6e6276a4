"""openb over time: what is drawn asks for its load from the first moment on, and the whole study on a made-up list."""

import numpy as np
import pytest

from benchmarks.fleet_studies import openb_time
from benchmarks.openb_time import DAY_S, draw, smallest_first, summary, topo, touched, written
from fabric.fleet.fleet import Pool
from fabric.fleet.job import FleetJob, table
from fabric.fleet.traces.catalog import read_trace

HOUR_US = 3_600_000_000
LIST = table(
    [
        FleetJob("long", 0, 48 * HOUR_US, 8, processors=64_000, memory=1024),
        FleetJob("short", 1, HOUR_US // 4, 1, share=500, processors=4_000, memory=64),
    ]
)


def held(drawn, at):
    """Return the devices that the drawn pods would hold at a time were each started at once."""
    now = (drawn.submit <= at) & (drawn.submit + drawn.work > at)
    return float((LIST.devices * LIST.columns()["share"] / 1000)[drawn.pod[now]].sum())


def test_the_load_stands_from_the_first_moment_on():
    draws = [draw(LIST, 1000, 0.8, 0.5, seed) for seed in range(20)]
    assert all(800 <= held(one, 0) < 808 for one in draws), "the last one drawn may reach beyond it"
    for at in (DAY_S / 8, DAY_S / 2 - 1):
        found = np.array([held(one, at) for one in draws])
        assert abs(found.mean() - 800) < 4 * found.std(ddof=1) / len(found) ** 0.5
    first = draws[0]
    assert (np.diff(first.submit) >= 0).all()
    left = np.concatenate([one.work[(one.submit == 0) & (one.pod == 0)] for one in draws]) / (2 * DAY_S)
    assert abs(left.mean() - 0.5) < 4 * 0.289 / len(left) ** 0.5, "what is there has run for a while"
    assert first.work[first.submit > 0].min() == 900, "what comes has not"


def test_a_longest_time_is_kept_and_what_it_cuts_is_told():
    assert draw(LIST, 1000, 0.8, 0.5, 0, DAY_S).work.max() == DAY_S
    told = touched(LIST, DAY_S)
    whole = 48 * 8 + 0.25 * 0.5
    assert (told["pods"], told["longer"]) == (2, 1)
    assert (told["their_share"], told["cut_off"]) == pytest.approx((48 * 8 / whole, 24 * 8 / whole))


def test_a_draw_is_written_as_our_own_trace(tmp_path):
    drawn = draw(LIST, 100, 0.8, 0.1, 0)
    for bound in (True, False):
        jobs = read_trace(written(tmp_path / "x.csv", LIST, drawn, bound=bound)).jobs
        assert np.abs(jobs.submit - drawn.submit * 1e6).max() <= 1
        assert (jobs.devices == LIST.devices[drawn.pod]).all()
        for name in ("processors", "memory"):
            assert (jobs.columns()[name] == LIST.columns()[name][drawn.pod] * bound).all()
        assert (jobs.columns()["nodes"] == 1).all(), "a pod is on one node"


def test_one_in_so_many_nodes_of_each_pool_small_ones_first():
    pools = (Pool("b", 9, 8, "B"), Pool("rare", 3, 4, "C"), Pool("a", 8, 2, "A", processors=96_000, memory=64))
    found = smallest_first(pools, 4)
    assert [(one["nodes"], one["devices"], one["kind"]) for one in found] == [(2, 2, "A"), (2, 8, "B")]
    assert (found[0]["processors"], found[0]["memory"]) == (96, "64MiB")
    assert topo(found).startswith("leaf_spine:leaves=1,spines=4,hosts_per_leaf=4,")


def test_the_whole_study_of_a_made_up_list(tmp_path):
    (tmp_path / "traces").mkdir()
    pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
    pods += "".join(f"p{n},{c},64,{g},{m},,LS,Succeeded,0,{t},0\n" for n, (c, g, m, t) in enumerate(PODS))
    (tmp_path / "traces" / "openb_pod_list_default.csv").write_text(pods)
    nodes = "sn,cpu_milli,memory_mib,gpu,model\n" + "".join(f"n{n},32000,512,{2 + 6 * (n % 2)},T4\n" for n in range(16))
    (tmp_path / "traces" / "openb_node_list_gpu_node.csv").write_text(nodes)
    found = openb_time(tmp_path, 2, tmp_path / "journal")
    assert found["on"] == {"nodes": 4, "devices": 20}
    rows = {(row["case"], row["asked"], row["policy"]): row for row in found["rows"]}
    assert len(rows) == len(found["rows"]) == 3 * 5 + 5 + 3
    for row in found["rows"]:
        shares = [row["share"][step]["mean"] for step in ("idle", "blocked", "effective")]
        assert sum(shares) == pytest.approx(1)
        assert row["share"]["effective"]["seeds"] == 2
    whole, plenty = (rows[case, 0.95, "easy+tree"] for case in ("a day at most", "a day at most, devices alone bind"))
    assert plenty["share"]["effective"]["mean"] > whole["share"]["effective"]["mean"], "processors strand devices"
    (told,) = [one for one in found["worth"] if (one["what"][:3], one["case"], one["asked"]) == ("fgd", "a day at most", 0.95)]
    better = rows["a day at most", 0.95, "easy+fgd"]["share"]["effective"]["mean"]
    assert told["points"]["mean"] == pytest.approx(better - whole["share"]["effective"]["mean"])
    assert summary(found).count("\n| a day at most |") == 15


PODS = [
    (20_000, 1, 500, 7200),
    (12_000, 1, 1000, 9000),
    (8000, 2, 1000, 7200),
    (16_000, 8, 1000, 3600),
    (6000, 1, 300, 100_000),
]
"""Processors, devices, share, seconds."""
