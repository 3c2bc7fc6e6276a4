"""Rates by working set of the machine that the tests run on, and of the process that measures them."""

import os
import subprocess
import sys
from time import sleep

import pytest

from fabric.errors import EnvironmentFault
from fabric.measure.host import working_sets
from fabric.measure.host.machine import usable_cores
from fabric.measure.host.working_sets import measure_working_sets
from fabric.measure.host.working_sets_peer import attach, nbytes

LADDER = (1 << 16, 1 << 20)


def test_one_core_and_all_of_them_have_rates_for_every_working_set():
    found = measure_working_sets(LADDER, rounds=1)
    assert tuple(one.nbytes for one in found.rates) == LADDER
    for one in found.rates:
        assert all(1e7 < speed < 1e13 for speed in one.speeds.values())
    assert 1e6 < found.fresh < 1e12
    assert 1e6 < found.handed < 1e13
    assert found.count == 1
    assert f"one core, and all of {min(len(usable_cores()), working_sets.MOST_CORES)} at once" in found.source


def test_a_process_leaves_when_nobody_waits_for_it(tmp_path):
    """It is one of two, the other never comes, and the one that started it ends."""
    path = tmp_path / "shared"
    path.write_bytes(bytes(nbytes(2, 1)))
    core = min(usable_cores())
    peer = f"[sys.executable, '-m', 'fabric.measure.host.working_sets_peer', {str(path)!r}, '0', '{core},{core}', '65536']"
    code = f"import subprocess, sys, time; p = subprocess.Popen({peer}); print(p.pid, flush=True); time.sleep(1.5)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    for _ in range(200):
        try:
            os.kill(int(said.stdout), 0)
        except ProcessLookupError:
            break
        sleep(0.02)
    else:
        pytest.fail("the process still waits")
    assert attach(path, 2, 1)[0][0, 0] == 1


def test_a_process_that_does_not_end_is_a_fault(monkeypatch):
    monkeypatch.setattr(working_sets, "PATIENCE", 0.01)
    with pytest.raises(EnvironmentFault, match=r"did not end within 0\.01 s"):
        measure_working_sets(LADDER, rounds=1)
