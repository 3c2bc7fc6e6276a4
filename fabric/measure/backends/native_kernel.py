"""The timing loop in machine code: calls C functions by address and reads the clock between. It does not know MPI.

Importing it imports numba; only native.py does. A call is a row of 64-bit words: the function's address, then WORDS
arguments. Where a C function takes fewer, or narrower ones, it reads only what it takes: so the calling conventions of
Linux on x86-64 and aarch64 have it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WORDS = 12
"""Arguments of the longest call, MPI_Sendrecv."""
MONOTONIC = 1
"""CLOCK_MONOTONIC of <time.h>, which is perf_counter's clock on Linux."""


@intrinsic  # type: ignore[untyped-decorator]
def _call(_context: Any, _address: Any, arguments: Any) -> Any:
    """Call the C function int f(word, word, ...) at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        given = cgutils.unpack_tuple(builder, values[1])
        function = ir.FunctionType(ir.IntType(32), [ir.IntType(64)] * len(given))
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), given)

    return types.int32(types.int64, arguments), generate


@njit  # type: ignore[untyped-decorator]
def _do(row: Any) -> Any:
    """Return what the C function of a row returns."""
    return _call(row[0], (row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12]))


@njit  # type: ignore[untyped-decorator]
def _now(clock: Any, time: Any) -> Any:
    """Return nanoseconds; clock: the address of clock_gettime; time: its struct timespec."""
    _call(clock, (MONOTONIC, time.ctypes.data))
    return time[0] * 1_000_000_000 + time[1]


@njit  # type: ignore[untyped-decorator]
def _repeat(rows: Any, first: int, calls: int) -> Any:
    """Do the rows from `first` on, `calls` times; return (number of the row that failed, its code), or (0, 0)."""
    for _ in range(calls):
        for number in range(first, len(rows)):
            code = _do(rows[number])
            if code != 0:
                return number, code
    return 0, 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def take(rows: Any, count: int, calls: int, excluded: bool, clock: int, time: Any, stamps: Any) -> Any:  # noqa: FBT001
    """Take count samples; return (row, code) of a call that failed, at once, else (0, 0).

    rows: words, (calls of one repetition + 1) x (WORDS + 1); row 0 is a barrier, done before every sample, and twice more
    where it is excluded. stamps: count x 3 nanoseconds: before the second barrier, before the calls, after them.
    """
    for sample in range(count):
        code = _do(rows[0])
        stamps[sample, 0] = _now(clock, time)
        if excluded:
            code |= _do(rows[0])
            stamps[sample, 1] = _now(clock, time)
            code |= _do(rows[0])
        else:
            stamps[sample, 1] = stamps[sample, 0]
        if code != 0:
            return 0, code
        row, code = _repeat(rows, 1, calls)
        stamps[sample, 2] = _now(clock, time)
        if code != 0:
            return row, code
    return 0, 0
