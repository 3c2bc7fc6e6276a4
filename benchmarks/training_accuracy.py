"""How well steps in closed form meet published ones: errors per set, simple rules beside them, order, coverage.

    python -m benchmarks.training_accuracy ../shared/data/training

Every row of the folder that training_rows.py reads is predicted as a stranger would, from the catalogue's node; rows whose
layout is not stated stand apart. Twice: with the constants that ship (`fitted`, made on rows such as these) and with those of
measured matrices alone (`unfitted`). error = |measured / predicted - 1|. Then, from the smallest row of every series (one
model, machine, software and plan at several sizes) to its larger ones: the model scaled by that row, constant tokens/s/device,
and log-linear from the two smallest. Then rows of 1,024 devices and more; and how often the better of two rows of one set,
software and machine that are more than 5 % apart is named.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np

from benchmarks.training_rows import Row, Unread, rows_of
from fabric.network.spec import load
from fabric.workload.calibrate import calibrated
from fabric.workload.costs import Costs
from fabric.workload.device import device_of
from fabric.workload.kernels import DROPPED, KERNELS, LAUNCHED, UNFITTED, Kernels
from fabric.workload.step import TrainingStep
from fabric.workload.training import training_step
from topologies.errors import InputError

RACK, OF_RACK = 72, 64
"""Devices of a rack whose devices are one domain, and how many of them such rows use: powers of two."""
LARGE, APART = 1024, 0.05
RATED = 700.0
"""Watts of an H100; a part held at less reaches the square root of the ratio of its shares (assumed)."""
NEW_EXPERTS = 2606
"""NeMo container, year and month, from which experts in FP8 on Blackwell run as graphs."""


@dataclass(frozen=True)
class Scored:
    """A row with the step that was predicted for it."""

    row: Row
    step: TrainingStep

    @property
    def error(self) -> float:
        """Measured / predicted - 1."""
        return self.row.seconds / self.step.seconds - 1

    @property
    def covered(self) -> bool:
        """Whether the step's interval holds the measured time."""
        low, high = self.step.interval or (0.0, 0.0)
        return low <= self.row.seconds <= high


@lru_cache(maxsize=256)
def costs_of(node: str, devices: int) -> Costs:
    """Return the messages' costs on so many devices of a node's kind: of a rack of 72 the first 64 are used."""
    whole, used = (RACK, OF_RACK) if "nvl72" in node else (8, 8)
    units = -(-devices // used)
    places = np.concatenate([whole * unit + np.arange(used) for unit in range(units)])[:devices]
    return Costs(load(f"{node}:nodes={units}"), None, devices, places)


def kernels_for(row: Row, table: Mapping[str, Kernels]) -> Kernels:
    """Return the kernels of a row's device, with what is known of its day and its power."""
    rates = device_of(costs_of(row.node, row.devices).fabric)
    found = table.get(rates.name) or table[rates.architecture]
    if row.core is not None:
        found = replace(found, core=row.core)
    if row.power:
        share = (row.power / RATED) ** 0.5
        found = replace(found, gemm_bf16=found.gemm_bf16 * share, gemm_fp8=found.gemm_fp8 * share, core=found.core * share)
    if row.model.experts and table is KERNELS:
        if row.plan.precision == "bf16" or _container(row.software) < NEW_EXPERTS:
            found = replace(found, routed=1.0, **LAUNCHED)
        if row.dropped:
            found = replace(found, **DROPPED)
    return found


def _container(software: str) -> int:
    """Return year and month of a NeMo container as one number, 0 where none is named."""
    words = [word for word in software.replace(",", " ").split() if word[:2].isdigit() and "." in word]
    return int(words[0][:2]) * 100 + int(words[0].split(".")[1]) if words else 0


def predicted(row: Row, table: Mapping[str, Kernels]) -> TrainingStep:
    """Return the step of a row.

    Raises:
        InputError: a plan that does not divide.
    """
    costs = costs_of(row.node, row.devices)
    rates = device_of(costs.fabric)
    rates = replace(rates, memory_rate=row.memory_rate) if row.memory_rate else rates
    return training_step(
        row.model, row.plan, costs.fabric, batch=row.batch, seq=row.sequence, device=rates, kernels=kernels_for(row, table),
        costs=costs,
    )  # fmt: skip


def scored(rows: Iterable[Row], table: Mapping[str, Kernels]) -> tuple[list[Scored], list[str]]:
    """Return the rows with their predictions, and why some have none."""
    found, refused = list[Scored](), list[str]()
    for row in rows:
        try:
            found.append(Scored(row, predicted(row, table)))
        except InputError as error:
            refused.append(f"{row.set}: {row.model.name} on {row.devices}: {error}")
    return found, refused


def line(name: str, errors: Sequence[float], more: str = "") -> str:
    """Return one line of a table: how many, median, mean and P90 of |error|, and the median with its sign."""
    if not errors:
        return f"{name:34}    0 rows"
    size = 100 * np.abs(np.array(errors))
    return (
        f"{name:34} {len(size):4} {np.median(size):7.1f} {size.mean():6.1f} {np.percentile(size, 90):6.1f} "
        f"{100 * np.median(errors):+7.1f}  {more}"
    )


HEAD = f"{'':34} {'rows':>4} {'median':>7} {'mean':>6} {'P90':>6} {'signed':>7}"


def by_set(found: Sequence[Scored]) -> Iterator[str]:
    """Yield a line per set, those whose layout is stated first, then all dense and all MoE rows of these."""
    for stated in (True, False):
        sets = defaultdict[str, list[Scored]](list)
        for one in found:
            if bool(one.row.unstated) is not stated:
                sets[one.row.set].append(one)
        yield f"layout {'stated' if stated else 'NOT stated, guessed'}"
        for name, rows in sets.items():
            software = ", ".join(sorted({one.row.software for one in rows}))
            guessed = f"; guessed: {', '.join(sorted({one.row.unstated for one in rows}))}" if not stated else ""
            yield line(f"  {name}", [one.error for one in rows], software + guessed)
        for kind in ("dense", "MoE"):
            own = [one for rows in sets.values() for one in rows if one.row.kind == kind]
            if own:
                inside = sum(one.covered for one in own) / len(own)
                yield line(f"  all {kind}", [one.error for one in own], f"interval holds {inside:.0%}")


def series(found: Sequence[Scored]) -> list[list[Scored]]:
    """Return rows of one group at several numbers of devices, by rising number; of equal numbers the first."""
    groups = defaultdict[tuple[str, ...], dict[int, Scored]](dict)
    for one in found:
        groups[one.row.group].setdefault(one.row.devices, one)
    return [[rows[n] for n in sorted(rows)] for rows in groups.values() if len(rows) > 1]


def from_one(rows: Sequence[Scored]) -> Iterator[tuple[float, float, float | None]]:
    """Yield, for every larger row of a series, measured / said - 1 by the scaled model, constant tokens/s, log-linear."""
    first, second = rows[0], rows[1]
    try:
        scale = calibrated([(first.step, first.row.seconds)])
    except InputError:
        return
    speed = first.row.tokens_per_second_per_device
    slope = log(second.row.tokens_per_second_per_device / speed) / log(second.row.devices / first.row.devices)
    for one in rows[1:]:
        rate = one.row.tokens_per_second_per_device
        linear = None if one is second else speed * (one.row.devices / first.row.devices) ** slope / rate - 1
        yield one.row.seconds / scale.applied(one.step).seconds - 1, speed / rate - 1, linear


def scaling(found: Sequence[Scored]) -> Iterator[str]:
    """Yield how larger rows are predicted from the smallest of their series."""
    sets = defaultdict[str, list[tuple[float, float, float | None]]](list)
    for rows in series(found):
        sets[rows[0].row.set] += from_one(rows)
    for name, errors in [*sets.items(), ("all", [one for rows in sets.values() for one in rows])]:
        yield line(f"  {name}: model", [one[0] for one in errors])
        yield line(f"  {name}: constant tokens/s/device", [one[1] for one in errors])
        third = [(one[0], one[2]) for one in errors if one[2] is not None]
        if third:
            yield line(f"  {name}: log-linear from two", [two for _, two in third])
            yield line(f"  {name}: model on those rows", [one for one, _ in third])


def ordered(found: Sequence[Scored]) -> tuple[int, int]:
    """Return in how many pairs the better was named, and of how many, more than 5 % apart in tokens a second and device.

    Pairs are of one set, software, model, machine and sequence, and differ in plan, batch or size.
    """
    groups = defaultdict[tuple[str, ...], list[Scored]](list)
    for one in found:
        groups[one.row.set, one.row.software, one.row.model.name, one.row.node, str(one.row.sequence), one.row.peer].append(one)
    right = total = 0
    for rows in groups.values():
        for one, two in combinations(rows, 2):
            apart = log(one.row.tokens_per_second_per_device / two.row.tokens_per_second_per_device)
            if abs(apart) > log(1 + APART) and one.row.precision_part == two.row.precision_part:
                said = log(one.step.tokens_per_second_per_device / two.step.tokens_per_second_per_device)
                right, total = right + (said * apart > 0), total + 1
    return right, total


def report(folder: Path) -> Iterator[str]:
    """Yield the whole report, a line each."""
    read = list(rows_of(folder))
    rows = [one for one in read if isinstance(one, Row)]
    yield f"{len(rows)} rows of {folder.name} read; not read:"
    yield from (f"  {times} x {why}" for why, times in Counter(str(one) for one in read if isinstance(one, Unread)).items())
    for title, table in (("fitted constants", KERNELS), ("unfitted: measured matrices alone", UNFITTED)):
        found, refused = scored(rows, table)
        yield f"\n{title}: |measured / predicted - 1|, per cent"
        yield HEAD
        yield from by_set(found)
        yield from (f"  refused: {why}" for why in refused)
        right, total = ordered([one for one in found if not one.row.unstated])
        yield f"  the better of two rows more than 5 % apart: {right} of {total}" + (f" ({right / total:.0%})" if total else "")
        yield line("  1,024 devices and more", [one.error for one in found if one.row.devices >= LARGE])
        if table is KERNELS:
            yield "\nlarger rows of a series from its smallest"
            yield HEAD
            yield from scaling(found)


def main() -> None:
    """Print the report of the folder named."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.training_accuracy FOLDER")
    for text in report(Path(sys.argv[1])):
        print(text)


if __name__ == "__main__":
    main()
