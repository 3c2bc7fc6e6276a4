"""What a twin recorded is an ordinary result: scale, compare and calibrate read it, and the page draws it.

`recorded.jsonl` is of `twin run leaf_spine:leaves=2,spines=1,hosts_per_leaf=2 --ranks 2,4 --rate 94Mb/s`, on a loaded machine.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fabric.answers.twin import predictions, write_page
from fabric.cli.main import program
from fabric.network.spec import load
from fabric.records.store import read
from fabric.twin.experiment import Order
from fabric.twin.plan import plan_of

FILE = Path(__file__).with_name("recorded.jsonl")
TOPO = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2"
SCALED = f"{TOPO},speed=94Mb/s"


def rows(*words):
    done = CliRunner().invoke(program, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["rows"]


def test_scale_shows_efficiency_versus_cluster_size():
    found = rows("scale", str(FILE), "--topo", SCALED, "--routing", "dmodk")
    assert {row["world_size"] for row in found} == {2, 4}
    assert {row["source"] for row in found} == {"twin:gloo"}
    assert all(0.5 < row["efficiency"] <= 1.05 for row in found), "of the links' rate, headers and all"


def test_compare_joins_it_with_itself():
    found = rows("compare", str(FILE), f"{FILE}@twin:gloo")
    assert len(found) == len(read(FILE)[0])
    assert {row["error"] for row in found} == {0}


def test_calibrate_finds_the_links_rate_again():
    found = rows("calibrate", str(FILE), "--topo", SCALED)
    held = [abs(row["error"]) for row in found if row["use"] == "held out"]
    assert len(held) >= 8
    assert sorted(held)[len(held) // 2] < 0.1


@pytest.fixture(scope="module")
def pairs():
    plan, results = plan_of(load(TOPO), 94e6), tuple(read(FILE)[0])
    return plan, list(zip(results, predictions(plan, Order("contiguous", ((0, 1, 2, 3),), results, {})), strict=True))


def test_the_page_has_every_point_and_both_charts(pairs, tmp_path):
    plan, points = pairs
    write_page(tmp_path / "a.html", points, plan, "fabricbench twin run")
    write_page(tmp_path / "b.html", points, plan, "fabricbench twin run")
    text = (tmp_path / "a.html").read_text()
    assert text == (tmp_path / "b.html").read_text()
    assert "Scaling efficiency versus cluster size, 2 to 4 hosts" in text
    assert text.count("<tr") >= len(points)
    assert "cannot show latency" in text
    assert 'src="http' not in text
