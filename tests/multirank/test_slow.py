"""`slow` on real ranks: one that is stopped again and again from outside is named; launchers; cuts; ends; wrong input."""

import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress

import jsonschema
import pytest

from fabric.answers.catalog import schema

pytestmark = pytest.mark.multirank
STOPPED, RUNNING = 0.04, 0.01
"""Seconds of a rank's pulses: it has a fifth of the time."""
QUICK = ["--block", "0.05"]


@contextmanager
def throttled(ranks, word, rank, folder):
    """Stop one rank of the run with the word in its command line again and again once it is connected, until the block is left.

    folder: the run's TMPDIR.
    """
    over = threading.Event()

    def pulse():
        pid = None
        while not over.is_set() and pid is None:
            pid = ranks.rank_pid(word, rank) if any(folder.glob(f"fabricbench-connecting-*/{rank}.done")) else None
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            while not over.is_set():
                os.kill(pid, signal.SIGSTOP)
                time.sleep(STOPPED)
                os.kill(pid, signal.SIGCONT)
                time.sleep(RUNNING)

    thread = threading.Thread(target=pulse)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def slow(ranks, *arguments, timeout=150, environment=None):
    return ranks.finish([sys.executable, "-m", "fabric", "slow", *arguments], environment or ranks.LAUNCHED, timeout)


def report(text):
    """Return a printed report; it is what its schema says."""
    found = json.loads(text)
    assert found["rows"]
    jsonschema.validate(found, schema("slow"))
    return found


def stopped_rank_2(ranks, folder, *arguments):
    """Return the exit code and the report of a search on four ranks, two of them on a core, with rank 2 stopped and let go."""
    ranks.needs("mpi")
    mark = "--timeout=63.25"
    own = {**ranks.LAUNCHED, "TMPDIR": str(folder)}
    with throttled(ranks, mark.replace("=", "\0"), 2, folder):
        done = slow(ranks, "--backend", "mpi", "--ranks", "4", mark, "--json", *arguments, environment=own)
    return done.returncode, report(done.stdout)


def test_pairs_name_the_rank_that_is_stopped_most_of_the_time(ranks, tmp_path):
    """One pair at a time: on two cores, pairs at once disturb each other."""
    code, found = stopped_rank_2(ranks, tmp_path, "--method", "pairs", "--batch", "1", "--repeats", "4")
    assert (code, found["slow"]) == (1, [2]), found["verdict"]
    assert found["verdict"].startswith("slow: rank 2 takes")
    assert (found["wrong"], found["schema"]) == (0, "fabricbench.slow/1")


def test_groups_name_the_stopped_rank_or_nobody(ranks, tmp_path):
    """On a loaded machine the noise can be beyond what 12 comparisons settle: it is inconclusive then, never another rank."""
    code, found = stopped_rank_2(ranks, tmp_path, "--method", "groups")
    assert (code, found["slow"]) in [(1, [2]), (0, [])], found["verdict"]
    assert found["verdict"].startswith(("slow: rank 2 takes", "inconclusive")), found["verdict"]
    assert 0 < len(found["rows"]) <= 12


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_a_search_clears_or_names_every_suspect_of_the_fabric(backend, ranks):
    """On two cores ranks disturb each other: whoever is named, all suspects have rows in each layer and the code says which."""
    layers = ("collective", "pairs")
    arguments = ["--ranks", "4", "--topo", "leaf_spine:leaves=2,spines=1,hosts_per_leaf=2", "--layers", ",".join(layers)]
    done = slow(ranks, "--backend", backend.name, *arguments, "--json", "--repeats", "3", "--block", "0.02", "--budget", "20")
    found = report(done.stdout)
    assert (found["method"], found["schema"]) == ("search", "fabricbench.slow/1")
    for layer in layers:
        assert {s for row in found["rows"] if row["layer"] == layer for s in row["suspects"]} == {0, 1, 2, 3, 4}
    named = any(row["state"] == "slow" for row in found["rows"])
    assert done.returncode == (1 if named else 4 if found["undecided"] else 0)
    assert "# about " in done.stderr


@contextmanager
def running(ranks, command, environment=None):
    """Start a command and leave no process of it behind."""
    pipe = ranks.subprocess.PIPE
    with ranks.subprocess.Popen(
        command, cwd=ranks.ROOT, env=environment or ranks.LAUNCHED, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def when_it_has_tests(ranks, process, keep, mark, rank):
    """Return the process of a rank once the file has a test."""
    ranks.wait_until(lambda: process.poll() is not None or (keep.exists() and '"seconds"' in keep.read_text()), 90)
    assert process.poll() is None, process.communicate()
    return ranks.wait_until(lambda: ranks.rank_pid(mark, rank))


def stopped(ranks, command, keep, mark, rank):
    """Stop one rank of a running search for good; return (exit code, standard output, standard error)."""
    with running(ranks, command) as process:
        pid = when_it_has_tests(ranks, process, keep, mark, rank)
        os.kill(pid, signal.SIGSTOP)
        first = process.stdout.readline()  # told while the rank is still stopped
        try:
            out, err = process.communicate(timeout=3)
        except ranks.subprocess.TimeoutExpired:
            os.kill(pid, signal.SIGKILL)  # torchrun waits 30 s for it
            out, err = process.communicate(timeout=60)
    return process.returncode, first + out, err


def test_a_rank_that_hangs_is_found_and_the_search_goes_on_without_it(ranks, tmp_path):
    """Started plainly: the others are started again, the silent one is in no test, and its node by name can be taken out."""
    ranks.needs("mpi")
    mark, keep, topo = "9.375", tmp_path / "tests.jsonl", tmp_path / "topology.conf"
    topo.write_text("SwitchName=top Switches=s[1-2]\nSwitchName=s1 Nodes=n[1-3]\nSwitchName=s2 Nodes=n[4-5]\n")
    named = str(tmp_path / "named.yaml")
    assert ranks.finish([sys.executable, "-m", "fabric", "read", str(topo), "-o", named]).returncode == 0
    own = ["--backend", "mpi", "--ranks", "5", "--block", "0.02", "--repeats", "3", "--timeout", mark, "--keep", str(keep)]
    command = ["env", "KUBERNETES_SERVICE_HOST=here", sys.executable, "-m", "fabric", "slow", "--topo", named, *own, "--json"]
    code, out, err = stopped(ranks, command, keep, mark, 2)
    assert code == 1, err
    found = json.loads(out)
    assert "n3 never answers" in found["verdict"]
    assert [row["kind"] for row in found["rows"] if row["name"] == "n3"] == ["hung"]
    assert found["context"]["silent"] == ["n3"]
    assert not found["context"]["cut"]
    again = [row for row in found["context"]["evidence"] if "n3" not in row["nodes"] and row["factor"]]
    assert again, "no test without the silent rank"
    assert "# n3: no sign of life; the search goes on without" in err
    assert "kubectl cordon n3" in found["drain"]


def test_a_rank_that_hangs_under_a_users_launcher_is_found_too(backend, ranks, tmp_path):
    """Nobody can be started again there: what is known is told, and the same file goes on."""
    mark, keep = "9.625", tmp_path / "tests.jsonl"
    launcher = ranks.mpirun if backend.name == "mpi" else ranks.torchrun
    extra = ["--oversubscribe"] if backend.name == "mpi" and ranks.is_open_mpi() else []
    own = ["--backend", backend.name, "--block", "0.05", "--repeats", "3", "--timeout", mark, "--keep", str(keep), "--json"]
    command = launcher(4, "-m", "fabric", "slow", *own)
    code, out, err = stopped(ranks, [command[0], *extra, *command[1:]], keep, mark, 1)
    assert code == 1, err
    found = json.loads(out)
    assert found["verdict"].startswith("slow: rank 1 never answers")
    assert (found["slow"], found["context"]["cut"]) == ([1], True)
    assert "fabricbench: rank 1: no sign of life for 9.625 s" in err


def test_settings_that_differ_are_told_although_nobody_is_slow(ranks):
    """Two programs under one mpirun: the second has a variable that the others have not."""
    ranks.needs("mpi")
    if not ranks.is_open_mpi():
        pytest.skip("the colon between programs is Open MPI's")
    own = [sys.executable, "-m", "fabric", "slow", "--backend", "mpi", "--block", "0.02", "--repeats", "2", "--budget", "0.5"]
    start, *_ = ranks.mpirun(1)
    command = [start, "--oversubscribe", "-n", "3", *own, ":", "-n", "1", "env", "UCX_TLS=self", *own]
    done = ranks.finish(command)
    assert done.returncode in {0, 4}, done.stderr  # a quick machine clears everybody within the budget
    assert "not the same on all ranks: UCX_TLS: self on rank 3; not set on the others" in done.stdout


def test_a_killed_search_goes_on_with_its_file_and_ends_with_the_same_verdict(ranks, tmp_path):
    ranks.needs("mpi")
    mark, keep = "61.875", tmp_path / "tests.jsonl"
    own = [
        "--backend",
        "mpi",
        "--ranks",
        "4",
        "--block",
        "0.05",
        "--repeats",
        "2",
        "--timeout",
        mark,
        "--keep",
        str(keep),
        "--json",
    ]
    command = [sys.executable, "-m", "fabric", "slow", *own]
    with running(ranks, command) as process:
        os.kill(when_it_has_tests(ranks, process, keep, mark, 2), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert f"kept in {keep}, and the same command goes on" in err.splitlines()[-1]
    before = keep.read_text()
    keep.write_text(before + before.splitlines()[-1][:30])  # a torn last line
    first = ranks.finish(command, ranks.LAUNCHED, 120)
    assert first.returncode in (0, 1, 4), first.stderr
    assert f"# tests in {keep} and not taken again" in first.stderr
    assert "its last line is torn (30 bytes)" in first.stderr
    whole = keep.read_text()
    assert whole.startswith(before)
    second = ranks.finish(command, ranks.LAUNCHED, 120)
    assert keep.read_text() == whole, "a search that is over was run again"
    assert json.loads(second.stdout)["rows"] == json.loads(first.stdout)["rows"]
    assert second.returncode == first.returncode


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_lateness_reports_every_rank(backend, ranks):
    done = slow(ranks, "--method", "lateness", "--backend", backend.name, "--ranks", "3", "--repeats", "8", "--json", *QUICK)
    found = report(done.stdout)
    assert done.returncode == int(bool(found["slow"]))
    assert [(row["rank"], row["samples"]) for row in found["rows"]] == [(0, 8), (1, 8), (2, 8)]
    assert all(row["low"] <= row["factor"] <= row["high"] and row["late_seconds"] >= 0 for row in found["rows"])
    assert found["wrong"] == 0


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_cuts_of_every_order_beside_the_fabric_and_an_idle_rank(backend, ranks):
    arguments = ["--method", "bisection", "--ranks", "3", "--orders", "contiguous,interleaved,scattered:1", "--repeats", "6"]
    done = slow(ranks, "--backend", backend.name, *arguments, "--topo", "star:devices=4", "--json", *QUICK)
    assert done.returncode == 0, done.stderr
    rows = report(done.stdout)["rows"]
    assert [row["order"] for row in rows] == ["contiguous", "interleaved", "scattered:1"]
    for row in rows:
        assert (row["pairs"], row["idle_ranks"], row["samples"]) == (1, 1, 6)
        assert 0 < row["low"] <= row["bytes_per_second"] <= row["high"]
        assert row["share_of_bound"] == pytest.approx(row["bytes_per_second"] / row["bound_bytes_per_second"])
        assert len({*row["first_half"], *row["second_half"]}) == 2


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_under_a_users_own_launcher_one_rank_speaks(backend, ranks):
    launcher = ranks.mpirun if backend.name == "mpi" else ranks.torchrun
    extra = ["--oversubscribe"] if backend.name == "mpi" and ranks.is_open_mpi() else []
    command = launcher(3, "-m", "fabric", "slow", "--method", "pairs", "--repeats", "4", "--batch", "1", "--least", "50")
    done = ranks.finish([command[0], *extra, *command[1:], "--json", *QUICK])
    assert done.returncode == 0, done.stderr
    rows = report(done.stdout)["rows"]
    assert [row["rank"] for row in rows] == [0, 1, 2]
    assert {row["samples"] for row in rows} == {2 * 4}
    assert all(row["low"] < row["factor"] < row["high"] for row in rows)


def test_wrong_input_is_one_line_and_exit_code_2(ranks):
    """The others are in tests/fabric/cli/test_slow.py: they start no rank."""
    ranks.needs("mpi")
    done = slow(ranks, "--method", "groups", "--ranks", "3", "--backend", "mpi")
    said = [text for text in done.stderr.splitlines() if not text.startswith("#")]
    assert (done.returncode, said) == (2, ["fabricbench: ranks: groups need 4 or more, got 3; use --method pairs"])


@pytest.mark.parametrize("backend", ["mpi"], indirect=True)
def test_ctrl_c_leaves_nothing(backend, ranks):
    mark = "67.125"
    with ranks.subprocess.Popen(
        [sys.executable, "-m", "fabric", "slow", "--backend", backend.name, "--repeats", "500", "--timeout", mark],
        cwd=ranks.ROOT,
        env=ranks.LAUNCHED,
        stdout=ranks.subprocess.PIPE,
        stderr=ranks.subprocess.PIPE,
        text=True,
    ) as process:
        ranks.wait_until(lambda: ranks.rank_pid(mark, 1))
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
    assert process.returncode == 130
    assert [text for text in err.splitlines() if not text.startswith("#")] == [
        "fabricbench: interrupted; a search keeps nothing without --keep FILE"
    ]
    ranks.wait_until(lambda: not ranks.processes(mark), 10)
