"""Runs a schedule on real numbers, message by message, so that a wrong one is noticed. It knows no time and no fabric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import NO_PARAMS, collective
from fabric.collectives.layout import Layout, layout
from fabric.collectives.schedule import Ranks, Schedule, Step
from fabric.collectives.sizes import Params, options

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batch:
    """The messages of one repeat: source, target, the blocks of each, whether a rank adds what it receives."""

    source: Ranks
    target: Ranks
    blocks: list[NDArray[np.int64]]
    reduces: bool


def layout_of(name: str, schedule: Schedule, *, root: int = 0, params: Params = NO_PARAMS) -> Layout:
    """Return which blocks of a schedule's buffers every rank holds before and after the collective."""
    return layout(collective(name).name, schedule.world_size, schedule.blocks, root, options(params))


def execute(
    name: str, schedule: Schedule, inputs: Sequence[Floats], *, root: int = 0, params: Params = NO_PARAMS
) -> list[Floats]:
    """Return every rank's output after a schedule of the collective has run on its inputs, one array per rank.

    An input must have a whole number of elements for each of the rank's blocks (layout_of). All messages of a repeat read
    before any writes, as on a network; switches pass on within the repeat what has arrived in it.

    Raises:
        AssertionError: a message moves what its sender does not hold, or other bytes than its step states; a rank ends
            without its output; in a barrier, a rank does not hear of every other. An error in an algorithm, never in a
            user's input.
    """
    numbers = layout_of(name, schedule, root=root, params=params)
    if name == "barrier" and not heard(schedule).all():
        raise AssertionError(f"{schedule.algorithm}: a rank leaves the barrier before all have come")
    held = _lay_out(schedule, numbers, inputs)
    for batch in batches(schedule, numbers.blocks):
        _move(schedule, held, batch)
    outputs = [held[rank, wanted].reshape(-1) for rank, wanted in enumerate(numbers.wanted)]
    if any(np.isnan(output).any() for output in outputs):
        raise AssertionError(f"{schedule.algorithm}: a rank ends without a part of its output")
    return outputs


def heard(schedule: Schedule) -> NDArray[np.bool_]:
    """Return (p, p): whether the rank of the row knows at the end that the rank of the column had begun."""
    known = np.eye(schedule.world_size, dtype=bool)
    for batch in batches(schedule, 0):
        before = known.copy()
        np.logical_or.at(known, batch.target, before[batch.source])
    return known


def batches(schedule: Schedule, block_numbers: int) -> Iterator[Batch]:
    """Yield the messages of every repeat of every step, chunk by chunk; block numbers are taken modulo their count.

    Raises:
        AssertionError: messages of other bytes than their step states.
    """
    own = max(block_numbers // schedule.chunks, 1)
    for chunk in range(schedule.chunks):
        for step in schedule.steps:
            source, target = step.pairs()
            for repeat in range(step.repeats):
                blocks = [chunk * own + b % own for b in step.blocks(repeat)]
                _check_sizes(schedule, step, repeat, blocks)
                yield Batch(source, target, blocks, step.reduces)


def _lay_out(schedule: Schedule, numbers: Layout, inputs: Sequence[Floats]) -> Floats:
    """Return (ranks, block numbers, elements of a block): every rank's input in its blocks, NaN where it holds nothing."""
    widths = {len(own) // len(given) for own, given in zip(inputs, numbers.given, strict=True) if len(given)}
    held = np.full((schedule.world_size, numbers.blocks, max(widths, default=0)), np.nan)
    for rank, given in enumerate(numbers.given):
        if len(given):
            held[rank, given] = np.asarray(inputs[rank], dtype=float).reshape(len(given), -1)
    return held


def _move(schedule: Schedule, held: Floats, batch: Batch) -> None:
    """Move the messages of one repeat: ranks send, switches add up and pass on, ranks write."""
    p = schedule.world_size
    passing = np.full((schedule.switches, *held.shape[1:]), np.nan)
    sent = [_held(schedule, held[s], b) if s < p else None for s, b in zip(batch.source, batch.blocks, strict=True)]
    for target, blocks, data in zip(batch.target, batch.blocks, sent, strict=True):
        if target >= p and data is not None:
            passing[target - p, blocks] = np.nan_to_num(passing[target - p, blocks]) + data
    for source, target, blocks, data in zip(batch.source, batch.target, batch.blocks, sent, strict=True):
        if target < p:
            arrived = _held(schedule, passing[source - p], blocks) if data is None else data
            _write(held[target], blocks, arrived, adds=batch.reduces and data is not None)


def _held(schedule: Schedule, own: Floats, blocks: NDArray[np.int64]) -> Floats:
    """Return a copy of the blocks of one rank or switch."""
    data = own[blocks]
    if np.isnan(data).any():
        raise AssertionError(f"{schedule.algorithm}: a message moves what its sender does not hold")
    return data


def _write(own: Floats, blocks: NDArray[np.int64], data: Floats, *, adds: bool) -> None:
    """Write what has arrived; a sum from a switch is complete and replaces what the rank holds."""
    if adds:
        np.add.at(own, blocks, data)
    else:
        own[blocks] = data


def _check_sizes(schedule: Schedule, step: Step, repeat: int, blocks: list[NDArray[np.int64]]) -> None:
    stated = np.full(len(step.pairs()[0]), float(step.share * schedule.blocks)) * (1.0 if step.scale is None else step.scale)
    if step.active is not None:
        stated = np.where(step.active(repeat), stated, 0.0)
    if len(stated) != len(blocks) or not np.allclose([len(b) for b in blocks], stated):
        raise AssertionError(f"{schedule.algorithm}: a message's blocks are not its share of the buffer")
