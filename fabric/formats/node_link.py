"""Reads and writes node-link JSON, as networkx and d3 know it. It holds all of a Fabric; it knows no attribute's meaning.

{"directed": false, "multigraph": true, "graph": {...}, "nodes": [{"id": ...}], "edges": [{"source": ..., "target": ...}]};
`links` is read for `edges`, as older networkx wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fabric.formats.faults import fault, line_of, load_json
from fabric.formats.named import Named, Written
from fabric.formats.rows import Row, Rows, from_rows, to_rows


def read(text: str, where: str) -> Named:
    """Return the fabric of a node-link file; InputError where it is none or cut."""
    content = load_json(text, where)
    if not isinstance(content, dict) or not isinstance(content.get("nodes"), list):
        raise fault(where, 1, 'an object with "nodes" and "edges"', content)
    key = "edges" if "edges" in content else "links"
    graph = content.get("graph", {})
    if not isinstance(graph, dict):
        raise fault(where, line_of(text, '"graph"'), '"graph": an object', graph)
    vertices = _objects(content["nodes"], ("id",), text, where)
    return from_rows(Rows(graph, vertices, _objects(content.get(key), ("source", "target"), text, where)), where)


def _objects(rows: Any, keys: Sequence[str], text: str, where: str) -> list[Row]:  # any JSON
    if not isinstance(rows, list):
        raise fault(where, 1, f"a list of objects with {' and '.join(keys)}", rows)
    for row in rows:
        missing = [key for key in keys if not isinstance(row, dict) or not isinstance(row.get(key), str | int)]
        if missing:
            raise fault(where, line_of(text, str(row)), f"an object with {' and '.join(keys)}", row)
    return [row | {key: str(row[key]) for key in keys} for row in rows]


def write(named: Named) -> Written:
    """Return the node-link file: one line per vertex and per cable, nothing lost."""
    rows = to_rows(named)
    vertices = ",\n".join(json.dumps(dict(row)) for row in rows.vertices)
    cables = ",\n".join(json.dumps({**row, "key": key}) for key, row in enumerate(rows.cables))
    head = f'{{"directed": false, "multigraph": true, "graph": {json.dumps(dict(rows.graph))},'
    return Written(f'{head}\n"nodes": [\n{vertices}\n],\n"edges": [\n{cables}\n]}}\n')
