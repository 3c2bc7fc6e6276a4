"""How well steps in closed form meet published ones: errors per set, simple rules beside them, order, coverage.

    python -m benchmarks.training_accuracy ../shared/data/training [--register FILE | --registered FILE]

Every row of the folder that training_rows.py reads, and the package's own published runs of 1,024 devices and more, is
predicted as a stranger would, from the catalogue's node; rows whose layout is not stated stand apart, and so do rows that the
constants were not fitted on (those that CHAIN does not hold as fitted). Twice: with the constants that ship (`fitted`) and with
those of measured matrices alone (`unfitted`). error = |measured / predicted - 1|. Then, from the smallest row of every series
(one model, machine, software and plan at several sizes) to its larger ones: the model scaled by that row, constant
tokens/s/device, and log-linear from the two smallest. Then rows of 1,024 devices and more; and how often the better of two rows
that are more than 5 % apart is named, of one machine and of several.

--register FILE appends what is predicted to a chain (records/registered.py), an entry per kind of prediction.
--registered FILE scores the predictions of such a chain, and predicts nothing anew: what was committed is what is scored.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np

from benchmarks.training_published import published_rows
from benchmarks.training_registered import FITTED, ONE_ROW, OTHER_SITE, UNFIT, Said, register_all, registered, said_of
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
TIE = 0.02
"""Difference of two predictions, of one machine or of two, up to which they are called a tie: what machine and software have in
common cancels, and half of the pairs of one machine are off by up to 1.6 % against each other."""
CHAIN = Path(__file__).parent.parent / "results" / "registered" / "training-2026-11-29-waves.jsonl"
"""What was predicted when the constants were last fitted; every row that was fitted on is in it."""
RATED = 700.0
"""Watts of an H100; a part held at less reaches the square root of the ratio of its shares (assumed)."""
NEW_EXPERTS = 2606
"""NeMo container, year and month, from which experts in FP8 on Blackwell run as graphs."""


@dataclass(frozen=True)
class Scored:
    """A row with the seconds that were predicted for it and their interval. step: None where they were registered."""

    row: Row
    seconds: float
    interval: tuple[float, float]
    step: TrainingStep | None = None

    @property
    def error(self) -> float:
        """Measured / predicted - 1."""
        return self.row.seconds / self.seconds - 1

    @property
    def covered(self) -> bool:
        """Whether the interval holds the measured time."""
        return self.interval[0] <= self.row.seconds <= self.interval[1]

    @property
    def speed(self) -> float:
        """Tokens a second and device, as predicted."""
        return self.row.tokens_per_second_per_device * self.row.seconds / self.seconds


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
        if row.launched or row.plan.precision == "bf16" or _container(row.software) < NEW_EXPERTS:
            found = replace(found, routed=1.0, **LAUNCHED)
        if row.dropped:
            found = replace(found, **DROPPED)
    return found if row.grouped is None else replace(found, grouped=row.grouped / found.gemm_fp8)


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
            step = predicted(row, table)
            found.append(Scored(row, step.seconds, step.interval or (0.0, 0.0), step))
        except InputError as error:
            refused.append(f"{row.set}: {row.model.name} on {row.devices}: {error}")
    return found, refused


def larger(all_series: Iterable[Sequence[Scored]]) -> list[Scored]:
    """Return the larger rows of every series as the model scaled by its smallest row predicts them."""
    all_of = list[Scored]()
    for rows in all_series:
        first = rows[0]
        try:
            scale = calibrated([(first.step, first.row.seconds)] if first.step else [])
        except InputError:
            continue
        for one in rows[1:]:
            if one.step is not None:
                step = scale.applied(one.step)
                all_of.append(Scored(one.row, step.seconds, step.interval or (0.0, 0.0), step))
    return all_of


def recalled(rows: Iterable[Row], kind: str, said: Said) -> tuple[list[Scored], list[str]]:
    """Return the rows with the predictions of a kind that a chain holds for them, and which it does not hold."""
    found, missing = list[Scored](), list[str]()
    for row in rows:
        known = said_of(row, kind, said)
        if known is not None:
            found.append(Scored(row, known.seconds, known.interval))
        elif kind in (FITTED, UNFIT):
            missing.append(f"{row.set}: {row.model.name} on {row.devices}: not registered")
    return found, missing


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


PARTS = {
    "layout stated, in the fit": lambda row: row.fitted and not row.unstated,
    "layout stated, held out of the fit": lambda row: not row.fitted and not row.unstated,
    "layout NOT stated, guessed; held out of the fit": lambda row: bool(row.unstated),
}
"""Kinds of rows that are shown apart."""


def by_set(found: Sequence[Scored]) -> Iterator[str]:
    """Yield a line per set, kinds of rows apart, then all dense and all MoE rows of each kind, and of stated layouts."""
    for title, belongs in PARTS.items():
        sets = defaultdict[str, list[Scored]](list)
        for one in found:
            if belongs(one.row):
                sets[one.row.set].append(one)
        yield title
        for name, rows in sets.items():
            software = ", ".join(sorted({one.row.software for one in rows}))
            unstated = sorted({one.row.unstated for one in rows} - {""})
            guessed = f"; guessed: {', '.join(unstated)}" if unstated else ""
            yield line(f"  {name}", [one.error for one in rows], software + guessed)
        yield from _all([one for rows in sets.values() for one in rows])
    yield "layout stated, in the fit or not"
    yield from _all([one for one in found if not one.row.unstated])


def _all(found: Sequence[Scored]) -> Iterator[str]:
    for kind in ("dense", "MoE"):
        own = [one for one in found if one.row.kind == kind]
        if own:
            inside = sum(one.covered for one in own) / len(own)
            yield line(f"  all {kind}", [one.error for one in own], f"interval holds {inside:.0%}")
        eights = [one for one in own if kind == "MoE" and one.row.plan.precision == "fp8"]
        if eights:
            inside = sum(one.covered for one in eights) / len(eights)
            yield line("  all MoE in FP8", [one.error for one in eights], f"interval holds {inside:.0%}")


def of_any_site(row: Row) -> tuple[str, ...]:
    """Return what rows of one benchmark, machine and length have in common, whoever ran them."""
    return row.set, row.node, str(row.sequence)


def series(found: Sequence[Scored], alike: Callable[[Row], tuple[str, ...]] = lambda row: row.group) -> list[list[Scored]]:
    """Return rows of one group at several numbers of devices, by rising number; of equal numbers the first."""
    groups = defaultdict[tuple[str, ...], dict[int, Scored]](dict)
    for one in found:
        groups[alike(one.row)].setdefault(one.row.devices, one)
    return [[rows[n] for n in sorted(rows)] for rows in groups.values() if len(rows) > 1]


def simple(rows: Sequence[Scored]) -> dict[int, tuple[float, float | None]]:
    """Return, for every larger row of a series, measured / said - 1 by constant tokens/s/device and by log-linear from two."""
    first, second = rows[0].row, rows[1].row
    speed = first.tokens_per_second_per_device
    slope = log(second.tokens_per_second_per_device / speed) / log(second.devices / first.devices)
    found = dict[int, tuple[float, float | None]]()
    for one in rows[1:]:
        rate, more = one.row.tokens_per_second_per_device, one.row.devices / first.devices
        found[id(one.row)] = speed / rate - 1, None if one.row is second else speed * more**slope / rate - 1
    return found


def other_sites(found: Sequence[Scored]) -> list[list[Scored]]:
    """Return series of MLPerf rows up to many devices, whoever ran them: they state no layout, and few ran several sizes."""
    mlperf = [one for one in found if one.row.set.startswith("MLPerf") and one.row.unstated]
    return [rows for rows in series(mlperf, of_any_site) if rows[-1].row.devices >= LARGE]


def scaling(all_series: Iterable[Sequence[Scored]], said: Sequence[Scored], least: int = 0) -> Iterator[str]:
    """Yield how larger rows are predicted from the smallest of their series. said: larger(); least: devices of rows shown."""
    rules = {key: both for rows in all_series for key, both in simple(rows).items()}
    sets = defaultdict[str, list[Scored]](list)
    for one in said:
        if one.row.devices >= least and id(one.row) in rules:  # of equal numbers of devices the first is in the series
            sets[one.row.set].append(one)
    for name, rows in [*sets.items(), ("all", [one for own in sets.values() for one in own])]:
        inside = f"interval holds {sum(one.covered for one in rows) / len(rows):.0%}" if rows else ""
        yield line(f"  {name}: model", [one.error for one in rows], inside)
        yield line(f"  {name}: constant tokens/s/device", [rules[id(one.row)][0] for one in rows])
        third = [(one.error, linear) for one in rows if (linear := rules[id(one.row)][1]) is not None]
        if third:
            yield line(f"  {name}: log-linear from two", [two for _, two in third])
            yield line(f"  {name}: model on those rows", [one for one, _ in third])


@dataclass
class Order:
    """In how many pairs the better was named, of how many; same: pairs of one question, which nobody can put in order.

    tied: pairs of which predictions say that they are no further apart than TIE; tied_right: the better named all the same.
    """

    right: int = 0
    total: int = 0
    same: int = 0
    tied: int = 0
    tied_right: int = 0
    wrong: list[str] = field(default_factory=list)

    def text(self, what: str) -> str:
        """Return one line: of all pairs, and of those that are not called a tie."""
        same = f"; {self.same} more ask the same question and differ by what is not stated" if self.same else ""
        apart = _of(self.right - self.tied_right, self.total - self.tied)
        return (
            f"  the better of two rows more than 5 % apart, {what}: {apart}, {self.tied} more called a tie; "
            f"forced {_of(self.right, self.total)}{same}"
        )


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.0%})" if whole else "")


def ordered(found: Sequence[Scored], *, machines: bool) -> Order:
    """Return how pairs are ordered that are more than 5 % apart in tokens a second and device.

    Pairs are of one set, software, model and sequence; of one machine they differ in plan, batch or size; machines: of two.
    """
    groups, order = defaultdict[tuple[str, ...], list[Scored]](list), Order()
    for one in found:
        groups[one.row.set, one.row.software, one.row.model.name, str(one.row.sequence), one.row.peer].append(one)
    for rows in groups.values():
        for one, two in combinations(rows, 2):
            apart = log(one.row.tokens_per_second_per_device / two.row.tokens_per_second_per_device)
            if abs(apart) <= log(1 + APART) or one.row.precision_part != two.row.precision_part:
                continue
            if (one.row.node != two.row.node) is machines:
                _judge(order, one, two, apart)
    return order


def _judge(order: Order, one: Scored, two: Scored, apart: float) -> None:
    if (one.row.node, one.row.plan, one.row.devices, one.row.batch) == (
        two.row.node,
        two.row.plan,
        two.row.devices,
        two.row.batch,
    ):
        order.same += 1
        return
    said = log(one.speed / two.speed)
    right, tied = said * apart > 0, abs(said) <= log(1 + TIE)
    order.total += 1
    order.right += right
    order.tied += tied
    order.tied_right += right and tied
    if right:
        return
    each = [f"{x.row.plan.text()} on {x.row.devices} {x.row.node} ({x.error:+.0%})" for x in (one, two)]
    order.wrong.append(
        f"    {'a tie' if tied else 'wrong'}: {one.row.set}, {one.row.software}, {one.row.model.name}: {' | '.join(each)}"
    )


def held_out(rows: Iterable[Row], known: Said) -> Iterator[Row]:
    """Yield rows, those that are not registered as fitted marked as held out."""
    for row in rows:
        yield row if not row.fitted or said_of(row, FITTED, known) else replace(row, fitted=False)


def report(folder: Path, said: Said | None = None) -> Iterator[str]:
    """Yield the whole report, a line each. said: by these predictions, none made anew."""
    read = list(rows_of(folder))
    rows = [*(one for one in read if isinstance(one, Row)), *published_rows(LARGE)]
    rows = list(held_out(rows, registered(CHAIN))) if CHAIN.exists() else rows
    yield f"{len(rows)} rows of {folder.name} and of the package's published runs read; not read:"
    yield from (f"  {times} x {why}" for why, times in Counter(str(one) for one in read if isinstance(one, Unread)).items())
    for kind, table in ((FITTED, KERNELS), (UNFIT, UNFITTED)):
        found, refused = scored(rows, table) if said is None else recalled(rows, kind, said)
        yield f"\n{kind}: |measured / predicted - 1|, per cent"
        yield HEAD
        yield from by_set(found)
        yield from (f"  refused: {why}" for why in refused)
        stated = [one for one in found if not one.row.unstated]
        for machines, what in ((False, "on one machine"), (True, "on two machines")):
            order = ordered(stated, machines=machines)
            yield order.text(what)
            yield from order.wrong
        if table is KERNELS:
            yield from _larger(found, rows, said)


def _larger(found: Sequence[Scored], rows: Sequence[Row], said: Said | None) -> Iterator[str]:
    own, others = series(found), other_sites(found)
    scaled = larger(own) if said is None else recalled(rows, ONE_ROW, said)[0]
    far = larger(others) if said is None else recalled(rows, OTHER_SITE, said)[0]
    yield f"\n{LARGE:,} devices and more, with the constants that ship (plans as stated, the rest guessed)"
    yield HEAD
    big = defaultdict[str, list[Scored]](list)
    for one in found:
        if one.row.devices >= LARGE:
            big[one.row.set].append(one)
    for name, those in big.items():
        yield line(
            f"  {name}", [one.error for one in those], ", ".join(sorted({one.row.unstated or "stated" for one in those}))
        )
    known = [one.error for those in big.values() for one in those if one.row.unstated != "layout"]
    yield line("  all but those without any layout", known)
    yield f"\n{ONE_ROW}, rows of {LARGE:,} devices and more"
    yield from scaling(own, scaled, LARGE)
    yield f"\n{OTHER_SITE}, rows of {LARGE:,} devices and more"
    yield from scaling(others, far, LARGE)
    yield f"\n{ONE_ROW}: larger rows of a series from its smallest"
    yield HEAD
    yield from scaling(own, scaled)


def main() -> None:
    """Print the report of the folder named, or register what would be scored."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_accuracy")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--register", type=Path, metavar="FILE")
    parser.add_argument("--registered", type=Path, metavar="FILE")
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        parser.error(f"folder must be one, got {asked.folder}")
    if asked.register:
        rows = [*(one for one in rows_of(asked.folder) if isinstance(one, Row)), *published_rows(LARGE)]
        found = scored(rows, KERNELS)[0]
        kinds = {
            FITTED: found,
            UNFIT: scored(rows, UNFITTED)[0],
            ONE_ROW: larger(series(found)),
            OTHER_SITE: larger(other_sites(found)),
        }
        said = {kind: [(one.row, one.seconds, one.interval) for one in own] for kind, own in kinds.items()}
        for text in register_all(asked.register, said, asked.folder):
            print(text)
        return
    for text in report(asked.folder, registered(asked.registered) if asked.registered else None):
        print(text)


if __name__ == "__main__":
    main()
