"""How kernels that only kernels call are compiled: without a way in from Python, which is slow to build."""

from __future__ import annotations

from numba import njit

inner = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
outer = njit(cache=True, error_model="numpy", _nrt=False)
"""For the two that Python calls."""
