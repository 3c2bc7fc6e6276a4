"""From what an InfiniBand tool says port by port to a fabric: both ends of every cable, names, widths. It knows no syntax.

Every cable should stand in a dump twice, once per end. A cable that one end alone tells of is kept: a host that did not
answer, or a dump that was cut among the adapters, is still known from its switch. A claim that the other end denies is left
out. A CA's name is `HOST ADAPTER`: adapters of one host are one node. Rates are data rates.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fabric.formats.defects import CONTRADICTED, MISSING, ONE_SIDED, REPEATED, UNEVEN, Defect
from fabric.formats.faults import fault, shortened
from fabric.formats.named import Cable, Named, Vertex
from fabric.formats.observe import check_hosts, observed

LANE = {"SDR": 2, "DDR": 4, "QDR": 8, "FDR10": 10, "FDR": 13.64, "EDR": 25, "HDR": 50, "NDR": 100, "XDR": 200}
"""Gb/s of data that one lane carries: line rate less its coding, as vendors name it from EDR on."""
AGGREGATION = "Aggregation Node"
NO_HOST = re.compile(r"(MT\d+|localhost|Mellanox|NVIDIA|ConnectX)\b.*|", re.IGNORECASE)
"""Names that say what an adapter is, not whose."""
MOST_LANES = 12


@dataclass(frozen=True)
class Block:
    """One switch or adapter; line: where it is described, 0 where only its neighbours tell of it."""

    key: str
    is_switch: bool
    name: str
    line: int


@dataclass(frozen=True)
class End:
    """One end of a cable as its port's line says it: near and far are (key of a block, port); rate None: not known.

    far_block: what the line tells of the far end beside its key.
    """

    line: int
    near: tuple[str, int]
    far: tuple[str, int]
    lanes: int
    rate: str | None
    far_block: Block


@dataclass
class Dump:
    """What has been read so far."""

    blocks: dict[str, Block] = field(default_factory=dict)
    ends: dict[tuple[str, int], End] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    down: int = 0

    def add_block(self, block: Block) -> None:
        """Add what a line describes; a second description of the same is a defect, and its ports count as the first's."""
        before = self.blocks.setdefault(block.key, block)
        if before is not block:
            told = f"{block.key} is described in line {before.line} already; both are taken together"
            self.defects.append(Defect(REPEATED, block.line, told))

    def add_end(self, end: End) -> None:
        """Add a port's line; a second one of the same port is a defect and is left out."""
        before = self.ends.setdefault(end.near, end)
        if before is not end:
            told = f"port {end.near[1]} of {end.near[0]} stands in line {before.line} already; this line is left out"
            self.defects.append(Defect(REPEATED, end.line, told))


def fabric_of(dump: Dump, where: str, losses: Iterable[str] = ()) -> Named:
    """Return the fabric of a dump; aggregation nodes inside switches (SHARP) are left out and counted as a loss.

    Raises:
        InputError: no switch, no host, or no adapter described at all: dumps list them last, so that it was cut before.
    """
    _add_silent(dump)
    blocks = dump.blocks
    if not any(b.is_switch for b in blocks.values()):
        line = max((b.line for b in blocks.values()), default=1)
        raise fault(where, line, f"at least one Switch block, got {len(blocks)} adapters only")
    if not any(b.line for b in blocks.values() if not b.is_switch) and any(b.line for b in blocks.values()):
        raise fault(where, max(b.line for b in blocks.values()), "adapters behind the last switch (the file may be cut)")
    seen = _cables(dump)
    sharp = {b.key for b in blocks.values() if not b.is_switch and AGGREGATION in b.name}
    kept = [b for b in blocks.values() if b.key not in sharp]
    vertices = _vertices(kept)
    check_hosts(vertices, dump.defects, where)
    names = {b.key: v.name for b, v in zip(kept, vertices, strict=True)}
    wires = [end for end in seen if end.near[0] in names and end.far[0] in names]
    unit = math.gcd(*(end.lanes for end in wires)) if wires else 1
    cables = [_cable(end, names, unit) for end in wires]
    return observed(vertices, cables, where, [*_losses(kept, sharp, dump.down), *losses], dump.defects)


def _add_silent(dump: Dump) -> None:
    """Add the switches and adapters that only their neighbours' lines tell of, each with one defect."""
    for end in list(dump.ends.values()):
        far = end.far_block
        if far.key not in dump.blocks:
            dump.blocks[far.key] = far
            told = f"{_called(far)} is not described itself; what its neighbours say of it is kept (the dump may be cut)"
            dump.defects.append(Defect(MISSING, end.line, told))


def _called(block: Block) -> str:
    kind = "switch" if block.is_switch else "adapter"
    return f"{kind} {block.key} ({shortened(block.name)})" if block.name and block.name != block.key else f"{kind} {block.key}"


def _cables(dump: Dump) -> list[End]:
    """Return one end of every cable, the first in the file: of those that both ends tell, and of those that none denies."""
    found = []
    for end in dump.ends.values():
        other = dump.ends.get(end.far)
        if other is not None and other.far != end.near:
            told = f"port {end.near[1]} of {end.near[0]} leads to port {end.far[1]} of {end.far[0]}, which leads elsewhere "
            dump.defects.append(Defect(CONTRADICTED, end.line, f"{told}(line {other.line}); it is left out"))
        elif other is None:
            if dump.blocks[end.far[0]].line:
                told = f"port {end.far[1]} of {end.far[0]} does not lead back here; the cable is kept, seen from this end only"
                dump.defects.append(Defect(ONE_SIDED, end.line, told))
            found.append(end)
        elif end.line < other.line or end.near == end.far:
            found.append(_slower(end, other, dump))
    return found


def _slower(end: End, other: End, dump: Dump) -> End:
    """Return the end that states less, with a defect where the two ends state different widths or rates."""
    if (other.lanes, other.rate) == (end.lanes, end.rate):
        return end
    told = f"this end has {end.lanes}x{end.rate or '?'}, the other (line {other.line}) {other.lanes}x{other.rate or '?'}"
    slow = min((end, other), key=lambda e: e.lanes * LANE.get(e.rate or "", float("inf")))
    dump.defects.append(Defect(UNEVEN, end.line, f"{told}; the lesser is taken"))
    return End(end.line, end.near, end.far, slow.lanes, slow.rate, end.far_block)


def _cable(end: End, names: Mapping[str, str], unit: int) -> Cable:
    """Return the cable in lanes of `unit` physical lanes each."""
    speed = end.lanes * LANE[end.rate] * 1e9 / 8 if end.rate else None
    near, far = end.near, end.far
    return Cable(names[near[0]], names[far[0]], end.lanes // unit, speed, str(near[1]), str(far[1]), line=end.line)


def _host(name: str) -> str:
    """Return the host of an adapter's name, nothing where it names the adapter's model only."""
    return "" if NO_HOST.fullmatch(name) else name.split(maxsplit=1)[0]


def _vertices(blocks: list[Block]) -> list[Vertex]:
    """Return a vertex per block, by its name where that is there once, else by its key."""
    often = Counter(b.name for b in blocks)
    keys = {b.key for b in blocks}
    return [
        Vertex(
            b.name if b.name and often[b.name] == 1 and (b.name not in keys or b.name == b.key) else b.key,
            not b.is_switch,
            node=_host(b.name) if often[b.name] == 1 and not b.is_switch else "",
            line=b.line,
        )
        for b in blocks
    ]


def _losses(kept: list[Block], sharp: set[str], down: int) -> list[str]:
    """Return what of the dump the fabric does not hold."""
    hosts = [b for b in kept if not b.is_switch]
    repeated = Counter(b.name for b in hosts)
    nameless = [b for b in hosts if not b.name or re.match(r"MT\d+", b.name)]
    shared = [b for b in hosts if b not in nameless and (not _host(b.name) or repeated[b.name] > 1)]
    found = [f"{len(sharp)} aggregation nodes (SHARP) inside switches are left out"] * bool(sharp)
    found += [f"{down:,} port{'s are' if down > 1 else ' is'} down and without a cable"] * bool(down)
    found += [f"{len(nameless)} adapters carry no host's name; each is a node of its own"] * bool(nameless)
    found += [f"{len(shared)} adapters share a name or a placeholder; each is a node of its own"] * bool(shared)
    return [*found, "GUIDs of named vertices, LIDs and vendor numbers are left out"]
