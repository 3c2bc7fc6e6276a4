"""Reads `ibnetdiscover -p`: one line per port with its neighbour. It knows no routes, no counters and no chassis.

`CA 10 1 0xguid 4x EDR - SW 1 2 0xguid ( 'node01 HCA-1' - 'leaf01' )`; a port that is down has no neighbour and `???` for a
rate. The GUIDs are ports': an adapter's ports are put together by its name, where each of them is there once.
"""

from __future__ import annotations

import re
from collections import Counter

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.ib_dump import LANE, MOST_LANES, NO_HOST, Block, Dump, End, fabric_of
from fabric.formats.named import Named
from fabric.text.numbers import whole

SIDE = r"(CA|SW|RT)\s+(\d{1,9})\s+(\d{1,9})\s+(0x[0-9a-fA-F]{1,16})"
LINE = re.compile(SIDE + r"\s+(\d{1,9})x\s+(\S+)\s+-\s+" + SIDE + r"\s+\(\s*'(.*)'\s+-\s+'(.*)'\s*\)", re.ASCII)
DOWN = re.compile(SIDE + r"\s+(?:\d{1,9}x|\?\S*)\s+\S+\s+'(.*)'", re.ASCII)


def read(text: str, where: str) -> Named:
    """Return the fabric of a list of ports; InputError where it holds no cable, no switch or no host."""
    numbered = [(number, line.strip()) for number, line in lines(text, where)]
    found = [(number, match.groups()) for number, line in numbered if (match := LINE.fullmatch(line))]
    if not found:
        raise fault(where, 1, "a line such as CA 10 1 0xguid 4x EDR - SW 1 2 0xguid ( 'node01 HCA-1' - 'leaf01' )")
    dump = Dump()
    keys = _keys([row for _, row in found])
    for number, row in found:
        _add(row, number, keys, dump)
    for number, line in numbered:
        down = DOWN.fullmatch(line)
        if down:
            dump.down += 1
            kind, _, _, guid, name = down.groups()
            if kind != "CA" and guid not in dump.blocks:
                dump.blocks[guid] = Block(guid, is_switch=True, name=name, line=number)
        elif line and not line.startswith("#") and not LINE.fullmatch(line):
            dump.defects.append(Defect(NOISE, number, f"{shortened(line)!r} is no line of ibnetdiscover -p; it is left out"))
    return fabric_of(dump, where)


def _keys(rows: list[tuple[str, ...]]) -> dict[tuple[str, str], str]:
    """Return (GUID, name) -> what identifies the adapter: its name where each of its ports is there once, else the GUID."""
    ports = {(row[3], row[10], row[2]) for row in rows if row[0] == "CA"}
    ports |= {(row[9], row[11], row[8]) for row in rows if row[6] == "CA"}
    often = Counter((name, port) for _, name, port in ports)
    shared = {name for (name, _), count in often.items() if count > 1}
    return {(guid, name): guid if name in shared or NO_HOST.fullmatch(name) else name for guid, name, _ in ports}


def _add(row: tuple[str, ...], number: int, keys: dict[tuple[str, str], str], dump: Dump) -> None:
    """Add a line's own block and the end that it tells."""
    kind, _, port, guid, lanes, rate, far_kind, _, far_port, far_guid, name, far_name = row
    near, far = (keys.get(pair, pair[0]) for pair in ((guid, name), (far_guid, far_name)))
    width = whole(lanes, "width")
    if not 1 <= width <= MOST_LANES:
        dump.defects.append(Defect(NOISE, number, f"a width from 1x to {MOST_LANES}x was expected, got {lanes}x; left out"))
        return
    dump.blocks.setdefault(near, Block(near, kind != "CA", name.strip(), number))
    if dump.blocks[near].line == 0:
        dump.blocks[near] = Block(near, kind != "CA", name.strip(), number)
    known = rate if rate in LANE else None
    if known is None:
        told = f"a rate of {', '.join(LANE)} was expected, got {shortened(rate)!r}; the cable is read without a speed"
        dump.defects.append(Defect(NOISE, number, told))
    peer = Block(far, far_kind != "CA", far_name.strip(), 0)
    dump.add_end(End(number, (near, whole(port, "port")), (far, whole(far_port, "port")), width, known, peer))
