"""Reads an ibnetdiscover dump: switches, channel adapters, ports, width and rate. It knows no routes and no counters.

A block starts with `Switch PORTS "S-guid" # "name"` or `Ca PORTS "H-guid" # "name"`; a port's line names the peer, its
port, and width x rate, e.g. 4xNDR. Any other line (another tool's messages on the same screen) is left out and told. What
the lines say together is in fabric/formats/ib_dump.py.
"""

from __future__ import annotations

import re

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.ib_dump import LANE, MOST_LANES, Block, Dump, End, fabric_of
from fabric.formats.named import Named
from fabric.text.numbers import whole

BLOCK = re.compile(r'(Switch|Ca|Rt)\s+(\d{1,9})\s+"([SHR]-[0-9a-fA-F]+)"\s*(?:#\s*"([^"]*)".*)?', re.ASCII)
PORT = re.compile(
    r'\[(\d{1,9})\](?:\[ext \d+\])?(?:\([0-9a-fA-F]+\))?\s+"([SHR]-[0-9a-fA-F]+)"\[(\d{1,9})\](?:\[ext \d+\])?'
    r"(?:\([0-9a-fA-F]+\))?\s*#\s(.*)\s(\d{1,9})x([A-Z0-9]+)\s*",
    re.ASCII,
)
PEER = re.compile(r'"([^"]*)"')
KEY = re.compile(
    r"(vendid|devid|sysimgguid|switchguid|caguid|rtguid|Chassis|Non-Chassis|Spine|Line|DDR|SDR)\b.*|DUMP.*|#.*", re.IGNORECASE
)


def read(text: str, where: str) -> Named:
    """Return the fabric of a dump.

    Raises:
        InputError: no switch or no host, or a dump that was cut before its first adapter.
    """
    dump = Dump()
    current: tuple[Block, int] | None = None
    for number, raw in lines(text, where):
        line = raw.strip()
        if match := BLOCK.fullmatch(line):
            kind, ports, guid, name = match.groups()
            current = Block(guid, kind != "Ca", (name or "").strip(), number), whole(ports, "ports")
            dump.add_block(current[0])
        elif current and (end := _end(line, number, *current, dump)):
            dump.add_end(end)
        elif line and not line.startswith("[") and not KEY.fullmatch(line):
            dump.defects.append(Defect(NOISE, number, f"{shortened(line)!r} is no line of ibnetdiscover; it is left out"))
    if not dump.blocks:
        raise fault(where, 1, "at least one Switch block, the file has none")
    return fabric_of(dump, where)


def _end(line: str, number: int, block: Block, ports: int, dump: Dump) -> End | None:
    """Return the end of a cable that a port's line tells, with a defect for what cannot be made out of it."""
    if not line.startswith("["):
        return None
    match = PORT.fullmatch(line)
    if match is None:
        told = f'a port line such as [1] "S-guid"[2] # "name" lid 3 4xNDR was expected, got {shortened(line)!r}'
        dump.defects.append(Defect(NOISE, number, f"{told}; it is left out"))
        return None
    port, peer, peer_port, about, lanes, speed = match.groups()
    own, beyond, width = (whole(word, "port") for word in (port, peer_port, lanes))
    if not 1 <= own <= ports or not 1 <= width <= MOST_LANES:
        told = f"a port from 1 to {ports} and a width from 1x to {MOST_LANES}x were expected, got {shortened(line)!r}"
        dump.defects.append(Defect(NOISE, number, f"{told}; the line is left out"))
        return None
    if speed not in LANE:
        told = f"a rate of {', '.join(LANE)} was expected, got {shortened(speed)!r}; the cable is read without a speed"
        dump.defects.append(Defect(NOISE, number, told))
    name = PEER.search(about)
    far = Block(peer, not peer.startswith("H-"), name[1].strip() if name else "", 0)
    rate = speed if speed in LANE else None
    return End(number, (block.key, own), (peer, beyond), width, rate, far)
