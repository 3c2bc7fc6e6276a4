"""How solvers are compiled whose kernels call those of another file: kept on disk until any file of kernels here changes.

numba looks at a kernel's own file alone to see whether its cache is fresh, and a kernel holds what it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit

HERE = Path(__file__).parent


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator: numba's njit with a cache that is fresh while no file of this folder has changed."""

    def compile_it(kernel: Callable[..., Any]) -> Any:
        found = njit(cache=True, **options)(kernel)
        file = getattr(found._cache, "_cache_file", None)  # there is none where numba finds no folder to write to
        if file is not None:
            file._source_stamp = stamp()
        return found

    return compile_it


@cache
def stamp(folder: Path = HERE) -> str:
    """Return a digest of the source of a folder."""
    return sha256(b"\0".join(file.read_bytes() for file in sorted(folder.glob("*.py")))).hexdigest()
