"""A site's laws of scale as tables: a ring's steps by block, the levels of the rest by size, holes and two nodes apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, Column, Part
from fabric.units import show_duration, show_size

if TYPE_CHECKING:
    from fabric.predict.laws import Rows
    from fabric.predict.site import Laws


@dataclass(frozen=True)
class Lawful:
    """One row of a law: a block or a size, the seconds of a step or of the whole, and what one more level adds."""

    size: float
    seconds: float
    slope: float | None
    nodes: str


def parts_of(laws: Laws) -> tuple[Part, ...]:
    """Return the tables of a library's laws, one per collective and algorithm."""
    from fabric.predict.names import is_ring

    whose = f"{laws.library}, {laws.setting}" if laws.setting else laws.library
    return tuple(
        Part(
            f"{whose}: {collective} by {name}, {'a step by block' if is_ring(collective, name) else 'by size'}",
            tuple(_steps(rows) if is_ring(collective, name) else _levels(rows)),
            COLUMNS,
            (*_notes(rows, laws), *_rates(rows, laws)),
        )
        for (collective, name), rows in laws.rows.items()
    )


COLUMNS = (
    Column("size", NUMBER, "bytes of a block or of the whole", head="bytes", cell=lambda f: show_size(round(f.size))),
    Column("seconds", NUMBER, "of a step, or of the whole on the most nodes", head="time",
           cell=lambda f: show_duration(f.seconds)),
    Column("slope", NUMBER, "what a doubling of the nodes adds", head="a doubling adds",
           cell=lambda f: "-" if f.slope is None else show_duration(f.slope)),
    Column("nodes", TEXT, "numbers of nodes behind it", head="nodes"),
)  # fmt: skip


def _steps(rows: Rows) -> Iterator[Lawful]:
    for block, seconds in rows.by_step.items():
        nodes = sorted({point.nodes for point in rows.points if point.block == block})
        yield Lawful(block, seconds, None, ", ".join(map(str, nodes)))


def _levels(rows: Rows) -> Iterator[Lawful]:
    most = max(rows.by_nodes)
    for nbytes in rows.by_nodes[most]:
        times = {nodes: curve[nbytes] for nodes, curve in rows.smooth.items() if nbytes in curve}
        fewest = min(times)
        slope = (times[most] - times[fewest]) / log2(most / fewest) if fewest < most else None
        yield Lawful(nbytes, rows.by_nodes[most][nbytes], slope, ", ".join(map(str, times)))


def _notes(rows: Rows, laws: Laws) -> Iterator[str]:
    from fabric.predict.laws import FEW

    for hole in rows.holes:
        yield f"hole: {show_size(hole.nbytes)} on {hole.nodes} nodes takes {hole.times:.2g} x a larger size, so no trend"
    if FEW in rows.by_nodes and len(rows.by_nodes) > 1:
        yield "two nodes stand apart: they are no part of the trend of large sizes"
    yield f"one run in twenty takes {laws.tail:.3g} x the median of its like or more"


def _rates(rows: Rows, laws: Laws) -> Iterator[str]:
    """Yield what a rank reduces or copies per second, by number of nodes, where a library's host buffers decide."""
    from fabric.predict.laws import CHOOSING, HOST_FROM, REDUCING, node_rates
    from fabric.predict.names import STEPPED

    point = rows.points[0]
    largest = max((one.nbytes for one in rows.points), default=0)
    if laws.library == CHOOSING or point.collective not in STEPPED or largest < HOST_FROM:
        return
    rates = node_rates(largest, rows)
    said = ", ".join(f"{rate / 1e9:.3g} GB/s on {nodes}" for nodes, rate in rates.items())
    if said:
        verb = "reduces" if point.collective in REDUCING else "copies"
        yield f"at {show_size(largest)} a rank {verb} S(p-1)/p at {said} nodes"
