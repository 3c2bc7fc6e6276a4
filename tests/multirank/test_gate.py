"""The gate on real ranks: a slowdown put into B is found, identical sides are not accused, nobody's checkout is touched."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.multirank
ROOT = Path(__file__).parents[2]
GATE = [sys.executable, "-m", "fabric", "gate"]
RUN = "backends: [mpi]\nworld_sizes: [2]\nsizes: [8, 4KiB]\n"


@pytest.fixture
def run_file(tmp_path, ranks):
    ranks.needs("mpi")
    path = tmp_path / "run.yaml"
    path.write_text(RUN)
    return str(path)


@pytest.fixture
def small_run_file(tmp_path, ranks):
    """One cell beside the canary: a broadcast has one form."""
    ranks.needs("mpi")
    path = tmp_path / "small.yaml"
    path.write_text("backends: [mpi]\nworld_sizes: [2]\nsizes: [4KiB]\ncollectives: [broadcast]\n")
    return str(path)


@pytest.fixture
def repository(tmp_path):
    """A git repository with two revisions of what a launch imports, and a change that nobody has committed."""
    folder = tmp_path / "repository"
    for package in ("fabric", "topologies"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".gitignore").write_text("__pycache__/\n")

    def git(*words):
        own = ["-c", "user.name=n", "-c", "user.email=e@e", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *own, *words], cwd=folder, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    for content in ("one", "two"):
        (folder / "file").write_text(content)
        git("add", "--all")
        git("commit", "-q", "-m", content)
    (folder / "file").write_text("mine")
    return folder, git


def test_a_slowdown_of_half_is_found(tmp_path, ranks):
    ranks.needs("mpi")
    suites = tmp_path / "suites.jsonl"
    words = ["--live", "1", "--inject", "50", "--sizes", "4096", "--budget", "8", "--suites", str(suites)]
    done = ranks.finish([sys.executable, "-m", "benchmarks.gate_errors", *words], {**ranks.BARE, "PYTHONPATH": ranks.PATH})
    assert done.returncode == 0, done.stderr
    cells = json.loads(suites.read_text())["cells"]
    assert [cell["verdict"] for cell in cells] == ["regressed"] * 2
    assert all(1.2 < cell["ratio"] < 2 for cell in cells)


def test_identical_runs_are_not_accused_and_every_pair_is_kept(run_file, tmp_path, ranks):
    output = tmp_path / "quads.jsonl"
    words = ["--runs", run_file, run_file, "--budget", "2", "--json", "-o", str(output)]
    done = ranks.finish([*GATE, *words], {**ranks.BARE, "PYTHONPATH": ranks.PATH})
    assert done.returncode in (0, 4), done.stderr
    answer = json.loads(done.stdout)
    assert answer["schema"] == "fabricbench.gate/1"
    assert [row["nbytes"] for row in answer["rows"]] == [8, 8, 4096, 4096]
    assert not {row["verdict"] for row in answer["rows"]} & {"regressed", "improved"}
    assert all(row["wrong"] == 0 and row["units"] >= 2 for row in answer["rows"])
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    quads = [row for row in rows if "cell" in row]
    assert sum(row["units"] for row in answer["rows"]) == len(quads)
    assert {quad["order"] for quad in quads} == {"ABBA", "BAAB"}
    assert len([row for row in rows if "context" in row]) == answer["launches"] >= 2
    assert "# gate: part 1 of 4" in done.stderr


def test_in_the_users_own_launch_one_rank_speaks(run_file, ranks):
    done = ranks.finish(ranks.mpirun(2, "-m", "fabric", "gate", "--runs", run_file, run_file, "--budget", "1", "--markdown"))
    assert done.returncode in (0, 4), done.stderr
    assert done.stdout.count("### fabricbench gate: 4 cells") == 1
    assert done.stdout.count("| all_reduce 8 B |") == 2


def test_two_revisions_run_in_worktrees_that_are_gone_afterwards(small_run_file, repository, ranks):
    folder, git = repository
    words = ["--revs", "main~1", "main", small_run_file, "--budget", "0.1", "--json"]
    done = subprocess.run(
        [*GATE, *words], cwd=folder, env={**ranks.BARE, "PYTHONPATH": ranks.PATH}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    answer = json.loads(done.stdout)
    assert answer["a"].startswith("main~1 (")
    assert {row["verdict"] for row in answer["rows"]} == {"inconclusive"}
    assert all(row["more_units"] >= 1 for row in answer["rows"])
    assert [row["nbytes"] for row in answer["rows"]] == [4096], "the canary's 8 bytes are no cell that was asked for"
    assert git("worktree", "list").count("\n") == 1
    assert (folder / "file").read_text() == "mine"
    assert git("status", "--short") == " M file\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_no_worktree_and_no_rank(number, code, run_file, repository, ranks):
    folder, git = repository
    words = ["--revs", "main~1", "main", run_file, "--budget", "60"]
    running = subprocess.Popen(
        [*GATE, *words], cwd=folder, env={**ranks.BARE, "PYTHONPATH": ranks.PATH}, stderr=subprocess.PIPE
    )
    ranks.wait_until(lambda: set(ranks.processes("fabric\0measure")) & set(ranks.processes("fabricbench-gate-")))
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == code, said
    assert git("worktree", "list").count("\n") == 1
    ranks.wait_until(lambda: not ranks.processes("fabricbench-gate-"), 20)


def test_two_interpreters_with_the_same_libraries(small_run_file, ranks):
    words = ["--envs", sys.executable, sys.executable, small_run_file, "--budget", "0.1", "--markdown"]
    done = ranks.finish([*GATE, *words], {**ranks.BARE, "PYTHONPATH": ranks.PATH})
    assert done.returncode == 4, done.stderr
    assert "pairs of launches; 8-byte canary" in done.stdout
