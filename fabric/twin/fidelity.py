"""How undisturbed a measurement on a twin was: idle processors, load, interrupts, lost and repeated packets.

After Mininet-HiFi (Handigol et al., CoNEXT 2012): an emulation is evidence only where the machine had time to spare. It does
not judge the result itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

LEAST_IDLE = 0.35
"""Share of processor time that must have been idle (Mininet-HiFi's rule of thumb)."""
USER_TO_STEAL = 8
"""Fields of /proc/stat's first line that sum up to all time; guests are in user already."""


@dataclass(frozen=True)
class Moment:
    """Counters at one moment: processor ticks by kind, retransmitted segments of all hosts."""

    at: float
    ticks: tuple[int, ...]
    retransmitted: int


def moment(retransmitted: int) -> Moment:
    """Return the machine's counters now; retransmitted: of the hosts, from `ranks.py`."""
    line = Path("/proc/stat").read_text().partition("\n")[0]
    return Moment(monotonic(), tuple(int(word) for word in line.split()[1 : USER_TO_STEAL + 1]), retransmitted)


def block(before: Moment, after: Moment, ranks: int) -> dict[str, Any]:
    """Return the fidelity block of what ran between two moments.

    idle, softirq, steal: shares of all processors' time. quiet: whether enough was idle.
    """
    ticks = [b - a for a, b in zip(before.ticks, after.ticks, strict=True)]
    total = max(sum(ticks), 1)
    idle, lost = (ticks[3] + ticks[4]) / total, after.retransmitted - before.retransmitted
    return {
        "seconds": round(after.at - before.at, 3),
        "idle": round(idle, 3),
        "softirq": round((ticks[5] + ticks[6]) / total, 3),
        "steal": round(ticks[7] / total, 3),
        "load_1min": round(os.getloadavg()[0], 2),
        "retransmitted_segments": lost,
        "ranks_per_core": ranks / (os.cpu_count() or 1),
        "quiet": idle >= LEAST_IDLE,
    }
