"""What every verb prints with --json is what its schema says, and so are the files that are read."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from fabric.answers.bound import bound
from fabric.answers.catalog import FILES, SCHEMAS, schema, schemas, views
from fabric.cli.main import VERBS, program
from fabric.measure.backends.catalog import backend
from fabric.network.spec import load
from fabric.predict.cases import cases
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests" / "fabric" / "twin" / "recorded.jsonl"
TOPO, TREE = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2", "fat_tree:k=4"
TWIN = f"{TOPO},speed=94Mb/s"
RUN = "sizes: [4KiB]\nworld_sizes: [2]\nbackends: [mpi]\ncollectives: [broadcast]\n"
OSU = "\n# OSU MPI Allreduce Latency Test v7.4\n# Size       Avg Latency(us)\n4    5.16\n8    5.05\n"
GROUP = """# Collective test starting: all_reduce_perf
# Using devices
#  Rank  0 Group  0 Pid 400 on {0} device 0 [0000:00:00] NVIDIA H100
#  Rank  1 Group  0 Pid 401 on {1} device 0 [0000:00:00] NVIDIA H100
#  size         count    type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
1048576 262144 float sum -1 100.0 10.486 10.486 0 100.0 10.486 10.486 0
"""
HEALTHY = str(ROOT / "docs" / "examples" / "judge" / "healthy.log")
REVIEW = """
title: two
candidates:
  - {name: rails, topo: "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch", grow: {nodes: [4, 8]}}
  - {name: impossible, topo: "fat_tree:k=5"}
cases: [{collective: all_reduce, size: 64MiB}, {collective: all_to_all, size: 1MiB, ranks: 8}]
node: node-8xh100
nic: nic-400
parts: {nic-400: {kind: nic, watts: {low: 20, high: 25, source: a test, date: 2026-11}}}
failing: {links: [1], host_links: [1], switches: [1], racks: [1], seeds: 1}
limits: {power: 1e6, racks: 9}
"""
FLEET = f"""
topo: {TOPO!r}
policies: [easy+tree]
links: [{{load: peak, pattern: ring}}]
seeds: 1
power: {{busy: 800, idle: 100, pue: 1.3, source: a test}}
prices: {{currency: CNY, device_hour: 3, charged: 9, kwh: 0.6, source: a test}}
jobs: {{synthetic: half_idle, load: 0.5, days: 0.25}}
"""
SACCT = """JobIDRaw|Account|Submit|Start|End|State|AllocTRES|ReqTRES|NodeList
1|a|0|10|7210|COMPLETED|gres/gpu=32|gres/gpu=32|n[3-6]
2|a|0|20|Unknown|RUNNING|gres/gpu=16|gres/gpu=16|n[1-2]
"""
ON_RANKS = pytest.mark.multirank
COMMANDS = {
    "show": [["show", TREE]],
    "build": [["build", TREE], ["build", TREE, "-o", "f.yaml"]],
    "predict": [["predict", "--topo", TREE, "--ranks", "4"], ["predict", "--topo", TREE, "--algorithm", "best"]],
    "trace": [["predict", "--topo", TREE, "--ranks", "4", "--trace"]],
    "launch": [["launch", "slurm", "run.yaml", "--mpi", "pmi2"]],
    "import": [["import", "osu.txt", "--ranks", "4", "--nodes", "1"]],
    "calibrate": [["calibrate", str(RECORDED), "--topo", TWIN]],
    "compare": [["compare", str(RECORDED), str(RECORDED)]],
    "scale": [["scale", "--topo", TREE, "--ranks", "2,4"], ["scale", str(RECORDED), "--topo", TWIN, "--routing", "dmodk"]],
    "training": [["training", "llama3-8b", "--topo", "dgx-h100:nodes=2", "--plan", "tp=2", "--batch", "64"],
                 ["training", "mpt-1b", "--topo", "dgx-h100:nodes=1", "--batch", "64", "--seq", "2048"]],
    "serving": [["serving", "llama3-8b", "--topo", "dgx-h100:nodes=1", "--prompt", "512", "--batch", "1,8"]],
    "scale-training": [["scale", "--model", "llama3-8b", "--topo", "dgx-h100:nodes=2", "--ranks", "8,16", "--plan", "tp=2"]],
    "report": [["report", str(RECORDED), "--topo", TWIN, "--routing", "dmodk"]],
    "jobs": [["jobs", "--topo", TREE, "--job", "all_reduce:1MiB:8", "--job", "all_to_all:1MiB:8"],
             ["jobs", "--topo", "dgx-h100:nodes=4", "--job", "training:mpt-1b:fsdp=all:64:16", "--job", "all_to_all:1MiB:16"]],
    "stress": [["stress", "--topo", TREE, "--fail", "links", "--counts", "1,2", "--seeds", "2", "--size", "1MiB"],
               ["stress", "--topo", "dgx-h100:nodes=2", "--counts", "1", "--seeds", "1", "--run", "training:mpt-1b:tp=1:64"]],
    "flows": [["flows", "flows.json"]],
    "throughput": [["throughput", TREE]],
    "read": [["read", "topology.conf"], ["read", "topology.conf", "-o", "again.json"]],
    "write": [["write", TOPO, "--format", "csv"], ["write", TOPO, "--format", "csv", "-o", "built.csv"]],
    "audit": [["audit", "dump.csv", "--design", TOPO], ["audit", "dump.csv", "--design", TOPO, "--trust", "names"]],
    "review": [["review", "run", "review.yaml"], ["review", "run", "review.yaml", "--lang", "zh"]],
    "review-search": [["review", "search", "--endpoints", "64", "--radix", "16", "--speeds", "400Gb/s", "--workers", "1",
                       "--families", "clos,rail_only", "--oversubscription", "1,3"]],
    "doctor": [["doctor"]],
    "judge": [["judge", HEALTHY, "--topo", "dgx-h100:nodes=16"], ["judge", HEALTHY, "--topo", TREE]],
    "hardware": [["hardware", "dgx-h100"]],
    "equivalent": [["equivalent", "--of", "dgx-h100:nodes=2", "--with", "dgx-a100", "--work", "all_reduce:1MiB,flops:1e12"]],
    "hardware-names": [["hardware"]],
    "schema": [["schema"]],
    "measure": [["measure", "run.yaml", "--iters", "2"]],
    "gate": [["gate", "--runs", "run.yaml", "run.yaml", "--budget", "0.5"]],
    "slow": [["slow", "--backend", "mpi", "--ranks", "2", "--block", "0.01", "--repeats", "2", "--method", "bisection"]],
    "slow-logs": [["slow", "--from", "groups"], ["slow", "--from", "groups", "--topo", TOPO, "-o", "slow.html"]],
    "fleet-run": [["fleet", "run", "fleet.yaml", "--workers", "1", "--power-cap", "20kW", "--wait", "3600"],
                  ["fleet", "run", "fleet.yaml", "--workers", "1", "--links", "none", "--no-changes", "--loads", "0.1,0.2"]],
    "fleet-trace": [["fleet", "trace", "jobs.csv"]],
    "fleet-place": [["fleet", "place", TOPO, "--job", "all_reduce:1MiB:2"],
                    ["fleet", "place", "fleet.yaml", "--job", "all_to_all:1MiB:4"]],
    "fleet-audit": [["fleet", "audit", "week"], ["fleet", "audit", "week", "--ratio", "2", "--price", "5"]],
    "twin": [["twin", "run", TOPO, "--iters", "2", "--seconds", "0.5", "--rate", "94Mb/s", "--sizes", "256KiB"]],
    "twin-what-if": [["twin", "what-if", TOPO, "--iters", "2", "--seconds", "0.5", "--oversubscribe", "2"]],
}  # fmt: skip
"""Name of a schema -> commands, small ones; the other methods of `slow` are held against its schema in tests/multirank."""
NEEDS = {"measure": "mpi", "gate": "mpi", "slow": "mpi", "twin": "gloo", "twin-what-if": "gloo"}
"""Of what runs on real ranks: the library."""
NO_COMMAND = {"bound"}
"""Schemas of what only Python returns."""


class Numbers(yaml.SafeLoader):
    """YAML 1.2 in one point: 1.2e6 is a number, as whoever checks a file by its schema reads it."""


Numbers.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(RUN)
    Path("review.yaml").write_text(REVIEW)
    Path("osu.txt").write_text(OSU)
    Path("topology.conf").write_text("SwitchName=top Switches=s[1-2]\nSwitchName=s1 Nodes=n[1-4]\nSwitchName=s2 Nodes=n[5-7]\n")
    Path("fleet.yaml").write_text(FLEET)
    Path("jobs.csv").write_text("id,submit_s,work_s,devices\na,0,10,4\nb,5,20,-1\n")
    Path("week").mkdir()
    Path("week/sacct.txt").write_text(SACCT)
    Path("week/topology.txt").write_text(Path("topology.conf").read_text())
    Path("groups").mkdir()
    for pair in ("node0 node1", "node2 node3", "node0 node2"):
        Path(f"groups/{pair}.log").write_text(GROUP.format(*pair.split()))
    links = [{"id": 0, "capacity_Bps": 1e9, "latency_s": 0}]
    flows = [{"id": number, "links": [0], "size_B": 1e6} for number in range(2)]
    Path("flows.json").write_text(json.dumps({"cases": [{"name": "two", "links": links, "flows": flows}]}))
    CliRunner().invoke(program, ["write", TOPO, "--format", "csv", "-o", "dump.csv"])
    Path("dump.csv").write_text("\n".join(Path("dump.csv").read_text().splitlines()[1:-1]) + "\n")
    return tmp_path


def asked():
    for name, commands in COMMANDS.items():
        for words in commands:
            yield pytest.param(name, words, id=" ".join(words)[:60], marks=[ON_RANKS] if name in NEEDS else [])


@pytest.mark.parametrize(("name", "words"), list(asked()))
def test_what_a_verb_prints_is_what_its_schema_says(name, words, folder):
    missing = backend(NEEDS[name]).missing() if name in NEEDS else None
    if missing is not None:
        pytest.skip(f"{NEEDS[name]}: {missing}")
    done = CliRunner().invoke(program, [*words, "--json"])
    assert done.exit_code in (0, 1, 4), done.output
    said = json.loads(done.stdout)
    assert said["rows"]
    jsonschema.validate(said, schema("slow" if name == "slow-logs" else name))


def test_every_verb_and_every_schema_is_run():
    assert set(COMMANDS) - {"slow-logs"} | NO_COMMAND == set(SCHEMAS)
    run = {words[0] for commands in COMMANDS.values() for words in commands}
    assert set(VERBS) <= run


@pytest.mark.parametrize("name", [*SCHEMAS, *FILES])
def test_every_schema_is_one_and_refuses_another_object(name):
    made = schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": "fabricbench.other/1", "rows": [{"a": 1}], "levels": 3}, made)


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_view_says_a_key_twice(name):
    assert views(name)
    for view in views(name):
        keys = [column.key for column in view.columns]
        assert len(keys) == len(set(keys))


def test_the_bound_in_python_is_what_its_schema_says():
    fabric = load(TREE)
    jsonschema.validate(bound(cases(fabric, sizes=[1 << 20], ranks=[1, 16]), fabric).json(), schema("bound"))


def test_files_are_what_their_schemas_say(folder):
    run = CliRunner().invoke
    assert run(program, ["build", TREE, "-o", "f.yaml"]).exit_code == 0
    assert run(program, ["calibrate", str(RECORDED), "--topo", TWIN, "-o", "c.json"]).exit_code == 0
    assert run(program, ["import", "osu.txt", "--ranks", "4", "--nodes", "1", "-o", "r.jsonl"]).exit_code == 0
    jsonschema.validate(yaml.safe_load(Path("f.yaml").read_text()), schema("fabric"))
    jsonschema.validate(json.loads(Path("c.json").read_text()), schema("constants"))
    for line in Path("r.jsonl").read_text().splitlines():
        jsonschema.validate(json.loads(line), schema("result"))
    jsonschema.validate(yaml.safe_load(RUN), schema("run"))
    for file in (ROOT / "benchmarks" / "reviews").glob("*.yaml"):
        jsonschema.validate(yaml.load(file.read_text(), Loader=Numbers), schema("review-request"))  # noqa: S506  # a SafeLoader


def test_the_verb_lists_names_and_prints_one_schema():
    listed = json.loads(CliRunner().invoke(program, ["schema", "--json"]).stdout)["rows"]
    assert [row["name"] for row in listed] == [row["name"] for row in schemas()] == [*SCHEMAS, *FILES]
    assert json.loads(CliRunner().invoke(program, ["schema", "predict"]).stdout) == schema("predict")


def test_a_name_that_is_none_is_told_what_there_is():
    with pytest.raises(InputError, match=r"name: must be one of show, build, .* got 'x'"):
        schema("x")
