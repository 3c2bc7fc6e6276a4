"""A fact: one number with unit, source and what it is a number of; which of several counts, and which contradict it.

The first that is not weak counts, the others stand beside it; nothing is averaged. It knows no device by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RATE_BITS, RATE, MEMORY, COUNT = {"Gb/s": 0.125e9}, {"GB/s": 1e9}, {"GB": 1e9, "GiB": 2.0**30}, 1.0
PEAK = {"TFLOP/s": 1e12}
OFFERS = ("rent", "price")
"""Quantities that are offers of a day, not properties: they differ without contradicting each other."""
QUANTITIES: Mapping[str, Mapping[str, float]] = {
    "bf16": PEAK,
    "fp16": PEAK,
    "fp8": PEAK,
    "memory": MEMORY,
    "memory_bandwidth": RATE,
    "scale_up_speed": RATE,
    "scale_up_links": {"links": COUNT},
    "scale_up_link_speed": RATE,
    "nic_speed": RATE_BITS | RATE,
    "power": {"W": 1.0},
    "height": {"U": COUNT},
    "devices": {"devices": COUNT},
    "server": {"devices": COUNT},
    "domain": {"devices": COUNT},
    "nics": {"NICs": COUNT},
    "speed": RATE_BITS | RATE,
    "latency": {"ns": 1e-9, "us": 1e-6},
    "ports": {"ports": COUNT},
    "port_speed": RATE_BITS | RATE,
    "price": {"USD": 1.0, "CNY": 1.0},
    "rent": {},
}
"""Quantity -> its units and what one is in SI units (bytes, bytes per second, FLOP/s, seconds, watts). rent: any unit."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "direction": ("one way", "both", "not stated"),
    "sparsity": ("dense", "sparse"),
    "per": ("package", "die"),
    "kind": ("", "measured"),
}
"""Key of a fact -> what it may say; the first is the default."""
SAME = 0.02
"""Relative difference up to which two facts say the same: rounding, 1 000 for 1 024."""


@dataclass(frozen=True)
class Fact:
    """One number. direction: of a rate, one way or both together. per: package or die. weak: not to be relied on alone.

    kind: empty for what a page says, `measured` for what a run achieved. source: a key of the sources.
    """

    value: float
    unit: str
    source: str
    date: str = ""
    direction: str = "one way"
    sparsity: str = "dense"
    per: str = "package"
    kind: str = ""
    weak: bool = False
    note: str = ""

    def text(self) -> str:
        """Return value and unit, and what is not as usual, e.g. `2614 TFLOP/s sparse`."""
        unusual = [getattr(self, key) for key, words in WORDS.items() if getattr(self, key) != words[0]]
        said = [f"per {word}" if word == "die" else "both ways" if word == "both" else word for word in unusual]
        value = f"{self.value:,.0f}" if float(self.value).is_integer() else f"{self.value:g}"
        return " ".join([value, self.unit, *said])


Figure = tuple[Fact, ...]
"""All facts of one quantity, in the order in which they count."""


def counts(figure: Figure) -> Fact | None:
    """Return the fact that counts: the first that is not weak, else the first; None of nothing."""
    return next((fact for fact in figure if not fact.weak), figure[0] if figure else None)


def in_si(quantity: str, fact: Fact) -> float:
    """Return a fact's number in SI units, a rate one way: half of what both directions have together."""
    value = fact.value * QUANTITIES[quantity].get(fact.unit, 1.0)
    return value / 2 if fact.direction == "both" else value


def conflicts(quantity: str, figure: Figure) -> Figure:
    """Return the facts that contradict the one that counts: the same thing said, by more than SAME apart.

    Left out are those of something else: of a die, sparse, measured, of a direction not stated, and offers of the day.
    """
    chosen = counts(figure)
    if chosen is None or quantity in OFFERS:
        return ()
    ours = in_si(quantity, chosen)
    alike = [fact for fact in figure if _what(fact) == _what(chosen)]
    return tuple(fact for fact in alike if abs(in_si(quantity, fact) - ours) > SAME * abs(ours))


def _what(fact: Fact) -> tuple[str, ...]:
    return (fact.sparsity, fact.per, fact.kind, "not stated" if fact.direction == "not stated" else "")
