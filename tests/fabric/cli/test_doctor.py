"""`doctor` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def doctor(*arguments):
    command = [sys.executable, "-m", "fabric", "doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_it_says_what_is_here():
    done = doctor()
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert words[:8] == ["machine", "devices", "gloo", "nccl", "mpi", "torchrun", "mpirun", "srun"]
    assert done.returncode in (0, 3)


def test_json_is_one_object_and_the_exit_code_says_whether_anything_can_run():
    done = doctor("--json")
    report = json.loads(done.stdout)
    assert report["schema"] == "fabricbench.doctor/1"
    (row,) = report["rows"]
    assert row["slots"] >= row["machine"]["cores"] >= 1
    nothing = all(backend["missing"] for backend in row["backends"])
    assert done.returncode == (3 if nothing else 0)
