"""Every collective on real ranks: every form, mode and operation right; faults that are put in are counted; joins work."""

import json
import sys

import pytest

from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.cells.ask import GROUPS
from fabric.records.store import read

pytestmark = pytest.mark.multirank
RANK_PROGRAM = """
import json, sys
from dataclasses import replace
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.cells.exact import REDUCE
from fabric.measure.launch.launcher import detect
from fabric.measure.cells.layout import REDUCING, layout
from fabric.measure.timing.loop import count_wrong
from fabric.records.case import Case

backend, launch = BACKENDS[sys.argv[1]], detect()
world = backend.connect(launch, 30.0)
group, rank, p = world.group(range(launch.world_size)), launch.rank, launch.world_size
PARAMS = {"all_to_all_v": {"skew": 1.5, "seed": 1}, "incast": {"fan_in": 1}}
found, faults = {}, {}

def asked(name, **changes):
    elements = {"barrier": 0, "all_to_all_v": 5 * 64 * p}.get(name, 251 * p)
    root = p - 1 if name in ("broadcast", "reduce", "gather", "scatter", "incast") else None
    return Case(name, 4 * elements, p, 1, p, **{"root": root, "params": PARAMS.get(name, {}), **changes})

for name, way in backend.ways.items():
    for in_place in way.forms:
        for mode in way.modes:
            for op in REDUCE if name in REDUCING and mode == "blocking" else ("sum",):
                case = asked(name, in_place=in_place, mode=mode, op=op)
                operation = group.operation(case, rank)
                found[f"{name} {in_place} {mode} {op}"] = count_wrong(group, operation, case, rank)
                operation.release()

for name, way in backend.ways.items():
    case = asked(name, in_place=way.forms[0])
    operation = replace(group.operation(case, rank), run=lambda: None)
    faults[f"{name}: nothing runs"] = count_wrong(group, operation, case, rank)

def swapped(operation):
    def run():
        operation.run()
        half = len(operation.target) // 2
        kept = operation.target[:half] + 0
        operation.target[:half] = operation.target[-half:] + 0
        operation.target[-half:] = kept
    return replace(operation, run=run)

for name in ("all_gather", "all_to_all"):
    case = replace(asked(name, in_place=False), nbytes=4 * 251 * p * 2)
    faults[f"{name}: halves are swapped"] = count_wrong(group, swapped(group.operation(case, rank)), case, rank)
case = asked("broadcast")
other = group.operation(replace(case, root=0), rank)
moved = replace(other, layout=layout(case, rank), source=other.target)
faults["broadcast: another root"] = count_wrong(group, moved, case, rank)
case = asked("all_reduce")
fewer = group.operation(replace(case, op="max"), rank)
faults["all_reduce: another operation"] = count_wrong(group, replace(fewer, layout=layout(case, rank)), case, rank)
case = asked("sendrecv", in_place=False)
back = group.operation(case, rank)
other = replace(back.layout, wanted=layout(case, (rank + 1) % p).wanted)
faults["sendrecv: from another rank"] = count_wrong(group, replace(back, layout=other), case, rank)
world.wait()
if rank == 0:
    print(json.dumps({"found": found, "faults": faults}), flush=True)
world.close()
"""


@pytest.mark.parametrize("name", ["gloo", "mpi"])
def test_everything_is_right_and_every_fault_is_counted(name, tmp_path, ranks):
    report = ranks.run_program(RANK_PROGRAM, name, tmp_path)
    assert {text.split()[0] for text in report["found"]} == set(COLLECTIVES)
    assert {text: wrong for text, wrong in report["found"].items() if wrong} == {}
    assert {text for text, wrong in report["faults"].items() if not wrong} == set()


def test_all_collectives_in_one_run_with_the_bound_beside_them(backend, tmp_path, ranks):
    path = tmp_path / "all.jsonl"
    arguments = ["--sizes", "4KiB", "--iters", "6", "--ranks", "2", "--root", "1", "--topo", "star:devices=4"]
    done = ranks.measure("--backend", backend.name, "--collective", "all", *arguments, "-o", str(path), "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert list(dict.fromkeys(row["collective"] for row in rows)) == list(GROUPS["all"])
    assert {row["wrong"] for row in rows} == {0}
    rooted = {name for name, known in COLLECTIVES.items() if known.rooted}
    assert {row["collective"] for row in rows if row["root"] == 1} == rooted
    assert {row["collective"] for row in rows if not row["bound_busbw_bytes_per_second"]} == {"barrier"}
    assert all(result.context["canary_seconds"] > 0 and result.context["canary_ranks"] == 2 for result in read(path)[0])
    forms = {(row["collective"], row["in_place"]) for row in rows}
    assert forms == {(name, form) for name, way in backend.ways.items() if name in GROUPS["all"] for form in way.forms}


def test_measurements_join_with_predictions(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    arguments = [
        "--collective",
        "all_gather",
        "--sizes",
        "100,1KiB,4KiB,16KiB,32KiB,64KiB,256KiB,1MiB",
        "--iters",
        "8",
        "--ranks",
        "2",
    ]
    assert ranks.measure("--backend", "mpi", *arguments, "-o", str(path)).returncode == 0
    done = ranks.finish([sys.executable, "-m", "fabric", "scale", str(path), "--topo", "local:slots=2", "--json"])
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert len(rows) == 8 * 2
    assert all(row["measured_busbw_bytes_per_second"] > 0 for row in rows)
    assert all(row["predicted_busbw_bytes_per_second"] > 0 for row in rows)
    assert {row["collective"] for row in rows} == {"all_gather"}


@pytest.mark.parametrize(("barrier", "mode"), [("excluded", "blocking"), ("back_to_back", "persistent")])
def test_barriers_and_modes_are_recorded(barrier, mode, tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    run = tmp_path / "run.yaml"
    run.write_text(
        f"backends: [mpi]\ncollectives: [reduce, all_to_all_v]\nparams: {{skew: 1.5}}\nop: max\nmode: {mode}\n"
        f"barrier: {barrier}\nsizes: [1000]\nworld_sizes: [2]\niters: 7\n"
    )
    done = ranks.measure(str(run), "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert f"barrier {barrier}" in done.stdout
    assert "to 512 bytes" in done.stderr
    results, _ = read(path)
    assert len(results) == 3
    for result in results:
        case, uneven = result.case, result.case.collective == "all_to_all_v"
        assert (result.barrier, case.mode, result.wrong, len(result.seconds)) == (barrier, mode, 0, 7)
        assert result.iterations == 7 * result.batch
        assert result.batch > 1 or barrier == "excluded"
        assert result.context["barrier_seconds"] > 0
        assert (case.nbytes, case.op, dict(case.params)) == ((512, "sum", {"skew": 1.5}) if uneven else (1000, "max", {}))
        assert result.context.get("asked_nbytes") == (1000 if uneven else None)


def test_small_calls_are_timed_several_at_once_until_the_clock_is_cheap(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "r.jsonl"
    arguments = ["--collective", "broadcast,barrier", "--sizes", "8", "--iters", "200", "--ranks", "1"]
    assert ranks.measure("--backend", "mpi", *arguments, "-o", str(path)).returncode == 0
    for result in read(path)[0]:
        assert result.batch > 1
        assert 0 < result.context["timer_share"] <= 0.03, "2 % aimed at; what a call takes changes as it runs"
