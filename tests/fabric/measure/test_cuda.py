"""GPUs: what is refused without one, and what holds on one. The latter is skipped, with the reason, elsewhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from fabric.errors import EnvironmentFault
from fabric.measure.backends.catalog import backend, variant
from fabric.measure.backends.cuda import Stream
from fabric.measure.cells.ask import What
from fabric.measure.cells.job import Job
from fabric.measure.cells.run_file import jobs, parse
from fabric.measure.timing.loop import whole
from topologies.errors import InputError

torch = pytest.importorskip("torch", reason="torch is not installed")
ROOT = Path(__file__).parents[3]
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")
NCCL_ALONE = ("--backend", "nccl", "--ranks", "1", "--sizes", "4KiB,1MiB", "--iters", "20")


def measure(*arguments):
    command = [sys.executable, "-m", "fabric", "measure", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def measured(tmp_path, *arguments):
    done = measure(*arguments, "-o", str(tmp_path / "r.jsonl"))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mpi", "cuda"), "device: mpi is measured on cpu, got 'cuda'"),
        (("nccl", "cpu"), "device: nccl is measured on cuda, got 'cpu'"),
        (("gloo", "tpu"), "device: gloo is measured on cpu or cuda, got 'tpu'"),
        (("gloo", None, 5), "graph: only nccl's calls go into CUDA graphs, got 5 for gloo"),
        (("nccl", None, -1), "graph: must be a whole number of calls >= 1, got -1"),
    ],
)
def test_what_a_backend_cannot_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        variant(*arguments)


def test_the_usual_device_is_the_backend_itself():
    assert variant("gloo") is variant("gloo", "cpu") is backend("gloo")
    assert variant("nccl", "cuda") is backend("nccl")
    assert set(variant("gloo", "cuda").ways) < set(backend("gloo").ways)


def test_graphs_are_a_mode_of_their_own_and_need_a_count():
    (job,) = jobs(parse({"graph": 20, "backends": ["nccl"], "sizes": [8]}, "run"), "nccl", 1, 1)
    assert (job.what.mode, job.graph) == ("graph", 20)
    with pytest.raises(InputError, match="graph: mode graph needs calls to capture, as --graph 20 says, got 0 in graph"):
        Job("nccl", (8,), (1,), what=What(mode="graph"))
    with pytest.raises(InputError, match="mode: barrier of nccl is blocking, got 'graph'"):
        Job("nccl", (8,), (1,), ("barrier",), What(mode="graph"), graph=5)


@pytest.mark.parametrize(("calls", "at_once"), [(1, 1), (1, 20), (20, 20), (43, 20), (7, 3)])
def test_calls_are_put_on_the_stream_by_graphs_as_far_as_they_go(calls, at_once):
    put = []
    stream = Stream(None, lambda: None, lambda: put.append(1), lambda: put.append(at_once), at_once)
    stream.put(calls)
    assert sum(put) == calls
    assert put.count(1) < at_once or at_once == 1
    rounded = whole(calls, type("Op", (), {"at_once": at_once}))
    assert rounded % at_once == 0
    assert calls <= rounded < calls + at_once


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_cuda_is_one_clear_line():
    done = measure("--backend", "gloo", "--device", "cuda", "--ranks", "1", "--sizes", "8")
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("fabricbench: ")]
    assert "device: cuda: no GPU" in line
    asked = ["measure", "--ranks", "1", "--sizes", "8", "--backend"]
    without = CliRunner().invoke(program, [*asked, "nccl"])
    assert isinstance(without.exception, EnvironmentFault), without.output
    graph = CliRunner().invoke(program, [*asked, "gloo", "--graph", "5"])
    assert str(graph.exception) == "graph: only nccl's calls go into CUDA graphs, got 5 for gloo"


@GPU
def test_gloo_on_cuda_tensors_gives_right_sums(tmp_path):
    found = measured(tmp_path, "--backend", "gloo", "--device", "cuda", "--ranks", "1", "--sizes", "8,1MiB", "--iters", "8")
    assert all(r["wrong"] == 0 and r["context"]["device"] == "cuda" for r in found)


@GPU
def test_nccl_alone_is_timed_by_events_that_agree_with_the_wall_clock(tmp_path):
    for result in measured(tmp_path, *NCCL_ALONE):
        assert result["wrong"] == 0
        assert result["context"]["clock"].startswith("cuda_event")
        events, wall = sorted(result["seconds"])[len(result["seconds"]) // 2], result["context"]["python_loop_seconds"]
        assert events <= 1.2 * wall, "what the stream did cannot take longer than what the host waited for"


@GPU
def test_graphs_give_right_sums_and_say_how_many_calls_they_hold(tmp_path):
    for result in measured(tmp_path, *NCCL_ALONE, "--collective", "all_reduce,all_gather", "--graph", "10"):
        assert result["wrong"] == 0
        assert (result["case"]["mode"], result["context"]["graph"]) == ("graph", 10)
        assert result["batch"] % 10 == 0
