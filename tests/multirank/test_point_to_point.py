"""Point to point on real ranks: as asked on the command line, what its numbers mean, and the edges of all collectives."""

import json

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.measure.cells.ask import GROUPS
from fabric.records.store import read
from topologies.errors import InputError

pytestmark = pytest.mark.multirank
DTYPES = ("f16", "bf16", "f32", "f64", "i32", "i8")
RANK_PROGRAM = """
import json, sys
from dataclasses import replace
from time import perf_counter
from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.cells.exact import REDUCE
from fabric.measure.launch.launcher import detect
from fabric.measure.cells.layout import REDUCING
from fabric.measure.timing.loop import count_wrong
from fabric.records.case import DTYPES, Case

backend, launch = BACKENDS[sys.argv[1]], detect()
world = backend.connect(launch, 30.0)
p, rank = launch.world_size, launch.rank
group = world.group(range(p))
wrong, faults = {}, {}

def checked(label, case, spoil=None, into=wrong):
    operation = group.operation(case, rank)
    run = operation.run
    def spoilt():
        run()
        if len(operation.target):
            spoil(operation.target, case.count)
    into[label] = count_wrong(group, replace(operation, run=spoilt) if spoil else operation, case, rank)
    operation.release()

for name in POINT_TO_POINT:
    for mode in backend.ways[name].modes:
        for dtype in backend.takes(name):
            for params in ({},) if name == "latency" else ({"window": 5}, {"window": 5, "buffers": 2}, {"window": 1}):
                case = Case(name, 251 * 8, p, 1, p, in_place=False, dtype=dtype, mode=mode, params=params)
                checked(f"{name} {mode} {dtype} {params}", case)
    checked(f"{name} of no bytes", Case(name, 0, p, 1, p, in_place=False, params={} if name == "latency" else {"window": 3}))
for op in REDUCE:
    for dtype in backend.dtypes:
        for name in REDUCING:
            form = backend.ways[name].forms[0]
            checked(f"{name} {op} {dtype}", Case(name, 251 * p * DTYPES[dtype], p, 1, p, in_place=form, dtype=dtype, op=op))

def one_element(target, count):
    target[len(target) // 2] += 1
def a_message_twice(target, count):
    target[:count] = target[-count:] + 0
for name in POINT_TO_POINT:
    case = Case(name, 4096, p, 1, p, in_place=False)
    checked(f"{name}: one element", case, one_element, faults)
    if name != "latency":
        checked(f"{name}: a message in another's place", case, a_message_twice, faults)

gaps = None
if sys.argv[1] == "mpi":
    import numpy as np
    from fabric.measure.backends.mpi_ways import prepare
    from fabric.measure.cells.layout import layout
    from topologies.errors import InputError
    case = Case("sendrecv", 64, p, 1, p, dtype="f64", in_place=False)
    try:
        prepare(group.handle, case, layout(case, rank), np.zeros(8), np.zeros((8, 2))[:, 0])
    except InputError as error:
        gaps = str(error)

world.wait()
if rank == 0:
    print(json.dumps({"wrong": wrong, "faults": faults, "gaps": gaps}), flush=True)
world.close()
"""


def test_every_kind_mode_and_dtype_is_right_and_faults_are_counted(backend, tmp_path, ranks):
    report = ranks.run_program(RANK_PROGRAM, backend.name, tmp_path)
    taken, modes = backend.takes("latency"), backend.ways["latency"].modes
    assert set(backend.dtypes) <= set(taken) <= set(DTYPES)
    assert len(report["wrong"]) == len(taken) * len(modes) * 10 + len(backend.dtypes) * 12 + 4
    assert {text: count for text, count in report["wrong"].items() if count} == {}
    if backend.name == "mpi":
        assert report["gaps"] == "buffer: must be contiguous, got strides (2,) of shape (8,); copy it first"
    receiving = {"latency": 2, "bandwidth": 1, "bibandwidth": 2, "message_rate": 1}
    for text, count in report["faults"].items():
        name, what = text.split(": ")
        assert count == receiving[name] if what == "one element" else count >= receiving[name] * 1000


def test_asked_on_the_command_line(backend, tmp_path, ranks):
    path = tmp_path / "r.jsonl"
    arguments = ("--collective", "p2p", "--param", "window=16", "--sizes", "0,8,64KiB", "--ranks", "2", "--iters", "8")
    done = ranks.measure("--backend", backend.name, *arguments, "-o", str(path), "--json")
    assert done.returncode == 0, done.stderr
    results, _ = read(path)
    cases = {(r.case.collective, r.case.nbytes, r.case.params.get("window")) for r in results}
    windows = {(name, size, 16.0) for name in GROUPS["p2p"][1:] for size in (8, 65536)}
    assert cases == {("latency", size, None) for size in (0, 8, 65536)} | windows
    assert {result.wrong for result in results} == {0}
    assert "left out 0 B" in done.stderr
    for row in json.loads(done.stdout)["rows"]:
        rate = row["messages_per_second"]
        assert (rate is None) == (row["collective"] == "latency")
        assert rate is None or row["busbw_bytes_per_second"] == pytest.approx(rate * row["nbytes"])


def test_one_rank_alone_does_every_collective_that_needs_no_other(backend, tmp_path, ranks):
    path = tmp_path / "one.jsonl"
    arguments = ("--collective", "all", "--sizes", "4KiB", "--ranks", "1", "--iters", "6", "-o", str(path))
    done = ranks.measure("--backend", backend.name, *arguments)
    assert done.returncode == 0, done.stderr
    results, _ = read(path)
    forms = {(name, form) for name in GROUPS["all"] for form in backend.ways[name].forms if backend.ways[name].least == 1}
    assert {(r.case.collective, r.case.in_place) for r in results} == forms
    assert {r.wrong for r in results} == {0}
    assert all(r.busbw == 0 for r in results if r.case.collective not in ("broadcast", "reduce", "sendrecv"))


def test_what_cannot_be_done_is_one_line(backend):
    for arguments, words in (
        (("--collective", "latency", "--ranks", "1"), f"ranks: latency on {backend.name} needs 2 or more, got 1"),
        (("--collective", "message_rate", "--ranks", "3"), "ranks: message_rate needs an even number, got 3"),
        (("--collective", "bandwidth", "--ranks", "2", "--param", "window=0"), "window: must be a whole number >= 1, got"),
        (("--collective", "all_reduce", "--ranks", "2", "--sizes", "0"), "sizes: all_reduce needs 4 bytes or more"),
        (("--collective", "bandwidth", "--ranks", "2", "--mode", "nonblocking"), "mode: bandwidth of"),
    ):
        done = CliRunner().invoke(program, ["measure", "--backend", backend.name, *arguments])
        assert isinstance(done.exception, InputError), done.output
        assert words in str(done.exception)
        assert "\n" not in str(done.exception)
