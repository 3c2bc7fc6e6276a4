"""`fleet place`: where one job goes now under every policy, what its collective takes there, and the best found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.fleet.asked import JobCase
    from fabric.fleet.fleet import Fleet
    from fabric.fleet.place import Placed, Places
    from fabric.fleet.policy import SchedulingPolicy
    from fabric.predict.constants import Constants
    from fabric.workload.job import JobStep

FEW, WIDE = 6, 70
"""Nodes that a table's cell names, and characters it takes, at most."""
HARDLY = 0.005
"""Regret below which placement hardly matters."""


@dataclass(frozen=True)
class Named:
    """A placement with its nodes' names."""

    placed: Placed
    names: tuple[str, ...]


def _of(key: str) -> Callable[[Named], object]:
    return lambda fact: getattr(fact.placed, key)


def _nodes(fact: Named) -> str:
    from fabric.formats.hostlist import compress

    text = compress(fact.names)
    if len(text) <= WIDE:
        return text
    few = ", ".join(fact.names[:FEW])
    return f"{few if len(few) <= WIDE else fact.names[0]} ... {len(fact.names)} nodes"


VIEW = View(
    "fleet-place",
    (
        Column("by", TEXT, "the policy, or `best`", _of("by"), head="policy"),
        Column("leaves", WHOLE, "leaf groups that it spans", _of("leaves"), head="leaves"),
        Column("seconds", NUMBER, "of the job there, alone on the fabric", _of("seconds"), head="predicted",
               cell=lambda f: show_duration(f.placed.seconds)),
        Column("regret", NUMBER, "seconds over those of the best found - 1", _of("regret"), head="regret",
               cell=lambda f: f"{100 * f.placed.regret:.1f} %"),
        Column("nodes", TEXTS, "names of the nodes", lambda f: list(f.names), head="nodes", cell=_nodes),
    ),
    beside={
        "job": TEXT, "fleet": TEXT, "free_nodes": WHOLE, "nodes": WHOLE, "fewest_leaves": WHOLE, "exact": YES_NO,
        "evaluated": WHOLE, "waits": TEXTS,
    },
)  # fmt: skip


def fleet_place(
    fleet: Fleet,
    job: JobCase | JobStep,
    free: Sequence[str] | None = None,
    *,
    policies: Sequence[SchedulingPolicy] | None = None,
    constants: Constants | None = None,
    routing: str = "ideal",
) -> Answer[Placed]:
    """Return where every policy puts a job now, what its collective or step takes there, and the best placement found.

    fleet: with a fabric. free: names of the nodes that are wholly free, None: all that are on. policies: None: one per kind of
    placement that knows whole nodes. constants: None takes those of the fabric's node. routing: how traffic is split.

    Raises:
        InputError: an unknown node, fewer free nodes than the job needs, or what cannot be predicted.
    """
    import numpy as np

    from fabric.fleet.asked import JobCase, Timer, node_names, numbers_of
    from fabric.fleet.place import place
    from fabric.fleet.policy import policy
    from fabric.predict.of_node import constants_on

    own = constants
    if isinstance(job, JobCase) and fleet.fabric is not None:
        own = constants_on(fleet.fabric, {job.collective}, constants)
    timer = Timer(fleet, job, own, routing)
    there = fleet.node_on
    if free is not None:
        there = there & np.isin(np.arange(fleet.nodes), numbers_of(fleet, free, "free"))
    chosen = policies or [policy(name) for name in ("scattered", "tree", "blocks", "preferred")]
    found = place(timer, there, chosen)
    names = node_names(fleet)
    facts = tuple(Named(one, tuple(names[node] for node in one.nodes)) for one in (*found.placed, found.best))
    text = job.text
    how = "all kinds of placements timed" if found.exact else f"{found.evaluated:,} placements timed: a better one may exist"
    title = f"{text}: {timer.count:,} of {int(there.sum()):,} free nodes of {fleet.name}; best: {how}"
    notes = _notes(found, routing)
    return Answer(
        VIEW,
        (*found.placed, found.best),
        facts,
        parts=(Part(title, facts, None, tuple(notes)),),
        beside={
            "job": text,
            "fleet": fleet.name,
            "free_nodes": int(there.sum()),
            "nodes": timer.count,
            "fewest_leaves": found.fewest,
            "exact": found.exact,
            "evaluated": found.evaluated,
            "waits": list(found.waits),
        },
    )


def _notes(found: Places, routing: str) -> list[str]:
    """Return what is to be said beside the table: fewest leaves, who waits, why the best spreads, whether it matters."""
    notes = [f"it needs {found.fewest} leaves at least on these free nodes; times are alone on the fabric ({routing} routing)"]
    notes += [f"{name}: the job waits" for name in found.waits]
    if found.best.leaves > found.fewest and any(one.leaves < found.best.leaves and one.regret > 0 for one in found.placed):
        notes.append(
            "the best spans more leaves than the job needs: alone, each leaf's uplinks then carry less; beside other jobs "
            "those uplinks are shared, and packing shields it"
        )
    if found.placed and max(one.regret for one in found.placed) < HARDLY:
        notes.append("every policy is within 0.5 % of the best: for this job alone placement hardly matters on this fabric")
    return notes
