"""What a results file holds that something may be built on: measured, sound, of one collective. It knows no fabric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fabric.collectives.catalog import collective
from fabric.records.host_state import quiet
from fabric.records.imported import check_needed, of_library, usable
from fabric.records.pool import pooled
from fabric.records.result import Result
from fabric.records.store import read
from topologies.errors import InputError


def measured_in(path: Path, library: str | None = None) -> tuple[list[Result], list[str]]:
    """Return what was measured, samples of one case pooled, and a line each on what was torn or left out.

    Of a host that was in two states, only what was measured in the fast one: no constants hold for both. library: of imported
    results that do not say it.

    Raises:
        InputError: nothing was measured, or nothing that screening lets through; a library that none of the results needs.
    """
    found, torn = read(path)
    kept, left_out = usable([r for r in found if r.measured])
    if not kept:
        raise InputError(f"results: {path} holds no measured results" + (f" that can be used: {left_out}" if left_out else ""))
    if library is not None:
        check_needed(kept, library)
    steady, states = quiet(kept)
    return of_library(pooled(steady), library), [line for line in (torn, left_out, *states) if line]


def all_in(path: Path, library: str | None = None) -> tuple[list[Result], list[str]]:
    """Return what a file holds, measured or predicted, samples of one case pooled, and a line each on what was left out.

    Raises:
        InputError: nothing that screening lets through.
    """
    found, torn = read(path)
    kept, left_out = usable(found)
    if not kept:
        raise InputError(f"results: {path} holds no results" + (f" that can be used: {left_out}" if left_out else ""))
    ran = of_library(pooled([r for r in kept if r.measured]), library)
    return [*ran, *(r for r in kept if not r.measured)], [line for line in (torn, left_out) if line]


def of_one_collective(results: Sequence[Result], asked: str | None) -> list[Result]:
    """Return the results of one collective, since no fit mixes them: the only one there is, else the one asked for.

    Raises:
        InputError: several, and not the one asked for; or no collective at all.
    """
    there = sorted({result.case.collective for result in results})
    if asked is not None:
        collective(asked)
    if len(there) == 1:
        return list(results)
    if asked not in there:
        raise InputError(
            f"collective: the results are of {', '.join(there)}, got {asked or 'none'}; name one with --collective"
        )
    return [result for result in results if result.case.collective == asked]
