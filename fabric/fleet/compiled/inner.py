"""How kernels are compiled: those that only kernels call without a way in from Python, which is slow to build.

A constant that a kernel hands on is made an int64 first: numba would compile one more kernel for that very number. Only what
Python calls is cached, with all that it calls. numba looks at a kernel's own file to see whether its cache is fresh; here every
file counts that a kernel is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

CONSTANTS = ("outcome.py", "ready.py", "tree.py")
"""The files outside this folder that kernels have constants from."""

inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)


def outer(kernel: Callable[..., Any]) -> Any:
    """Return a kernel that Python calls, compiled when it first does and kept on disk until any file of kernels changes."""
    compiled = njit(cache=True, error_model="numpy", _nrt=False)(kernel)
    file = getattr(compiled._cache, "_cache_file", None)  # there is none where numba finds no folder to write to
    if file is not None:
        file._source_stamp = _stamp()
    return compiled


def _stamp() -> str:
    """Return a digest of the source of all kernels."""
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), *(here.parent / name for name in CONSTANTS)]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
