"""Measured training steps: our own CSV, and the lines that Megatron-LM and torchtitan print. It knows no model.

CSV, one step or run a row: `seconds` (of a step), else `tokens_per_second_per_device`; what a row does not say of `model`,
`plan`, `batch` (sequences), `seq` (tokens) and `devices` is asked elsewhere. Megatron-LM prints milliseconds per iteration and
the global batch; torchtitan prints tokens per second and device (`tps`). Forms by their public logs and sources, read
2026-11-29; no log of a run of ours was at hand. The first steps warm up and are left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median

from fabric.importers.noise import ESCAPES
from fabric.text.escape import shown
from fabric.text.files import read_text
from fabric.text.numbers import maybe_real, real, whole
from topologies.errors import InputError

COLUMNS = ("model", "plan", "batch", "seq", "devices", "seconds", "tokens_per_second_per_device")
MEGATRON = re.compile(r"\biteration\s+(\d{1,12})/\s*\d{1,12} \|.*\belapsed time per iteration \(ms\):\s*([0-9.]{1,20})")
MEGATRON_BATCH = re.compile(r"\bglobal batch size:\s*(\d{1,12})")
TORCHTITAN = re.compile(r"\bstep:\s*(\d{1,12})\b.*\btps:\s*([0-9,.]{1,20})")
WARM_UP, ENOUGH = 3, 6
"""Steps at the beginning that are left out where a log has at least so many."""
MOST_SECONDS, MOST_BATCH, MOST_SEQ, MOST_DEVICES = 1e6, 10**9, 10**9, 10**7


@dataclass(frozen=True)
class MeasuredStep:
    """Seconds of a step, or tokens per second and device; None for what the file does not say. steps: behind the median.

    low, high: the smallest and the largest of them. where: the file and the line, for messages.
    """

    where: str
    seconds: float | None = None
    rate: float | None = None
    model: str | None = None
    plan: str | None = None
    batch: int | None = None
    seq: int | None = None
    devices: int | None = None
    steps: int = 1
    low: float | None = None
    high: float | None = None
    tool: str = "csv"

    def seconds_at(self, batch: int, seq: int, devices: int) -> float:
        """Return the seconds of a step of so many sequences of so many tokens on so many devices."""
        if self.seconds is not None:
            return self.seconds
        if self.rate is None:
            raise InputError(f"{self.where}: must say seconds or tokens_per_second_per_device")
        return batch * seq / (self.rate * devices)


def load(path: Path, option: str = "measured") -> tuple[MeasuredStep, ...]:
    """Return the steps of a file: one a row of our CSV, one of a whole log.

    Raises:
        InputError: a file that cannot be read, that is none of the three, or with a value that is none.
    """
    return read(read_text(path, option), str(path))


def read(text: str, where: str) -> tuple[MeasuredStep, ...]:
    """Return the steps of a text; where: the file's name, for messages. Raises as load()."""
    lines = [ESCAPES.sub("", line) for line in text.splitlines()]
    for read_log in LOGS.values():
        if (found := read_log(lines, where)) is not None:
            return (found,)
    head = next((line for line in lines if line.strip()), "")
    if {"seconds", "tokens_per_second_per_device"} & {cell.strip() for cell in head.split(",")}:
        return _rows(text, where)
    raise InputError(
        f"{where}: must be CSV with a column seconds or tokens_per_second_per_device, or a log of {' or '.join(LOGS)}; "
        f"its first line is {shown(head)}"
    )


def _rows(text: str, where: str) -> tuple[MeasuredStep, ...]:
    """Return a step per row of our CSV."""
    rows = csv.DictReader(StringIO(text.lstrip("\n")), skipinitialspace=True)
    names = [(name or "").strip() for name in rows.fieldnames or ()]
    if unknown := [name for name in names if name not in COLUMNS]:
        raise InputError(f"{where}: columns must be of {', '.join(COLUMNS)}, got {shown(unknown[0])}")
    rows.fieldnames = names
    found = tuple(_row(row, f"{where}:{rows.line_num}") for row in rows)
    if not found:
        raise InputError(f"{where}: must hold at least one row, got its heading alone")
    return found


def _row(row: Mapping[str, str | None], at: str) -> MeasuredStep:
    said = {name: value.strip() for name, value in row.items() if name in COLUMNS and value and value.strip()}

    def count(name: str, most: int) -> int | None:
        return whole(said[name], f"{at}: {name}", 1, most) if name in said else None

    def amount(name: str, most: float) -> float | None:
        return real(said[name], f"{at}: {name}", 0, most, above=True) if name in said else None

    seconds, rate = amount("seconds", MOST_SECONDS), amount("tokens_per_second_per_device", 1e12)
    if seconds is None and rate is None:
        raise InputError(f"{at}: must say seconds or tokens_per_second_per_device, got neither")
    return MeasuredStep(
        at,
        seconds,
        rate,
        said.get("model"),
        said.get("plan"),
        count("batch", MOST_BATCH),
        count("seq", MOST_SEQ),
        count("devices", MOST_DEVICES),
    )


def _megatron(lines: Sequence[str], where: str) -> MeasuredStep | None:
    """Return the median iteration of a Megatron-LM log, None where a text is none."""
    found, batches = dict[int, float](), dict[int, int]()
    for line in lines:
        if (match := MEGATRON.search(line)) and (value := maybe_real(match[2])):
            found[whole(match[1], where)] = value * 1e-3
            if size := MEGATRON_BATCH.search(line):
                batches[whole(match[1], where)] = whole(size[1], where)
    if not found:
        return None
    kept = _warm(found)
    sizes = {batches[step] for step in kept if step in batches}
    if len(sizes) > 1:
        last = batches[max(kept)]
        kept = {step: value for step, value in kept.items() if batches.get(step) == last}  # a batch that is ramped up
        sizes = {last}
    values = list(kept.values())
    return MeasuredStep(
        where,
        seconds=median(values),
        batch=sizes.pop() if sizes else None,
        steps=len(values),
        low=min(values),
        high=max(values),
        tool="Megatron-LM",
    )


def _torchtitan(lines: Sequence[str], where: str) -> MeasuredStep | None:
    """Return the median tokens per second and device of a torchtitan log, None where a text is none."""
    found = dict[int, float]()
    for line in lines:
        if (match := TORCHTITAN.search(line)) and (value := maybe_real(match[2].replace(",", ""))):
            found.setdefault(whole(match[1], where), value)  # every rank may print
    if not found:
        return None
    values = list(_warm(found).values())
    return MeasuredStep(where, rate=median(values), steps=len(values), low=min(values), high=max(values), tool="torchtitan")


def _warm(found: Mapping[int, float]) -> dict[int, float]:
    """Return the steps by number without the first, which compile and warm up."""
    ordered = sorted(found.items())
    return dict(ordered[WARM_UP:] if len(ordered) >= ENOUGH else ordered)


LOGS: dict[str, Callable[[Sequence[str], str], MeasuredStep | None]] = {"Megatron-LM": _megatron, "torchtitan": _torchtitan}
"""Tool -> the reader of its log."""
