"""Reads iblinkinfo: switches and adapters with one line per port. It knows no routes and no counters.

`Switch: 0xguid leaf01:` or `CA: node01 HCA-1:`, below it `LID PORT[ext] ==( 4X 25.78125 Gbps Active/ LinkUp)==> LID PORT[ext]
"node01 HCA-1" ( )`, an adapter's line with its GUID before the LID. Unproven: written from the tool's source (linux-rdma/
rdma-core, infiniband-diags/iblinkinfo.c, 2026-11) without a dump at hand. What the lines say together is in ib_dump.py.
"""

from __future__ import annotations

import re

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.ib_dump import MOST_LANES, Block, Dump, End, fabric_of
from fabric.formats.named import Named
from fabric.text.numbers import maybe_real, whole

BLOCK = re.compile(r"(Switch|CA|Router|RT)(?::\s+(0x[0-9a-fA-F]{1,16}))?:?\s+(.*?):?", re.IGNORECASE)
PORT = re.compile(
    r"(?:0x[0-9a-fA-F]{1,16}\s+)?(?:\"[^\"]*\"\s+)?(\d{1,9})\s+(\d{1,9})\[[^\]]*\]\s+==\(\s*(.*?)\s*\)==>\s*"
    r"(?:0x[0-9a-fA-F]{1,16}\s+)?(?:(\d{1,9})\s+(\d{1,9}))?\s*\[[^\]]*\]\s+\"([^\"]*)\"\s*\((.*)\)",
    re.ASCII,
)
RATE = re.compile(r"(\d{1,2})X\s+([0-9.]+)\s*Gbps\s+Active\s*/.*", re.IGNORECASE | re.ASCII)
LINE_RATE = {
    2.5: "SDR",
    5.0: "DDR",
    10.0: "QDR",
    10.3125: "FDR10",
    14.0625: "FDR",
    25.78125: "EDR",
    53.125: "HDR",
    106.25: "NDR",
    212.5: "XDR",
}
"""Gb/s on a lane's wire, as the tool prints it -> the name of the rate."""


def read(text: str, where: str) -> Named:
    """Return the fabric of a dump; InputError where it holds no port line, no switch or no host."""
    dump = Dump()
    current: Block | None = None
    rows: list[tuple[int, Block, re.Match[str]]] = []
    for number, raw in lines(text, where):
        line = raw.strip()
        if match := PORT.fullmatch(line):
            if current is not None:
                rows.append((number, current, match))
        elif (match := BLOCK.fullmatch(line)) and line.endswith(":"):
            kind, guid, name = match.groups()
            current = Block(guid or f"{name} (line {number})", kind.lower() != "ca", name.strip(), number)
            dump.add_block(current)
        elif line and not line.startswith("#"):
            dump.defects.append(Defect(NOISE, number, f"{shortened(line)!r} is no line of iblinkinfo; it is left out"))
    if not rows:
        raise fault(where, 1, 'a port line such as 1 3[ ] ==( 4X 25.78125 Gbps Active/ LinkUp)==> 10 1[ ] "node01 HCA-1" ( )')
    lids = {match[1]: block for _, block, match in rows}
    for number, block, match in rows:
        _add(number, block, match, lids, dump)
    return fabric_of(dump, where)


def _add(number: int, block: Block, match: re.Match[str], lids: dict[str, Block], dump: Dump) -> None:
    """Add the end of a cable that a port's line tells; a port without a neighbour is down."""
    _, port, state, far_lid, far_port, far_name, _ = match.groups()
    rate = RATE.fullmatch(state)
    width = whole(rate[1], "width") if rate else 0
    if not far_lid or rate is None or not 1 <= width <= MOST_LANES:
        dump.down += 1
        return
    speed = LINE_RATE.get(maybe_real(rate[2]) or 0.0)
    if speed is None:
        told = f"{shortened(rate[2])} Gbps a lane is no InfiniBand rate that is known; the cable is read without a speed"
        dump.defects.append(Defect(NOISE, number, told))
    far = lids.get(far_lid) or Block(f"lid {far_lid}", is_switch=False, name=far_name.strip(), line=0)
    dump.add_end(End(number, (block.key, whole(port, "port")), (far.key, whole(far_port, "port")), width, speed, far))
