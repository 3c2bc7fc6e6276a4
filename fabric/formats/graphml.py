"""Reads and writes GraphML, the XML of networkx, yEd and Gephi. It holds all of a Fabric; it knows no attribute's meaning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fabric.formats.faults import Element, attribute, fault, load_xml
from fabric.formats.named import Named, Written
from fabric.formats.rows import Row, Rows, from_rows, to_rows
from fabric.text.json_file import parse_json
from topologies.errors import InputError

SPACE = "http://graphml.graphdrawing.org/xmlns"
NESTED = ("tiers", "levels", "carriers", "working_sets")
"""Attributes of the graph that hold more than one value, kept as JSON text."""
TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


def read(text: str, where: str) -> Named:
    """Return the fabric of a GraphML file; InputError where it is none or cut. Nested graphs and hyperedges are refused."""
    root = load_xml(text, where, "graphml")
    keys = {attribute(where, key, "id"): key.get("attr.name", key.get("id", "")) for key in _all(root, "key")}
    graphs = _all(root, "graph")
    if len(graphs) != 1 or _all(graphs[0], "hyperedge"):
        raise fault(where, root.line, f"one <graph> without hyperedges, got {len(graphs)} graphs")
    graph = _data(graphs[0], keys, where)
    graph |= {name: _nested(graph[name], where) for name in NESTED if name in graph}
    vertices = [_data(v, keys, where) | {"id": attribute(where, v, "id"), "line": v.line} for v in _all(graphs[0], "node")]
    return from_rows(Rows(graph, vertices, [_edge(e, keys, where) for e in _all(graphs[0], "edge")]), where)


def _all(element: Element, tag: str) -> list[Element]:
    return [child for child in element if child.tag.rpartition("}")[2] == tag]  # type: ignore[misc]


def _data(element: Element, keys: Mapping[str, str], where: str) -> dict[str, Any]:
    found = {}
    for data in _all(element, "data"):
        key = attribute(where, data, "key")
        found[keys.get(key, key)] = data.text or ""
    return found


def _edge(element: Element, keys: Mapping[str, str], where: str) -> Row:
    ends = {end: attribute(where, element, end) for end in ("source", "target")}
    return _data(element, keys, where) | ends | {"line": element.line}


def _nested(text: str, where: str) -> Any:  # any JSON
    try:
        return parse_json(text, where)
    except InputError:
        raise fault(where, 1, "JSON in the graph's tiers, levels, carriers and working sets", text) from None


def write(named: Named) -> Written:
    """Return the GraphML file, nothing lost."""
    rows = to_rows(named)
    graph = {key: json.dumps(value) if key in NESTED else value for key, value in rows.graph.items()}
    kinds = {"graph": [graph], "node": rows.vertices, "edge": rows.cables}
    keys = {kind: _keys(kind, found) for kind, found in kinds.items()}
    head = [line for declared in keys.values() for _, line in declared.values()]
    body = [f'  <graph id="G" edgedefault="undirected">{_values(graph, keys["graph"])}']
    body += [f"    <node id={quoteattr(v['id'])}>{_values(v, keys['node'])}</node>" for v in rows.vertices]
    for number, c in enumerate(rows.cables):
        ends = f"source={quoteattr(c['source'])} target={quoteattr(c['target'])}"
        body.append(f'    <edge id="{number}" {ends}>{_values(c, keys["edge"])}</edge>')
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<graphml xmlns="{SPACE}">', *head, *body, "  </graph>", "</graphml>"]
    return Written("\n".join(lines) + "\n")


def _keys(kind: str, rows: Iterable[Row]) -> dict[str, tuple[str, str]]:
    """Return attribute -> (key's id, the line that declares it)."""
    types = {name: TYPES[type(value)] for row in rows for name, value in row.items()}
    own = {name: f"{kind}-{name}" for name in types if name not in ("id", "source", "target")}
    line = '  <key id="{}" for="{}" attr.name="{}" attr.type="{}"/>'
    return {name: (key, line.format(key, kind, name, types[name])) for name, key in own.items()}


def _values(row: Row, keys: Mapping[str, tuple[str, str]]) -> str:
    texts = {name: str(value).lower() if isinstance(value, bool) else repr_of(value) for name, value in row.items()}
    return "".join(f'<data key="{keys[name][0]}">{escape(text)}</data>' for name, text in texts.items() if name in keys)


def repr_of(value: object) -> str:
    """Return a value as text that gives the same number back."""
    return repr(value) if isinstance(value, float) else str(value)
