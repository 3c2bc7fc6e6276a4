"""What growing a fabric moves: cables pulled, cables added, ports that stand empty before. It knows no price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from topologies import catalog
from topologies.base import Topology
from topologies.errors import InputError


@dataclass(frozen=True)
class Stage:
    """One size. tiers: of switches.

    kept, moved, added: network cables against the stage before, by their ends' names; moved ones are pulled out of a
    port to go elsewhere.
    """

    value: int
    devices: int
    switches: int
    tiers: int
    cables: int
    kept: int
    moved: int
    added: int
    new_switches: int

    @property
    def step(self) -> bool:
        """Whether anything that was plugged in has to be moved."""
        return self.moved > 0


def stages(topo: str, parameter: str, values: tuple[int, ...]) -> list[Stage]:
    """Return the stages of a short form whose parameter grows through the values.

    Raises:
        InputError: fewer than two values, values that do not grow, or a size that the family refuses.
    """
    if len(values) < 2 or any(b <= a for a, b in pairwise(values)):
        raise InputError(f"grow.{parameter}: must be two or more values that grow, got {', '.join(map(str, values))}")
    found = list(_sizes(topo, parameter, values))
    rows = []
    for number, (value, topology) in enumerate(found):
        before = found[number - 1][1] if number else None
        rows.append(_stage(value, topology, before))
    return rows


def _sizes(topo: str, parameter: str, values: tuple[int, ...]) -> Iterator[tuple[int, Topology]]:
    family, params = catalog.split_spec(topo)
    for key in ("link", "speed", "latency"):
        params.pop(key, None)
        params.pop(f"scale_up_{key}", None)
    for value in values:
        yield value, catalog.build(family, {**params, parameter: str(value)})


def _stage(value: int, topology: Topology, before: Topology | None) -> Stage:
    cables, old = named_cables(topology), named_cables(before) if before else Counter[tuple[str, str]]()
    kept = sum((cables & old).values())
    switches = sum(n for tier, n in topology.switches_by_tier.items() if tier != "scale-up")
    had = sum(n for tier, n in before.switches_by_tier.items() if tier != "scale-up") if before else 0
    return Stage(
        value=value,
        devices=topology.devices,
        switches=switches,
        tiers=sum(tier != "scale-up" and count > 0 for tier, count in topology.switches_by_tier.items()),
        cables=cables.total(),
        kept=kept,
        moved=old.total() - kept,
        added=cables.total() - old.total(),
        new_switches=switches - had,
    )


def named_cables(topology: Topology) -> Counter[tuple[str, str]]:
    """Return the network's cables by the names of their two ends, parallel ones counted."""
    outside = topology.ends[topology.level != topology.scale_up_level]
    names = [topology.vertex_name(vertex) for vertex in range(topology.vertices)]
    return Counter((names[a], names[b]) for a, b in outside.tolist())
