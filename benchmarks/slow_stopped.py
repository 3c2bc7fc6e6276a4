"""How often `slow --method search` names a stopped rank of four real MPI ranks, and whom it names when none is stopped.

A rank is stopped for 40 of every 50 ms by signals from outside, each rank in turn, one launch a try. It plants no fault in a
network, and says nothing of other causes.

    python -m benchmarks.slow_stopped --tries 20           # each rank in turn stopped
    python -m benchmarks.slow_stopped --tries 20 --well    # nobody stopped
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

RANKS = 4
STOPPED, RUNNING = 0.04, 0.01
"""Seconds of every period."""
ROOT_TOO = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1"}


def process_of(mark: str, rank: int) -> int | None:
    """Return the process of a rank of Open MPI that has this mark in its command line."""
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or mark not in (folder / "cmdline").read_text():
                continue
            if f"OMPI_COMM_WORLD_RANK={rank}" in (folder / "environ").read_text().split("\0"):
                return int(folder.name)
        except OSError:  # it has ended
            continue
    return None


def stop_now_and_then(mark: str, rank: int, over: threading.Event) -> None:
    """Stop a rank for most of the time until the run is over."""
    process = None
    while process is None and not over.wait(0.05):
        process = process_of(mark, rank)
    try:
        while process is not None and not over.is_set():
            os.kill(process, signal.SIGSTOP)
            time.sleep(STOPPED)
            os.kill(process, signal.SIGCONT)
            time.sleep(RUNNING)
    except ProcessLookupError:
        return


def tried(number: int, rank: int | None) -> dict[str, object]:
    """Return what one search says: whom it names, its exit code, noise, seconds and the host's load."""
    mark, over, began = f"--timeout={60 + number}.{os.getpid() % 1000:03d}", threading.Event(), time.monotonic()
    stopper = threading.Thread(target=stop_now_and_then, args=(mark, rank, over)) if rank is not None else None
    if stopper:
        stopper.start()
    command = [sys.executable, "-m", "fabric", "slow", "--backend", "mpi", "--ranks", str(RANKS), mark, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ROOT_TOO}, check=False)
    over.set()
    if stopper:
        stopper.join()
    found = json.loads(done.stdout) if done.stdout else {"slow": None, "context": {}}
    return {
        "stopped": rank, "named": found["slow"], "code": done.returncode, "noise": found["context"].get("noise"),
        "seconds": round(time.monotonic() - began, 1), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def main() -> None:
    """Print a line of JSON a try, and how many were right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--well", action="store_true", help="stop nobody")
    asked = parser.parse_args()
    right = false = 0
    for number in range(asked.tries):
        rank = None if asked.well else number % RANKS
        one = tried(number, rank)
        print(json.dumps(one), flush=True)
        named = one["named"]
        right += named == ([] if rank is None else [rank])
        false += isinstance(named, list) and bool({*named} - {rank})
    print(f"# right {right} of {asked.tries}; somebody named falsely in {false}")


if __name__ == "__main__":
    main()
