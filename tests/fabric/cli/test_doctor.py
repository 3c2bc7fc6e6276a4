"""`doctor` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fabric.cli.doctor import gpu_line, nic_line
from fabric.measure.host.devices import Gpu, Nic, counted

ROOT = Path(__file__).parents[3]


def doctor(*arguments):
    command = [sys.executable, "-m", "fabric", "doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_it_says_what_is_here():
    done = doctor()
    words = [line.split()[0] for line in done.stdout.splitlines()]
    once = list(dict.fromkeys(words))
    assert once[:5] == ["machine", "processor", "devices", "slots", "network"]
    assert once[5:11] == ["gloo", "nccl", "mpi", "torchrun", "mpirun", "srun"]
    assert done.returncode in (0, 3)


def test_json_is_one_object_and_the_exit_code_says_whether_anything_can_run():
    done = doctor("--json")
    report = json.loads(done.stdout)
    assert report["schema"] == "fabricbench.doctor/1"
    (row,) = report["rows"]
    assert row["slots"] >= row["machine"]["cores"] >= 1
    assert {"gpus", "nics"} <= row.keys()
    nothing = all(backend["missing"] for backend in row["backends"])
    assert done.returncode == (3 if nothing else 0)


@pytest.mark.parametrize(
    ("gpu", "line"),
    [
        (
            Gpu("H100", 80 * 2**30, "550.1", 5, 16, "9.0", 18, 26.562e9),
            "2 x H100, 80 GiB, compute 9.0, PCIe 5 x16, 18 NVLinks of 26.562 GB/s, driver 550.1",
        ),
        (Gpu("Tesla K80"), "2 x Tesla K80, no NVLink, driver unknown"),
    ],
)
def test_gpus_in_words(gpu, line):
    assert [gpu_line(row) for row in counted([gpu, gpu])] == [line]


@pytest.mark.parametrize(
    ("nic", "line"),
    [
        (
            Nic("infiniband", "mlx5_core", 50e9, 2044, 1, up=True),
            "1 x infiniband, driver mlx5_core, 400 Gbit/s, MTU 2044, NUMA node 1",
        ),
        (Nic("ethernet", None, None, None, None, up=False), "1 x ethernet, driver unknown, speed unknown, down"),
    ],
)
def test_network_cards_in_words(nic, line):
    assert [nic_line(row) for row in counted([nic])] == [line]


def test_nothing_there_is_said_in_words():
    assert (gpu_line({}), nic_line({})) == ("no NVIDIA GPU", "no network card")
