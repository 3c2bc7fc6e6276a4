"""Public statements that compare chips for a job, beside what `equivalent` gives: agrees or does not, and why not.

    python -m benchmarks.public_comparisons

Loose checks: bands to accept, not laws. Out of place. It knows no more of a statement than its figure and its source.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.hardware.node import node
from fabric.network.spec import load
from fabric.review.equivalent import equivalents
from fabric.review.work import work_of
from topologies.errors import InputError

NODES = 40
"""Of the reference: a count is so fine."""
INSIDE = "scale_up=none,speed=100Gb/s"
"""What is said of a node whose inside or NICs are not known; the work of these statements does not cross them."""

POWER = "power"


@dataclass(frozen=True)
class Said:
    """One statement: so many nodes of `other` do what one of `of` does, from `least` to `most`.

    kind: measured, claim or derived. work: POWER compares what one server of each draws instead.
    """

    statement: str
    kind: str
    source: str
    of: str
    other: str
    work: str
    least: float
    most: float
    note: str = ""


STATEMENTS = (
    Said("3.2 x 910B3 = 1 H100, by peaks", "derived", "peaks", "dgx-h100", "atlas-800t-a2-b3", "flops:1e14", 3.0, 3.3,
         "the same peaks: checks the search alone"),
    Said("910B = 0.8 to 1.2 A100 in training", "claim", "boardor", "dgx-a100", "atlas-800t-a2", "flops:1e14", 0.83, 1.25),
    Said("6.7 H20 = 1 H800 in training", "derived", "peaks", "hgx-h800", "hgx-h20", "flops:1e14", 6.4, 7.0,
         "the same peaks: checks the search alone"),
    Said("1.2 H800 = 1 H20 in memory-bound decode", "derived", "rates", "hgx-h20", "hgx-h800", "memory:80GB", 1.1, 1.3,
         "the same rates: checks the search alone"),
    Said("H20 = 20 % of an H100 overall", "claim", "h20b", "dgx-h100", "hgx-h20", "flops:1e14", 4.0, 6.0,
         "of which work is not said; peaks alone give 6.7, memory alone 0.84"),
    Said("2,048 x 4090 = 2,400 A100 in training", "claim", "bh4090", "dgx-a100", "8x4090-dual-root", "flops:1e14", 0.8, 1.0,
         "165 TFLOP/s against 312; it fits 330, with fp16 accumulation"),
    Said("1.05 x 4090D = 1 910B4, 7B served", "measured", "nine", "8x4090d", "atlas-800t-a2-b4", "memory:14GB", 0.85, 1.05,
         "memory rate alone; kernels and schedulers are not modelled"),
    Said("2.0 x 4090D = 1 C500, 7B served", "measured", "nine", "8x4090d", f"metax-c550-oam:{INSIDE}", "memory:14GB", 0.4, 0.6),
    Said("0.93 x 4090D = 1 K100 AI, 7B served", "measured", "nine", "8x4090d", f"8xk100-ai:{INSIDE}", "memory:14GB", 0.95, 1.2),
    Said("384 x 910C = 1.7 NVL72, by peaks", "claim", "cnpower", "cloudmatrix384", "gb200-nvl72", "flops:1e14", 1.5, 1.9),
    Said("CloudMatrix384 draws 4.1 x an NVL72", "claim", "cnpower", "cloudmatrix384", "gb200-nvl72", POWER, 3.7, 4.5,
         "559 kW over 120 kW; 4.1 takes 136 kW for the rack"),
    Said("S5000 = 61 % of an H100 in prefill", "measured by its maker", "s5000c", "dgx-h100", f"kuae-s5000:{INSIDE}",
         "flops:1e14", 1.5, 1.8, "no bf16 peak but one that all others contradict"),
    Said("P800 = 2.2 x 4090D, 7B served", "measured", "nine", "8x4090d", f"8xp800:{INSIDE}", "memory:14GB", 0.4, 0.55,
         "no memory rate of the P800 was found"),
)  # fmt: skip


def ratio(said: Said) -> float | None:
    """Return how many nodes of the other do what one of the reference does, None where a figure that it takes is unknown."""
    if said.work == POWER:
        of, other = (node(name).entry.number("power") for name in (said.of, said.other))
        return of / other if of and other else None
    try:
        (found,) = equivalents(load(f"{said.of}:nodes={NODES}"), [said.other], work_of(said.work), most_devices=65_536)
    except InputError:
        return None
    return None if found.nodes is None else found.nodes / NODES


def verdict(said: Said, ours: float | None) -> str:
    """Return whether ours is in the statement's band."""
    return "not known" if ours is None else "agrees" if said.least <= ours <= said.most else "does not agree"


def lines() -> list[str]:
    """Return the table, a line per statement, and why where it does not agree."""
    found = [f"{'said':42} {'kind (source)':31} {'work':24} {'band':>11} {'ours':>6}  verdict"]
    for said in STATEMENTS:
        ours = ratio(said)
        number = "-" if ours is None else f"{ours:.2f}"
        band = f"{said.least:g}-{said.most:g}"
        head = f"{said.statement:42} {f'{said.kind} ({said.source})':31} {said.work:24} {band:>11} {number:>6}"
        found.append(f"{head}  {verdict(said, ours)}")
        found += [f"  {said.note}"] if said.note else []
    return found


if __name__ == "__main__":
    print("nodes of the other for one of the reference")
    print("\n".join(lines()))
