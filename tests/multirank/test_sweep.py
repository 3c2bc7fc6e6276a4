"""A search whose workers are MPI ranks says what one process says."""

import json
import sys

import pytest

pytestmark = pytest.mark.multirank
SEARCH = ["-m", "fabric", "review", "search", "--endpoints", "64", "--radix", "16", "--speeds", "400Gb/s"]
SEARCH += ["--families", "clos,rail_only", "--oversubscription", "1,3", "--json"]


def test_three_ranks_under_mpi4py_futures_say_what_one_process_says(ranks, tmp_path):
    ranks.needs("mpi")
    journal = tmp_path / "search.jsonl"
    alone = ranks.finish([sys.executable, *SEARCH, "--workers", "1"])
    more = ["--oversubscribe"] if ranks.is_open_mpi() else []
    launcher, *rest = ranks.mpirun(3, "-m", "mpi4py.futures", *SEARCH, "-o", str(journal))
    spread = ranks.finish([launcher, *more, *rest])
    assert spread.returncode == alone.returncode == 0, spread.stderr
    assert json.loads(spread.stdout) == json.loads(alone.stdout)
    assert len(journal.read_text().splitlines()) > 3


def test_the_ranks_are_the_workers(ranks, tmp_path):
    ranks.needs("mpi")
    script = tmp_path / "who.py"
    script.write_text(WHO)
    more = ["--oversubscribe"] if ranks.is_open_mpi() else []
    launcher, *rest = ranks.mpirun(3, "-m", "mpi4py.futures", str(script))
    done = ranks.finish([launcher, *more, *rest])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1, 2]


WHO = """
import json, time
from fabric.sweep import sweep

def who(task):
    from mpi4py import MPI
    time.sleep(0.05)
    return MPI.COMM_WORLD.rank

if __name__ == "__main__":
    print(json.dumps(sorted(set(sweep(who, range(20))))))
"""
