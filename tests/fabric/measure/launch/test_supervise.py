import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fabric.measure.launch.supervise import Listener, supervise

TORCHRUN = """\
E1122 17:12:29.057000 6469 torch/distributed/elastic/multiprocessing/api.py:1002] failed (exitcode: 3) local_rank: 0
Traceback (most recent call last):
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
Failures:
[1]:
  rank      : 1 (local_rank: 1)
  exitcode  : {code} (pid: 6475)
Root Cause (first observed failure):
[0]:
  rank      : 0 (local_rank: 0)
  exitcode  : 3 (pid: 6474)
"""
OPEN_MPI = f"""\
{"-" * 74}
prterun noticed that process rank 1 with PID 10125 on node vm exited on
signal 9 (Killed).
{"-" * 74}
"""
OPEN_MPI_EXIT = f"""\
{"-" * 74}
prterun detected that one or more processes exited with non-zero status,
thus causing the job to be terminated. The first process to do so was:

   Process name: [prterun-vm-10130@1,1]
   Exit code:    3
{"-" * 74}
"""
MPICH = f"""\
# fabricbench rank 0 5201
# fabricbench rank 1 5202

{"=" * 83}
=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES
=   PID 5202 RUNNING AT vm
=   EXIT CODE: 9
=   CLEANING UP REMAINING PROCESSES
=   YOU CAN IGNORE THE BELOW CLEANUP MESSAGES
{"=" * 83}
YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)
This typically refers to a problem with your application.
Please see the FAQ page for debugging suggestions
"""
MPICH_ABORT = "Abort(3) on node 1 (rank 1 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 3) - process 1\n"


def running(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def heard(text):
    listener = Listener()
    for line in text.splitlines(keepends=True):
        listener.hear(line)
    return listener


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TORCHRUN.format(code=-9), "rank 1 was killed by signal 9"),
        (TORCHRUN.format(code=-15), "rank 0 ended with exit code 3"),
        ("fabricbench: gloo: lost\n" + TORCHRUN.format(code=-15), "gloo: lost"),
        ("fabricbench: gloo: lost\n" + TORCHRUN.format(code=-9), "rank 1 was killed by signal 9 (gloo: lost)"),
        (OPEN_MPI, "rank 1 was killed by signal 9"),
        (OPEN_MPI_EXIT, "rank 1 ended with exit code 3"),
        (MPICH, "rank 1 was killed by signal 9"),
        (MPICH.replace("5202\n\n", "7\n\n"), "a rank was killed by signal 9"),
        (MPICH_ABORT, "rank 1 ended with exit code 3"),
        ("fabricbench: mpi: lost\n" + MPICH_ABORT, "mpi: lost"),
        ("", "the launcher ended with exit code 1"),
    ],
)
def test_one_line_says_which_rank_ended_how(text, reason, capsys):
    assert heard(text).reason(1) == reason
    assert capsys.readouterr().err == "", "the launchers' own text is held back"


def test_what_ranks_print_goes_on(capsys):
    heard("# gloo: 3/9 cases\nTraceback of a rank\n" + TORCHRUN.format(code=1))
    assert capsys.readouterr().err == "# gloo: 3/9 cases\nTraceback of a rank\n"


def test_a_good_end_and_a_bad_one(capfd):
    assert supervise([sys.executable, "-c", "print('hello')"], os.environ).reason == ""
    assert capfd.readouterr().err == "hello\n", "standard output is the starting process's own"
    ending = supervise([sys.executable, "-c", "raise SystemExit(7)"], os.environ)
    assert (ending.code, ending.stopped, ending.reason) == (7, None, "the launcher ended with exit code 7")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_even_a_child_that_will_not_hear(number):
    """The child ignores SIGTERM and has a child of its own: both are gone at the end."""
    stubborn = textwrap.dedent(
        """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.fork()
        os.write(1, b'%d\\n' % os.getpid())
        time.sleep(60)
        """
    )
    outer = f"""
import os, sys
import fabric.measure.launch.supervise as s
s.GRACE = 0.5
print(s.supervise([sys.executable, "-c", {stubborn!r}], os.environ).stopped)
"""
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        pids = [int(process.stderr.readline()) for _ in range(2)]
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert out.strip() == str(int(number)), err
    time.sleep(0.2)
    assert not [pid for pid in pids if running(pid)]
