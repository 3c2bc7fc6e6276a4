"""Reads a CSV with one row per host and its switches, as of Lingjun 2023 (ip,DSW,PSW,ASW). It knows no cable counts.

The first column names the host; the others its switches from the top down, each name within the one above.
"""

from __future__ import annotations

import csv

from fabric.formats.defects import NOISE, REPEATED, Defect, unfinished
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.named import Named
from fabric.formats.tree import Branch, from_tree

HEADER = ("ip", "DSW", "PSW", "ASW")


def read(text: str, where: str) -> Named:
    """Return the fabric of the table; a row that is none is left out, and so is a last one without its line end.

    Raises:
        InputError: another header, or no whole row.
    """
    defects = unfinished(text, "it may be cut, and is left out; end it if it is whole")
    numbered = lines(text, where)
    rows = [(number, _cells(line)) for number, line in (numbered[:-1] if defects else numbered) if line.strip()]
    if not rows or tuple(rows[0][1]) != HEADER:
        raise fault(where, numbered[0][0], f"the header {','.join(HEADER)}", numbered[0][1])
    if len(rows) == 1:
        raise fault(where, 1, "at least one host below the header")
    hosts: dict[str, int] = {}
    below: dict[str, dict[str, int]] = {}
    nodes: dict[str, list[str]] = {}
    for number, cells in rows[1:]:
        if len(cells) != len(HEADER) or not all(cells):
            told = f"{len(HEADER)} names were expected: {','.join(HEADER)}, got {shortened(','.join(cells))!r}; left out"
            defects.append(Defect(NOISE, number, told))
            continue
        host, top, pod, leaf = cells
        if host in hosts:
            told = f"{shortened(host)!r} stands in line {hosts[host]} already; the first is kept"
            defects.append(Defect(REPEATED, number, told))
            continue
        hosts[host] = number
        below.setdefault(top, {}).setdefault(f"{top}/{pod}", number)
        below.setdefault(f"{top}/{pod}", {}).setdefault(f"{top}/{pod}/{leaf}", number)
        nodes.setdefault(f"{top}/{pod}/{leaf}", []).append(host)
    branches = [Branch(name, tuple(found), (), min(found.values())) for name, found in below.items()]
    leaves = [Branch(name, (), tuple(found), hosts[found[0]]) for name, found in nodes.items()]
    return from_tree([*branches, *leaves], where, (), defects)


def _cells(line: str) -> list[str]:
    """Return the cells of a line without the spaces around them; one that csv cannot read is a single cell."""
    try:
        return [cell.strip() for cell in next(csv.reader([line]))]
    except (csv.Error, StopIteration):
        return [line]
