"""Runs inside a twin: imports a program once and forks one process per rank, each in its host's network namespace.

Requests come as JSON lines on standard input, each is answered by one line. It does not know what the program does. Forking
after the import makes 32 ranks start in a second and share their memory.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

CLONE_NEWNET = 0x40000000
REPEATED = "RetransSegs"


def serve() -> None:
    """Answer requests until standard input ends; then end all ranks."""
    running: dict[int, int] = {}
    exits: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "import":
            for name in request["modules"]:
                import_module(name)
        elif request["do"] == "start":
            running, exits = {}, {}
            for number, rank in enumerate(request["ranks"]):
                running[start(request["entry"], rank)] = number
        elif request["do"] == "end":
            end(running)
        reap(running, exits)
        answer = {"exits": exits, "retransmitted": retransmitted(request["hosts"]) if request["do"] == "count" else None}
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer
    end(running)


def start(entry: str, rank: Mapping[str, Any]) -> int:
    """Return the process number of a new rank.

    rank: namespace, environment, log (a file), and the arguments of the program or the command to run in its place.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        join(rank["namespace"])
        be(rank)
        if "command" in rank:
            os.execvpe(rank["command"][0], rank["command"], rank["environment"])  # noqa: S606  # no shell
        module, _, name = entry.partition(":")
        getattr(import_module(module), name)()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001  # a forked child must not run its parent's code
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def join(namespace: str) -> None:
    """Move this process into a network namespace of `ip netns`.

    Raises:
        OSError: there is none of this name, or it may not be joined.
    """
    file = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(file, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(file)


def be(rank: Mapping[str, Any]) -> None:
    """Give this process its arguments, environment and files."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(rank["environment"])
    log = os.open(rank["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    sys.argv = ["fabricbench", *rank.get("arguments", ())]


def reap(running: dict[int, int], exits: dict[int, int]) -> None:
    """Take the exit codes of ranks that ended, minus the signal's number where one ended it."""
    for pid in list(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            exits[running.pop(pid)] = os.waitstatus_to_exitcode(status)


def end(running: Mapping[int, object]) -> None:
    """Kill all ranks that still run."""
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def retransmitted(hosts: Sequence[str]) -> int:
    """Return the segments that hosts have sent again so far; this process visits one after the other."""
    total = 0
    for host in hosts:
        join(host)
        lines = Path("/proc/self/net/snmp").read_text().splitlines()
        names, values = (line.split() for line in lines if line.startswith("Tcp:"))
        total += int(values[names.index(REPEATED)])
    return total


if __name__ == "__main__":
    serve()
