"""Reads a trace of outages: a CSV of node, start_hours, end_hours (empty: it does not come back). It knows no fleet.

Or a list of faults as the trace of 400 nodes published with InfiniteHBD has them (fabric/importers/node_faults.py): of it the
nodes that the fleet has count, and how many faults the others had is told.
"""

from __future__ import annotations

from pathlib import Path

from fabric.fleet.fleet import HOUR_US, Outage
from fabric.importers import node_faults
from fabric.text.escape import shown
from fabric.text.files import read_text
from fabric.text.numbers import real, whole
from topologies.errors import InputError

SECOND_US = 1_000_000
COLUMNS = ["node", "start_hours", "end_hours"]


def outages(path: Path, nodes: int) -> tuple[tuple[Outage, ...], int]:
    """Return the outages of a file, and how many are left out. nodes: of the fleet; a published list's others are left out.

    Raises:
        InputError: another header, a row of another length, or a cell that is no such number: with its line.
    """
    text = read_text(path, "failures.trace")
    lines = text.splitlines()
    head = [cell.strip() for cell in lines[0].split(",")] if lines else []
    if set(node_faults.COLUMNS) <= set(head):
        found = node_faults.read(text, str(path)).outages
        rows = [Outage(one.node, round(one.start * SECOND_US), round(one.end * SECOND_US)) for one in found]
        lasting = [one for one in rows if (one.end_us or 0) > one.start_us]
        here = tuple(one for one in lasting if one.node < nodes)
        return here, len(lasting) - len(here)
    if head != COLUMNS:
        raise InputError(f"failures.trace: must be a CSV of {','.join(COLUMNS)}, got {shown(lines[0] if lines else '')}")
    return tuple(_outage(line, f"{path}:{number}") for number, line in enumerate(lines[1:], start=2)), 0


def _outage(line: str, where: str) -> Outage:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(COLUMNS):
        raise InputError(f"{where}: must have {len(COLUMNS)} columns, got {len(cells)}")
    start, end = real(cells[1], f"{where} start_hours", 0), real(cells[2], f"{where} end_hours", 0) if cells[2] else None
    if end is not None and end <= start:
        raise InputError(f"{where}: an outage must end after it starts, got {start:g} h to {end:g} h")
    return Outage(whole(cells[0], f"{where} node"), round(start * HOUR_US), None if end is None else round(end * HOUR_US))
