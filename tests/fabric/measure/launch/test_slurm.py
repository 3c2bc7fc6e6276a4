import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.cells.job import Job
from fabric.measure.cells.plan import Plan
from fabric.measure.launch.slurm import Batch, Shape, check_gpus, script, shape, step, time_limit
from topologies.errors import InputError

GLOO = Job("gloo", (8, 64), (2, 8))
MPI = Job("mpi", (8, 64), (2, 4))
NCCL = Job("nccl", (8, 64), (8,))
BATCH = Batch(Shape(2, 4), "pmi2", partition="gpu", gpus_per_node=4, more=("account=physics", "nice"))


@given(st.integers(1, 64), st.integers(1, 16))
def test_nodes_times_ranks_per_node_is_the_run(nodes, each):
    ranks = nodes * each
    assert shape(ranks, nodes, None) == shape(ranks, None, each) == shape(ranks, nodes, each) == Shape(nodes, each)
    assert shape(None, nodes, each).ranks == ranks
    assert shape(ranks, None, None) == Shape(1, ranks)


@pytest.mark.parametrize(
    ("ranks", "nodes", "each", "message"),
    [
        (8, 3, None, "nodes: must divide 8, the run's largest world size, got 3"),
        (8, None, 3, "nodes: must divide 8, the run's largest world size, got 3"),
        (8, 2, 8, "ranks-per-node: must be 4 for 8 ranks on 2 nodes, got 8"),
        (8, 0, None, "nodes: must be >= 1, got 0"),
        (8, 2, 0, "ranks-per-node: must be >= 1, got 0"),
        (None, 2, None, "ranks-per-node: must be named where RUN names no world sizes"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(ranks, nodes, each, message):
    with pytest.raises(InputError, match=message):
        shape(ranks, nodes, each)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mpi": "pmi1"}, "mpi: must be pmi2, pmix, mpirun, got 'pmi1'"),
        ({"time": "soon"}, "time: must be minutes, H:M:S or D-H:M:S, got 'soon'"),
        ({"time": "1:99"}, "time: must be minutes"),
        ({"gpus_per_node": 0}, "gpus-per-node: must be >= 1, got 0"),
        ({"more": ("account = x",)}, "sbatch: must be an option of sbatch such as account=physics, got 'account = x'"),
        ({"more": ("wrap=a\nrm",)}, "sbatch: wrap: must be one word"),
    ],
)
def test_what_slurm_would_refuse_is_refused_before(changes, message):
    with pytest.raises(InputError, match=message):
        Batch(**{"shape": Shape(1, 1), "mpi": "pmi2", **changes})


@pytest.mark.parametrize("time", ["5", "5:00", "01:02:03", "2-0", "2-12:30", "2-12:30:59"])
def test_every_form_of_sbatchs_time_is_taken(time):
    assert Batch(Shape(1, 1), "pmi2", time=time).time == time


def test_nccl_needs_a_gpu_for_every_rank_of_a_node():
    check_gpus([NCCL], BATCH)
    check_gpus([GLOO], Batch(Shape(1, 8), "pmi2"))
    for gpus in (None, 4):
        with pytest.raises(
            InputError, match=f"gpus-per-node: nccl needs a GPU for every rank of a node, 8, got {gpus or 'none'}"
        ):
            check_gpus([NCCL], Batch(Shape(1, 8), "pmi2", gpus_per_node=gpus))


def options_of(line):
    return dict(word.lstrip("-").split("=") for word in shlex.split(line) if word.startswith("--") and "=" in word)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 39))
def test_a_smaller_step_fits_the_allocation_and_starts_all_its_ranks(nodes, each, less):
    ranks = max(1, nodes * each - less)
    options = options_of(step(Job("gloo", (8,), (ranks,)), Batch(Shape(nodes, each), "pmi2"), ["x"]))
    assert int(options["ntasks"]) == ranks <= int(options["nodes"]) * int(options["ntasks-per-node"])
    assert int(options["nodes"]) <= nodes
    assert int(options["ntasks-per-node"]) <= each


def test_only_mpi_is_started_with_an_interface_of_mpi():
    assert options_of(step(GLOO, BATCH, ["x"]))["mpi"] == "none"
    assert options_of(step(MPI, BATCH, ["x"]))["mpi"] == "pmi2"
    line = step(MPI, Batch(Shape(2, 2), "mpirun", "/opt/mpi/bin/mpirun"), ["x", "a b"])
    assert shlex.split(line) == ["/opt/mpi/bin/mpirun", "-n", "4", "--map-by", "ppr:2:node", "x", "a b"]


def test_the_script_is_bash_and_runs_every_step_and_keeps_the_last_failure(tmp_path):
    text = script("my run", [GLOO, MPI], BATCH, [["sh", "-c", "exit 3"], ["true"]], ["A=1"])
    for line in (
        "--job-name=my-run",
        "--nodes=2",
        "--ntasks-per-node=4",
        "--partition=gpu",
        "--gpus-per-node=4",
        "--account=physics",
    ):
        assert f"#SBATCH {line}\n" in text
    stand_in = tmp_path / "srun"
    stand_in.write_text('#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\necho ran >> "$RAN"\nexec "$@"\n')
    stand_in.chmod(0o755)
    ran = tmp_path / "ran"
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RAN": str(ran)}
    done = subprocess.run(["bash", "-c", text], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert ran.read_text().split() == ["ran", "ran"]


def test_the_time_limit_covers_twice_the_budgets_and_is_left_out_where_the_count_is_fixed():
    cells = len(GLOO.cells())
    assert int(time_limit([GLOO])) * 60 >= 2 * cells * GLOO.plan.budget
    visited = Job("gloo", (8, 64), (2, 8), plan=Plan(visits=5))
    assert time_limit([visited]) == time_limit([GLOO]), "visits share the budget out"
    assert time_limit([Job("gloo", (8,), (2,), plan=Plan(iters=5))]) is None
