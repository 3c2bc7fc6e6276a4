"""Reads and writes node-link JSON, as networkx and d3 know it. It holds all of a Fabric; it knows no attribute's meaning.

{"directed": false, "multigraph": true, "graph": {...}, "nodes": [{"id": ...}], "edges": [{"source": ..., "target": ...}]};
`links` is read for `edges`, as older networkx wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import fault, line_of, load_json, shortened
from fabric.formats.named import Named, Written
from fabric.formats.rows import Row, Rows, from_rows, to_rows

ENDS = ("source", "target")


def read(text: str, where: str) -> Named:
    """Return the fabric of a node-link file; InputError where it is none or cut."""
    content = load_json(text, where)
    if not isinstance(content, dict) or not isinstance(content.get("nodes"), list):
        raise fault(where, 1, 'an object with "nodes" and "edges"', content)
    key = "edges" if "edges" in content else "links"
    graph = content.get("graph", {})
    if not isinstance(graph, dict):
        raise fault(where, line_of(text, '"graph"'), '"graph": an object', graph)
    defects: list[Defect] = []
    vertices = _objects(content["nodes"], "nodes", ("id",), where, defects)
    return from_rows(Rows(graph, vertices, _objects(content.get(key), key, ENDS, where, defects)), where, (), defects)


def _objects(rows: Any, what: str, keys: Sequence[str], where: str, defects: list[Defect]) -> list[Row]:  # any JSON
    """Return the objects that have these keys; any other is a defect and is left out."""
    if not isinstance(rows, list):
        raise fault(where, 1, f"{what}: a list of objects with {' and '.join(keys)}", rows)
    found: list[Row] = []
    for number, row in enumerate(rows):
        if isinstance(row, dict) and all(isinstance(row.get(key), str | int | float) for key in keys):
            found.append({**row, **{key: str(row[key]) for key in keys}, "line": 0})
        else:
            told = f"{what}[{number}]: an object with {' and '.join(keys)} was expected, got {shortened(row)!r}; it is left out"
            defects.append(Defect(NOISE, 0, told))
    return found


def write(named: Named) -> Written:
    """Return the node-link file: one line per vertex and per cable, nothing lost."""
    rows = to_rows(named)
    vertices = ",\n".join(json.dumps(dict(row)) for row in rows.vertices)
    cables = ",\n".join(json.dumps({**row, "key": key}) for key, row in enumerate(rows.cables))
    head = f'{{"directed": false, "multigraph": true, "graph": {json.dumps(dict(rows.graph))},'
    return Written(f'{head}\n"nodes": [\n{vertices}\n],\n"edges": [\n{cables}\n]}}\n')
