"""A sweep gives the same answer with any number of workers, in any order, and after it was cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fabric.errors import EnvironmentFault
from fabric.sweep import cores, key_of, sweep
from topologies.errors import InputError

ROOT = Path(__file__).parents[2]
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}


def square(task):
    return {"square": task * task, "third": task / 3}


def refuse(task):
    if task == 3:
        raise InputError("task: must not be 3")
    return task


def die(_task):
    os._exit(9)


def test_results_come_in_the_order_of_the_tasks_with_any_number_of_workers():
    alone = sweep(square, range(20), workers=1)
    assert alone == [square(task) for task in range(20)]
    assert sweep(square, range(20), workers=2) == alone
    assert sweep(square, list(reversed(range(20))), workers=2) == alone[::-1]


def test_progress_counts_every_task():
    seen = []
    sweep(square, range(5), workers=1, watch=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(1, 6)]


def test_a_second_run_takes_over_what_the_journal_holds(tmp_path):
    journal = tmp_path / "deep" / "sweep.jsonl"
    whole = sweep(square, range(8), workers=1, journal=journal)
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join(lines[:3]) + "\n" + lines[3][:10])  # cut off in the fourth
    seen = []
    again = sweep(square, range(8), workers=1, journal=journal, resume=True, watch=lambda done, _: seen.append(done))
    assert again == whole
    assert seen == [1, 2, 3, 4, 5]
    assert sorted(journal.read_text().splitlines()) == sorted(lines)


def test_a_journal_is_taken_over_not_worked_out_again(tmp_path):
    journal = tmp_path / "sweep.jsonl"
    journal.write_text(json.dumps({"key": key_of(2), "result": "known"}) + "\n")
    assert sweep(square, [1, 2], workers=1, journal=journal, resume=True) == [square(1), "known"]


def test_a_journal_that_is_there_is_not_overwritten(tmp_path):
    journal = tmp_path / "sweep.jsonl"
    journal.write_text("precious\n")
    with pytest.raises(InputError, match="is there already; add --resume"):
        sweep(square, [1], journal=journal)
    with pytest.raises(InputError, match="is no journal of a sweep"):
        sweep(square, [1], journal=journal, resume=True)
    assert journal.read_text() == "precious\n"


def test_a_journal_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"output: cannot (read|write)"):
        sweep(square, [1], workers=1, journal=tmp_path / "file" / "sweep.jsonl")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_task_refuses_reaches_the_caller_and_the_rest_is_called_off(tmp_path, workers):
    with pytest.raises(InputError, match="must not be 3"):
        sweep(refuse, range(6), workers=workers, journal=tmp_path / "sweep.jsonl")


def test_a_dead_worker_is_a_fault_of_the_machine():
    with pytest.raises(EnvironmentFault, match="a worker process died"):
        sweep(die, range(4), workers=2)


def test_workers_below_one_are_refused():
    with pytest.raises(InputError, match="workers: must be a whole number >= 1, got 0"):
        sweep(square, [1], workers=0)
    assert cores() >= 1


def test_keys_do_not_depend_on_the_order_of_a_mapping():
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})


SLOW = """
import sys, time
from fabric.sweep import sweep

def slow(task):
    time.sleep(0.3)
    return task

if __name__ == "__main__":
    print("ready", flush=True)
    sweep(slow, range(2000), workers=2, watch=lambda done, total: print(done, flush=True))
"""


def children(pid):
    """Return the pids of all descendants."""
    found, todo = [], [pid]
    while todo:
        for path in Path("/proc").glob(f"{todo.pop()}/task/*/children"):
            own = [int(text) for text in path.read_text().split()]
            found += own
            todo += own
    return found


def alive(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_a_sweep_leaves_nothing_running(tmp_path, how):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    run = subprocess.Popen(
        [sys.executable, str(script)], env=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with run:
        assert run.stdout.readline() == "ready\n"
        assert run.stdout.readline() == "1\n"
        started = children(run.pid)
        assert len(started) >= 2
        run.send_signal(how)
        run.stdout.read()
    assert run.returncode != 0
    deadline = time.monotonic() + 20
    while any(map(alive, started)):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.05)
