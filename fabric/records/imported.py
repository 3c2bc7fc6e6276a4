"""Results of other tools: whose library they timed, and which of them nothing may be built on. It reads no file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fabric.records.result import Result
from fabric.text.escape import shown
from topologies.errors import InputError

LIBRARIES = {"nccl-tests": "nccl", "rccl-tests": "nccl", "nccl-inspector": "nccl", "hccl_test": "hccl"}
"""Tool -> library. RCCL is NCCL's code with its algorithms. OSU and IMB time whatever MPI they were built with."""
LIBRARY = re.compile(r"gloo|nccl(:[a-z0-9]+)?|hccl|mpi:[a-z0-9_.-]+")
"""What a library is called: those whose defaults are known, and any MPI."""
PREFIX = "import:"
TWIN = "twin:"


def library_of(source: str) -> str:
    """Return the library behind a source: `import:nccl-tests` is nccl, `import:osu:mpi:mpich` mpi:mpich, `twin:gloo` gloo.

    Raises:
        InputError: the tool times any MPI, and nobody said which.
    """
    if not source.startswith(PREFIX):
        return source.removeprefix(TWIN)
    tool, _, named = source.removeprefix(PREFIX).partition(":")
    library = named or LIBRARIES.get(tool)
    if library is None:
        raise InputError(f"library: {tool} does not say which library it timed; name it, e.g. --library mpi:openmpi")
    return library


def of_library(results: Sequence[Result], library: str | None) -> list[Result]:
    """Return the results with the library put into the source of those that do not say whose they are; None: as they are."""
    if library is None:
        return list(results)
    return [replace(r, source=f"{r.source}:{library}") if _unsaid(r.source) else r for r in results]


def check_needed(results: Sequence[Result], library: str) -> None:
    """Return nothing where a library is one, and one of the results does not say its own.

    Raises:
        InputError: no name of a library, or results that all say whose they are.
    """
    if not LIBRARY.fullmatch(library):
        raise InputError(f"library: must be such as mpi:openmpi, mpi:mpich or gloo, got {shown(library)}")
    if not any(_unsaid(result.source) for result in results):
        said = ", ".join(sorted({result.source for result in results}))
        raise InputError(f"library: must be left out where the results say it, they are of {said}, got {shown(library)}")


def _unsaid(source: str) -> bool:
    tool = source.removeprefix(PREFIX)
    return source.startswith(PREFIX) and ":" not in tool and tool not in LIBRARIES


def refused(result: Result) -> str | None:
    """Return the first error that screening found in the table of an imported result, None where it may be used."""
    errors = result.context.get("screened_errors") or ()
    return str(errors[0]) if errors else None


def usable(results: Sequence[Result]) -> tuple[list[Result], str | None]:
    """Return the results that screening did not find in error, and one line that counts the others and says why."""
    kept = [r for r in results if refused(r) is None]
    if len(kept) == len(results):
        return kept, None
    first = next(why for r in results if (why := refused(r)))
    return kept, f"{len(results) - len(kept)} imported results left out, screening found errors: {first}"
