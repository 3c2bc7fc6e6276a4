"""Reads an ibnetdiscover dump: switches, channel adapters, ports, width and rate. It knows no routes and no counters.

A block starts with `Switch PORTS "S-guid" # "name"` or `Ca PORTS "H-guid" # "name"`; a port's line names the peer, its
port, and width x rate, e.g. 4xNDR. Every cable stands in the file twice, once per end; a cable that does not is an error,
since a cut dump looks just so. A CA's name is `HOST ADAPTER`: adapters of one host are one node. Rates are data rates.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from fabric.formats.faults import fault, lines
from fabric.formats.named import Named
from fabric.formats.observe import Cable, Vertex, observed
from fabric.text.numbers import whole
from fabric.units import rate

LANE = {"SDR": 2, "DDR": 4, "QDR": 8, "FDR10": 10, "FDR": 13.64, "EDR": 25, "HDR": 50, "NDR": 100, "XDR": 200}
"""Gb/s of data that one lane carries: line rate less its coding, as vendors name it from EDR on."""
BLOCK = re.compile(r'(Switch|Ca|Rt)\s+(\d+)\s+"([SHR]-[0-9a-f]+)"\s*(?:#\s*"([^"]*)".*)?')
PORT = re.compile(
    r'\[(\d+)\](?:\([0-9a-fA-F]+\))?\s+"([SHR]-[0-9a-f]+)"\[(\d+)\](?:\([0-9a-fA-F]+\))?\s*#\s.*\s(\d+)x([A-Z0-9]+)'
)
KEY = re.compile(r"(vendid|devid|sysimgguid|switchguid|caguid|rtguid|Chassis|Non-Chassis)\b.*")
AGGREGATION = "Aggregation Node"
NO_HOST = re.compile(r"(MT\d+|localhost|Mellanox|NVIDIA|ConnectX)\b.*|", re.IGNORECASE)
"""Names that say what an adapter is, not whose."""


@dataclass(frozen=True)
class _Block:
    """One switch or adapter; line: where it starts."""

    guid: str
    is_switch: bool
    ports: int
    name: str
    line: int


@dataclass(frozen=True)
class _End:
    """One end of a cable as its port's line says it."""

    line: int
    near: tuple[str, int]
    far: tuple[str, int]
    lanes: int
    rate: str


def read(text: str, where: str) -> Named:
    """Return the fabric of a dump; aggregation nodes inside switches (SHARP) are left out and counted as a loss.

    Raises:
        InputError: a line that is none of the format's, a cable seen from one end only, no switch or no host.
    """
    blocks, ends = _parse(text, where)
    if not any(b.is_switch for b in blocks.values()):
        raise fault(where, max(b.line for b in blocks.values()), f"at least one Switch block, got {len(blocks)} adapters only")
    seen = _both_ends(ends, blocks, where)
    sharp = {b.guid for b in blocks.values() if not b.is_switch and AGGREGATION in b.name}
    kept = [b for b in blocks.values() if b.guid not in sharp]
    vertices = _vertices(kept)
    names = {b.guid: v.name for b, v in zip(kept, vertices, strict=True)}
    wires = [end for end in seen if end.near[0] in names and end.far[0] in names]
    unit = math.gcd(*(end.lanes for end in wires)) if wires else 1
    return observed(vertices, [_cable(end, names, unit) for end in wires], where, _losses(kept, sharp))


def _parse(text: str, where: str) -> tuple[dict[str, _Block], dict[tuple[str, int], _End]]:
    """Return the blocks by GUID and the port lines by (GUID, port)."""
    blocks: dict[str, _Block] = {}
    ends: dict[tuple[str, int], _End] = {}
    current: _Block | None = None
    for number, line in lines(text, where):
        if not line.strip() or line.startswith("#") or KEY.fullmatch(line):
            continue
        if match := BLOCK.fullmatch(line.rstrip()):
            kind, ports, guid, name = match.groups()
            current = _Block(guid, kind != "Ca", whole(ports, f"{where}:{number}: ports"), (name or "").strip(), number)
            if guid in blocks:
                raise fault(where, number, f"each GUID once, first seen in line {blocks[guid].line}", guid)
            blocks[guid] = current
        elif line.startswith("[") and current:
            end = _end(line, number, current, where)
            if end.near in ends:
                raise fault(where, number, f"each port once, first seen in line {ends[end.near].line}", line)
            ends[end.near] = end
        else:
            raise fault(
                where, number, 'a Switch or Ca block, a port line such as [1] "S-..."[2] # ... 4xNDR, or a comment', line
            )
    if not blocks:
        raise fault(where, 1, "at least one Switch block, the file has none")
    return blocks, ends


def _end(line: str, number: int, block: _Block, where: str) -> _End:
    match = PORT.fullmatch(line.rstrip())
    if match is None:
        raise fault(where, number, 'a port line such as [1] "S-guid"[2] # "name" lid 3 4xNDR', line)
    port, peer, peer_port, lanes, speed = match.groups()
    own, far, width = (whole(text, f"{where}:{number}: port and width") for text in (port, peer_port, lanes))
    if speed not in LANE:
        raise fault(where, number, f"a rate of {', '.join(LANE)}", speed)
    if not 1 <= own <= block.ports or not 1 <= width <= 12:
        raise fault(where, number, f"a port from 1 to {block.ports} and a width from 1x to 12x", line)
    return _End(number, (block.guid, own), (peer, far), width, speed)


def _both_ends(ends: dict[tuple[str, int], _End], blocks: dict[str, _Block], where: str) -> list[_End]:
    """Return one end of every cable, the one that comes first in the file, after a look at the other."""
    for end in ends.values():
        other = ends.get(end.far)
        if end.far[0] not in blocks:
            raise fault(where, end.line, f"a block of {end.far[0]}, which this port leads to (the file may be cut)")
        if other is None or other.far != end.near:
            raise fault(where, end.line, f"port {end.far[1]} of {end.far[0]} to lead back here (the file may be cut)")
        if (other.lanes, other.rate) != (end.lanes, end.rate):
            raise fault(where, end.line, f"the width and rate of line {other.line}", f"{end.lanes}x{end.rate}")
    return [end for end in ends.values() if end.line < ends[end.far].line]


def _cable(end: _End, names: dict[str, str], unit: int) -> Cable:
    """Return the cable in lanes of `unit` physical lanes each."""
    speed = end.lanes * rate(f"{LANE[end.rate]}Gb/s")
    near, far = end.near, end.far
    return Cable(names[near[0]], names[far[0]], end.lanes // unit, speed, str(near[1]), str(far[1]))


def _host(name: str) -> str:
    """Return the host of an adapter's name, nothing where it names the adapter's model only."""
    return "" if NO_HOST.fullmatch(name) else name.split(maxsplit=1)[0]


def _vertices(blocks: list[_Block]) -> list[Vertex]:
    """Return a vertex per block, by its name where that is there once, else by its GUID."""
    often = Counter(b.name for b in blocks)
    return [
        Vertex(
            b.name if b.name and often[b.name] == 1 else b.guid,
            not b.is_switch,
            node=_host(b.name) if often[b.name] == 1 and not b.is_switch else "",
        )
        for b in blocks
    ]


def _losses(kept: list[_Block], sharp: set[str]) -> list[str]:
    """Return what of the dump the fabric does not hold."""
    hosts = [b for b in kept if not b.is_switch]
    repeated = Counter(b.name for b in hosts)
    nameless = [b for b in hosts if not b.name or re.match(r"MT\d+", b.name)]
    shared = [b for b in hosts if b not in nameless and (not _host(b.name) or repeated[b.name] > 1)]
    found = [f"{len(sharp)} aggregation nodes (SHARP) inside switches are left out"] * bool(sharp)
    found += [f"{len(nameless)} adapters carry no host's name; each is a node of its own"] * bool(nameless)
    found += [f"{len(shared)} adapters share a name or a placeholder; each is a node of its own"] * bool(shared)
    return [*found, "GUIDs of named vertices, LIDs and vendor numbers are left out"]
