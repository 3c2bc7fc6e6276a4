"""The kernel without MPI: functions of this process and of the C library stand for the library's."""

import ctypes
from time import perf_counter

import numpy as np
import pytest

from fabric.measure.backends import native
from fabric.measure.backends.native_kernel import WORDS, take

LIBC = ctypes.CDLL(None)
WORD = ctypes.c_int64
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, *[WORD] * WORDS)
CLOCK = ctypes.cast(LIBC.clock_gettime, ctypes.c_void_p).value


def row(function, *arguments):
    words = np.zeros(WORDS + 1, np.int64)
    words[0] = ctypes.cast(function, ctypes.c_void_p).value
    words[1 : 1 + len(arguments)] = arguments
    return words


def run(rows, count=3, calls=2, excluded=False):
    stamps = np.zeros((count, 3), np.int64)
    return take(np.array(rows), count, calls, excluded, CLOCK, np.zeros(2, np.int64), stamps), stamps


@pytest.mark.parametrize("excluded", [False, True])
def test_every_sample_is_barriers_then_the_calls_in_their_order_with_all_their_arguments(excluded):
    seen = []
    note = FUNCTION(lambda *words: seen.append(words) or 0)
    barrier, first, second = (1, *[0] * 11), (2, -1, *range(10)), (3, *range(11, 0, -1))
    ended, _ = run([row(note, *words) for words in (barrier, first, second)], excluded=excluded)
    assert ended == (0, 0)
    assert seen == ([barrier] * (3 if excluded else 1) + [first, second] * 2) * 3


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_call_that_fails_ends_it_at_once_with_its_row_and_code(failing):
    count = []
    note = FUNCTION(lambda *words: count.append(1) or words[0])
    rows = [row(note, 17 if number == failing else 0) for number in range(3)]
    ended, _ = run(rows)
    assert ended == (failing, 17)
    assert len(count) == failing + 1


def test_the_clock_is_perf_counters_and_a_sample_holds_its_calls():
    before = perf_counter()
    ended, stamps = run([row(LIBC.usleep, 5000), row(LIBC.usleep, 1000)], count=4, calls=3, excluded=True)
    after = perf_counter()
    assert ended == (0, 0)
    assert before <= stamps.min() / 1e9 < stamps.max() / 1e9 <= after
    assert (np.diff(stamps.ravel()) >= 0).all()
    assert (stamps[:, 1] - stamps[:, 0]).min() >= 5_000_000, "one barrier"
    assert (stamps[:, 2] - stamps[:, 1]).min() >= 8_000_000, "one barrier and three calls"


def test_where_there_is_no_native_loop_one_line_says_why(monkeypatch):
    assert native.available() is None
    monkeypatch.setattr(native.platform, "machine", lambda: "riscv64")
    assert native.available() == "the native loop is for Linux on x86_64 or aarch64, this is linux on riscv64"
    assert native.load(None) == native.available(), "and nothing is loaded"
