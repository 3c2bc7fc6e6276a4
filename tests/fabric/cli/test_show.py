import csv
import io
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from fabric.cli.show import command, describe
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
                "radix": 4,
                "within_ports": True,
                "path_counts": {"2": [2, 2], "4": [4, 4]},
                "paths_uniform": True,
                "problems": [],
            },
        }
    ]


def test_what_is_not_computed_is_absent():
    row = describe(parse("leaf_spine:leaves=6000,spines=1,hosts_per_leaf=1"))
    assert not {"switch_diameter", "endpoint_diameter", "paths_between_pods"} & set(row)
    assert row["proof"]["skipped"] == "more than 6,000 switches: 6,001"
    assert None not in row.values()


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


def test_the_text_names_what_was_not_computed():
    assert "not computed" in shown("leaf_spine:leaves=6000,spines=1,hosts_per_leaf=1")


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
