"""`fleet` as a stranger runs it: tables, a page, a node list, the collecting script, one line for what is wrong."""

import json
import re
import subprocess
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
    assert page.count("one draw, no interval" if lang == "en" else "只抽一次，没有区间") == 2  # noqa: RUF001  # a Chinese comma
    assert not re.search("1 seeds|intervals over seeds|1 个种子|区间为", page)
    assert ("Worth" if lang == "en" else "作用小：") in page  # noqa: RUF001  # a Chinese colon
    if lang == "zh":
        text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
        ours = ("as built", "placement", "backfill", "fabric", "tier", "leaves", "links", "jobs:", "network:", "hours", "all")
        assert [word for word in ours if re.search(rf"(?<![\w=+]){word}(?![\w=+])", text)] == []


def test_markdown_is_the_same_tables(folder):
    said = run("run", "fleet.yaml", "--workers", "1", "--markdown", "--links", "none", "--no-changes", "--seeds", "1")
    assert "| step | device-hours | of installed | kWh | money |" in said
    assert "a \\<small\\> centre" in said
    assert "Policies side by side (shares of installed device-hours; one draw, no interval)" in said


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


DAY = 86_400
NOW = 1_767_571_200
BOOKS = f"""JobIDRaw|Account|User|Submit|Start|End|State|ElapsedRaw|NNodes|Priority|AllocTRES|ReqTRES|NodeList
1|lab|u|{NOW - 3 * DAY}|{NOW - 2 * DAY}|{NOW - DAY}|COMPLETED|{DAY}|4|5|gres/gpu=32|gres/gpu=32|n[3-6]
2|lab|u|{NOW - 3 * DAY}|{NOW - 2 * DAY}|{NOW - DAY}|COMPLETED|{DAY}|4|5|gres/gpu=32|gres/gpu=32|n[9-12]
3|ops|u|{NOW - DAY}|{NOW - DAY // 2}|Unknown|RUNNING|{DAY // 2}|1|9|gres/gpu=4|gres/gpu=4|n1
4|ops|u|{NOW - 60}|Unknown|Unknown|PENDING|0|2|9||gres/gpu=16|None assigned
5|ops|u|{NOW - 60}|{NOW - 60}|{NOW - 70}|FAILED|0|1|9|gres/gpu=8|gres/gpu=8|n2
"""
TREE = "SwitchName=top Switches=s[1-3]\n" + "".join(f"SwitchName=s{n} Nodes=n[{4 * n - 3}-{4 * n}]\n" for n in (1, 2, 3))


def test_an_audit_of_a_made_up_week_says_what_hand_says(folder):
    """Leaves of four nodes, 4:1: what leaves a leaf is one node's rate. Job 1 lies 2 + 2, job 2 whole in a leaf.

    An all-to-all of S a node takes 3/4 S packed, and S where 2 x 2 x S / 4 cross the one uplink: r = 4/3, and with 30 % of a
    step 0.3 x 1/3 = 10 % longer, 0.1 / 1.1 of 768 device-hours. A ring crosses once each way: the low end loses nothing.
    """
    Path("week").mkdir()
    files = {"sacct": BOOKS, "topology": TREE, "at": f"{NOW}\n"}
    files["sinfo"] = "".join(f"n{n}|{'drained*' if n == 8 else 'idle'}|gpu:h100:8(S:0-1)\n" for n in range(1, 13))
    for name, text in files.items():
        Path(f"week/{name}.txt").write_text(text)
    asked = ("audit", "week", "--ratio", "4", "--price", "10", "--currency", "CNY")
    found = json.loads(run(*asked, "--json"))
    torn, *others = found["rows"]
    assert (torn["job"], torn["leaves"], torn["fewest_leaves"]) == ("1", 2, 1)
    assert torn["regret_low"] == pytest.approx(0.0, abs=2e-3)
    assert torn["regret_high"] == pytest.approx(0.1, rel=5e-3)
    assert [(row["job"], row["leaves"], row["lost_hours_high"]) for row in others] == [("2", 1, 0.0), ("3", 1, 0.0)]
    assert found["device_hours"] == pytest.approx(2 * 768 + 4 * 12)
    assert found["lost_hours_high"] == pytest.approx(768 * 0.1 / 1.1, rel=5e-3)
    assert found["lost_money_high"] == pytest.approx(10 * found["lost_hours_high"])
    assert found["left_out"] == {"ends before it starts": 1}
    assert (found["nodes"], found["free_nodes"], found["down_nodes"], found["partly_used_nodes"]) == (12, 10, 1, 1)
    assert (found["whole_free_leaves"], found["stranded_nodes"], found["waiting_jobs"]) == (1, 6, 1)
    fits = {fit["nodes"]: (fit["leaves"], fit["fewest"]) for fit in found["fits"]}
    assert fits == {1: (1, 1), 2: (1, 1), 4: (1, 1), 8: (3, 2)}
    assert "1 down" in run(*asked)
    trace = json.loads(run("trace", "week/sacct.txt", "--json"))
    assert trace["rows"][0]["device_hours"] == pytest.approx(2 * 768 + 4 * 12)


def test_the_collecting_script_is_shell(folder):
    script = run("audit", "--script")
    assert script.startswith("#!/bin/sh\n")
    assert "sacct --parsable2" in script
    assert "kubectl get nodes -o json" in script
    Path("collect.sh").write_text(script)
    assert subprocess.run(["sh", "-n", "collect.sh"], check=False).returncode == 0
    bare = {"PATH": "/nonexistent"}
    here = subprocess.run(["/bin/sh", "collect.sh", "week", "x"], env=bare, capture_output=True, text=True, check=False)
    assert (here.returncode, here.stderr) == (2, "collect: DAYS must be a whole number, got x\n")


def test_what_the_trace_leaves_out_is_said_beside_the_figures(folder):
    Path("j.csv").write_text("id,submit_s,work_s,devices\na,0,3600,8\nb,,10,1\na,5,9,1\nc,9,10,9000\nd,7200,60,1\n")
    Path("own.yaml").write_text(f'topo: "{TOPO}"\njobs: {{trace: j.csv}}\npolicies: [fifo+fgd]\nlinks: none\nseeds: 1\n')
    said = run("run", "own.yaml", "--workers", "1", "--no-changes")
    assert "2 of 5 rows of the trace are left out: 1 (no submit time), 1 (an id that was there already" in said
    assert "fifo+fgd leaves out 1 of 3 jobs (first seed), which it can never place" in said
    assert "fgd: goes by devices, shares of one and kinds of node, by processors and memory" in said
    assert "prices" not in said


WRONG = {
    "nodes_off: 16": "nodes_off: at least one node must be on, got all 16 off",
    "failures: {trace: f.csv}": "f.csv:2: an outage must end after it starts, got 5 h to 2 h",
    "failures: {trace: g.csv}": "failures: an outage is of a node from 0 to 15 and ends after it starts, got node 99",
    "power: {busy: 5, idle: 1}": "power: needs busy, idle and source, or a device of the hardware catalogue",
    "prices: {currency: CNY, charged: 5}": "prices: needs source, or rent_of a device of the hardware catalogue",
    "prices: {currency: CNY, rent_of: mi300x}": "prices.rent_of: the catalogue has no rent of 'mi300x' in CNY; it is known",
    "power: {device: trn1}": "power.device: the catalogue knows no watts of 'trn1'; give busy and idle",
    "changes: [{name: x, kind: node, device: h200}]": "changes.0: device goes with over: the device there is now",
    "warm_up: 9": "warm_up: must be below the 1 days that the jobs are of, got 9",
    "links: [{load: middle}]": "links.0.load: input should be 'peak' or 'mean', got 'middle'",
    "quotas: {trails: 8}": "quotas: no job is of the tenant 'trails' (did you mean trials?); there are 'trials'",
    "links: most": "links: input should be 'both' or 'none', got 'most'",
    "polices: [x]": "polices: no such key (did you mean policies?); there are name, topo, ratio",
}
"""A line of a fleet's file -> what is said of it."""


@pytest.mark.parametrize("line", WRONG)
def test_a_line_of_the_file_that_is_wrong_is_named(folder, line):
    Path("f.csv").write_text("node,start_hours,end_hours\n0,5,2\n")
    Path("g.csv").write_text("node,start_hours,end_hours\n99,5,\n")
    Path("own.yaml").write_text(f'topo: "{TOPO}"\njobs: {{synthetic: training, days: 1}}\nseeds: 1\n{line}\n')
    said = run("run", "own.yaml", "--workers", "1", "--no-changes")
    assert WRONG[line] in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run", "none.yaml"], "fleet: cannot read none.yaml: No such file or directory"),
        (["run", "fleet.yaml", "--power-cap", "1kW"], "power cap: must be at least what the fleet draws idle"),
        (["run", "fleet.yaml", "--policy", "zzz"], "joined by +, got 'zzz'; such as fifo+scattered"),
        (["run", "fleet.yaml", "--policy", "easy+tre"], "joined by +, got 'easy+tre' (did you mean easy+tree?); such as"),
        (["place", TOPO, "--job", "all_reduce:1GiB:8", "--policy", "esay:9+preferd:leaf"], "mean easy:9+preferred:leaf?)"),
        (["run", "fleet.yaml", "--policy", "fair:3+tree"], "joined by +, got 'fair:3+tree'; such as"),
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
        (["audit", "."], "audit: . holds none of sacct.txt, squeue.txt, pods.json"),
        (["trace", "fleet.yaml"], "trace: cannot tell what it is"),
    ],
)
def test_what_is_wrong_is_one_line(folder, words, line):
    said = run(*words)
    assert line in said
    assert "\n" not in said
