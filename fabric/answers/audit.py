"""`audit`: what is built against what was designed, by name. It does not know how wirings are matched, and prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, OBJECT, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Row, View
from topologies.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fabric.formats.defects import Defect
    from fabric.formats.named import Named
    from fabric.network.audit import Slow
    from topologies.audit import Finding, Findings

TRUST = ("nothing", "names", "ports")
"""What identifies a vertex: its cables alone, its name, or its name and ports."""
FEW = 0.95
"""Below this share of matched cables the reader is told that the matching itself may have failed."""
VIEW = View(
    "audit",
    (
        Column("kind", TEXT, "missing, extra, swapped, moved, swapped_hosts, width, speed, wrong_port, in_dump ..."),
        Column("vertices", TEXTS, "names in the dump"),
        Column("count", WHOLE, "parallel cables"),
        Column("ambiguous", YES_NO, "whether other vertices fit equally well"),
        Column(
            "designed", TEXTS, "names in the design of what is not in the dump, or the ports that were designed", absent=True
        ),
        Column("observed", TEXTS, "ports that are there", absent=True),
        Column("lanes", OBJECT, "observed and designed", absent=True),
        Column("or_equally", TEXTS, "vertices that fit equally well", absent=True),
        Column("level", TEXT, "whose speed is not the design's", absent=True),
        Column("observed_bytes_per_s", NUMBER, "speed that is there", absent=True),
        Column("designed_bytes_per_s", NUMBER, "speed that was designed", absent=True),
        Column("defect", TEXT, "of in_dump: loopback, repeated, missing, one_sided, contradicted or uneven", absent=True),
        Column("line", WHOLE, "of in_dump: the dump's line; 0: the dump as a whole", absent=True),
        Column("told", TEXT, "of in_dump: what was seen and done", absent=True),
    ),
    beside={"dump": TEXT, "design": TEXT, "cables_matched": NUMBER, "trust": TEXT},
)


def audit(built: Named, plan: Named, trust: str = "nothing", dump: str = "") -> Answer[Row]:
    """Return where a built fabric differs from its design, a row each, and the flaws of its dump that may be its own.

    dump: what the built one was read from, for warnings.

    Raises:
        InputError: trust that does not exist, or names or ports that one of the two does not have.
    """
    from fabric.formats.defects import shown
    from fabric.network.audit import slow_cables
    from topologies.audit import audit as differences

    if trust not in TRUST:
        raise InputError(f"trust: must be one of {', '.join(TRUST)}, got {trust!r}")
    found = differences(built.topology, plan.topology, place=None if trust == "nothing" else by_name(built, plan))
    rows = [_row(f, built, plan) for f in found.findings]
    rows += [_slow(s, built) for s in slow_cables(built.fabric, plan.fabric, found, built.stated)]
    rows += _wrong_ports(built, plan, found) if trust == "ports" else []
    rows += [_in_dump(defect) for defect in built.defects if defect.of_fabric]
    beside = {"dump": dump, "design": plan.topology.name, "cables_matched": found.matched, "trust": trust}
    doubt = [f"only {found.matched:.1%} of the cables match: another design, or one to match with --trust names only"]
    of_text = shown((defect for defect in built.defects if not defect.of_fabric), dump)
    losses = [*of_text, *(f"{dump}: {loss}" for loss in built.losses)]
    unsure = found.matched < FEW and trust == "nothing"
    return Answer(VIEW, tuple(rows), beside=beside, warnings=(*(doubt if unsure else []), *losses))


def by_name(built: Named, plan: Named) -> NDArray[np.int64]:
    """Return observed vertex -> designed vertex of the same name, -1 where the design has none.

    Raises:
        InputError: no name of the dump is in the design.
    """
    import numpy as np

    known = {name: v for v, name in enumerate(plan.names)}
    place = np.array([known.get(name, -1) for name in built.names], dtype=np.int64)
    if (place < 0).all():
        seen, wanted = built.names[0], plan.names[0]
        raise InputError(f"trust: names must be those of the design; the dump has {seen!r} ..., the design {wanted!r} ...")
    return place


def _row(finding: Finding, built: Named, plan: Named) -> Row:
    row: Row = {
        "kind": "swapped_hosts" if finding.kind == "swapped" and _hosts(finding, built) else finding.kind,
        "vertices": [built.names[v] for v in finding.vertices],
        "count": finding.count,
        "ambiguous": finding.ambiguous,
    }
    if finding.designed:
        row["designed"] = [plan.names[v] for v in finding.designed]
    if finding.kind == "width":
        row["lanes"] = {"observed": finding.lanes[0], "designed": finding.lanes[1]}
    if finding.instead:
        row["or_equally"] = [built.names[v] for v in finding.instead]
    return row


def _in_dump(defect: Defect) -> Row:
    row: Row = {"kind": "in_dump", "vertices": [], "count": 1, "ambiguous": False}
    return row | {"defect": defect.kind, "line": defect.line, "told": defect.told}


def _hosts(finding: Finding, built: Named) -> bool:
    """Return whether two hosts changed places: each has the other's cable."""
    return sum(v < built.topology.devices for v in finding.vertices) == 2


def _slow(slow: Slow, built: Named) -> Row:
    ends = [] if slow.cable < 0 else [built.names[v] for v in built.topology.ends[slow.cable]]
    speeds = {"observed_bytes_per_s": slow.observed, "designed_bytes_per_s": slow.designed}
    return {"kind": "speed", "vertices": ends, "count": 1, "ambiguous": False, "level": slow.level, **speeds}


def _wrong_ports(built: Named, plan: Named, found: Findings) -> list[Row]:
    """Return the cables that join the right vertices at other ports than designed.

    Raises:
        InputError: the design names no ports, or the dump does not.
    """
    if not (built.ports and plan.ports):
        raise InputError(
            "trust: ports must be in the dump and in the design (a csv with source_port and target_port), one has none"
        )
    parallel: dict[tuple[str, ...], list[set[tuple[str, ...]]]] = {}
    for pair in found.cables.tolist():
        for side, (named, cable) in enumerate(zip((built, plan), pair, strict=True)):
            ends = [
                f"{named.names[v]} port {p}"
                for v, p in zip(named.topology.ends[cable], named.ports.get(cable, "??"), strict=True)
            ]
            key = tuple(sorted(named.names[v] for v in named.topology.ends[cable]))
            parallel.setdefault(key, [set(), set()])[side].add(tuple(sorted(ends)))
    rows = []
    for key, (ours, theirs) in parallel.items():
        rows += [
            {"kind": "wrong_port", "vertices": list(key), "count": 1, "ambiguous": False, "observed": a, "designed": b}
            for a, b in zip(sorted(ours - theirs), sorted(theirs - ours), strict=False)
        ]
    return rows
