"""How well a site's small runs predict its large ones: errors and coverage of the laws of scale, simpler rules beside them.

    python -m benchmarks.scale_accuracy ../shared/data/scale --calibrate 8 [--register FILE | --registered FILE]

For every CSV of the schema (site, run, library, collective, algorithm, setting, nodes, ranks, bytes, time_us ...) in a folder,
or named: the rows of 2 to N nodes make the laws of each library, collective, algorithm and setting, and every row of more
nodes is scored, one run each. A library of a file without rows beyond N, or without any up to N, is calibrated on half of its
largest number of nodes. Beside it: constant busbw, that of the most nodes calibrated at equal size; and alpha + beta x bytes on
the busiest device, fitted to the same rows. error = |measured / predicted - 1|; coverage = the share of measured times inside
the 90 % interval.

--register FILE appends what is predicted to a chain (records/registered.py), an entry per file, made of the fitted rows alone.
--registered FILE scores the predictions of such a chain, and predicts nothing anew: what was committed is what is scored.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import median

import numpy as np
from scipy.optimize import nnls

from benchmarks.judge_accuracy import of_csv
from fabric.answers.register import code
from fabric.collectives.catalog import busbw_factor
from fabric.predict.curves import MIB, at
from fabric.predict.laws import points_of
from fabric.predict.site import BANDS, Estimate, Laws, tail_of
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.registered import predictions, register
from fabric.records.result import Result
from fabric.units import show_size

LARGE_BLOCK = 4 * MIB
DEFAULT_NODES = 8
Rule = Callable[[Case], float]
Key = tuple[Case, str, str]
Said = Mapping[Key, Estimate]


@dataclass(frozen=True)
class Scored:
    """A row beyond the calibrated numbers of nodes: what was expected, and what the simpler rules say, seconds."""

    site: str
    result: Result
    expected: Estimate
    constant: float
    line: float

    @property
    def errors(self) -> tuple[float, float, float]:
        """|measured / predicted - 1| of the laws, of constant busbw, and of alpha and beta."""
        return tuple(abs(self.result.time / said - 1) for said in (self.expected.seconds, self.constant, self.line))  # type: ignore[return-value]

    @property
    def covered(self) -> bool:
        """Whether the interval holds the measured time."""
        return self.expected.low <= self.result.time <= self.expected.high


def read(path: Path) -> list[Result]:
    """Return the rows of a file, with their setting as its column says it."""
    return [
        replace(one, context={**one.context, "setting": one.context["label"]}) for one in of_csv(path) if one.case.nodes > 1
    ]


def calibrated_to(results: Sequence[Result], nodes: int) -> int:
    """Return the most nodes to calibrate on: as asked, or half of the largest number where that leaves nothing on one side."""
    counts = {one.case.nodes for one in results}
    most = max(counts, default=0)
    return nodes if most > nodes >= min(counts) else most // 2


def scored(path: Path, nodes: int, said: Said | None = None) -> Iterator[Scored]:
    """Yield the score of every row of a file that is beyond the calibrated numbers of nodes; said: by these predictions."""
    results = read(path)
    groups = defaultdict[tuple[object, ...], list[Result]](list)
    for one in results:
        groups[one.context["library"], one.case.collective, one.algorithm, one.context["setting"]].append(one)
    for library in sorted({str(key[0]) for key in groups}):
        own = {key: rows for key, rows in groups.items() if key[0] == library}
        limit = calibrated_to([one for rows in own.values() for one in rows], nodes)
        tail = tail_of(one for rows in own.values() for one in rows if one.case.nodes <= limit)
        for rows in own.values():
            yield from _group(path.stem, rows, limit, tail, said)


def _group(site: str, rows: Sequence[Result], limit: int, tail: float, said: Said | None) -> Iterator[Scored]:
    known, beyond = ([one for one in rows if (one.case.nodes <= limit) is few] for few in (True, False))
    if not known or not beyond:
        return
    laws = Laws(points_of(known), tail)
    constant, line = constant_busbw(known), alpha_beta(known)
    for one in beyond:
        expected = laws.expected(one.case, one.algorithm) if said is None else said.get(key_of(site, one), "not registered")
        if not isinstance(expected, str):
            yield Scored(site, one, expected, constant(one.case), line(one.case))


def key_of(site: str, one: Result) -> Key:
    """Return what a prediction is registered for: case, algorithm, and site, library and setting in words."""
    return one.case, one.algorithm, f"{site}, {one.context['library']}, {one.context['setting']}"


def prediction_of(row: Scored) -> Result:
    """Return a row's expectation as a prediction that can be registered."""
    case, algorithm, where = key_of(row.site, row.result)
    expected = row.expected
    interval = (expected.low, expected.high)
    said = Prediction(algorithm, "laws of scale", exact=False, interval=interval, interval_reasons=expected.reasons)
    return Result(case, "model:laws", (expected.seconds,), algorithm, "point", fabric=where, prediction=said)


def register_all(path: Path, files: Sequence[Path], nodes: int) -> None:
    """Append an entry per file to a chain: every prediction once, with the file's name and hash and the fitted nodes."""
    for file in files:
        found = {key_of(row.site, row.result): prediction_of(row) for row in scored(file, nodes)}
        if found:
            asked = {"file": file.name, "file_sha256": sha256(file.read_bytes()).hexdigest(), "calibrate": str(nodes)}
            print(f"{file.name}: {len(found)} predictions, {register(path, list(found.values()), code(), asked).hash}")


def registered(path: Path) -> Said:
    """Return the predictions of a chain by what they are for."""
    return {
        (one.case, one.algorithm, one.fabric or ""): Estimate(one.time, *one.model.interval, one.model.interval_reasons)
        for one in predictions(path)
        if one.model.interval
    }


def constant_busbw(known: Sequence[Result]) -> Rule:
    """Return the rule that busbw at equal size stays what it was on the most nodes."""
    most = max(one.case.nodes for one in known)
    curve = dict[float, list[float]]()
    for one in known:
        if one.case.nodes == most:
            curve.setdefault(one.case.nbytes, []).append(one.time / _factor(one.case))
    medians = {size: median(times) for size, times in curve.items()}
    return lambda case: at(case.nbytes, medians)[0] * _factor(case)


def alpha_beta(known: Sequence[Result]) -> Rule:
    """Return alpha + beta S factor, of least relative squares, blind to algorithm and nodes."""
    seconds = np.array([one.time for one in known])
    matrix = np.array([(1.0, one.case.nbytes * _factor(one.case)) for one in known]) / seconds[:, None]
    scale = matrix.max(axis=0)
    (alpha, beta), _ = nnls(matrix / scale, np.ones(len(known)))
    return lambda case: float(max(alpha / scale[0] + beta / scale[1] * case.nbytes * _factor(case), 1e-9))


def _factor(case: Case) -> float:
    return busbw_factor(case.collective, case.world_size, case.params)


def band_of(one: Scored) -> str:
    """Return the band of sizes that a row is in."""
    size, least = one.result.case.nbytes, 0
    for most, _, _ in BANDS:
        if size < most:
            return f"{show_size(least)} .. {show_size(most)}" if least else f"below {show_size(most)}"
        least = most
    return f"from {show_size(least)}"


GROUPS: dict[str, Callable[[Scored], str]] = {
    "algorithm": lambda one: f"{one.result.case.collective} by {one.result.algorithm}",
    "nodes": lambda one: f"{one.result.case.nodes} nodes",
    "size": band_of,
}
MANY = 12
"""Algorithms beyond which a site's are not listed one by one."""


def said(name: str, rows: Sequence[Scored]) -> str:
    """Return a line: rows, median and P90 error and coverage in per cent, median and P90 of the simpler rules."""
    columns = zip(*(one.errors for one in rows), strict=True)
    ours, constant, line = (f"{100 * median(c):8.1f}{100 * float(np.quantile(c, 0.9)):9.1f}" for c in columns)
    covered = 100 * sum(one.covered for one in rows) / len(rows)
    return f"{name[:44]:44}{len(rows):6}{ours}{covered:7.0f}{constant}{line}"


def tables(rows: Sequence[Scored]) -> Iterator[str]:
    """Yield the lines of the report: every site by algorithm, nodes and size, and all of it together."""
    yield f"{'':44}{'rows':>6}{'median %':>8}{'P90 %':>9}{'in %':>7}{'busbw %':>8}{'P90 %':>9}{'a+bS %':>8}{'P90 %':>9}"
    for site in sorted({one.site for one in rows}):
        yield from ("", *_of_site(site, [one for one in rows if one.site == site]))
    for kind, collection in (("NCCL", True), ("MPI", False)):
        own = [one for one in rows if ("nccl" in one.result.source) is collection]
        if own:
            yield from ("", *_of_site(f"all files, {kind}", own))


def _of_site(site: str, rows: Sequence[Scored]) -> Iterator[str]:
    yield said(site, rows)
    large = [one for one in rows if one.result.case.nbytes / one.result.case.world_size >= LARGE_BLOCK]
    if large:
        yield said(f"  blocks from {show_size(LARGE_BLOCK)}", large)
    for name, group in GROUPS.items():
        kinds = list(dict.fromkeys(map(group, sorted(rows, key=lambda one: (one.result.case.nodes, one.result.case.nbytes)))))
        if name != "algorithm" or len(kinds) <= MANY:
            yield from (said(f"  {kind}", [one for one in rows if group(one) == kind]) for kind in kinds)


def files_of(names: Iterable[str]) -> list[Path]:
    """Return the CSV files that are named, those of a folder by name."""
    return [path for name in names for path in (sorted(Path(name).glob("*.csv")) if Path(name).is_dir() else [Path(name)])]


def taken(given: list[str], name: str) -> str | None:
    """Return the value of an option and take both off the arguments, None where it is not there."""
    if name not in given:
        return None
    where = given.index(name)
    value = given[where + 1]
    del given[where : where + 2]
    return value


def main(arguments: Sequence[str]) -> None:
    """Print the accuracy of every file, and of all together; or register what would be scored."""
    given = list(arguments)
    nodes, into, chain = (
        int(taken(given, "--calibrate") or DEFAULT_NODES),
        taken(given, "--register"),
        taken(given, "--registered"),
    )
    if into is not None:
        register_all(Path(into), files_of(given), nodes)
        return
    said = registered(Path(chain)) if chain else None
    rows = [one for path in files_of(given) for one in scored(path, nodes, said)]
    if not rows:
        print(f"no row of more nodes than those calibrated on, {nodes}")
        return
    for line in tables(rows):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
