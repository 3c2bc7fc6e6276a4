"""How often the gate is wrong: A/A suites, resampled A/A pairs, and slowdowns put into B on purpose. It tunes nothing.

    python -m benchmarks.gate_errors --pairs 20          # A/A pairs, 20 s a cell, to results/gate-pairs-DATE.jsonl
    python -m benchmarks.gate_errors --live 30           # live A/A suites, appended to results/gate-suites.jsonl
    python -m benchmarks.gate_errors --live 25 --inject 5 --inject-large 10
    python -m benchmarks.gate_errors --resample 100000   # all recorded pairs; then writes results/gate-errors-DATE.json

Every call may be repeated: suites are appended, and the summary counts all that are there. Sizes: 8 B, 1 KiB, 64 KiB and 4 MiB,
out of place and in place, all_reduce, 2 ranks, MPI.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import numpy as np

from benchmarks.gate_resampling import resample, wilson
from fabric.answers.gate import verdict_row
from fabric.errors import EnvironmentFault
from fabric.gate.interleave import Contest, Dress, Slice, as_it_is
from fabric.gate.question import slice_of, words_of
from fabric.gate.rounds import Rounds
from fabric.gate.slices import fight, fight_slice
from fabric.measure.backends.backend import Operation, Samples
from fabric.measure.cells.job import Job
from fabric.measure.launch.launcher import detect
from fabric.measure.launch.settle import settle
from fabric.records.result import Barrier

RESULTS = Path(__file__).parent.parent / "results"
SUITES = RESULTS / "gate-suites.jsonl"
SIZES = (8, 1 << 10, 64 << 10, 4 << 20)
LARGE = 1 << 20
"""Bytes from which on --inject-large counts."""


def slowdown(small: float, large: float, *, waits: bool) -> Dress:
    """Return what makes side B's samples longer by a busy wait of a fixed part of their own time, inside what is timed.

    small, large: percent below and from LARGE on; waits: whether this rank is slowed down at all. Each sample's calls are the
    native loop's own; then the rank spins until the part is over, and what it spun counts as the sample's. Side A passes
    through the same code with nothing to wait for, which costs it two readings of the clock, under 2 % of a sample.
    """

    def dress(operation: Operation, side: str) -> Operation:
        if operation.samples is None:
            raise EnvironmentFault("gate_errors: MPI's native loop is missing; `pip install numba`")
        percent = large if operation.target.nbytes >= LARGE else small
        return replace(operation, samples=_slowed(operation.samples, percent / 100 if side == "b" and waits else 0.0))

    return dress


def _slowed(take: Callable[[int, int, Barrier], Samples], share: float) -> Callable[[int, int, Barrier], Samples]:
    def slowed(count: int, calls: int, barrier: Barrier) -> Samples:
        starts, seconds = [], []
        for _ in range(count):
            one = take(1, calls, barrier)
            start = now = perf_counter()
            until = start + share * one.seconds[0]
            while now < until:
                now = perf_counter()
            starts.append(one.starts[0])
            seconds.append(one.seconds[0] + perf_counter() - start)
        return Samples(np.array(starts), np.array(seconds), np.empty(0))

    return slowed


def _contest(options: argparse.Namespace) -> Contest:
    job = Job("mpi", tuple(options.sizes), (2,))
    return Contest(job, job)


def main() -> None:
    """Do what the options say."""
    options = _options()
    if options.slice:
        _as_rank(options)
        return
    RESULTS.mkdir(exist_ok=True)
    if options.pairs:
        record_pairs(options.pairs)
    for number in range(options.live):
        suite(options, f"{number + 1} of {options.live}")
    if options.resample:
        summary(options.resample)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=float, metavar="SECONDS", help="record A/A pairs for so long a cell")
    parser.add_argument("--live", type=int, default=0, metavar="N", help="run so many suites")
    parser.add_argument("--budget", type=float, default=5.0, help="most seconds a cell of a suite; 5")
    parser.add_argument("--inject", type=float, default=0.0, metavar="PERCENT", help="slow B down by so much; 0 is A/A")
    parser.add_argument("--inject-large", type=float, metavar="PERCENT", help="from 1 MiB on; as --inject")
    parser.add_argument("--where", choices=("all", "one"), default="all", help="ranks that are slowed down")
    parser.add_argument("--resample", type=int, default=0, metavar="N", help="resample all recorded pairs N times; summarise")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="bytes; 8, 1 KiB, 64 KiB and 4 MiB")
    parser.add_argument("--suites", type=Path, default=SUITES, help="the file that suites are appended to")
    parser.add_argument("--slice", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inject_large is None:
        options.inject_large = options.inject
    return options


def _as_rank(options: argparse.Namespace) -> None:
    launch = detect()
    settle(launch)
    waits = options.where == "all" or launch.rank == 0
    dress = slowdown(options.inject, options.inject_large, waits=waits) if options.inject or options.inject_large else as_it_is
    fight_slice(_contest(options), launch, slice_of(options.slice), options.output, dress)


def _words(options: argparse.Namespace) -> Callable[[Slice, Path], Sequence[str]]:
    injected = ["--inject", str(options.inject), "--inject-large", str(options.inject_large), "--where", options.where]
    sizes = ["--sizes", *map(str, options.sizes)]
    return lambda part, path: [
        "benchmarks.gate_errors",
        *injected,
        *sizes,
        *("--slice", *words_of(part)),
        *("--output", str(path)),
    ]


def suite(options: argparse.Namespace, name: str) -> None:
    """Run one suite through the gate's own rounds and append what it said."""
    contest, start = _contest(options), monotonic()
    rounds, load = Rounds(len(contest.pairs), options.budget), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="gate-errors-") as folder:
        fought = fight(contest, rounds, _words(options), Path(folder) / "quads.jsonl")
    cells = [
        {"nbytes": a.nbytes, "in_place": a.in_place, "wrong": fought.wrong(n), **_short(verdict_row(rounds.verdicts[n]))}
        for n, (a, _) in enumerate(contest.pairs)
    ]
    row = {
        "kind": "suite",
        "inject_percent": options.inject,
        "inject_large_percent": options.inject_large,
        "where": options.where,
        "budget": options.budget,
        "seconds": round(monotonic() - start, 1),
        "load_1min": round(load, 2),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "context": {key: value for key, value in fought.context.items() if key != "load_1min"},
        "cells": cells,
    }
    with options.suites.open("a") as file:
        file.write(json.dumps(row, separators=(",", ":")) + "\n")
    counts = {kind: sum(cell["verdict"] == kind for cell in cells) for kind in sorted({c["verdict"] for c in cells})}
    print(f"suite {name}: +{options.inject:g} % {counts} in {row['seconds']} s, load {row['load_1min']}", flush=True)


def _short(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in fields.items()}


def record_pairs(seconds: float) -> None:
    """Record A/A quads of all cells in one launch: 1e-5 of log(B / A), and the coin of every quad."""
    options = argparse.Namespace(inject=0.0, inject_large=0.0, where="all", sizes=SIZES)
    contest = _contest(options)
    rounds = Rounds(len(contest.pairs), seconds, shares=(1.0,))
    with tempfile.TemporaryDirectory(prefix="gate-errors-") as folder:
        path = Path(folder) / "quads.jsonl"
        fought = fight(contest, rounds, _words(options), path)
    out = RESULTS / f"gate-pairs-{datetime.now(UTC):%Y-%m-%dT%H%M}.jsonl"
    with out.open("w") as file:
        for number, (cell, _) in enumerate(contest.pairs):
            quads = [quad for quad in fought.quads if quad.cell == number]
            row = {
                "nbytes": cell.nbytes,
                "in_place": cell.in_place,
                "statistic": contest.statistic,
                "load_1min": fought.context["load_1min"],
                "context": dict(fought.context),
                "coins": "".join(quad.order[0] for quad in quads),
                "log_ratio_1e5": [round(quad.log_ratio * 1e5) for quad in quads],
            }
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
    print(f"{out}: {len(fought.quads)} quads of {len(contest.pairs)} cells, {out.stat().st_size / 1e3:.0f} kB")


def summary(resamples: int) -> None:
    """Write results/gate-errors-DATE.json: resampled false alarms and the counts of all live suites."""
    recorded = [json.loads(line) for path in sorted(RESULTS.glob("gate-pairs-*.jsonl")) for line in path.open()]
    suites = [json.loads(line) for line in SUITES.open()] if SUITES.exists() else []
    report = {
        "schema": "fabricbench.gate_errors/1",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "resampled": [resample(row, resamples) for row in recorded],
        "live": live_counts(suites),
    }
    path = RESULTS / f"gate-errors-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    for row in (*report["resampled"], *report["live"]):
        print(row)
    print(path)


def live_counts(suites: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, for every slowdown and size, how many cells got which verdict, with Wilson's 95 % interval of `regressed`."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in suites:
        for cell in row["cells"]:
            percent = row["inject_large_percent"] if cell["nbytes"] >= LARGE else row["inject_percent"]
            key = (percent, row["where"] if percent else "-", row["budget"], cell["nbytes"])
            groups.setdefault(key, []).append({**cell, "seconds": row["seconds"], "load_1min": row["load_1min"]})
    return [_counted(key, cells) for key, cells in sorted(groups.items(), key=str)]


def _counted(key: tuple[Any, ...], cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    kinds = ("regressed", "improved", "same", "inconclusive")
    counts = {kind: sum(cell["verdict"] == kind for cell in cells) for kind in kinds}
    alarms = counts["regressed"] + counts["improved"] if key[0] == 0 else counts["regressed"]
    ratios = sorted(cell["ratio"] for cell in cells)
    loads = sorted(cell["load_1min"] for cell in cells)
    return {
        "slowdown_percent": key[0],
        "where": key[1],
        "budget_seconds_a_cell": key[2],
        "nbytes": key[3],
        "cells": len(cells),
        **counts,
        "false_alarms" if key[0] == 0 else "found": alarms / len(cells),
        "wilson_95": wilson(alarms, len(cells)),
        "median_ratio": ratios[len(ratios) // 2],
        "median_load_1min": loads[len(loads) // 2],
    }


def _commit() -> str:
    done = subprocess.run(  # a fixed command
        ["git", "describe", "--always", "--dirty"],  # noqa: S607  # git is found on the PATH
        capture_output=True,
        text=True,
        check=False,
        cwd=RESULTS.parent,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
