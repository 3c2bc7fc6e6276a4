"""How cells, fabrics and numbers are called wherever a report shows them. It does not know charts or pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from fabric.records.result import Result
from fabric.scaling import Row, asked_for
from fabric.units import show_duration


def series(row: Row) -> str:
    """Return what a measured row belongs to, e.g. `gloo, in place`."""
    return f"{row.source}, {'in place' if row.case.in_place else 'out of place'}"


def whose(rows: Iterable[Row]) -> str:
    """Return whose numbers rows are, to begin a sentence with: this machine's, or those that another tool measured."""
    return "The imported results'" if any(row.source.startswith("import:") for row in rows) else "This machine's"


def algorithm(text: str) -> str:
    """Return an algorithm's text for readers: `ring:channels=8` -> `ring, channels=8`; `rail_aligned` -> `rail-aligned`."""
    name, _, params = text.partition(":")
    return ", ".join(part for part in (name.replace("_", "-"), *params.split(",")) if part)


def asked(row: Row) -> str:
    """Return what a row was predicted to run: `what nccl:h100 picks`, `the best of all algorithms`, an algorithm."""
    if row.predicted is None:
        return "-"
    return asked_for(row.predicted) if row.predicted.algorithm in ("default", "best") else algorithm(row.predicted.algorithm)


def fabrics(rows: Iterable[Row]) -> dict[str, str]:
    """Return full name -> short label of every fabric: its family where only one fabric is of it, else the full name."""
    names = list(dict.fromkeys(fabric(row) for row in rows))
    families = Counter(name.partition(":")[0] for name in names)
    return {name: _family(name) if families[name.partition(":")[0]] == 1 else name for name in names}


def _family(name: str) -> str:
    return name.partition(":")[0].replace("_", "-")


def fabric(row: Row) -> str:
    """Return the name of the fabric that a row was predicted on."""
    return (row.predicted.fabric if row.predicted else None) or "no name"


def routing(row: Row) -> str:
    """Return the routing policy that a row was predicted with."""
    return (row.predicted.routing if row.predicted else None) or "none"


def bottleneck(row: Row) -> str:
    """Return what moves a predicted time most (a level, latency, the library's constants), and what ties with it."""
    return ", ".join(row.predicted.bottlenecks if row.predicted else ()) or "not known"


def percent(share: float | None, *, signed: bool = False) -> str:
    """Return a share as text with three digits, e.g. `12.3 %`; `-` for None."""
    if share is None:
        return "-"
    digits = ",.0f" if abs(share) >= 10 else ".3g"
    return f"{100 * share:{'+' if signed else ''}{digits}} %"


def gigabytes(bytes_per_second: float | None) -> str:
    """Return bytes per second as a number of GB/s (1e9), without the unit; `-` for None and zero."""
    return f"{bytes_per_second / 1e9:.3g}" if bytes_per_second else "-"


def interval(result: Result | None) -> str:
    """Return the interval of a result's time, e.g. `10 us to 12 us`; `-` where there is none."""
    bracket = result.bracket if result else None
    return f"{show_duration(bracket[0])} to {show_duration(bracket[1])}" if bracket else "-"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, e.g. `1 cell`, `2,048 cells`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def joined(parts: Sequence[str]) -> str:
    """Return parts as a list in words, e.g. `a, b and c`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
