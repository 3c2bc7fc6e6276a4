"""Measured results as the table that nccl-tests prints, and as flat rows. It does not measure, and computes no bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from fabric.cli.answers import flat
from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.layout import REDUCING
from fabric.records.case import Case
from fabric.records.result import Result

TYPES = {"f16": "half", "bf16": "bfloat16", "f32": "float", "f64": "double", "i32": "int32", "i8": "int8"}
"""Our dtype names -> nccl-tests'."""
FORMS = (False, True)
NAMES = list(COLLECTIVES)
SIDE = f"{'time':>9}{'algbw':>9}{'busbw':>8}{'#wrong':>7}"
Bounds = Mapping[tuple[str, int, int], tuple[float, str]]
"""(collective, world size, nbytes) -> busbw in bytes per second, level that limits it."""
Block = tuple[str, int, int, str, str]


def key_of(case: Case) -> tuple[str, int, int]:
    """Return what a bound depends on within one run."""
    return (case.collective, case.world_size, case.nbytes)


def tables(results: Sequence[Result], bounds: Bounds) -> str:
    """Return one table per source, collective and world size, sizes ascending, and the average bus bandwidth under each."""
    ordered = sorted(results, key=lambda result: (*_block(result), result.case.nbytes))
    return "\n\n".join(_table(list(group), bounds) for _, group in groupby(ordered, _block))


def _block(result: Result) -> Block:
    return (result.source, NAMES.index(result.case.collective), result.case.world_size, result.case.mode, result.barrier)


def _table(results: Sequence[Result], bounds: Bounds) -> str:
    rows = [_row(list(group), bounds) for _, group in groupby(results, lambda result: result.case.nbytes)]
    average = sum(result.busbw for result in results) / len(results) / 1e9
    return "\n".join([_title(results), *_head(results), *rows, f"# Avg bus bandwidth    : {average:g} GB/s", *_notes(results)])


def _head(results: Sequence[Result]) -> tuple[str, str, str]:
    """Return the three lines over a table; rooted collectives have a column more, as nccl-tests'."""
    rooted = COLLECTIVES[results[0].case.collective].rooted
    root, form = ("  root" if rooted else ""), "in place" if any(result.case.in_place for result in results) else "out of place"
    return (
        f"#{'':{41 + len(root)}}{'out-of-place':>32}{'in-place':>32}  {f'{form}: 95 %':>17}",
        f"#{'size':>11}{'count':>12}{'type':>10}{'redop':>7}{root}{SIDE * 2}{'interval':>19}{'samples':>9}   of bound",
        f"#{'(B)':>11}{'(elements)':>12}{'':{17 + len(root)}}"
        + f"{'(us)':>9}{'(GB/s)':>9}{'(GB/s)':>8}{'':7}" * 2
        + f"{'(us)':>19}",
    )


def _title(results: Sequence[Result]) -> str:
    case, context = results[0].case, results[0].context
    versions = [f"{key} {context[key]}" for key in ("torch", "nccl", "mpi_library") if key in context]
    ranks = f"{case.world_size} rank{'s' if case.world_size > 1 else ''} on {case.nodes} node"
    places = f"{ranks}{'s' if case.nodes > 1 else ''}, {context.get('cores', '?')} cores"
    how = [f"{key} {value:g}" for key, value in case.params.items()]
    how += [case.mode] if case.mode != "blocking" else []
    how += [f"barrier {results[0].barrier}"] if results[0].barrier != "before" else []
    return f"# {', '.join([case.collective, *how])}, {results[0].source} ({', '.join(versions)}), {places}"


def _row(results: Sequence[Result], bounds: Bounds) -> str:
    case = results[0].case
    by_form = {result.case.in_place: result for result in results}
    cells = "".join(_form(by_form.get(form)) for form in FORMS)
    last = by_form.get(True, results[-1])
    op = case.op if case.collective in REDUCING else "none"
    root = f"{case.root or 0:>6}" if COLLECTIVES[case.collective].rooted else ""
    head = f"{case.nbytes:>12}{case.count:>12}{TYPES[case.dtype]:>10}{op:>7}{root}"
    return f"{head}{cells}  {_interval(last):>17}{len(last.seconds):>9}   {_share(last, bounds)}"


def _form(result: Result | None) -> str:
    if result is None:
        return f"{'-':>9}{'-':>9}{'-':>8}{'-':>7}"
    wrong = "N/A" if result.wrong is None else str(result.wrong)
    return f"{result.time * 1e6:>9.2f}{result.algbw / 1e9:>9.2f}{result.busbw / 1e9:>8.2f}{wrong:>7}"


def _interval(result: Result) -> str:
    if result.bracket is None:
        return "-"
    return "..".join(f"{seconds * 1e6:.4g}" for seconds in result.bracket)


def _share(result: Result, bounds: Bounds) -> str:
    bound = bounds.get(key_of(result.case))
    if bound is None or result.case.world_size == 1:
        return "-"
    return f"{100 * result.busbw / bound[0]:.0f} % ({bound[1]})"


def _notes(results: Sequence[Result]) -> list[str]:
    notes = []
    if any(result.oversubscribed for result in results):
        notes.append("# More ranks than cores: shown, never used to calibrate or to score.")
    contended = sum(bool(result.context.get("contended")) for result in results)
    if contended:
        notes.append(f"# Contended host: in {contended} of {len(results)} cases others took over 15 % of the cores.")
    batch = max(result.batch for result in results)
    if batch > 1:
        notes.append(f"# A sample is the mean of up to {batch} calls, so that reading the clock is under 2 % of it.")
    wrong = sum(result.wrong or 0 for result in results)
    if wrong:
        notes.append(f"# WRONG RESULTS: {wrong} elements differ from the exact result.")
    return notes


def row_of(result: Result, bounds: Bounds) -> dict[str, Any]:
    """Return a result as one flat row with the bound beside it."""
    busbw, level = bounds.get(key_of(result.case), (None, None))
    return flat(result, bound_busbw_bytes_per_second=busbw, bound_level=level)
