"""Ranks that connect, seen from the process that started them: nobody is accused in time, the stopped one is named after it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fabric.measure.launch.connecting import FOLDER, Connecting, connecting
from fabric.measure.launch.supervise import supervise_ranks

ROOT = Path(__file__).parents[4]
RANKS = """
import os, signal, sys, time
from fabric.measure.launch.connecting import connecting
for rank in range(2):
    if os.fork() == 0:
        with connecting(rank):
            if rank == int(sys.argv[1]):
                os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(float(sys.argv[2]))
        os._exit(0)
code = max(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(2))
sys.exit(int(code))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def late(folder, ranks=2):
    watched = Connecting(folder, ranks, 0.0)
    watched.since = time.monotonic()
    return watched.overdue()


def test_all_connected_is_never_late_and_who_is_not_there_is_named(folder):
    with connecting(0):
        assert late(folder) == "the ranks did not connect within 0 s: rank 1 is not there"
        with connecting(1):
            assert late(folder) == "the ranks did not connect within 0 s: ranks 0, 1 are still waiting"
    assert late(folder) is None


def test_within_the_limit_and_before_anybody_began_nothing_is_late(folder):
    assert Connecting(folder, 2, 0.0).overdue() is None
    with connecting(0):
        assert Connecting(folder, 2, 60.0).overdue() is None


def test_nothing_is_written_where_nobody_looks(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    with connecting(0):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="a process's state is read from /proc")
def test_a_rank_that_is_stopped_while_connecting_ends_the_run_at_the_limit_and_is_named():
    start = time.monotonic()
    ending = supervise_ranks([sys.executable, "-c", RANKS, "1", "30"], {**os.environ, "PYTHONPATH": str(ROOT)}, 2, 2.0)
    assert ending.code
    assert ending.reason == (
        "the ranks did not connect within 2 s: rank 1 is stopped by a signal (SIGSTOP, Ctrl-Z or a debugger)"
    )
    assert time.monotonic() - start < 20


def test_ranks_that_connect_run_on_beyond_the_limit():
    ending = supervise_ranks([sys.executable, "-c", RANKS, "-1", "0.1"], {**os.environ, "PYTHONPATH": str(ROOT)}, 2, 5.0)
    assert (ending.code, ending.reason) == (0, "")


def test_a_stopped_process_is_told_from_one_that_runs(folder):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        (folder / "0").write_text(str(child.pid))
        assert "rank 0 is still waiting" in late(folder, 1)
        child.send_signal(signal.SIGSTOP)
        for _ in range(100):
            if "stopped by a signal" in late(folder, 1):
                break
            time.sleep(0.05)
        Connecting(folder, 1, 0.0).end_stopped()
        assert child.wait(10) == -signal.SIGKILL
