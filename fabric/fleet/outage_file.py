"""Reads a trace of outages: a CSV of node, start_hours, end_hours (empty: it does not come back). It knows no fleet."""

from __future__ import annotations

from pathlib import Path

from fabric.fleet.fleet import HOUR_US, Outage
from fabric.text.escape import shown
from fabric.text.files import read_text
from fabric.text.numbers import real, whole
from topologies.errors import InputError

COLUMNS = ["node", "start_hours", "end_hours"]


def outages(path: Path) -> tuple[Outage, ...]:
    """Return the outages of a file.

    Raises:
        InputError: another header, a row of another length, or a cell that is no such number: with its line.
    """
    lines = read_text(path, "failures.trace").splitlines()
    head = [cell.strip() for cell in lines[0].split(",")] if lines else []
    if head != COLUMNS:
        raise InputError(f"failures.trace: must be a CSV of {','.join(COLUMNS)}, got {shown(lines[0] if lines else '')}")
    return tuple(_outage(line, f"{path}:{number}") for number, line in enumerate(lines[1:], start=2))


def _outage(line: str, where: str) -> Outage:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(COLUMNS):
        raise InputError(f"{where}: must have {len(COLUMNS)} columns, got {len(cells)}")
    start, end = real(cells[1], f"{where} start_hours", 0), real(cells[2], f"{where} end_hours", 0) if cells[2] else None
    if end is not None and end <= start:
        raise InputError(f"{where}: an outage must end after it starts, got {start:g} h to {end:g} h")
    return Outage(whole(cells[0], f"{where} node"), round(start * HOUR_US), None if end is None else round(end * HOUR_US))
