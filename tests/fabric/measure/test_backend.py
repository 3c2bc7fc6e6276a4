import subprocess
import sys

import numpy as np
import pytest

from fabric.measure.backends import torch_ways
from fabric.measure.backends.backend import PAGE, check_contiguous, differing, page_aligned, repeat_into
from fabric.measure.cells.layout import layout
from fabric.records.case import Case
from topologies.errors import InputError


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
from fabric.measure.launch.watchdog import Watchdog
dog = Watchdog(0.4, "nobody answers")
dog.alive(); dog.rest(); time.sleep(1); print("rested", flush=True)
dog.alive(); time.sleep(5); print("too late")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "rested\n", "fabricbench: nobody answers\n")


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_buffer_with_gaps_is_refused_in_one_line(library):
    array = pytest.importorskip(library).zeros((6, 4))
    check_contiguous(array, array[2:4], array[1])
    for gaps, said in ((array[:, 1], r"strides \(4,\) of shape \(6,\)"), (array[:, :2], r"strides \(4, 1\) of shape \(6, 2\)")):
        with pytest.raises(InputError, match=rf"^buffer: must be contiguous, got {said}; copy it first$"):
            check_contiguous(array, gaps)


def test_no_operation_starts_on_a_buffer_with_gaps():
    """torch's buffers are checked where they enter, before anything is sent; MPI's in tests/multirank, where MPI is."""
    pytest.importorskip("torch")
    whole, gaps = np.zeros(8), np.zeros((8, 2))[:, 0]
    case = Case("sendrecv", 64, 2, 1, 2, dtype="f64", in_place=False)
    for buffers in ((whole, gaps), (gaps, whole)):
        with pytest.raises(InputError, match="buffer: must be contiguous"):
            torch_ways.prepare(None, case, 0, layout(case, 0), *buffers)
