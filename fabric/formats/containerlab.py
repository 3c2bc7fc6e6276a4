"""Reads and writes a containerlab topology: a container per vertex, a veth per cable. It knows no addresses and no routes.

Layout checked against srl-labs/containerlab, schemas/clab.schema.json and docs/manual: eth0 is the management network's,
so that links start at eth1; links, where they stand, are at least one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import Numbers, fault, load_yaml, shortened
from fabric.formats.named import Named, Written, scale_out
from fabric.formats.rows import HOSTS, Row, Rows, from_rows
from fabric.formats.tree import plain_names

MOST = 2_000
"""More containers than this are written with a warning."""


ENDPOINT = re.compile(r"([^:]+)(?::(.+))?")
STAMP = re.compile(r"# fabricbench\.lab/1 nodes=(\d{1,9}) links=(\d{1,9})\n")
NO_NODES = {"host", "mgmt-net", "macvlan", "dummy"}
"""Ends of links that are no machine of the lab."""


def read(text: str, where: str) -> Named:
    """Return the fabric of a lab: hosts by their group, else machines with one link; InputError where it is no lab."""
    content = load_yaml(text, where)
    inner = content.get("topology") if isinstance(content, Numbers) else None
    nodes = inner.get("nodes") if isinstance(inner, Numbers) else None
    if not isinstance(nodes, Numbers) or not isinstance(inner, Numbers):
        raise fault(where, 1, "topology: with nodes and links", content)
    defects: list[Defect] = []
    groups = {str(name): str(row.get("group", "") or "") if isinstance(row, Mapping) else "" for name, row in nodes.items()}
    vertices = [{"id": name, "line": nodes.line, **({"tier": tier} if tier else {})} for name, tier in groups.items()]
    if not all(groups.values()):
        hosts = [{**v, "tier": v["tier"]} for v in vertices if str(v.get("tier", "")).lower() in HOSTS]
        vertices = [v if v in hosts else {"id": v["id"], "line": v["line"]} for v in vertices]
    links = inner.get("links") or []
    cables = [cable for row in links if (cable := _cable(row, inner.line, defects))] if isinstance(links, list) else []
    stamp = STAMP.match(text)
    if stamp and (stamp[1], stamp[2]) != (str(len(vertices)), str(len(cables))):
        told = f"{stamp[1]} nodes and {stamp[2]} links, as the file says of itself (it may be cut)"
        raise fault(where, 1, told, f"{len(vertices)} and {len(cables)}")
    losses = ["images, kinds and addresses are left out"]
    return from_rows(Rows({}, vertices, cables), where, losses, defects)


def _cable(row: Any, line: int, defects: list[Defect]) -> Row | None:  # any YAML
    """Return a link's row, None and a defect where it does not join two machines of the lab."""
    ends = row.get("endpoints") if isinstance(row, Mapping) else None
    found = [_end(end) for end in ends] if isinstance(ends, list) else []
    line = getattr(row, "line", line)
    if len(found) != 2 or any(not name or name in NO_NODES for name, _ in found):
        told = f"endpoints of two machines such as leaf1:eth1 were expected, got {shortened(ends)!r}; the link is left out"
        defects.append(Defect(NOISE, line, told))
        return None
    (a, port_a), (b, port_b) = found
    return {"source": a, "target": b, "source_port": port_a, "target_port": port_b, "line": line}


def _end(end: Any) -> tuple[str, str]:  # any YAML
    if isinstance(end, Mapping):
        return str(end.get("node", "")), str(end.get("interface", ""))
    match = ENDPOINT.fullmatch(str(end))
    return (match[1], match[2] or "") if match else ("", "")


def write(named: Named, image: str = "alpine:3") -> Written:
    """Return the topology file of the scale-out network; what is inside nodes is left out."""
    topology = named.topology
    kept = np.flatnonzero(scale_out(topology))
    shown = [v for v in range(topology.vertices) if v < topology.devices or topology.tier[v] != topology.scale_up_tier]
    plain, changed = plain_names([named.names[v] for v in shown])
    names = dict(zip(shown, plain, strict=True))
    used = dict.fromkeys(shown, 0)
    links = []
    for pair in topology.ends[kept].tolist():
        for v in pair:
            used[v] += 1
        links.append({"endpoints": [f"{names[v]}:eth{used[v]}" for v in pair]})
    nodes = {names[v]: {"group": topology.tiers[topology.tier[v]]} for v in shown}
    inner = {"defaults": {"kind": "linux", "image": image}, "nodes": nodes} | ({"links": links} if links else {})
    content = {"name": "fabric", "topology": inner}
    losses = ["speeds, latencies, lanes, nodes and rails are left out"]
    losses += [f"{changed:,} names are changed to letters, digits and dashes"] * bool(changed)
    losses += [f"{len(shown):,} containers: few machines run more than {MOST:,}"] * (len(shown) > MOST)
    head = f"# fabricbench.lab/1 nodes={len(nodes)} links={len(links)}\n"
    return Written(head + yaml.safe_dump(content, sort_keys=False), tuple(losses))
