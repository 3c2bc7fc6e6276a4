"""The page's tables as HTML, every text escaped. It does not know where a table stands, nor charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fabric.predict.constants import Constants, Line
from fabric.report.page import labels
from fabric.report.run import facts
from fabric.scaling import Row
from fabric.text.escape import html as escape
from fabric.units import show_duration, show_rate, show_size

ERROR_COLUMNS = (
    "library", "size", "ranks", "use", "measured median", "95 % interval", "samples", "predicted", "error",
    "baseline error", "busbw, GB/s", "efficiency",
)  # fmt: skip
EXTRAPOLATION_COLUMNS = (
    "size", "devices", "asked for", "runs", "routing", "fabric", "predicted time", "busbw, GB/s", "bound, GB/s", "efficiency",
    "of in-network bound", "bottleneck",
)  # fmt: skip
CONSTANT_COLUMNS = (
    "constants",
    "level",
    "messages up to",
    "alpha (per message)",
    "95 % interval",
    "beta (per byte)",
    "95 % interval",
)
TEXT_COLUMNS = frozenset(
    {"library", "use", "asked for", "runs", "routing", "fabric", "bottleneck", "constants", "level", "what", "value"}
    | {"95 % interval"}
)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, faded: Sequence[bool] = ()) -> str:
    """Return a table in a box that scrolls by itself; numbers stand right. faded: rows set in grey."""
    kinds = ["text" if column in TEXT_COLUMNS else "number" for column in columns]
    head = "".join(f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = "\n".join(_row(row, kinds, faded[n] if n < len(faded) else False) for n, row in enumerate(rows))
    return f'<div class="box" tabindex="0"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _row(cells: Sequence[str], kinds: Sequence[str], faded: bool) -> str:  # noqa: FBT001
    inner = "".join(f'<td class="{kind}">{escape(cell)}</td>' for cell, kind in zip(cells, kinds, strict=True))
    return f'<tr class="faded">{inner}</tr>' if faded else f"<tr>{inner}</tr>"


def error_table(rows: Sequence[Row]) -> str:
    """Return this machine's cells: measured, interval, predicted, errors and use, by library, world size and bytes."""
    ordered = [row for _, group in facts.by_series(rows) for row in group]
    return table(ERROR_COLUMNS, map(_error_cells, ordered), faded=[facts.oversubscribed(row) for row in ordered])


def _error_cells(row: Row) -> tuple[str, ...]:
    measured, predicted = row.measured, row.predicted
    return (
        labels.series(row),
        show_size(row.case.nbytes),
        f"{row.case.world_size:,}",
        row.use,
        show_duration(measured.time) if measured else "-",
        labels.interval(measured),
        f"{len(measured.seconds):,}" if measured else "-",
        show_duration(predicted.time) if predicted else "-",
        labels.percent(row.error, signed=True),
        labels.percent(row.baseline_error, signed=True),
        labels.gigabytes(row.best.busbw if row.best else None),
        labels.percent(row.efficiency or None),
    )


def extrapolation_table(rows: Sequence[Row]) -> str:
    """Return the predicted cells by size, devices, algorithm and routing, fabrics under each other."""
    short = labels.fabrics(rows)
    ordered = sorted((row for row in rows if row.predicted), key=_extrapolation_order)
    return table(EXTRAPOLATION_COLUMNS, [_extrapolation_cells(row, short) for row in ordered])


def _extrapolation_order(row: Row) -> tuple[int, int, str, str, str]:
    return row.case.nbytes, row.case.world_size, labels.asked(row), labels.routing(row), labels.fabric(row)


def _extrapolation_cells(row: Row, short: Mapping[str, str]) -> tuple[str, ...]:
    said = row.predicted
    return (
        show_size(row.case.nbytes),
        f"{row.case.world_size:,}",
        labels.asked(row),
        labels.algorithm(said.model.runs) if said else "-",
        labels.routing(row),
        short[labels.fabric(row)],
        show_duration(said.time) if said else "-",
        labels.gigabytes(said.busbw if said else None),
        labels.gigabytes(row.bound),
        labels.percent(row.efficiency),
        labels.percent(row.in_network_efficiency),
        labels.bottleneck(row),
    )


def constants_table(constants: Sequence[Constants]) -> str:
    """Return every line of the constants with its intervals."""
    rows = [_constant_cells(c, level, line) for c in constants for level, lines in c.lines.items() for line in lines]
    return table(CONSTANT_COLUMNS, rows)


def _constant_cells(constants: Constants, level: str, line: Line) -> tuple[str, ...]:
    alphas = " to ".join(map(show_duration, line.alpha_interval)) if line.alpha_interval else "not fitted"
    betas = " to ".join(map(_per_byte, line.beta_interval)) if line.beta_interval else "not fitted"
    return (
        constants.name,
        "every level" if level == "*" else level,
        show_size(round(line.max_bytes)) if line.max_bytes is not None else "any size",
        show_duration(line.alpha),
        alphas,
        "the fabric's own speed" if line.beta is None else f"{_per_byte(line.beta)} ({_speed(line.beta)})",
        betas,
    )


def _per_byte(beta: float) -> str:
    return f"{beta * 1e9:.4g} ns/B"


def _speed(beta: float) -> str:
    return show_rate(1 / beta) if beta > 0 else "no cost per byte"


def machine_table(machine: Mapping[str, Any]) -> str:
    """Return what is known of the machine, one line each."""
    return table(("what", "value"), [(str(key).replace("_", " "), _told(key, value)) for key, value in machine.items()])


def _told(key: str, value: Any) -> str:
    if key.endswith("_bytes") and isinstance(value, int):
        return f"{value / 2**30:.1f} GiB ({value:,} B)"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_told(str(name), inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, sorted(value, key=str) if isinstance(value, set | frozenset) else value)) or "none"
    return "not known" if value is None else str(value)
