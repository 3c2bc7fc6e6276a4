"""`scale`: scaling efficiency versus cluster size, of measured results or of the model alone.

efficiency = busbw / bound at the same world size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, Answer, Column, Part, View, changed, maybe
from fabric.answers.cells import percent
from fabric.answers.predict import intervals_said
from fabric.answers.results import model_columns, result_columns, run_columns
from fabric.scaling import Row, asked_for, differences, passed, powers_of_two, scaling_table
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.case import Case
    from fabric.records.result import Result


def _best(row: Row) -> Result:
    """Return what the row is about: a row without measurement and prediction is never made."""
    found = row.best
    if found is None:
        raise ValueError(f"a scaling row of {row.case} holds no result")
    return found


def _ran(row: Row) -> bool:
    return row.measured is not None


def _only(columns: Iterable[Column], when: Callable[[Row], bool], *, but: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns for rows of one kind, without those that all rows have."""
    return tuple(replace(column, when=when) for column in columns if column.key not in but)


def _measured(key: str) -> Callable[[Row], object]:
    return lambda row: getattr(row.measured, key) if row.measured else None


def _share(key: str, what: str, head: str, sign: str = "") -> Column:
    return Column(key, maybe(NUMBER), what, head=head, cell=lambda row: percent(getattr(row, key), sign))


def _ends(row: Row) -> list[float] | None:
    """Return the prediction's 90 % interval, None without one."""
    interval = row.predicted.model.interval if row.predicted else None
    return list(interval) if interval else None


def _shown_ends(row: Row) -> str:
    ends = _ends(row)
    return f"{show_duration(ends[0])} .. {show_duration(ends[1])}" if ends else "-"


VIEW = View(
    "scale",
    (
        *changed(
            result_columns(_best),
            source={"of": lambda row: row.source},
            samples={"kind": maybe(WHOLE), "of": lambda row: len(row.measured.seconds) if row.measured else None},
        ),
        *_only(run_columns(_best), _ran),
        *_only(model_columns(_best), lambda row: not _ran(row), but=("bottleneck", "tied")),
        Column("use", TEXT, "what a fit saw of it: fitted, held out, or why neither", head="use"),
        Column("measured_busbw_bytes_per_second", maybe(NUMBER), "null where nothing ran", _measured("busbw")),
        Column("statistic", maybe(TEXT), "raw samples, a mean or a point", _measured("statistic")),
        Column("predicted_busbw_bytes_per_second", maybe(NUMBER), "what the model says",
               lambda row: row.predicted.busbw if row.predicted else None),
        Column("bottleneck", maybe(TEXT), "what moves the prediction most",
               lambda row: next(iter(row.predicted.bottlenecks), None) if row.predicted else None),
        Column("tied", maybe(LIST), "what moves it as much",
               lambda row: list(row.predicted.bottlenecks[1:]) if row.predicted else None),
        Column("interval_seconds", maybe(LIST), "90 % of measured times are expected in it",
               _ends, head="90 %", cell=_shown_ends),
        Column("interval_reasons", LIST, "what the interval rests on, and what it was widened for",
               lambda row: list(row.predicted.model.interval_reasons) if row.predicted else []),
        Column("bound_busbw_bytes_per_second", maybe(NUMBER), "what no algorithm without in-network reduction can pass",
               lambda row: row.bound),
        _share("efficiency", "busbw / bound", "efficiency"),
        Column("in_network_bound_busbw_bytes_per_second", maybe(NUMBER), "the bound with in-network reduction",
               lambda row: row.in_network),
        _share("in_network_efficiency", "busbw / the bound with in-network reduction", "in-network"),
        Column("relative_efficiency", maybe(NUMBER), "busbw / that of the smallest world size >= 2", lambda row: row.relative,
               head="vs 2", cell=lambda row: percent(row.relative)),
        _share("error", "measured / predicted seconds - 1", "error", "+"),
        _share("baseline_error", "measured / baseline seconds - 1", "baseline", "+"),
    ),
)  # fmt: skip


def _speed(value: float | None) -> str:
    return f"{value / 1e9:.3g}" if value else "-"


def _measured_speed(row: Row) -> str:
    return "-" if row.case.world_size == 1 or not row.measured else _speed(row.measured.busbw)


def _predicted_speed(row: Row) -> str:
    return _speed(row.predicted.busbw if row.predicted else None)


def _measured_range(row: Row) -> str:
    low, high = (row.measured.bracket if row.measured else None) or (None, None)
    if row.case.world_size == 1 or row.measured is None or low is None or high is None:
        return "-"
    scale = row.measured.busbw * row.measured.time
    return f"{_speed(scale / high)}..{_speed(scale / low)}"


def _samples(row: Row) -> str:
    """Return how many samples are behind a time, `mean` where another tool kept none."""
    if row.measured is None:
        return "-"
    return "mean" if row.measured.statistic == "mean" else str(len(row.measured.seconds))


def _over_seeds(row: Row) -> str:
    low, high = _best(row).bracket or (None, None)
    return f"{show_duration(low)} .. {show_duration(high)}" if low and high else "-"


def _as(key: str, head: str, cell: Callable[[Row], str] | None = None) -> Column:
    """Return a column of the view under another heading, or with another text."""
    (column,) = VIEW.picked([key])
    return replace(column, head=head, cell=cell or column.cell)


MEASURED: tuple[str | Column, ...] = (
    "nbytes",
    "world_size",
    _as("measured_busbw_bytes_per_second", "measured GB/s", _measured_speed),
    _as("seconds_low", "95 %", _measured_range),
    _as("samples", "n", _samples),
    _as("predicted_busbw_bytes_per_second", "predicted GB/s", _predicted_speed),
    _as("bound_busbw_bytes_per_second", "bound GB/s", lambda row: _speed(row.bound)),
    "efficiency",
    "relative_efficiency",
    "error",
    "baseline_error",
    "use",
)
PREDICTED: tuple[str | Column, ...] = (
    "nbytes",
    "world_size",
    "seconds",
    _as("seconds_low", "over seeds", _over_seeds),
    _as("busbw_bytes_per_second", "busbw GB/s", lambda row: f"{_best(row).busbw / 1e9:.1f}"),
    _as("efficiency", "of bound"),
    "in_network_efficiency",
    _as("relative_efficiency", "vs fewest"),
    _as("algorithm", "runs", lambda row: _best(row).model.runs),
    _as("bottleneck", "bottleneck", lambda row: ", ".join(_best(row).bottlenecks)),
)


def scale(
    fabrics: Sequence[Fabric],
    collective: str = "all_reduce",
    *,
    sizes: Sequence[int],
    ranks: Sequence[int] | None = None,
    order: str = "contiguous",
    constants: Constants | None = None,
    algorithms: Sequence[str | None] = (),
    routing: str = "ideal",
    fidelity: str = "loaded",
    force: bool = False,
) -> Answer[Row]:
    """Return the model's scaling on every fabric with every algorithm, beside the bound.

    ranks: None takes powers of two and all devices. constants: None takes those of the fabric's node, NONE without one.
    algorithms: none takes the library's choice (constants.backend), else the collective's first. fidelity: one for the whole
    curve. force: simulate whatever memory and time it takes.

    Raises:
        InputError: as `cases` and `predict`.
    """
    from fabric.predict.of_node import constants_on

    how = {"routing": routing, "fidelity": fidelity, "force": force}
    rows: list[Row] = []
    for fabric in fabrics:
        with_node = constants_on(fabric, [collective], constants)
        rows += _on(fabric, collective, sizes, ranks, order, with_node, algorithms, **how)
    answers = [(row, row.predicted) for row in rows if row.predicted is not None]
    series = list(dict.fromkeys((a.fabric, asked_for(a), a.routing) for _, a in answers))
    parts, keys = [], _with_interval(PREDICTED, rows)
    for name in series:
        own = tuple(row for row, a in answers if (a.fabric, asked_for(a), a.routing) == name)
        told = (*passed([row for row, _ in answers]), *intervals_said(a for _, a in answers), *differences(rows))
        notes = told if name == series[-1] else ()
        parts.append(Part(f"{name[0]}: {name[1]}, {name[2]} routing", own, keys, notes))
    return Answer(VIEW, tuple(rows), parts=tuple(parts))


def _with_interval(keys: tuple[str | Column, ...], rows: Iterable[Row]) -> tuple[str | Column, ...]:
    """Return a table's columns, after the time the interval where any row's prediction has one."""
    if not any(row.predicted and row.predicted.model.interval for row in rows):
        return keys
    where = 1 + keys.index("seconds")
    return (*keys[:where], "interval_seconds", *keys[where:])


def _on(
    fabric: Fabric,
    collective: str,
    sizes: Sequence[int],
    ranks: Sequence[int] | None,
    order: str,
    constants: Constants,
    algorithms: Sequence[str | None],
    **how: Any,
) -> list[Row]:
    """Return the rows of one fabric."""
    from fabric.predict.answer import predict
    from fabric.predict.bounds import bound
    from fabric.predict.cases import cases as cases_of

    wanted = powers_of_two(fabric.topology.devices) if ranks is None else list(ranks)
    cases = cases_of(fabric, collective, sizes=list(sizes), ranks=wanted, order=order)
    limits = {case: limit.busbw for case in cases if (limit := bound(case, fabric, constants.backend))}
    rows: list[Row] = []
    for algorithm in algorithms or (None,):
        answers = predict(cases, fabric, constants, algorithm=algorithm, **how)
        rows += scaling_table(f"model:{how['fidelity']}", [], answers, limits, {}, None, partial(_in_network, fabric))
    return rows


def scale_measured(
    results: Sequence[Result],
    fabric: Fabric,
    constants: Sequence[Constants] | None = None,
    *,
    routing: str = "ideal",
    fidelity: str = "loaded",
    force: bool = False,
) -> Answer[Row]:
    """Return measured results of one collective beside their predictions, library by library and form by form.

    constants: to predict with; None fits them from the results themselves, as calibrate does, and takes the library's own
    model for what cannot be fitted, which warnings say. force: as of scale.

    Raises:
        InputError: constants that are not the library's, or as `predict`.
    """
    from fabric.predict.constants import choose, constants_of
    from fabric.predict.fits import fits_of, key_of
    from fabric.records.imported import library_of

    fits, refused = fits_of(results, fabric) if constants is None else ({}, {})
    how = {"routing": routing, "fidelity": fidelity, "force": force}
    rows: list[Row] = []
    warnings = []
    for key in sorted({key_of(r) for r in results}):
        (source, in_place, _), library = key, library_of(key[0])
        if key in fits:
            own = fits[key].constants
        elif constants is not None:
            own = choose(list(constants), library, in_place=in_place)
        else:
            own = constants_of(None, library)
            warnings.append(f"{refused[key]}; predicted instead with {own.name} ({own.source}); --constants names others")
        rows += _series(source, [r for r in results if key_of(r) == key], fabric, own, **how)
    return Answer(VIEW, tuple(rows), parts=_measured_parts(rows), warnings=tuple(warnings))


def _measured_parts(rows: Sequence[Row]) -> tuple[Part, ...]:
    """Return a table per library and form."""
    parts = []
    for source, in_place in sorted({(row.source, row.case.in_place) for row in rows}):
        own = tuple(row for row in rows if (row.source, row.case.in_place) == (source, in_place))
        form = "in place" if in_place else "out of place"
        title = f"{source}, {form}: busbw; efficiency = busbw / bound; error = time / predicted - 1"
        parts.append(Part(title, own, MEASURED))
    return tuple(parts)


def _series(source: str, series: list[Result], fabric: Fabric, constants: Constants, **how: Any) -> list[Row]:
    """Return the rows of one library, form and algorithm."""
    from fabric.predict.answer import predict
    from fabric.predict.bounds import bound
    from fabric.predict.calibrate import baseline, split
    from fabric.records.imported import library_of

    parts = split(series)
    uses = dict.fromkeys((r.case for r in parts.held_out), "held out") | {r.case: why for r, why in parts.left_out}
    uses |= {r.case: "fitted" if r.case.nbytes in constants.fitted_bytes else "held out" for r in parts.fitted}
    cases = [r.case for r in series]
    library = library_of(source)
    own, algorithm = replace(constants, backend=constants.backend or library), series[0].algorithm
    answers = predict([case for case in cases if case.world_size > 1], fabric, own, algorithm=algorithm, **how)
    limits = {case: limit.busbw for case in cases if (limit := bound(case, fabric, library))}
    line = baseline(series).seconds if parts.fitted else None
    return scaling_table(source, series, answers, limits, uses, line, partial(_in_network, fabric))


def _in_network(fabric: Fabric, case: Case) -> float | None:
    """Return the busbw of the bound with in-network reduction."""
    from fabric.predict.bounds import in_network_bound

    found = in_network_bound(case, fabric)
    return found.busbw if found else None
