import subprocess
import sys

import numpy as np
import pytest

from fabric.measure.backends.backend import PAGE, differing, page_aligned, repeat_into


@pytest.mark.parametrize("nbytes", [1, 8, 4096, 100_000])
def test_buffers_start_on_a_page(nbytes):
    buffer = page_aligned(nbytes)
    assert len(buffer) == nbytes
    assert buffer.ctypes.data % PAGE == 0


@pytest.mark.parametrize("count", [1, 4, 5, 13])
def test_a_repeated_pattern_differs_nowhere_and_one_changed_element_once(count):
    pattern = np.arange(5.0)
    buffer = np.full(count, -1.0)
    repeat_into(buffer, pattern)
    assert differing(buffer, pattern) == 0
    buffer[count // 2] += 1
    assert differing(buffer, pattern) == 1


def test_the_watchdog_ends_a_rank_that_waits_in_vain_and_no_other():
    code = """
import time, sys
from fabric.measure.watchdog import Watchdog
dog = Watchdog(0.4, "nobody answers")
dog.alive(); dog.rest(); time.sleep(1); print("rested", flush=True)
dog.alive(); time.sleep(5); print("too late")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "rested\n", "fabricbench: nobody answers\n")
