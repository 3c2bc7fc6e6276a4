"""`audit DUMP --design TOPO`: what is built against what was designed. It does not know how wirings are matched."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, warn
from fabric.cli.read import only_option
from topologies.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fabric.formats.defects import Defect
    from fabric.formats.named import Named
    from topologies.audit import Finding, Findings

SHOWN = 60
"""Findings printed for a reader; --json and --csv have them all."""
WORDS = {
    "missing": "missing cable",
    "extra": "extra cable",
    "swapped": "swapped cables",
    "moved": "host on another leaf",
    "swapped_hosts": "swapped hosts",
    "width": "width",
    "missing_switch": "missing switch",
    "extra_switch": "extra switch",
    "missing_host": "missing host",
    "extra_host": "extra host",
    "wrong_port": "wrong port",
    "speed": "speed",
    "in_dump": "in the dump",
}
FEW = 0.95
"""Below this share of matched cables the reader is told that the matching itself may have failed."""
Row = dict[str, Any]


@click.command(
    "audit",
    epilog="Example: fabricbench audit ibnetdiscover.out --design leaf_spine:leaves=32,spines=9,hosts_per_leaf=18,uplinks=18",
    context_settings={"max_content_width": 110},
)
@click.argument("dump", type=click.Path(path_type=Path))
@click.option("--design", required=True, metavar="TOPO", help="Short form, YAML of a fabric, or a file that `read` reads.")
@click.option("--format", "kind", metavar="FORMAT", help="The dump's format; by default it is told by its content.")
@click.option(
    "--trust",
    type=click.Choice(["nothing", "names", "ports"]),
    default="nothing",
    help="What identifies a vertex: its cables alone, its name, or its name and ports.",
)
@only_option
@formats
def command(
    dump: Path, design: str, kind: str | None, trust: str, *, only: tuple[str, ...], as_json: bool, as_csv: bool
) -> int:
    """List where a built fabric differs from its design: exit code 1 where it does.

    What is wrong inside the dump itself (a cable to its own switch, ends that state two widths, a described switch without
    its block) is listed with its line; lines of the text that are none of the format's are told on standard error.

    Without trusted names the wiring alone decides which switch is which: what a relabelling explains is no fault, and
    what fits several switches equally well is listed as ambiguous. Hosts of one leaf are alike until names are trusted.
    """
    from fabric.formats import files
    from fabric.formats.defects import shown
    from fabric.formats.only import select
    from fabric.network.audit import slow_cables
    from topologies.audit import audit

    built, plan = select(files.read(dump, kind), only), files.load(design)
    found = audit(built.topology, plan.topology, place=None if trust == "nothing" else by_name(built, plan))
    rows = [_row(f, built, plan) for f in found.findings]
    rows += [_slow(s, built) for s in slow_cables(built.fabric, plan.fabric, found, built.stated)]
    rows += _wrong_ports(built, plan, found) if trust == "ports" else []
    rows += [_in_dump(defect) for defect in built.defects if defect.of_fabric]
    about = {"dump": str(dump), "design": plan.topology.name, "cables_matched": found.matched, "trust": trust}
    if not emit("audit", rows, as_json=as_json, as_csv=as_csv, **about):
        _print(rows, about)
    if found.matched < FEW and trust == "nothing":
        warn(f"only {found.matched:.1%} of the cables match: another design, or one to match with --trust names only")
    of_text = [defect for defect in built.defects if not defect.of_fabric]
    for line in [*shown(of_text, str(dump)), *(f"{dump}: {loss}" for loss in built.losses)]:
        warn(line)
    return 1 if rows else 0


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


def _slow(slow: Any, built: Named) -> Row:  # fabric.network.audit.Slow, imported when the verb runs
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


def _print(rows: list[Row], about: Row) -> None:
    click.echo(f"{about['dump']} against {about['design']}: {about['cables_matched']:.2%} of the designed cables are there")
    counts = Counter(row["kind"] for row in rows)
    click.echo("  " + (", ".join(f"{WORDS[kind]}: {count:,}" for kind, count in counts.items()) or "no differences"))
    for row in rows[:SHOWN]:
        click.echo(f"  {WORDS[row['kind']]:20} {_told(row)}")
    if len(rows) > SHOWN:
        click.echo(f"  ... and {len(rows) - SHOWN:,} more; --json and --csv list them all")


def _told(row: Row) -> str:
    """Return what a row says behind its kind."""
    if row["kind"] == "in_dump":
        return f"line {row['line']}: {row['told']}" if row["line"] else str(row["told"])
    text = " - ".join([*row.get("designed", []), *row["vertices"]]) or f"level {row.get('level')}"
    text += f"  x{row['count']}" if row["count"] > 1 else ""
    if "lanes" in row:
        text += f"  {row['lanes']['observed']:g} lanes of {row['lanes']['designed']:g}"
    if row["kind"] == "speed":
        text += f"  {row['observed_bytes_per_s'] / 1e9:.4g} GB/s instead of {row['designed_bytes_per_s'] / 1e9:.4g} GB/s"
    if row["kind"] == "wrong_port":
        text = f"{' to '.join(row['observed'])}, designed {' to '.join(row['designed'])}"
    return text + (f"  (ambiguous: or {', '.join(row['or_equally'][:4])})" if row["ambiguous"] else "")
