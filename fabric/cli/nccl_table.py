"""Measured results as the table that nccl-tests prints, It does not measure, and computes no bound."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from fabric.answers.measure import Bounds, beside, message_rate
from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.cells.ask import WINDOWED
from fabric.measure.cells.layout import REDUCING
from fabric.records.result import Result

TYPES = {"f16": "half", "bf16": "bfloat16", "f32": "float", "f64": "double", "i32": "int32", "i8": "int8"}
"""Our dtype names -> nccl-tests'."""
FORMS = (False, True)
NAMES = list(COLLECTIVES)
SIDE = f"{'time':>9}{'algbw':>9}{'busbw':>8}{'#wrong':>7}"
Block = tuple[str, int, int, str, str, str]


def tables(results: Sequence[Result], bounds: Bounds) -> str:
    """Return one table per source, collective and world size, sizes ascending, and the average bus bandwidth under each."""
    ordered = sorted(results, key=lambda result: (*_block(result), result.case.nbytes))
    return "\n\n".join(_table(list(group), bounds) for _, group in groupby(ordered, _block))


def _block(result: Result) -> Block:
    case = result.case
    return (result.source, NAMES.index(case.collective), case.world_size, case.order, case.mode, result.barrier)


def _table(results: Sequence[Result], bounds: Bounds) -> str:
    rows = [_row(list(group), bounds) for _, group in groupby(results, lambda result: result.case.nbytes)]
    average = sum(result.busbw for result in results) / len(results) / 1e9
    return "\n".join([_title(results), *_head(results), *rows, f"# Avg bus bandwidth    : {average:g} GB/s", *_notes(results)])


def _head(results: Sequence[Result]) -> tuple[str, str, str]:
    """Return the three lines over a table; rooted collectives have a column more, as nccl-tests', and windows of messages."""
    rate = f"{'messages/s':>13}" if results[0].case.collective in WINDOWED else ""
    rooted = COLLECTIVES[results[0].case.collective].rooted
    root, form = ("  root" if rooted else ""), "in place" if any(result.case.in_place for result in results) else "out of place"
    return (
        f"#{'':{41 + len(root)}}{'out-of-place':>32}{'in-place':>32}  {f'{form}: 95 %':>17}",
        f"#{'size':>11}{'count':>12}{'type':>10}{'redop':>7}{root}{SIDE * 2}{'interval':>19}{'samples':>9}{rate}   of bound",
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
    how += [case.order] if case.order != "contiguous" else []
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
    return f"{head}{cells}  {_interval(last):>17}{len(last.seconds):>9}{_show_rate(last)}   {_share(last, bounds)}"


def _show_rate(result: Result) -> str:
    rate = message_rate(result)
    return "" if rate is None else f"{rate:>13.0f}"


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
    fact = beside(result, bounds)
    return "-" if fact.bound is None else f"{100 * (fact.of_bound or 0):.0f} % ({fact.bound[1]})"


def _notes(results: Sequence[Result]) -> list[str]:
    notes = []
    if any(result.oversubscribed for result in results):
        notes.append("# More ranks than cores: shown, never used to calibrate or to score.")
    contended = sum(bool(result.context.get("contended")) for result in results)
    if contended:
        notes.append(f"# Contended host: in {contended} of {len(results)} cases others took over 15 % of the cores.")
    mixed = sum(bool(result.context.get("mixed_host_states")) for result in results)
    if mixed:
        notes.append(f"# Mixed host states: {mixed} of {len(results)} cases were measured in the fast and in the slow one.")
    jumped = sum(bool(result.context.get("clock_jump_seconds")) for result in results)
    if jumped:
        notes.append(f"# The wall clock was set during {jumped} of {len(results)} cases; times are by the monotonic one.")
    batch = max(result.batch for result in results)
    if batch > 1:
        notes.append(f"# A sample is the mean of up to {batch} calls, so that reading the clock is under 2 % of it.")
    wrong = sum(result.wrong or 0 for result in results)
    if wrong:
        notes.append(f"# WRONG RESULTS: {wrong} elements differ from the exact result.")
    return notes
