"""`show`: counts and proofs of a wiring. It does not know speeds; `predict` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, OBJECT, TEXT, WHOLE, Answer, Column, Row, View

if TYPE_CHECKING:
    from topologies.base import Topology
    from topologies.proofs import Proof


@dataclass(frozen=True, eq=False)
class Wiring:
    """A topology, what holds for it, and how many scale-out cables end at a device that does not forward."""

    topology: Topology
    proof: Proof
    cables: int
    endpoint_cables: int


def _of(key: str) -> Callable[[Wiring], object]:
    return lambda fact: getattr(fact.topology, key)


def _proved(key: str, kind: Any, what: str) -> Column:
    return Column(key, kind, what, lambda fact: getattr(fact.proof, key), absent=True)


VIEW = View(
    "show",
    (
        Column("name", TEXT, "short form", _of("name")),
        Column("family", TEXT, "of the wiring", _of("family")),
        Column("params", OBJECT, "of the family", lambda f: dict(f.topology.params)),
        Column("endpoints", WHOLE, "devices", _of("devices")),
        Column("nodes", WHOLE, "servers", _of("nodes")),
        Column("devices_per_node", WHOLE, "of a server", _of("devices_per_node")),
        Column("switches", WHOLE, "of the scale-out network", lambda f: sum(f.topology.switches_by_tier.values())),
        Column("cables", WHOLE, "of the scale-out network"),
        Column("switch_cables", WHOLE, "that do not end at an endpoint", lambda f: f.cables - f.endpoint_cables),
        Column("endpoint_cables", WHOLE, "that end at a device which does not forward"),
        Column("switches_by_tier", OBJECT, "tier -> switches", _of("switches_by_tier")),
        Column("cables_by_level", OBJECT, "level -> cables", _of("cables_by_level")),
        _proved("switch_diameter", WHOLE, "hops between the switches farthest from each other"),
        _proved("endpoint_diameter", WHOLE, "hops between the endpoints farthest from each other"),
        _proved("paths_between_pods", WHOLE, "shortest paths between two pods"),
        _proved("bisection_cables", WHOLE, "fewest cables between two halves of the endpoints"),
        Column("bisection_bracket", LIST, "at least and at most, where the exact number is not known",
               lambda f: f.proof.bisection_bracket and list(f.proof.bisection_bracket), absent=True),
        Column("scale_up", OBJECT, "switches and cables inside nodes", lambda f: _scale_up(f.topology)),
        Column("proof", OBJECT, "what holds; a key is absent where it was not computed", lambda f: _proof_row(f.proof)),
    ),
)  # fmt: skip


def show(topology: Topology) -> Answer[Topology]:
    """Return what a wiring is made of and what was proved of it, in one row; unknown keys are absent."""
    from topologies.proofs import proof

    low = topology.ends[topology.is_cable, 0]
    to_devices = ~topology.is_switch[low] & (~topology.forwards[low] | (low >= topology.devices))
    fact = Wiring(topology, proof(topology), len(low), int(to_devices.sum()))
    return Answer(VIEW, (topology,), (fact,))


def describe(topology: Topology) -> Row:
    """Return the row of one topology: scale-out counts, what is inside nodes, and the proof."""
    (row,) = show(topology).rows()
    return row


def _scale_up(topology: Topology) -> Row:
    """Return how many switches and cables stand inside nodes."""
    from topologies.base import SCALE_UP

    if SCALE_UP not in topology.levels:
        return {"switches": 0, "cables": 0}
    cables = topology.level == topology.scale_up_level
    return {"switches": int((topology.tier == topology.scale_up_tier).sum()), "cables": int(cables.sum())}


def _proof_row(found: Proof) -> Row:
    """Return the proof as plain values; path counts are [fewest, most] per distance in hops between leaves."""
    row: Row = {
        "connected": found.connected,
        "connected_through_nodes": found.through_nodes,
        "tiers_monotonic": found.monotonic,
        "ports_used": dict(found.ports),
        "ports_unused": None if found.ports_unused is None else dict(found.ports_unused),
        "radix": found.radix,
        "within_ports": found.within_ports,
        "skipped": found.skipped,
    }
    if found.paths is not None:
        row |= {
            "path_counts": {str(hops): list(counts) for hops, counts in found.paths.counts.items()},
            "paths_uniform": found.paths.uniform,
            "paths_break": found.paths.breaks,
            "paths_sampled_sources": found.paths.sources,
        }
    if found.sampled is not None:
        row |= {
            "sampled": True,
            "sampled_sources": found.sampled.sources,
            "sampled_of": found.sampled.of,
            "switch_diameter_at_least": found.sampled.switch_diameter_at_least,
            "endpoint_diameter_at_least": found.sampled.endpoint_diameter_at_least,
        }
    return _known(row | {"problems": list(found.problems)})


def _known(row: Row) -> Row:
    """Return the row without the keys that were not computed."""
    return {key: value for key, value in row.items() if value is not None}
