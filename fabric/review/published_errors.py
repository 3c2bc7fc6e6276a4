"""Where publications disagree with themselves: what is printed, and what their own numbers give. It corrects nobody's file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """One figure. where: publication and place; printed, computed: in unit; how: the calculation in words."""

    where: str
    what: str
    unit: str
    printed: float
    computed: float
    how: str


SLIPS = (
    Slip("Llama 3, 2024, table 5", "share of faulty GPUs", "%", 30.1, 100 * 148 / 419, "148 of 419 unexpected interruptions"),
    Slip("public H100 cost sheet, 2024-08", "GPUs of 13,107 nodes", "GPUs", 104_858, 13_107 * 8, "13,107 nodes of 8"),
    Slip("NVIDIA SuperPOD B300-XDR, 18 SU", "GPUs", "GPUs", 9_216, 18 * 72 * 8, "18 units of 72 nodes of 8"),
    Slip("a Slingshot page", "endpoints", "endpoints", 278_528, 545 * 32 * 16, "545 groups of 32 switches of 16 endpoints"),
    Slip(
        "Lambda, GB300 on 144-port switches",
        "power freed by co-packaged optics at 10,368 GPUs",
        "kW",
        658,
        216 * (7.0 - 3.95),
        "216 switches of 7.0 - 3.95 kW, printed without its fraction",
    ),
)
"""Found while their tables were rebuilt; docs/review.md prints them."""
