"""`launch slurm` as a user types it."""

import json

import pytest
from typed import typed

RUN = "sizes: [8]\nworld_sizes: {gloo: [1, 4], nccl: [8]}\nbackends: [gloo, nccl]\n"


def launch(*arguments):
    return typed("launch", "slurm", *arguments)


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(RUN)
    return str(path)


def test_it_prints_a_batch_file_with_a_step_for_each_backend(run):
    done = launch(run, "--nodes", "2", "--gpus-per-node", "4", "--time", "1:00:00")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "#!/bin/bash"
    assert {"#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=4", "#SBATCH --time=1:00:00"} <= set(lines)
    steps = [line for line in lines if line.startswith("srun ")]
    assert ["--backend gloo --ranks 1,4" in steps[0], "--backend nccl --ranks 8" in steps[1]] == [True, True]
    assert all(f"-o {run.removesuffix('yaml')}jsonl --resume" in line for line in steps)


def test_json_has_a_row_for_each_step_and_the_same_script(run):
    options = (run, "--nodes", "2", "--gpus-per-node", "4")
    answer = json.loads(launch(*options, "--json").stdout)
    assert answer["schema"] == "fabricbench.launch/1"
    assert answer["script"] == launch(*options).stdout
    assert [(row["backend"], row["ranks"], row["nodes"]) for row in answer["rows"]] == [("gloo", 4, 1), ("nccl", 8, 2)]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (RUN, ["--nodes", "3"], "nodes: must divide 8, the run's largest world size, got 3"),
        (RUN, [], "gpus-per-node: nccl needs a GPU for every rank of a node, 8, got none"),
        ("sizes: [8]\n", ["--nodes", "2"], "ranks-per-node: must be named where RUN names no world sizes, got none"),
        ("sizes: [8]\nworld_sizes: [cores]\n", [], "ranks-per-node: must be named"),
        ("sizes: [7]\nworld_sizes: [2]\n", [], "run.yaml: sizes: "),
        ("sizes: [8]\nbackend: x\n", [], "run.yaml: backend: unknown key"),
    ],
)
def test_bad_input_is_one_line(tmp_path, content, options, message):
    path = tmp_path / "run.yaml"
    path.write_text(content)
    done = launch(str(path), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--partition", "a\nrm -rf /"],
        ["--partition", ""],
        ["--partition", "a b"],
        ["--sbatch", "account=x\n#SBATCH --begin=now"],
        ["--sbatch", "account=$(id)"],
        ["--sbatch", "account="],
        ["--time", "1:00\nid"],
        ["--time", "²"],
        ["--mpi", "pmi2\nid"],
    ],
)
def test_nothing_begins_another_line_of_the_batch_file(tmp_path, options):
    path = tmp_path / "run.yaml"
    path.write_text("sizes: [8]\nworld_sizes: [2]\nbackends: [mpi]\n")
    done = launch(str(path), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"fabricbench: {options[0].removeprefix('--')}")


def test_without_a_run_or_with_one_that_is_not_there_it_says_so():
    assert "Missing argument 'RUN'" in launch().stderr
    done = launch("nowhere.yaml")
    assert (done.returncode, done.stderr) == (2, "fabricbench: run: cannot read nowhere.yaml: No such file or directory\n")


def test_cores_and_no_world_sizes_are_the_nodes_times_their_ranks(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("sizes: [8]\n")
    assert "--ranks 6 " in launch(str(path), "--nodes", "2", "--ranks-per-node", "3").stdout
    path.write_text("sizes: [8]\nworld_sizes: [cores]\n")
    assert "--ranks 1,2,3,4 " in launch(str(path), "--nodes", "2", "--ranks-per-node", "2").stdout
