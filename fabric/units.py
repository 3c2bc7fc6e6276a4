"""Text with units to SI numbers and back, at the border only; inside, bytes, seconds and bytes per second are plain floats.

Bits and bytes are never guessed: `400Gb/s` (`400Gbps`) is 50e9 bytes per second, `50GB/s` too, and `400G` is refused. Sizes:
`64k`, `8M`, `1G` are binary as in nccl-tests, KiB, MiB, GiB too; kB, MB, GB are decimal. Knows nothing of networks.
"""

from __future__ import annotations

import re
from math import isfinite

from fabric.text.escape import shown
from fabric.text.numbers import maybe_real, maybe_whole, natural
from topologies.errors import InputError

_NUMBER = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z/µ]*)\s*")
_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
RATES = {
    **{f"{prefix}{bit}": scale / 8 for prefix, scale in _DECIMAL.items() for bit in ("b/s", "bit/s", "bps")},
    **{f"{prefix}B/s": scale for prefix, scale in {**_DECIMAL, **_BINARY}.items()},
}
TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
POWERS = {f"{prefix}W": scale for prefix, scale in _DECIMAL.items()}
NCCL_SIZES = {"k": 2.0**10, "K": 2.0**10, "M": 2.0**20, "m": 2.0**20, "G": 2.0**30, "g": 2.0**30}
"""What nccl-tests' -b and -e take (src/common.cu, parsesize; read 2026-11)."""
SIZES = {"": 1.0, **NCCL_SIZES, **{f"{prefix}B": scale for prefix, scale in {**_DECIMAL, **_BINARY}.items()}}
SHOWN_SIZES = (
    ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3),
)  # fmt: skip
"""Units in the order in which they are taken where several say a size equally shortly."""


def rate(text: str, parameter: str = "speed") -> float:
    """Return bytes per second, one direction, from text such as `400Gb/s` or `50GB/s`.

    Raises:
        InputError: no unit, an unknown unit, or one that does not say whether bits or bytes are meant.
    """
    rule = "a rate such as 400Gb/s (bits) or 50GB/s (bytes)"
    bare = _NUMBER.fullmatch(str(text))
    if bare is not None and bare[2] in _DECIMAL and bare[2]:
        bits, all_bytes = f"{bare[1]}{bare[2]}b/s", f"{bare[1]}{bare[2]}B/s"
        readings = f"{bits} is {show_rate(_parse(bits, RATES, parameter, rule))}, {all_bytes} eight times that"
        raise InputError(f"{parameter}: must be {rule}, got {shown(text)}: ambiguous, {readings}")
    return _parse(text, RATES, parameter, rule)


def power(text: str, parameter: str = "power") -> float:
    """Return watts from text such as `4.5MW` or `700W`; InputError where the unit is missing or unknown."""
    return _parse(text, POWERS, parameter, "a power such as 700W, 120kW or 4.5MW")


def duration(text: str, parameter: str = "latency") -> float:
    """Return seconds from text such as `500ns` or `1.5us`; InputError where the unit is missing or unknown."""
    return _parse(text, TIMES, parameter, "a time such as 500ns, 1.5us, 2ms or 1s")


def size(text: str, parameter: str = "size") -> int:
    """Return bytes from text such as `8`, `64k`, `64KiB` (both binary) or `1GB` (decimal); InputError for any other unit."""
    rule = "a size such as 8, 64KiB or 64M (binary) or 64MB (decimal)"
    number = _parse(text, SIZES, parameter, rule)
    value = maybe_whole(number)
    if value is None:
        most = " below 8 EiB" if number.is_integer() else ""
        raise InputError(f"{parameter}: must be a whole number of bytes{most}, got {shown(text)}")
    return value


def sizes(text: str, parameter: str = "sizes") -> list[int]:
    """Return the bytes of a comma-separated list of sizes, e.g. `1MiB,64MiB`."""
    return [size(part, parameter) for part in text.split(",")]


def counts(text: str, parameter: str = "ranks") -> list[int]:
    """Return the whole numbers >= 1 of a comma-separated list, e.g. `8,16,32`."""
    values = []
    for part in text.split(","):
        value = natural(part.strip())
        if not value:
            raise InputError(f"{parameter}: must be whole numbers >= 1 such as 8,16,32, got {shown(part.strip())}")
        values.append(value)
    return values


def show_size(nbytes: int) -> str:
    """Return bytes as text that `size` reads back as the same number, e.g. `64 MiB`, `1 GB` or `39916800 B`.

    The unit that says it exactly in the fewest characters, in quarters at the finest; of equals a binary one.
    """
    found = [
        f"{nbytes / scale:g} {unit}"
        for unit, scale in SHOWN_SIZES
        if nbytes >= scale and nbytes % max(scale // 4, 1) == 0 and maybe_real(f"{nbytes / scale:g}") == nbytes / scale
    ]
    return min(found, key=lambda text: len(text.split()[0]), default=f"{nbytes} B")


def short_size(nbytes: int) -> str:
    """Return bytes as show_size does, of what is no round number three digits, such as `8.46 GiB`."""
    text = show_size(nbytes)
    scale, unit = (2.0**30, "GiB") if nbytes >= 2**30 else (2.0**20, "MiB")
    return text if len(text) < 9 else f"{nbytes / scale:.3g} {unit}"


def show_rate(bytes_per_second: float) -> str:
    """Return bytes per second as text in GB/s (1e9), e.g. `50 GB/s`."""
    return f"{bytes_per_second / 1e9:.4g} GB/s"


def show_duration(seconds: float) -> str:
    """Return seconds as text with the unit that fits, e.g. `12.3 us`."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= scale:
            return f"{seconds / scale:.4g} {unit}"
    return f"{seconds / 1e-9:.4g} ns"


def _parse(text: str, units: dict[str, float], parameter: str, rule: str) -> float:
    match = _NUMBER.fullmatch(str(text))
    if match is None:
        raise InputError(f"{parameter}: must be {rule}, got {shown(text)}")
    number, unit = match.groups()
    if unit not in units:
        what = f"unit {shown(unit)} is ambiguous or unknown" if unit else "the unit is missing"
        raise InputError(f"{parameter}: must be {rule}, got {shown(text)}: {what}")
    value = maybe_real(number)
    if value is None or not isfinite(value * units[unit]):
        raise InputError(f"{parameter}: must be {rule}, got {shown(text)}: too large for any number")
    return value * units[unit]
