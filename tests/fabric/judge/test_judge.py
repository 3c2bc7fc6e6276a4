import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import sites

from fabric.judge.floor import floor_of
from fabric.judge.judge import judge
from fabric.judge.nominal import Nominal

H100 = sites.nominal("h100")


def verdicts(rows, nominal=H100, **how):
    return [row.verdict for row in judge(rows, nominal, **how).judgements]


def test_small_rows_are_unknown_by_hardware_and_the_reason_says_why():
    judged = judge([sites.row(4, 8, 1, 200)], H100)
    assert judged.verdict == "unknown"
    assert "256 MiB" in judged.judgements[0].reason


def test_a_forced_tree_is_never_judged_as_a_ring():
    """By design it is at half the NICs' rate: good as a tree, bad as a ring."""
    tree = sites.rows(8, 8, sites.B200["tree"][8], "default")
    nominal = sites.nominal("b200")
    assert set(verdicts(tree, nominal, algorithm="tree")) == {"good"}
    assert set(verdicts(tree, nominal, algorithm="ring")) == {"bad"}


def test_in_network_reduction_is_held_against_more_than_the_nics():
    """Half of its rails leave it at 0.7 of the NICs' rate, which would do for a ring."""
    rate = H100.rate(sites.row(8, 8, 4096, 1).case)
    whole = 2 * 63 / 64 * 4096 * sites.MIB / (1.3 * rate) * 1e6
    assert verdicts([sites.row(8, 8, 4096, whole)], algorithm="sharp") == ["good"]
    assert verdicts([sites.row(8, 8, 4096, 2 * whole)], algorithm="sharp") == ["bad"]
    assert verdicts([sites.row(8, 8, 4096, 2 * whole)], algorithm="ring") != ["bad"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (sites.row(4, 8, 1024, 1000), "more than they can"),
        (sites.row(64, 8, 4096, 20000), "the fabric has 64 devices"),
        (sites.row(4, 16, 4096, 20000), "nodes hold 8 devices"),
        (sites.row(4, 8, 4096, 20000, collective="all_to_all"), "no law from hardware for all_to_all"),
        (replace(sites.row(4, 8, 4096, 20000), source="import:osu"), "host copies"),
        (replace(sites.row(4, 8, 4096, 20000), wrong=3), "3 wrong elements"),
    ],
)
def test_what_cannot_be_judged_is_unknown_and_says_why(row, why):
    (judged,) = judge([row], H100).judgements
    assert judged.verdict == "unknown"
    assert why in judged.reason


def test_a_log_without_nodes_takes_the_fabrics():
    row = sites.row(4, 8, 2048, 11508)
    bare = replace(row, case=replace(row.case, nodes=1, ranks_per_node=32))
    (judged,) = judge([bare], H100).judgements
    assert (judged.result.case.nodes, judged.verdict) == (4, "good")


def test_a_floor_decides_where_one_is_given():
    rows = sites.rows(8, 4, sites.ALPS[8], file="old")
    nominal = sites.nominal("alps")
    third = sites.rows(8, 4, sites.ALPS[8], factor=1.33, file="new")
    assert "bad" not in verdicts(third, nominal)
    assert set(verdicts(third, nominal, floor=floor_of(rows))) == {"bad"}
    assert set(verdicts(rows, nominal, floor=floor_of(rows))) == {"good"}


def test_other_rows_lower_good_to_watch_and_never_to_bad():
    old = [row for run in range(3) for row in sites.rows(8, 4, sites.ALPS[8], file=f"old{run}")]
    new = sites.rows(16, 4, {4096: (92586 * 1.4,)}, file="new")
    nominal = sites.nominal("alps")
    assert verdicts(new, nominal) == ["watch"]
    assert verdicts([*old, *new], nominal)[-1] == "watch"
    less = sites.rows(16, 4, {4096: (92586 * 1.17,)}, file="new")
    assert verdicts([*old, *less], nominal)[-1] != "bad"


def test_a_tapered_fabric_expects_less():
    """The tightest cut above the nodes stretches the expected time."""
    from fabric.network.spec import from_short_form

    flat = from_short_form("leaf_spine:leaves=4,spines=8,hosts_per_leaf=8,devices_per_node=8,scale_up=nvswitch")
    thin = from_short_form("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8,devices_per_node=8,scale_up=nvswitch")
    row = sites.row(4, 8, 4096, 20000)
    full, cut = (Nominal(f, H100.hardware).expected(row, "ring").seconds for f in (flat, thin))
    assert cut > 2 * full
