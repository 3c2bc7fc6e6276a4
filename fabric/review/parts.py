"""What a fabric is bought from: switches, cables with their ends, NICs, nodes; price and power, each with source and date.

It holds no topology and no count. What the hardware catalogue states is read there; ranges that it has as one number are here.
Prices of what is not listed, and better ones, come from the user's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fabric.hardware.catalog import find
from fabric.review.quote import Quote, quote
from topologies.errors import InputError
from topologies.guess import did_you_mean

Kind = Literal["switch", "link", "nic", "node", "device"]
SHEET = "public H100 cluster cost sheet"
SHEET_DATE = "2024-08"
VENDOR = "vendor pages, NVIDIA docs"
PASSIVE = "passive copper draws nothing that counts"


@dataclass(frozen=True)
class Part:
    """One thing on a bill. price: per piece; watts: per piece, optics of a link counted at both ends.

    ports, speed: of a switch, its ports and the bytes per second of one, one way. reach: longest metres of a link.
    rack_units: height. Either figure may be unknown (None): a bill that needs it says so.
    """

    name: str
    kind: Kind
    price: Quote | None = None
    watts: Quote | None = None
    ports: int = 0
    speed: float = 0.0
    reach: float = 0.0
    rack_units: float = 0.0
    note: str = ""


PUBLIC_NOTES = "pn"
"""The source of the catalogue that these parts rest on; other offers stand there beside it."""


def _ends(kind: str, name: str, quantity: str) -> tuple[float, float]:
    """Return the lowest and the highest that the source says of a quantity in the catalogue."""
    values = [fact.value for fact in find(kind, name).facts[quantity] if fact.source == PUBLIC_NOTES]
    return min(values), max(values)


def _usd(low: float, high: float, source: str, date: str, *, weak: bool = False) -> Quote:
    return quote(low, high, "USD", source, date, weak=weak)


def _watts(low: float, high: float, source: str, date: str, *, weak: bool = False) -> Quote:
    return quote(low, high, "W", source, date, weak=weak)


_LINK = _usd(
    *_ends("optics", "cable-and-optics-400g", "price"),
    f"{SHEET}: cables with both optics, {SHEET_DATE}, divided by its cables",
    SHEET_DATE,
)
_BOX = _ends("switches", "tomahawk-5", "power")[1]
_DAC = _ends("optics", "dac", "power")[1]
_MODULE = _ends("optics", "optic-800g-dsp", "price")
FIBRE = (50, 150)
"""USD of a trunk of fibre between two 800G modules."""
G = 1e9 / 8
MODULES = "a module vendor's page (luxoptx.com, 800G cost analysis), undated, read 2026-11"
"""One secondary source for 800G: volume prices of modules, fibre 50-150 a trunk, and switches."""
READ = "2026-11"

_ROWS = (
    Part(
        "switch-64x400g",
        "switch",
        _usd(
            *_ends("switches", "qm9700", "price"),
            f"{SHEET}: third-party 64-port switch; about 50,000 for the vendor's own",
            SHEET_DATE,
        ),
        _watts(
            450, _BOX, "bare 51.2T chip 450-500 W (TechInsights); 51.2T box without optics 913 W (UfiSpace S9321-64E)", "2024"
        ),
        ports=64,
        speed=400 * G,
        rack_units=1,
        note="25.6T in each direction; the box's own draw without modules",
    ),
    Part(
        "switch-64x800g",
        "switch",
        _usd(72_000, 250_000, f"low: twice the 64 x 400G of the {SHEET}; high: 150,000-250,000 on {MODULES}", READ, weak=True),
        _watts(450, _BOX, "51.2T chip 450-500 W (TechInsights); UfiSpace S9321-64E 913 W typical without transceivers", "2024"),
        ports=64,
        speed=800 * G,
        rack_units=2,
    ),
    Part(
        "switch-144x800g",
        "switch",
        None,
        _watts(*_ends("switches", "q3400", "power"), "Lambda: Quantum-X800 144 x 800G with pluggable optics", "2025"),
        ports=144,
        speed=800 * G,
        rack_units=4,
        note="optics included in the power",
    ),
    Part(
        "switch-144x800g-cpo",
        "switch",
        None,
        _watts(*_ends("switches", "q3450", "power"), "Lambda: Q3450 with co-packaged optics", "2025"),
        ports=144,
        speed=800 * G,
        rack_units=4,
        note="optics included in the power",
    ),
    Part("dac-400g", "link", _LINK, _watts(0, _DAC, PASSIVE, "2024"), speed=400 * G, reach=3),
    Part(
        "optic-400g", "link", _LINK, _watts(24, 28, f"two 400G modules of 12-14 W ({VENDOR})", "2024"), speed=400 * G, reach=500
    ),
    Part(
        "dac-800g",
        "link",
        _usd(
            1267,
            1950,
            f"assumed: between the 400G link of the {SHEET} and two LPO modules of 700-900 with a fibre",
            READ,
            weak=True,
        ),
        _watts(0, _DAC, PASSIVE, "2024"),
        speed=800 * G,
        reach=2,
        note="no price of copper at 800G was found; it is likely cheaper",
    ),
    Part(
        "optic-800g",
        "link",
        _usd(
            2 * _MODULE[0] + FIBRE[0],
            2 * _MODULE[1] + FIBRE[1],
            f"two DR8 modules of 1,100-1,400 and a fibre: {MODULES}",
            READ,
            weak=True,
        ),
        _watts(28, 36, f"two 800G DSP modules of 14-18 W ({VENDOR})", "2024"),
        speed=800 * G,
        reach=500,
    ),
    Part(
        "lpo-800g",
        "link",
        None,
        _watts(16, 18, f"two 800G LPO modules of 8-9 W ({VENDOR})", "2024"),
        speed=800 * G,
        reach=500,
        note="linear optics must be qualified with their switch: taken only where a review prices them",
    ),
    Part(
        "node-8xh100",
        "node",
        _usd(
            *_ends("nodes", "dgx-h100", "price"),
            f"{SHEET}: H100 node with its InfiniBand cards; 317,000 in one quotation",
            SHEET_DATE,
        ),
        _watts(8 * 1275, 8 * 1275, "assumed: 1.275 kW a GPU with its share of the node", "2024", weak=True),
        rack_units=8,
        note="NICs included",
    ),
)
PARTS: Mapping[str, Part] = {part.name: part for part in _ROWS}


def part(name: str, known: Mapping[str, Part] = PARTS) -> Part:
    """Return the part of this name; InputError naming what exists."""
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"part: must be one of {', '.join(known)} or listed under parts, got {name!r}{hint}")
    return known[name]
