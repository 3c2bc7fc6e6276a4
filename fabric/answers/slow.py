"""`slow`: which rank or node is slow, and what crosses between two halves, beside what a fabric can carry. It measures nothing.

One view for what a method finds: units, comparisons of halves, or cuts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, WHOLE, YES_NO, Answer, Column, Part, Row, View, maybe
from fabric.records.ranges import MOST_LEAST
from fabric.text.numbers import real
from fabric.units import show_duration, show_size
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.slow.logs import Tell
    from fabric.slow.search import Report, Search

FEW = 8
"""Units of a half that the table names."""
BESIDE = {
    "method": TEXT, "unit": TEXT, "verdict": TEXT, "slow": {"type": "array", "items": WHOLE}, "wrong": WHOLE, "context": OBJECT,
}  # fmt: skip


def _share(key: str) -> Any:
    return lambda row: "-" if row[key] is None else f"{row[key]:.2f}"


def _plain(key: str) -> Any:
    return lambda row: str(row[key])


def _rate(key: str) -> Any:
    return lambda row: "-" if row[key] is None else f"{row[key] / 1e9:.3g}"


def _units(key: str) -> Any:
    return lambda row: " ".join(map(str, row[key][:FEW])) + (f" ... ({len(row[key])})" if len(row[key]) > FEW else "")


UNITS = View(
    "slow",
    (
        Column("rank", WHOLE, "the unit, where ranks are compared", absent=True, head="rank", cell=_plain("rank")),
        Column("node", WHOLE, "the server it stands on, or the unit itself", head="node", cell=_plain("node")),
        Column("factor", NUMBER, "its time / the others' time", head="factor", cell=_share("factor")),
        Column("low", maybe(NUMBER), "low end of the factor's interval", head="low", cell=_share("low")),
        Column("high", maybe(NUMBER), "high end", head="high", cell=_share("high")),
        Column("samples", WHOLE, "behind it", head="samples", cell=_plain("samples")),
        Column("slow", YES_NO, "whether the whole interval is above what was asked for", head=" ",
               cell=lambda row: "slow" if row["slow"] else ""),
        Column("late_seconds", NUMBER, "by how much the others wait less than the longest wait", absent=True,
               head="others wait less by", cell=lambda row: show_duration(row["late_seconds"])),
    ),
    beside=BESIDE,
)  # fmt: skip
HALVES = View(
    "slow",
    (
        Column("comparison", WHOLE, "its number", head="comparison", cell=_plain("comparison")),
        Column("first", LIST, "units of one half", head="first half", cell=_units("first")),
        Column("seconds_first", NUMBER, "of a call in it", head="a call", cell=lambda row: show_duration(row["seconds_first"])),
        Column("second", LIST, "units of the other half", head="second half", cell=_units("second")),
        Column("seconds_second", NUMBER, "of a call in it", head="a call",
               cell=lambda row: show_duration(row["seconds_second"])),
    ),
    beside=BESIDE,
)  # fmt: skip
RATIO = Column(
    "ratio", NUMBER, "first / second", head="ratio", cell=lambda row: f"{row['seconds_first'] / row['seconds_second']:.2f}"
)
SUSPECTS = View(
    "slow",
    (
        Column("layer", TEXT, "collective or pairs; of logs their collective, and NIC", head="layer"),
        Column("state", TEXT, "slow, open (undecided), contended (accused, not confirmed), cleared, or untested", head="state"),
        Column("kind", TEXT, "device, rail, node, switch, boundary (what leads out of a group), pair (what goes between two), "
               "software or hung", head="what"),
        Column("name", TEXT, "the node's, the switch's, or the groups on both sides", head="name"),
        Column("suspects", LIST, "their numbers: nodes, then boundaries, what smallest groups hang on, then pairs of groups"),
        Column("parts", LIST, "rails or devices of the node", head="of it", cell=lambda row: " ".join(map(str, row["parts"]))),
        Column("factor", maybe(NUMBER), "its time / the others' time, of the confirming tests", head="factor",
               cell=_share("factor")),
        Column("low", maybe(NUMBER), "low end of the factor's interval", head="low", cell=_share("low")),
        Column("high", maybe(NUMBER), "high end", head="high", cell=_share("high")),
        Column("probability", maybe(NUMBER), "that it is slow, by all tests", head="probability",
               cell=lambda row: "-" if row["probability"] is None else f"{row['probability']:.3f}"),
        Column("tests", WHOLE, "with it; that confirmed a boundary, met a pair", head="tests", cell=_plain("tests")),
        Column("differs", LIST, "what of its software and settings only slow ones have otherwise than most", absent=True),
    ),
    beside={**BESIDE, "drain": {"type": "array", "items": TEXT}, "undecided": YES_NO,
            "next": {"type": "array", "items": TEXT}},
)  # fmt: skip
CUT = (
    Column("order", TEXT, "of the ranks that are cut in the middle", head="order"),
    Column("pairs", WHOLE, "that exchange at once", head="pairs", cell=_plain("pairs")),
    Column("idle_ranks", WHOLE, "without a partner", head="idle", cell=_plain("idle_ranks")),
    Column("first_half", LIST, "ranks of one half"),
    Column("second_half", LIST, "their partners"),
    Column("nbytes", WHOLE, "of an exchange, each way", head="size", cell=lambda row: show_size(row["nbytes"])),
    Column("bytes_per_second", NUMBER, "each way, all pairs together", head="GB/s each way", cell=_rate("bytes_per_second")),
    Column("low", maybe(NUMBER), "low end of its interval", head="low", cell=_rate("low")),
    Column("high", maybe(NUMBER), "high end", head="high", cell=_rate("high")),
    Column("samples", WHOLE, "behind it", head="samples", cell=_plain("samples")),
)
BOUND = (
    Column("bound_bytes_per_second", maybe(NUMBER), "what the fabric can carry across the cut", head="the fabric's",
           cell=_rate("bound_bytes_per_second")),
    Column("share_of_bound", maybe(NUMBER), "bytes_per_second / bound", head="share",
           cell=lambda row: "-" if row["share_of_bound"] is None else f"{100 * row['share_of_bound']:.0f} %"),
)  # fmt: skip
CUTS, CUTS_OF_FABRIC = View("slow", CUT, beside=BESIDE), View("slow", (*CUT, *BOUND), beside=BESIDE)
VIEWS = (UNITS, HALVES, CUTS, CUTS_OF_FABRIC, SUSPECTS)


def check_fabric(search: Search) -> None:
    """Return nothing where a search can be put beside a fabric.

    Raises:
        InputError: it is neither a search nor a bisection.
    """
    if search.method not in ("search", "bisection"):
        raise InputError(f"topo: is of --method search and bisection, got it with {search.method}")


def answer_of(
    found: Report, fabric: Fabric | None = None, backend: str | None = None, drain: tuple[str, ...] = ()
) -> Answer[Row]:
    """Return a search's report as an answer. fabric: what the cuts are put beside, for this backend.

    drain: command lines that take what is slow out of service.

    Raises:
        InputError: a fabric with fewer devices than ranks.
    """
    if fabric is not None and found.method == "bisection":
        found = _beside_bound(found, fabric, backend)
    view, keys = _table(found)
    rows = tuple(dict(row) for row in found.rows)
    shown = tuple(sorted(rows, key=lambda row: -row["factor"])) if view is UNITS else rows
    title = f"slow: {found.method} on {found.context['launch_ranks']} ranks, {found.context['source']}"
    title = f"slow: {found.context['source']}" if "from" in found.context else title
    beside = {
        "method": found.method,
        "unit": found.unit,
        "verdict": found.verdict,
        "slow": list(found.slow),
        "wrong": found.wrong,
    }
    notes: tuple[str, ...] = (found.verdict,)
    if view is SUSPECTS:
        shown = tuple(row for row in rows if row["state"] not in ("cleared", "untested"))
        then = list(found.context.get("next", ()))
        beside |= {"drain": list(drain), "undecided": bool(found.context["undecided"]), "next": then}
        notes += tuple(line for state in ("cleared", "untested") for line in _in_state(rows, state))
        notes += tuple(f"not the same on all ranks: {line}" for line in found.context.get("differs", ()))
        notes += tuple(f"next: {line}" for line in then[:FEW])
        notes += (f"next: {len(then) - FEW} more, in --json",) if len(then) > FEW else ()
        notes += tuple(f"to take it out: {line}" for line in drain)
    part = Part(title, shown, keys, notes)
    return Answer(view, rows, parts=(part,), beside={**beside, "context": dict(found.context)})


def _in_state(rows: Sequence[Row], state: str) -> list[str]:
    """Return the lines that list who is in a state: in all layers, then, layer by layer, who is in another one elsewhere."""
    states: dict[str, set[str]] = {}
    for row in rows:
        states.setdefault(row["name"], set()).add(row["state"])
    everywhere = [name for name, seen in states.items() if seen == {state}]
    lines = [f"{state}: {_some(everywhere)}"] if everywhere else []
    for layer in dict.fromkeys(row["layer"] for row in rows):
        own = [r["name"] for r in rows if r["layer"] == layer and r["state"] == state and states[r["name"]] != {state}]
        lines += [f"{state} in {layer} alone: {_some(own)}"] if own else []
    return lines


def from_logs(
    path: Path, fabric: Fabric | None = None, *, least: float = 0.1, nbytes: int | None = None, tell: Tell = lambda _: None
) -> Report:
    """Return who is slow by logs of groups and pairs of hosts. least: name what is slower by more. nbytes: only this size.

    tell: of logs that are left out, and why.

    Raises:
        InputError: no log that can be used, a host that the fabric does not have, a group larger than it.
    """
    from fabric.slow import logs, offline
    from fabric.slow.commands import command_lines
    from fabric.slow.tree import Tree

    real(least, "least", 0, MOST_LEAST, above=True)
    known = offline.node_names(fabric) if fabric is not None else {}
    layers = logs.layers(path, known, tell, nbytes)

    def commands(tree: Tree, one: offline.Known) -> list[str]:
        return command_lines(one.layer, [[tree.names[n] for n in test.nodes] for test in one.next], path)

    return offline.report(layers, fabric, least, commands, str(path))


def write_page(path: Path, found: Report, drain: tuple[str, ...] = ()) -> None:
    """Write a page of a search or of logs: verdict, the fabric with suspects and cleared parts, findings, lines, evidence.

    Raises:
        InputError: a file that cannot be written.
    """
    from fabric.report.page.html_file import save
    from fabric.report.slow.page import page

    save(path, page(found.verdict, found.rows, found.context, found.context.get("next", ()), drain).encode())


def view_of(method: str, rows: Sequence[Mapping[str, Any]]) -> View:
    """Return the view of a method's rows."""
    if method == "bisection":
        return CUTS_OF_FABRIC if any("bound_bytes_per_second" in row for row in rows) else CUTS
    return {"search": SUSPECTS, "groups": HALVES}.get(method, UNITS)


def _some(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (f" ... ({len(names)})" if len(names) > FEW else "")


def _table(found: Report) -> tuple[View, tuple[str | Column, ...] | None]:
    """Return the view of a method's rows, and the columns of its table where they are not all."""
    view = view_of(found.method, found.rows)
    if view is HALVES:
        return view, ("comparison", "first", "seconds_first", "second", "seconds_second", RATIO)
    if view is not UNITS:
        return view, None
    late = ("late_seconds",) if any("late_seconds" in row for row in found.rows) else ()
    return UNITS, (found.unit, "node", "factor", "low", "high", "samples", *late, "slow")


def _beside_bound(found: Report, fabric: Fabric, backend: str | None) -> Report:
    """Return the report with what the fabric can carry across every cut."""
    from fabric.predict.halves import between

    rows = []
    for row in found.rows:
        devices = fabric.topology.devices
        if found.context["launch_ranks"] > devices and not fabric.carriers:
            raise InputError(f"topo: must have {found.context['launch_ranks']} devices or more, got {devices}")
        most = between(fabric, row["first_half"], row["second_half"], backend=backend)
        rows.append({**row, "bound_bytes_per_second": most, "share_of_bound": row["bytes_per_second"] / most if most else None})
    return replace(found, rows=rows)
