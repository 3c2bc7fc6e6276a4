"""What `twin` refuses before anything starts, its dry run, and its verbs on twins that are not there."""

import json
import subprocess

import click
import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.errors import EnvironmentFault
from fabric.measure.backends.catalog import backend
from topologies.errors import InputError

EIGHT = "leaf_spine:leaves=2,spines=1,hosts_per_leaf=4"


def needs(name):
    missing = backend(name).missing()
    if missing is not None:
        pytest.skip(f"{name}: {missing}")


def twin(*words):
    program.main(["twin", *words], standalone_mode=False)


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "fabricbench"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["torus:dims=2x2"], "forward for others"),
        (["rail_optimized:nodes=4,rails=2,radix=8,scale_up=nvswitch"], "take scale_up=none"),
        (["leaf_spine:leaves=2,spines=1,hosts_per_leaf=100"], "at most 128 hosts, got 200"),
        ([EIGHT, "--sizes", "4KiB", "--rate", "50Mb/s"], r"are CPU-bound \(q = 0.2, below 2\), not evidence"),
        ([EIGHT, "--collective", "latency"], "collective: must not be one of barrier, latency, message_rate"),
        ([EIGHT, "--ranks", "1"], "ranks: must be a multiple of 1 and at least 2"),
        ([EIGHT, "--ranks", "9"], "has 8 devices, got 9 ranks"),
        ([EIGHT, "--rate", "0"], "rate: must be a rate such as 400Gb/s"),
        ([EIGHT, "--rate", "0Mb/s"], "rate: links of the twin must be within 0.1 and 8000 Mbit/s; with hosts at 0 Mbit/s"),
        ([EIGHT, "--degrade", "99:0.5"], "degrade: must be CABLE:SHARE, cable 0 ... 9, share above 0 up to 1, got '99:0.5'"),
        ([EIGHT, "--fail", "switch:spine0"], "no way in .* from device 0 to device 4"),
        ([EIGHT, "--algorithm", "ring"], "must be default, or recursive_doubling, ring, halving_doubling for all_reduce"),
        ([EIGHT, "--orders", "sideways"], "order: must be contiguous"),
        ([EIGHT, "--ranks", "4,8", "--routing", "kernel_ecmp:1"], "must be one number of ranks with kernel_ecmp, got 4,8"),
        ([EIGHT, "--collective", "all_gather", "--routing", "kernel_ecmp:1"], "looks up the flows of a ring: all_reduce with"),
        ([EIGHT, "-o", "/proc/no/file"], "output: cannot write /proc/no/file"),
        ([EIGHT, "--html", "/proc/no/page.html"], "html: cannot write /proc/no/page.html"),
        ([EIGHT, "--html", "page.txt"], "html: must end in .html or .htm, got page.txt"),
    ],
)
def test_what_cannot_be_evidence_is_refused_before_anything_starts(arguments, line):
    needs("gloo")
    with pytest.raises(InputError, match=line) as refusal:
        twin("run", *arguments)
    assert "\n" not in str(refusal.value)


def test_other_libraries_are_refused():
    with pytest.raises(click.UsageError, match="'nccl' is not one of 'gloo', 'mpi'"):
        twin("run", EIGHT, "--backend", "nccl")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--jobs", "3"], "jobs: 3 jobs need ranks that they share evenly, 2 or more each, got 8 ranks"),
        (["--oversubscribe", "0"], "oversubscribe: must be whole numbers >= 1"),
        (["--oversubscribe", "1000"], "rate: links of the twin must be within"),
        (["--seeds", "1"], "seeds: only kernel_ecmp has any"),
        (["--fail", "nothing"], "failures: must be links:COUNT"),
        (["--against", "sideways"], "order: must be contiguous"),
    ],
)
def test_what_is_no_what_if_is_refused_before_anything_starts(arguments, line):
    needs("gloo")
    with pytest.raises(InputError, match=line):
        twin("what-if", EIGHT, *arguments)


@pytest.mark.parametrize("verb", ["run", "what-if", "up"])
def test_dry_run_prints_a_script_that_a_shell_accepts(verb):
    if verb != "up":
        needs("gloo")
    done = CliRunner().invoke(program, ["twin", verb, EIGHT, "--dry-run"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("type veth peer") == 10
    checked = subprocess.run(["sh", "-n"], input=done.stdout, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("words", [("exec", "lab", "host0", "--", "true"), ("down", "lab")])
def test_a_twin_that_is_not_there(words, own_folder):
    with pytest.raises(InputError, match="name: must be a running twin, there are: none; got 'lab'"):
        twin(*words)
    assert not own_folder.exists(), "looking leaves nothing"


@pytest.mark.parametrize("words", [(), ("lab", "--all")])
def test_down_needs_a_name_or_all(words, own_folder):
    with pytest.raises(InputError, match="name: must be a NAME or --all; there are: none"):
        twin("down", *words)


def test_exec_in_a_twin_that_died(own_folder):
    own_folder.mkdir()
    holder = {"pid": 1, "started": -1, "rootless": True}
    state = {"name": "lab", "holder": holder, "topology": EIGHT, "boxes": ["host0"]}
    (own_folder / "lab.json").write_text(json.dumps(state))
    with pytest.raises(EnvironmentFault, match="twin: lab has died; run `twin down lab` and bring it up again"):
        twin("exec", "lab", "host0", "--", "true")
    twin("down", "lab")
    assert not own_folder.exists()


def test_a_torn_state_does_not_keep_down_from_the_others(own_folder):
    own_folder.mkdir()
    (own_folder / "a.json").write_text("{")
    holder = {"pid": 1, "started": -1, "rootless": True}
    (own_folder / "b.json").write_text(json.dumps({"name": "b", "holder": holder, "topology": EIGHT, "boxes": []}))
    with pytest.raises(InputError, match="name: the state of twin 'a' is torn; delete"):
        twin("down", "--all")
    assert [file.name for file in own_folder.iterdir()] == ["a.json"]
