"""Reads a CSV with one row per host and its switches, as of Lingjun 2023 (ip,DSW,PSW,ASW). It knows no cable counts.

The first column names the host; the others its switches from the top down, each name within the one above.
"""

from __future__ import annotations

import csv

from fabric.formats.faults import fault, lines
from fabric.formats.named import Named
from fabric.formats.tree import Branch, from_tree

HEADER = ("ip", "DSW", "PSW", "ASW")


def read(text: str, where: str) -> Named:
    """Return the fabric of the table; InputError for another header, a short row, an empty name or a host named twice."""
    rows = [(number, next(csv.reader([line]))) for number, line in lines(text, where) if line.strip()]
    if tuple(cell.strip() for cell in rows[0][1]) != HEADER:
        raise fault(where, rows[0][0], f"the header {','.join(HEADER)}", ",".join(rows[0][1]))
    if len(rows) == 1:
        raise fault(where, 1, "at least one host below the header")
    hosts: dict[str, int] = {}
    below: dict[str, dict[str, None]] = {}
    nodes: dict[str, list[str]] = {}
    length = len(rows[1][1][0])
    for number, cells in rows[1:]:
        host, top, pod, leaf = _checked(cells, number, where)
        if host in hosts:
            raise fault(where, number, f"each host once, first seen in line {hosts[host]}", host)
        hosts[host] = number
        length = max(length, len(host))
        below.setdefault(top, {})[f"{top}/{pod}"] = None
        below.setdefault(f"{top}/{pod}", {})[f"{top}/{pod}/{leaf}"] = None
        nodes.setdefault(f"{top}/{pod}/{leaf}", []).append(host)
    branches = [Branch(name, tuple(found), ()) for name, found in below.items()]
    return from_tree([*branches, *(Branch(name, (), tuple(found)) for name, found in nodes.items())], where)


def _checked(cells: list[str], number: int, where: str) -> list[str]:
    found = [cell.strip() for cell in cells]
    if len(found) != len(HEADER) or not all(found):
        raise fault(where, number, f"{len(HEADER)} names: {','.join(HEADER)}", ",".join(cells))
    return found
