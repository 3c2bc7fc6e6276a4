"""The program as a user types it: exit codes, one line on standard error, JSON that parses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typed import typed

from fabric.cli.main import VERBS

ROOT = Path(__file__).parents[3]


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", "fabric", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return done


def test_help_names_every_verb_with_an_example():
    text = run("--help").stdout
    for verb in VERBS:
        assert verb in text
    assert "Example: fabricbench show fat_tree:k=8" in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verbs_help_shows_an_example(verb):
    assert "Example: fabricbench" in typed(verb, "--help").stdout


def test_version():
    assert run("--version").stdout.startswith("fabricbench ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "fat_tre:k=4"], ["fat_tre", "did you mean fat_tree"]),
        (["show", "fat_tree:k=5"], ["k must be an even number of ports >= 2, got 5"]),
        (["shwo"], ["verb: must be one of show, build", "got 'shwo' (did you mean show?)"]),
        (["fleet", "rn"], ["verb: must be one of run, place, trace, audit, got 'rn' (did you mean run?)"]),
        (["twin", "whatif"], ["did you mean what-if"]),
        (["show", "FAT-TREE:k=4"], ["did you mean fat_tree"]),
        (["show", "torus:shape=4"], ["unknown parameter 'shape'", "there are: dims, hosts", "of every fabric: link, speed"]),
        (["show", "star:devices=4,scale_up=nvswich"], ["did you mean nvswitch"]),
        (["show", "."], ["topo: must be a short form such as fat_tree:k=8 or a file, '.' is a folder"]),
        (["show", "h100:nodes=4"], ["no node 'h100'", "dgx-h100"]),
        (["predict", "--topo", "fat_tree:k=4", "--collective", "allreduce"], ["did you mean all_reduce"]),
        (["predict", "--topo", "fat_tree:k=4,speed=400G"], ["400G", "ambiguous"]),
        (["predict", "--topo", "fat_tree:k=4", "--ranks", "0"], ["ranks: must be whole numbers >= 1"]),
        (["predict", "--topo", "fat_tree:k=4", "--ranks", "17"], ["has 16 devices, got 17 ranks"]),
        (["predict", "--topo", "fat_tree:k=4", "--sizes", "64KB"], ["64KB", "ambiguous"]),
        (["predict", "--topo", "fat_tree:k=4", "--algorithm", "rings"], ["did you mean ring"]),
        (["predict", "--topo", "fat_tree:k=4", "--routing", "sprey"], ["routing: must be ideal, spray", "did you mean spray"]),
        (["predict", "--topo", "fat_tree:k=4", "--routing", "ecpm:1"], ["did you mean ecmp"]),
        (["predict", "--topo", "fat_tree:k=4", "--order", "contigous"], ["did you mean contiguous"]),
        (["predict", "--topo", "fat_tree:k=4", "--fail", "link:1"], ["did you mean links"]),
        (["predict", "--topo", "fat_tree:k=4", "--backend", "glo"], ["backend: must be one of gloo", "did you mean gloo"]),
        (
            ["predict", "--topo", "fat_tree:k=4", "--constants", "absent.json"],
            ["constants: must be one of none, nccl, nccl:HARDWARE or a file"],
        ),
        (["predict", "fat_tree:k=4"], ["Missing option '--topo'", "Example: fabricbench predict --topo fat_tree:k=8"]),
        (["predict", "--topo", "star", "--json", "--topo=star"], ["topo: must be given once, got 2; keep the one"]),
        (["measure", "-o", "a", "--output", "b", "-oc"], ["output: must be given once, got 3; "]),
        (["fleet", "run", "none.yaml", "--changes", "--no-changes"], ["changes: must be given once, got 2; "]),
        (["schema", "predit"], ["did you mean predict"]),
        (["stress", "--topo", "fat_tree:k=4", "--fail", "lnks"], ["failures: must be links:COUNT", "did you mean links"]),
        (["compare", "absent.jsonl", "absent.jsonl"], ["results: cannot read absent.jsonl"]),
        (["calibrate", "absent.jsonl", "--topo", "star"], ["results: cannot read absent.jsonl"]),
        (["scale", "absent.jsonl", "--topo", "star", "--topo", "star"], ["the one fabric"]),
        (["build", "star", "-o", "/proc/none/f.yaml"], ["output: cannot write /proc/none/f.yaml"]),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments, words):
    done = typed(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("fabricbench: ")
    for word in words:
        assert word in done.stderr


def test_what_may_be_repeated_is():
    """A flag says the same twice; --topo of scale takes several; what stands behind -- is no option."""
    assert typed("show", "fat_tree:k=4", "--json", "--json").returncode == 0
    assert typed("scale", "--topo", "star", "--topo", "star:devices=4", "--ranks", "2", "--sizes", "8").returncode == 0
    assert "cannot read --topo" in typed("calibrate", "--topo", "star", "--", "--topo", "--topo").stderr


def test_predict_json_carries_units_and_assumptions():
    answer = json.loads(run("predict", "--topo", "fat_tree:k=4", "--ranks", "4,16", "--sizes", "1MiB", "--json").stdout)
    assert answer["schema"] == "fabricbench.predict/1"
    assert [row["world_size"] for row in answer["rows"]] == [4, 16]
    row = answer["rows"][0]
    assert row["busbw_bytes_per_second"] == pytest.approx(row["algbw_bytes_per_second"] * 1.5)
    assert 0 < row["efficiency"] <= 1
    assert any("part 400g-ndr" in line for line in answer["assumptions"])


def test_csv_has_a_header_and_a_row_per_case():
    lines = run("predict", "--topo", "star", "--ranks", "2,4", "--sizes", "8,1KiB", "--csv").stdout.splitlines()
    assert lines[0].startswith("collective,nbytes,world_size")
    assert len(lines) == 5


def test_scale_names_where_two_fabrics_differ_and_why():
    fabrics = [
        "--topo",
        "rail_optimized:nodes=8,scale_up=nvswitch",
        "--topo",
        "fat_tree:k=8,devices_per_node=8,scale_up=nvswitch",
    ]
    text = run(
        "scale", *fabrics, "--sizes", "1GiB", "--ranks", "8,64", "--algorithm", "rail_aligned", "--routing", "ecmp:0-4"
    ).stdout
    assert "rail_aligned: they differ most at 1 GiB on 64: fat_tree" in text
    assert "bottleneck leaf-spine against host-leaf" in text


def test_a_reader_that_leaves_is_no_error():
    command = f"{sys.executable} -m fabric show fat_tree:k=4 --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 3)  # 3 where the answer did not fit the pipe: never 1, which is a verdict


@pytest.mark.parametrize("verb", [["show", "fat_tree:k=4"], ["show", "fat_tree:k=4", "--json"], ["--version"], ["--help"]])
@pytest.mark.parametrize(("to", "said"), [("> /dev/full", "cannot write to"), (">&-", "output is closed")])
def test_output_that_cannot_be_written_is_one_line(verb, to, said):
    command = f"{sys.executable} -m fabric {' '.join(verb)} {to}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert said in done.stderr


def test_build_writes_a_fabric_that_shows_again(tmp_path):
    file = tmp_path / "f.yaml"
    run("build", "fat_tree:k=4,link=800g-xdr", "-o", str(file))
    row = json.loads(run("show", str(file), "--json").stdout)["rows"][0]
    assert row["endpoints"] == 16
    assert json.loads(run("build", str(file), "--json").stdout)["rows"][0]["levels"]["host-leaf"]["speed"] == "100GB/s"
