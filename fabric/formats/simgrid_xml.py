"""Reads and writes SimGrid platform files: hosts, routers, links, one-hop routes; clusters as stars. It knows no traffic.

Written as one Dijkstra zone, every cable a SPLITDUPLEX link between its two ends. SimGrid keeps one route per pair, so
that parallel cables become one link of their summed speed. Read: zones of hosts, routers, links and routes with one link.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from fabric.formats.defects import MISSING, NOISE, Defect, left_out
from fabric.formats.faults import Element, attribute, fault, load_xml, shortened
from fabric.formats.named import Cable, Named, Vertex, Written
from fabric.formats.observe import check_hosts, observed
from fabric.text.numbers import maybe_real, maybe_whole
from topologies.errors import InputError

UNITS = {"": 1.0, "bps": 1 / 8, "kbps": 125.0, "Mbps": 125e3, "Gbps": 125e6, "Tbps": 125e9}
UNITS |= {"Bps": 1.0, "kBps": 1e3, "MBps": 1e6, "GBps": 1e9, "TBps": 1e12, "MiBps": 2.0**20, "GiBps": 2.0**30}
RATE = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)")
RADICAL = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?", re.ASCII)
MOST = 1_000_000
SKIPPED = {
    "prop",
    "config",
    "loopback",
    "storage",
    "disk",
    "trace",
    "trace_connect",
    "backbone",
    "peer",
    "ASroute",
    "bypassRoute",
}
CONTAINERS = {"AS", "zone", "platform"}


def read(text: str, where: str) -> Named:
    """Return the fabric of a platform; routes over several links are left out, the wiring is in those over one.

    Raises:
        InputError: no XML, cut, an unknown link or end, a rate without a known unit, no hosts, no route over one link.
    """
    root = load_xml(text, where, "platform")
    found, skipped = _Read(), set[str]()
    for element in _flat(root, skipped):
        try:
            _one(element, found, where)
        except InputError as error:
            found.defects.append(left_out(NOISE, error, where, element.line, f"<{shortened(element.tag)}> is left out"))
    long = [r for r in found.routes if len(_links(r)) != 1]
    found.cables += _wires([r for r in found.routes if len(_links(r)) == 1], found, where)
    if not found.cables:
        if found.defects:
            check_hosts((), found.defects, where)
        raise fault(where, root.line, "at least one <route> over one link, or a <cluster>")
    losses = [f"{len(long)} routes over several links are left out"] * bool(long)
    losses += [f"<{tag}> is left out" for tag in sorted(skipped)]
    losses.append("latencies, host speeds and sharing are left out")
    return observed(found.vertices.values(), found.cables, where, losses, found.defects)


@dataclass
class _Read:
    """What has been read so far; links: bytes per second by id."""

    vertices: dict[str, Vertex] = field(default_factory=dict)
    links: dict[str, float] = field(default_factory=dict)
    routes: list[Element] = field(default_factory=list)
    cables: list[Cable] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


def _one(element: Element, found: _Read, where: str) -> None:
    """Add one element; InputError where it is none that is read, or lacks what it must have."""
    if element.tag in ("host", "router"):
        name = attribute(where, element, "id")
        found.vertices[name] = Vertex(name, is_host=element.tag == "host", line=element.line)
    elif element.tag == "link":
        found.links[attribute(where, element, "id")] = _rate(attribute(where, element, "bandwidth"), element, where)
    elif element.tag == "cluster":
        _cluster(element, found, where)
    elif element.tag in ("route", "zoneRoute"):
        found.routes.append(element)
    else:
        raise fault(where, element.line, "<host>, <router>, <link>, <route>, <cluster> or <zone>", f"<{element.tag}>")


def _flat(root: Element, skipped: set[str]) -> list[Element]:
    """Return what stands in zones, zones inside zones opened."""
    found: list[Element] = []
    for child in root:
        if child.tag in CONTAINERS:
            found += _flat(child, skipped)  # type: ignore[arg-type]
        elif child.tag in SKIPPED:
            skipped.add(str(child.tag))
        else:
            found.append(child)  # type: ignore[arg-type]
    return found


def _links(route: Element) -> list[Element]:
    return [child for child in route if child.tag == "link_ctn"]  # type: ignore[misc]


def _rate(text: str, element: Element, where: str) -> float:
    match = RATE.fullmatch(text.strip())
    speed = (maybe_real(match[1]) or 0.0) * UNITS.get(match[2], 0.0) if match else 0.0
    if not 0 < speed < float("inf"):
        raise fault(where, element.line, "a rate above zero such as 50GBps or 400Gbps", text)
    return speed


def _wires(routes: list[Element], found: _Read, where: str) -> list[Cable]:
    """Return a cable per route, between zones per pair of gateways; one that stands there in both directions is taken once."""
    seen: set[tuple[str, ...]] = set()
    cables = []
    for route in routes:
        try:
            ends = ("src", "dst") if route.tag == "route" else ("gw_src", "gw_dst")
            source, target = (attribute(where, route, end) for end in ends)
            link = attribute(where, _links(route)[0], "id")
            for name, known in ((source, found.vertices), (target, found.vertices), (link, found.links)):
                if name not in known:
                    raise fault(where, route.line, "a host, router or link that the file describes", name)
        except InputError as error:
            found.defects.append(left_out(MISSING, error, where, route.line, f"the <{route.tag}> is left out"))
            continue
        key = (*sorted((source, target)), link)
        if key not in seen and source != target:
            seen.add(key)
            cables.append(Cable(source, target, speed=found.links[link], line=route.line))
    return cables


def _cluster(element: Element, found: _Read, where: str) -> None:
    """Add a flat cluster: hosts prefix + number + suffix around one router; a backbone that they all share is told."""
    if element.get("topology", "FLAT") != "FLAT":
        families = "a flat <cluster>; write the others as their family, e.g. torus:dims=4x4"
        raise fault(where, element.line, families, element.get("topology"))
    name = attribute(where, element, "id")
    hub = element.get("router_id") or f"{name}-router"
    speed = _rate(attribute(where, element, "bw"), element, where)
    numbers: list[int] = []
    for part in attribute(where, element, "radical").split(","):
        match = RADICAL.fullmatch(part.strip())
        first, last = (maybe_whole(match[1]), maybe_whole(match[2] or match[1])) if match else (None, None)
        if first is None or last is None or not 0 <= last - first < MOST - len(numbers):
            raise fault(where, element.line, "radical: numbers and ranges such as 0-15", part)
        numbers += range(first, last + 1)
    found.vertices[hub] = Vertex(hub, is_host=False, line=element.line)
    for number in numbers:
        host = f"{element.get('prefix', '')}{number}{element.get('suffix', '')}"
        found.vertices[host] = Vertex(host, is_host=True, line=element.line)
        found.cables.append(Cable(host, hub, speed=speed, line=element.line))
    shared = element.get("bb_bw")
    if shared:
        told = (
            f"bb_bw={shortened(shared)} of cluster {shortened(name)!r} is left out: one backbone that all its messages share "
        )
        told += (
            f"is no cable; {len(numbers)} hosts that all send need at least their bytes over that rate, whatever is predicted"
        )
        found.defects.append(Defect(NOISE, element.line, told))


def write(named: Named) -> Written:
    """Return the platform of the fabric."""
    topology, fabric = named.topology, named.fabric
    speeds = fabric.link_speed[::2]
    bundles: dict[tuple[int, int], list[int]] = defaultdict(list)
    for cable, (a, b) in enumerate(topology.ends.tolist()):
        bundles[a, b].append(cable)
    body = [f'    <host id={quoteattr(name)} speed="1Gf"/>' for name in named.names[: topology.devices]]
    body += [f"    <router id={quoteattr(name)}/>" for name in named.names[topology.devices :]]
    routes = []
    for number, ((a, b), cables) in enumerate(bundles.items()):
        speed, latency = float(speeds[cables].sum()), fabric.level_latency[topology.level[cables[0]]]
        body.append(
            f'    <link id="link{number}" bandwidth="{speed!r}Bps" latency="{float(latency)!r}s" sharing_policy="SPLITDUPLEX"/>'
        )
        ends = f"src={quoteattr(named.names[a])} dst={quoteattr(named.names[b])}"
        routes.append(f'    <route {ends} symmetrical="NO"><link_ctn id="link{number}" direction="UP"/></route>')
        back = f"src={quoteattr(named.names[b])} dst={quoteattr(named.names[a])}"
        routes.append(f'    <route {back} symmetrical="NO"><link_ctn id="link{number}" direction="DOWN"/></route>')
    head = ['<?xml version="1.0"?>', '<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">', '<platform version="4.1">']
    text = "\n".join([*head, '  <zone id="fabric" routing="Dijkstra">', *body, *routes, "  </zone>", "</platform>"])
    merged = len(topology.ends) - len(bundles)
    losses = [f"{merged:,} parallel cables are summed into links of their neighbours"] * bool(merged)
    return Written(text + "\n", (*losses, "host speed 1 Gf is invented; tiers, nodes and rails are left out"))
