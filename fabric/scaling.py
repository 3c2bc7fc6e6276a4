"""Scaling efficiency versus cluster size: measured, predicted and bound in one table. It neither measures nor predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fabric.records.case import Case
from fabric.records.result import Result
from fabric.units import show_size

PASSED = 1 + 1e-9
"""Efficiency from which on a row has passed the bound."""


@dataclass(frozen=True)
class Row:
    """One cell: what was measured (None where nothing ran), predicted, and the bound's busbw; use says what a fit saw of it.

    bound: without in-network reduction. in_network: with it, where the answer passes the bound. use: `fitted`, `held out`,
    or why it is neither. reference: busbw at the smallest world size >= 2 of the same series.
    """

    case: Case
    source: str
    measured: Result | None
    predicted: Result | None
    bound: float | None
    use: str
    reference: float | None = None
    baseline_seconds: float | None = None
    in_network: float | None = None

    @property
    def best(self) -> Result | None:
        """The measurement, or the prediction where nothing ran."""
        return self.measured or self.predicted

    @property
    def efficiency(self) -> float | None:
        """Busbw / bound at this world size: above 1 where switches add up what ranks would have to send."""
        return self.best.busbw / self.bound if self.best and self.bound else None

    @property
    def in_network_efficiency(self) -> float | None:
        """Busbw / the bound with in-network reduction, where the one without it is passed."""
        return self.best.busbw / self.in_network if self.best and self.in_network else None

    @property
    def relative(self) -> float | None:
        """Busbw / busbw at the smallest world size >= 2."""
        return self.best.busbw / self.reference if self.best and self.reference else None

    @property
    def error(self) -> float | None:
        """Measured / predicted seconds - 1."""
        return _error(self.measured, self.predicted.time if self.predicted else None)

    @property
    def baseline_error(self) -> float | None:
        """Measured / baseline seconds - 1."""
        return _error(self.measured, self.baseline_seconds)


def _error(measured: Result | None, seconds: float | None) -> float | None:
    return measured.time / seconds - 1 if measured is not None and seconds else None


def asked_for(answer: Result) -> str:
    """Return what a prediction was asked to run, in words where it is no algorithm's name: a library's choice, the best."""
    said = {"default": f"what {answer.model.constants} picks", "best": "the best of all algorithms"}
    return said.get(answer.algorithm, answer.algorithm)


def scaling_table(
    source: str,
    measured: Sequence[Result],
    predicted: Sequence[Result],
    bounds: Mapping[Case, float],
    uses: Mapping[Case, str],
    baseline: Callable[[int], float] | None = None,
    in_network: Callable[[Case], float | None] = lambda _: None,
) -> list[Row]:
    """Return one row per case that was measured or predicted, by form, bytes and world size.

    bounds: case -> busbw of the bound. in_network: case -> busbw of the bound with in-network reduction, asked for where the
    other one is passed. uses: case -> what a fit saw of it. baseline: bytes -> seconds.
    """
    ran = {r.case: r for r in measured}
    said = {r.case: r for r in predicted}
    cases = sorted({*ran, *said}, key=lambda c: (not c.in_place, c.nbytes, c.world_size))
    rows = [
        Row(
            case=case,
            source=source,
            measured=ran.get(case),
            predicted=said.get(case),
            bound=bounds.get(case),
            use=uses.get(case, "predicted"),
            baseline_seconds=baseline(case.nbytes) if baseline and case.world_size > 1 else None,
        )
        for case in cases
    ]
    rows = [replace(row, in_network=in_network(row.case)) if (row.efficiency or 0) > PASSED else row for row in rows]
    return [_with_reference(row, rows) for row in rows]


def _with_reference(row: Row, rows: Sequence[Row]) -> Row:
    series = [r for r in rows if (r.case.nbytes, r.case.in_place) == (row.case.nbytes, row.case.in_place)]
    first = min((r for r in series if r.case.world_size >= 2), key=lambda r: r.case.world_size, default=None)
    if first is None or first.best is None or row.case.world_size < 2:
        return row
    return replace(row, reference=first.best.busbw)


def powers_of_two(devices: int) -> list[int]:
    """Return 2, 4, 8, ... up to the devices, and all of them."""
    return sorted({*(1 << i for i in range(1, devices.bit_length())), devices})


def passed(rows: Sequence[Row]) -> list[str]:
    """Return the explanation of rows above 100 %, where there are any."""
    if not any(row.in_network for row in rows):
        return []
    return [
        "above 100 % of the bound: switches add up and copy (NVLS, SHARP), so that ranks send less than any algorithm without "
        "them must; `in-network` is the share of the bound with it (S out of and into every device)"
    ]


def differences(rows: Sequence[Row]) -> list[str]:
    """Return, per algorithm, where the fabrics differ most and what holds the slower one up."""
    answers = [row.predicted for row in rows if row.predicted is not None]
    names = dict.fromkeys(map(asked_for, answers))
    return [line for name in names for line in _difference(name, [a for a in answers if asked_for(a) == name])]


def _difference(algorithm: str, answers: Sequence[Result]) -> list[str]:
    cells: dict[Case, list[Result]] = {}
    for answer in answers:
        cells.setdefault(answer.case, []).append(answer)
    pairs = [(min(c, key=lambda r: r.time), max(c, key=lambda r: r.time)) for c in cells.values() if len(c) > 1]
    if not pairs:
        return []
    fast, slow = max(pairs, key=lambda pair: pair[1].time / pair[0].time)
    ratio = slow.time / fast.time
    if ratio < 1.01:
        return [f"{algorithm}: the fabrics differ by less than 1 % in every cell"]
    where = f"{show_size(slow.case.nbytes)} on {slow.case.world_size:,}"
    return [
        f"{algorithm}: they differ most at {where}: {slow.fabric} takes {ratio:.2f} x {fast.fabric}; "
        f"bottleneck {', '.join(slow.bottlenecks)} against {', '.join(fast.bottlenecks)}"
    ]
