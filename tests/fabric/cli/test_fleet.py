"""`fleet` as a stranger runs it: tables, a page, a node list, the collecting script, one line for what is wrong."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=32,uplinks=8,devices_per_node=8"
FILE = f"""
name: a <small> centre
topo: "{TOPO}"
nodes_off: 2
power: {{busy: 800, idle: 200, pue: 1.4, source: a test}}
prices: {{currency: CNY, fixed_per_year: 3.0e6, charged: 12, source: a test}}
jobs: {{synthetic: training, load: 0.7, days: 1}}
policies: [fifo+scattered, easy+tree]
seeds: 2
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fleet.yaml").write_text(FILE)
    return tmp_path


def run(*words):
    done = CliRunner().invoke(program, ["fleet", *words])
    if isinstance(done.exception, InputError):
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_run_prints_the_waterfall_and_what_would_help(folder):
    said = run("run", "fleet.yaml", "--workers", "1", "--power-cap", "300kW")
    for part in (
        "from installed to effective",
        "what dominates:",
        "What would help most",
        "上架率",
        "break-even",
        "devices may be busy",
    ):
        assert part in said
    rows = json.loads(run("run", "fleet.yaml", "--workers", "1", "--no-changes", "--json"))["rows"]
    for policy in ("fifo+scattered", "easy+tree"):
        own = {row["step"]: row for row in rows if row["policy"] == policy and row["links"].startswith("peak")}
        steps = [row["device_hours"] for step, row in own.items() if step != "installed"]
        assert sum(steps) == pytest.approx(own["installed"]["device_hours"], rel=1e-12)
        assert own["off"]["share"] == pytest.approx(2 / 16)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_loads_nothing_and_escapes_names(folder, lang):
    run("run", "fleet.yaml", "--workers", "1", "-o", "page.html", "--lang", lang, "--seeds", "1")
    page = Path("page.html").read_text()
    assert f'lang="{lang}"' in page
    assert "a &lt;small&gt; centre" in page
    assert "<small>" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<svg") == 5
    assert ("What would help most" if lang == "en" else "改哪一样最有用") in page
    assert ("Worth" if lang == "en" else "作用小：") in page  # noqa: RUF001  # a Chinese colon
    if lang == "zh":
        text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
        ours = ("as built", "placement", "backfill", "fabric", "tier", "leaves", "links", "jobs:", "network:", "hours", "all")
        assert [word for word in ours if re.search(rf"(?<![\w=+]){word}(?![\w=+])", text)] == []


def test_markdown_is_the_same_tables(folder):
    said = run("run", "fleet.yaml", "--workers", "1", "--markdown", "--links", "none", "--no-changes")
    assert "| step | device-hours | of installed | kWh | money |" in said
    assert "a \\<small\\> centre" in said


def test_a_journal_keeps_finished_runs(folder):
    asked = ("run", "fleet.yaml", "--workers", "1", "--links", "none", "--no-changes", "--journal", "j", "--csv")
    first = run(*asked)
    lines = Path("j").read_text().splitlines()
    Path("j").write_text("\n".join(lines[:2]) + "\n")
    assert run(*asked) == first
    assert len(Path("j").read_text().splitlines()) == len(lines) == 4


def test_ctrl_c_shows_what_is_finished_and_says_what_is_not(folder, monkeypatch):
    def stop(_self, done, _all):
        if done == 3:  # both seeds of the first policy, one of the second
            raise KeyboardInterrupt

    monkeypatch.setattr("fabric.cli.output.Progress.__call__", stop)
    asked = ["fleet", "run", "fleet.yaml", "--workers", "1", "--links", "none", "--no-changes", "--csv"]
    done = CliRunner().invoke(program, asked)
    assert done.exit_code == 130
    assert "3 of 4 runs are finished" in done.stderr
    assert "fifo+scattered" in done.stdout
    assert "easy+tree" not in done.stdout


def test_place_prints_a_list_that_slurm_takes(folder):
    Path("free.txt").write_text("node[0-5]  # half a rack\nnode9,node10\n")
    said = run("place", "fleet.yaml", "--job", "all_to_all:64MiB:16", "--free", "free.txt", "--nodes-only")
    assert said.strip() == "node[0-1]"
    table = run("place", TOPO, "--job", "all_to_all:64MiB:48", "--policy", "fifo+tree", "--policy", "fifo+required")
    assert "fifo+required: the job waits" in table


def test_the_collecting_script_is_shell(folder):
    script = run("audit", "--script")
    assert script.startswith("#!/bin/sh\n")
    assert "sacct --parsable2" in script
    assert "kubectl get nodes -o json" in script


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run", "none.yaml"], "fleet: cannot read none.yaml: No such file or directory"),
        (["run", "fleet.yaml", "--power-cap", "1kW"], "power cap: must be at least what the fleet draws idle"),
        (["run", "fleet.yaml", "--policy", "fastest"], "policy: must be words of"),
        (["run", "fleet.yaml", "--loads", "much"], "loads: must be a finite number above 0"),
        (["place", TOPO, "--job", "all_reduce:1GiB"], "job: must be COLLECTIVE:SIZE:DEVICES"),
        (["place", TOPO, "--job", "training:llama3-8b:tp=8:64"], "job: must be training:MODEL:PLAN:BATCH:DEVICES"),
        (["place", TOPO, "--job", "training:llama9:tp=8:64:32"], "model: no model 'llama9' in the catalogue"),
        (["place", TOPO, "--job", "all_reduce:1GiB:9000"], "job: the fleet has 128 devices on 16 nodes, got 9,000"),
        (
            ["place", TOPO, "--job", "all_reduce:1GiB:8", "--free", "fleet.yaml"],
            "expected a list of names such as node[01-04,7]",
        ),
        (["audit"], "audit: name the FOLDER that was collected"),
        (["audit", "."], "audit: . holds neither sacct.txt nor pods.json"),
        (["trace", "fleet.yaml"], "trace: cannot tell what it is"),
    ],
)
def test_what_is_wrong_is_one_line(folder, words, line):
    said = run(*words)
    assert line in said
    assert "\n" not in said
