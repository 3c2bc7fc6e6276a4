import csv
import io
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from fabric.answers.show import describe
from fabric.cli.show import command
from topologies import searches
from topologies.catalog import parse
from topologies.errors import InputError


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_json_is_one_object_with_the_counts_and_the_proof():
    document = json.loads(shown("fat_tree:k=4,devices_per_node=2,scale_up=nvswitch", "--json"))
    assert document["schema"] == "fabricbench.show/1"
    assert document["rows"] == [
        {
            "name": "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch",
            "family": "fat_tree",
            "params": {"k": 4, "devices_per_node": 2, "scale_up": "nvswitch"},
            "endpoints": 16,
            "nodes": 8,
            "devices_per_node": 2,
            "switches": 20,
            "cables": 48,
            "switch_cables": 32,
            "endpoint_cables": 16,
            "switches_by_tier": {"leaf": 8, "spine": 8, "core": 4},
            "cables_by_level": {"host-leaf": 16, "leaf-spine": 16, "spine-core": 16},
            "switch_diameter": 4,
            "endpoint_diameter": 6,
            "paths_between_pods": 4,
            "bisection_cables": 8,
            "scale_up": {"switches": 8, "cables": 16},
            "proof": {
                "connected": True,
                "tiers_monotonic": True,
                "ports_used": {"leaf": 4, "spine": 4, "core": 4},
                "ports_unused": {"leaf": 0, "spine": 0, "core": 0},
                "radix": 4,
                "within_ports": True,
                "path_counts": {"2": [2, 2], "4": [4, 4]},
                "paths_uniform": True,
                "problems": [],
            },
        }
    ]


def test_what_is_not_known_is_absent():
    row = describe(parse("slim_fly:q=5"))
    assert not {"bisection_cables", "paths_between_pods"} & set(row)
    assert row["bisection_bracket"][0] < row["bisection_bracket"][1]
    assert None not in row.values()
    assert None not in row["proof"].values()


def test_a_sample_says_so(monkeypatch):
    for limit in ("MOST_SWITCHES", "HOP_WORK", "SOURCES", "PATH_WORK"):
        monkeypatch.setattr(searches, limit, 4)
    row = describe(parse("jellyfish:switches=20,degree=3,hosts=1,seed=1"))
    proved = row["proof"]
    assert not {"switch_diameter", "endpoint_diameter"} & set(row)
    assert (proved["sampled"], proved["sampled_sources"], proved["sampled_of"]) == (True, 4, 20)
    assert proved["endpoint_diameter_at_least"] > 2
    text = shown("jellyfish:switches=20,degree=3,hosts=1,seed=1")
    assert "a sample only" in text
    assert "(counted from 1 of them)" in text


def test_scale_up_graphs_are_counted():
    assert describe(parse("star:devices=8,devices_per_node=8,scale_up=full_mesh"))["scale_up"] == {"switches": 0, "cables": 28}
    row = describe(parse("star:devices=72,devices_per_node=72,scale_up=nvl72"))
    assert row["scale_up"] == {"switches": 18, "cables": 1296}
    assert (row["cables"], row["endpoint_cables"]) == (72, 72)
    assert "18 switches, 1,296 cables" in shown("star:devices=72,devices_per_node=72,scale_up=nvl72")


def test_rails_that_meet_inside_nodes_only_get_a_note():
    text = shown("rail_only:nodes=4,scale_up=nvswitch")
    assert "devices reach all others only through other devices of their node" in text
    assert "problem" not in text


def test_a_page_and_a_picture_are_written(tmp_path):
    page, picture = tmp_path / "new" / "a.html", tmp_path / "a.png"
    shown("rail_optimized:nodes=5,rails=4,radix=8", "--html", str(page), "--png", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert "rail 3" in text
    assert "<td>20 in 5 nodes of 4</td>" in text


def test_the_text_says_what_it_is_made_of_and_what_was_proved():
    text = shown("rail_optimized:nodes=127,rails=8,radix=64")
    for part in (
        "rail_optimized:nodes=127,rails=8,radix=64",
        "1,016 in 127 nodes of 8",
        "48  (leaf 32, spine 16)",
        "leaf 64, spine 64  of 64 each",
        "2 between switches, 4 end to end",
        "64 at 2 hops between leaves",
        "508 cables",
    ):
        assert part in text


def test_csv_is_one_row():
    (row,) = csv.DictReader(io.StringIO(shown("star:devices=3", "--csv")))
    assert (row["name"], row["endpoints"], row["switches"]) == ("star:devices=3", "3", "1")


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="k must be an even number of ports"):
        CliRunner().invoke(command, ["fat_tree:k=5"], catch_exceptions=False)


def test_help_has_an_example_and_imports_no_numpy():
    program = "import sys, fabric.cli.show as s; s.command(['--help'], standalone_mode=False); sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Example: fabricbench show" in done.stdout
