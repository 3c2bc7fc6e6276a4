"""What growing a fabric moves: cables pulled, cables added, ports that stand empty before. It knows no price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from fabric.network.spec import wiring
from fabric.review.renumbered import kept
from topologies import catalog
from topologies.base import Topology
from topologies.errors import InputError


@dataclass(frozen=True)
class Stage:
    """One size. tiers: of switches.

    kept, moved, added: network cables against the stage before; moved ones are pulled out of a port to go elsewhere. A
    cable that keeps its host and its leaf is kept whatever both are then numbered (renumbered.py).
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
    family, params = wiring(topo)
    for value in values:
        yield value, catalog.build(family, {**params, parameter: str(value)})


def _stage(value: int, topology: Topology, before: Topology | None) -> Stage:
    cables, old = _cables(topology), _cables(before) if before else 0
    stay = kept(before, topology) if before else 0
    switches = sum(topology.switches_by_tier.values())
    return Stage(
        value=value,
        devices=topology.devices,
        switches=switches,
        tiers=len(topology.switches_by_tier),
        cables=cables,
        kept=stay,
        moved=old - stay,
        added=cables - old,
        new_switches=switches - (sum(before.switches_by_tier.values()) if before else 0),
    )


def _cables(topology: Topology) -> int:
    return sum(topology.cables_by_level.values())
