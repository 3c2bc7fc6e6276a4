import csv
import json

import pytest
from click.testing import CliRunner

from fabric.answers.throughput import verdict
from fabric.cli.throughput import command
from fabric.predict.throughput.answer import Bracket, Estimate
from topologies.errors import InputError


def run(*args):
    return CliRunner().invoke(command, args, catch_exceptions=False)


def test_the_table_ends_in_a_verdict_and_says_what_was_not_run():
    said = run("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8", "--traffic", "worst").stdout
    assert "theta is 0.2500, 12.50 GB/s per endpoint; bound and achieved meet" in said
    assert "not run: lp: not needed, bound and achieved meet" in said
    assert "tub" in said


def test_json_carries_the_bracket_and_one_row_per_method():
    answer = json.loads(run("torus:dims=4x4", "--json").stdout)
    assert answer["schema"] == "fabricbench.throughput/1"
    assert answer["achieved_theta"] == pytest.approx(1.875)
    assert answer["bound_theta"] == pytest.approx(1.875)
    assert answer["nic_bytes_per_second"] == 50e9
    rows = {row["method"]: row for row in answer["rows"]}
    assert rows["hop"]["bytes_per_second_per_endpoint"] == pytest.approx(1.875 * 50e9)
    assert rows["lp"]["theta"] is None
    assert not rows["lp"]["exact"]


def test_named_methods_run_alone_and_even_where_nothing_is_left_to_find():
    rows = list(csv.DictReader(run("torus:dims=4x4", "--methods", "hop,lp", "--csv").stdout.splitlines()))
    assert [row["method"] for row in rows] == ["hop", "lp"]
    assert float(rows[1]["theta"]) == pytest.approx(1.875)
    assert rows[1]["exact"] == "True"


def test_a_traffic_that_is_none_is_refused():
    with pytest.raises(InputError, match="traffic: must be uniform, permutation:SEED"):
        run("star:devices=4", "--traffic", "loud")


def test_the_verdict_states_the_gap_and_what_is_missing():
    low, high = Estimate("spray", "achieved", 0.5), Estimate("hop", "bound", 0.8)
    assert verdict(Bracket("uniform", 50e9, (low, high))) == (
        "verdict: theta is 0.5000 to 0.8000, 25.00 to 40.00 GB/s; gap 37.5 %"
    )
    assert verdict(Bracket("uniform", 50e9, (high,))).startswith("verdict: theta is at most 0.8000")
    assert verdict(Bracket("uniform", 50e9, (low,))).startswith("verdict: theta is at least 0.5000")
    assert verdict(Bracket("uniform", 50e9, ())).startswith("verdict: theta is unknown")
