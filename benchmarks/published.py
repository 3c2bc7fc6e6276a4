"""How near predictions come to published tables: without calibration, and calibrated on every second size.

    python -m benchmarks.published ../shared/data/published_busbw.json

Fitted and held-out rows never mix: the first, third, ... size of a table is fitted, the others are scored; the laws are
weighted by their leave-one-out error on the fitted half. A second pass swaps the halves: it shows how much is luck. Tables
with fewer than 7 fitted sizes only take part without calibration.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.published_fits import Fit, Law, blended, curve, lines, one_line, saturating, smooth_curve, with_shape
from fabric.predict.libraries.nccl import nccl_seconds, tuning
from fabric.predict.libraries.nccl_hardware import PRESETS, Hardware
from fabric.predict.published import Efficiency, Published, load, load_efficiencies, screen
from fabric.records.case import Case

Floats = NDArray[np.float64]
MIB = 1024**2
FEWEST = 7
GPUS = {"A100": "a100", "H100": "h100", "H200": "h200", "B200": "b200", "GB200": "gb200"}
SHAPED = "tuning model x curve"


def hardware_of(table: Published) -> Hardware | None:
    """Return the preset of a table's GPU, None where there is none."""
    return PRESETS.get(GPUS.get(str(table.facts["gpu"]).split("-")[0], ""))


def case_of(table: Published, nbytes: float) -> Case:
    """Return a row's case; racks under one NVLink domain count as one node, by 64 or 72 GPUs."""
    nodes = max(1, round(table.ranks / 72)) if table.facts.get("mnnvl") else table.nodes
    return Case(table.collective, int(nbytes), table.ranks, nodes, table.ranks // nodes)


def uncalibrated(table: Published) -> Law | None:
    """Return NCCL's tuning model for a table's hardware; where the table forced the ring, its best ring."""
    hardware = hardware_of(table)
    if hardware is None:
        return None
    ring = str(table.facts["algorithm"]).startswith("Ring")

    def seconds(nbytes: float) -> float:
        case = case_of(table, nbytes)
        if not ring:
            return nccl_seconds(case, hardware)
        return min(choice.seconds for choice in tuning(case, hardware) if choice.algorithm == "ring")

    return lambda sizes: np.array([seconds(size) for size in sizes])


def fits(table: Published) -> dict[str, Fit]:
    """Return the laws that compete for a table."""
    known: dict[str, Fit] = {
        "one line": one_line,
        "two lines": lines(2),
        "three lines": lines(3),
        "curve": curve,
        "smooth curve": smooth_curve,
        "saturating": saturating,
    }
    shape = uncalibrated(table)
    return known | ({SHAPED: with_shape(shape, smooth_curve)} if shape else {})


def errors(law: Law, sizes: Floats, seconds: Floats) -> Floats:
    """Return |predicted / measured - 1| of every row."""
    return np.abs(law(sizes) / seconds - 1)


def said(values: Iterable[float]) -> str:
    """Return median / mean / P90 in per cent."""
    all_of = np.array(list(values))
    if not len(all_of):
        return f"{'-':>22}"
    median, mean, p90 = np.median(all_of), all_of.mean(), np.quantile(all_of, 0.9)
    return f"{100 * median:6.1f} /{100 * mean:6.1f} /{100 * p90:6.1f}"


def without_calibration(tables: list[Published]) -> None:
    """Print the error of NCCL's tuning model per table, and of all rows from 256 MiB."""
    print("\nNCCL's tuning model, nothing fitted: median / mean / P90 of |error|, per cent")
    print(f"{'table':34} {'rows':>4} {'all sizes':>22} {'>= 1 MiB':>22} {'>= 256 MiB':>22}")
    large: list[float] = []
    logs: dict[str, Floats] = {}
    for table in tables:
        law = uncalibrated(table)
        if law is None:
            print(f"{table.name:34} {len(table.sizes):4} no constants for {table.facts['gpu']}")
            continue
        error = errors(law, table.sizes, table.seconds)
        columns = [said(error[table.sizes >= least]) for least in (0, MIB, 256 * MIB)]
        print(f"{table.name:34} {len(error):4} {' '.join(columns)}")
        big = table.sizes >= 256 * MIB
        large += list(error[big])
        logs[table.name] = np.abs(np.log(law(table.sizes[big]) / table.seconds[big]))
    print(f"{'all rows >= 256 MiB':34} {len(large):4} {said(large)}   goal: median 10")
    covered, width = coverage(logs)
    print(
        f"90 % intervals from the other tables' errors cover {100 * covered:.0f} % of these rows, x/ {width:.2f}   goal: 85 %"
    )


def coverage(logs: dict[str, Floats]) -> tuple[float, float]:
    """Return the part of rows inside intervals as wide as the 90 % quantile of the other tables' errors, and that width."""
    inside: list[bool] = []
    widths: list[float] = []
    for name, own in logs.items():
        width = float(np.quantile(np.concatenate([error for other, error in logs.items() if other != name]), 0.9))
        inside += list(own <= width)
        widths.append(width)
    return float(np.mean(inside)), float(np.exp(np.median(widths)))


def calibrated(tables: list[Published], first: int) -> None:
    """Print held-out errors of the baseline, of three lines and of the blend. first: 0 fits rows 1, 3, ...; 1 rows 2, 4, ..."""
    which = "rows 1, 3, ..." if first == 0 else "rows 2, 4, ... (the halves swapped)"
    print(f"\nCalibrated on {which}, scored on the others: median / mean / P90 of |error|, per cent")
    print(f"{'table':30} {'fit':>3} {'out':>3} {'from':>6} {'alpha + beta S':>22} {'three lines':>22} {'blended':>22}  most")
    pool: dict[tuple[str, int], list[float]] = {}
    for table in tables:
        fitted = np.arange(len(table.sizes)) % 2 == first
        if fitted.sum() < FEWEST:
            continue
        _score(table, fitted, pool)
    for least, goal in ((MIB, "4 / 8"), (0, "5 / 10")):
        columns = [said(pool[name, least]) for name in ("one line", "three lines", "blended")]
        count = len(pool["blended", least])
        print(f"{'all tables':30} {'':3} {count:3} {_from(least):>6} {' '.join(columns)}  goal {goal} (mean / P90)")


def _score(table: Published, fitted: NDArray[np.bool_], pool: dict[tuple[str, int], list[float]]) -> None:
    known, x, y = fits(table), table.sizes[fitted], table.seconds[fitted]
    law_name, law = blended(known, x, y)
    laws = {"one line": one_line(x, y), "three lines": known["three lines"](x, y), "blended": law}
    for least in (MIB, 0):
        out = ~fitted & (table.sizes >= least)
        columns = []
        for name, one in laws.items():
            error = errors(one, table.sizes[out], table.seconds[out])
            pool.setdefault((name, least), []).extend(error)
            columns.append(said(error))
        head = f"{table.name:30} {fitted.sum():3} {out.sum():3} {_from(least):>6}"
        print(f"{head} {' '.join(columns)}  {law_name}")


def _from(least: int) -> str:
    return "1 MiB" if least else "all"


def efficiency_law(rows: list[Efficiency]) -> Callable[[Efficiency], float]:
    """Return e S / (S + c ranks) of least sum |log| over the rows, by a search of c and the median of e."""
    sizes = np.array([row.nbytes for row in rows], dtype=float)
    ranks = np.array([row.ranks for row in rows], dtype=float)
    measured = np.array([row.efficiency for row in rows])
    best = (np.inf, 1.0, 0.0)
    for c in np.concatenate([[0.0], np.geomspace(1e4, 1e8, 400)]):
        ratio = np.log(measured * (sizes + c * ranks) / sizes)
        best = min(best, (float(np.abs(ratio - np.median(ratio)).sum()), float(np.exp(np.median(ratio))), float(c)))
    _, e, c = best
    return lambda row: e * row.nbytes / (row.nbytes + c * row.ranks)


def more_nodes(name: str, rows: list[Efficiency], tables: list[Published]) -> None:
    """Print errors at more nodes than were fitted: a table of efficiencies, and series of tables of one site."""
    print("\nMore nodes than fitted, >= 16 MiB: median / mean / P90 of |error|, per cent (goals 5 / 10 at x2, 10 / 20 at x8)")
    counts = sorted({row.nodes for row in rows if row.nodes > 1})
    for most in counts[:-1]:
        law = efficiency_law([row for row in rows if row.nodes == most])
        for target in (n for n in counts if n in (2 * most, 8 * most)):
            error = [abs(row.efficiency / law(row) - 1) for row in rows if row.nodes == target and row.nbytes >= 16 * MIB]
            print(f"{name:34} {most:<3} -> {target:<3} nodes {len(error):3} rows {said(error)}")
    series: dict[str, list[Published]] = {}
    for table in tables:
        series.setdefault(str(table.facts.get("series", table.name)), []).append(table)
    for key, members in series.items():
        members.sort(key=lambda table: table.ranks)
        for small, large in pairwise(members):
            if large.nodes == 2 * small.nodes and small.nodes > 1:
                _carried(key, small, large)


def _carried(key: str, small: Published, large: Published) -> None:
    """Print the error of the bus bandwidth measured at fewer nodes taken for twice the nodes, at sizes both have."""
    common, a, b = np.intersect1d(small.sizes, large.sizes, return_indices=True)
    factor = ((large.ranks - 1) / large.ranks) / ((small.ranks - 1) / small.ranks)
    error = np.abs(small.seconds[a] * factor / large.seconds[b] - 1)
    print(f"{key:34} {small.nodes} -> {large.nodes} nodes, same busbw {len(common):3} rows {said(error)}")


def main(path: Path) -> None:
    """Print everything about the tables of a file."""
    tables = load(path)
    print("Screening")
    for table in tables:
        print(f"{table.name:34} {len(table.sizes):3} rows  {'; '.join(screen(table)) or 'nothing found'}")
    without_calibration(tables)
    calibrated(tables, first=0)
    calibrated(tables, first=1)
    for name, rows in load_efficiencies(path).items():
        more_nodes(name, rows, tables)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
