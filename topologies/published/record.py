"""One published fabric, and the check of what we build against what was printed. It does not know which of them is right.

Keys of counts: endpoints, nodes, switches, cables; a tier's name (switches of the tier); a level's name (cables of the
level); `TIER_down` and `TIER_up` (the most cables below and above one vertex of the tier); planes; scale_up_switches,
scale_up_cables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from topologies.base import SCALE_UP
from topologies.catalog import parse
from topologies.errors import InputError

if TYPE_CHECKING:
    from topologies.base import Topology


@dataclass(frozen=True)
class Published:
    """A fabric that was published: its short form, who printed what and when, and the counts as printed.

    contradictions: where the publication disagrees with itself or with what can be built. note: what our short form leaves
    out or adds, and how printed units were turned into cables.
    """

    name: str
    spec: str
    source: str
    date: str
    counts: Mapping[str, int]
    contradictions: str = ""
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """A count that was printed and that the built wiring does not have."""

    key: str
    printed: int
    built: int

    def __str__(self) -> str:
        return f"{self.key}: printed {self.printed:,}, built {self.built:,}"


def check(published: Published) -> list[Difference]:
    """Return the printed counts that the built wiring does not have, none where all agree.

    Raises:
        InputError: a spec that cannot be built, or a count that the wiring does not know.
    """
    built = counted(parse(published.spec))
    for key in published.counts:
        if key not in built:
            raise InputError(f"published: {published.name} has no count {key!r}; there are: {', '.join(built)}")
    return [Difference(key, printed, built[key]) for key, printed in published.counts.items() if built[key] != printed]


def report(published: Published) -> list[str]:
    """Return one line per difference, then what is known of the publication's contradictions."""
    return [*map(str, check(published)), *([published.contradictions] if published.contradictions else [])]


def counted(topology: Topology) -> dict[str, int]:
    """Return everything that a publication may print of a wiring, by the keys of this module."""
    inside = topology.tier == topology.scale_up_tier
    levels = topology.cables_by_level
    own = {
        "endpoints": topology.devices,
        "nodes": topology.nodes,
        "switches": sum(topology.switches_by_tier.values()),
        "cables": sum(levels.values()),
        "planes": len(np.unique(topology.plane[topology.plane >= 0])),
        "scale_up_switches": int(inside.sum()),
        "scale_up_cables": int((topology.level == topology.scale_up_level).sum()),
    }
    return own | topology.switches_by_tier | levels | _ports(topology)


def _ports(topology: Topology) -> dict[str, int]:
    """Return the most cables below and above one vertex of every tier of the scale-out network."""
    up, down = (np.bincount(end, minlength=topology.vertices) for end in topology.ends[topology.is_cable].T)
    found = {}
    for tier, name in enumerate(topology.tiers):
        if name != SCALE_UP:
            found[f"{name}_down"] = int(down[topology.tier == tier].max())
            found[f"{name}_up"] = int(up[topology.tier == tier].max())
    return found
