"""`equivalent`: how many of another node do the same work in the same time, and at what power, price and space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View, maybe

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.review.equivalent import Found
    from fabric.review.footprint import Footprint
    from fabric.review.work import Item


@dataclass(frozen=True)
class Equal:
    """A candidate beside what its nodes take: those that suffice, else none."""

    found: Found
    takes: Footprint | None
    reference: bool = False

    @property
    def stated(self) -> str:
        """The count with its ends where they differ, or why there is none."""
        found = self.found
        if found.nodes is None:
            return "-" if found.why and not found.largest else "none"
        ends = ["none" if end is None else f"{end:,}" for end in (found.fewest, found.most)]
        return f"{found.nodes:,}" if ends == [f"{found.nodes:,}"] * 2 else f"{found.nodes:,} ({' to '.join(ends)})"


def _found(key: str) -> Callable[[Equal], object]:
    return lambda equal: getattr(equal.found, key)


def _takes(key: str, end: int | None = None) -> Callable[[Equal], object]:
    def of(equal: Equal) -> object:
        value = getattr(equal.takes, key) if equal.takes else None
        return value if end is None or value is None else value[end]

    return of


def _range(key: str, unit: float) -> Callable[[Equal], str]:
    def cell(equal: Equal) -> str:
        ends = getattr(equal.takes, key) if equal.takes else None
        texts = dict.fromkeys(f"{end / unit:,.3g}" if end / unit < 1000 else f"{end / unit:,.0f}" for end in ends or ())
        return " to ".join(texts) or "-"

    return cell


VIEW = View(
    "equivalent",
    (
        Column("name", TEXT, "the node, with what was said of its fabric", _found("name"), head="node"),
        Column("reference", YES_NO, "whether it is what the others are compared with"),
        Column("nodes", maybe(WHOLE), "fewest nodes that do the work in the same time, null where none that was tried does",
               _found("nodes"), head="nodes", cell=lambda equal: equal.stated),
        Column("nodes_low", maybe(WHOLE), "by the contradicting facts that favour it", _found("fewest")),
        Column("nodes_high", maybe(WHOLE), "by the contradicting facts that hurt it", _found("most")),
        Column("devices", maybe(WHOLE), "of so many nodes", _takes("devices"), head="devices"),
        Column("share", NUMBER, "of the reference's work: at that count, else the most that any count tried does",
               _found("reaches"), head="share", cell=lambda equal: f"{equal.found.reaches:.2f}" if equal.found.rate else "-"),
        Column("stops_at_nodes", maybe(WHOLE), "from where on twice as many do less than 1.25 times; null: not tried",
               _found("stops_at"), head="stops at"),
        Column("largest_tried_nodes", WHOLE, "the most nodes tried", _found("largest"), head="tried to"),
        Column("watts_low", maybe(NUMBER), "W of all devices, by the lowest fact", _takes("watts", 0), head="kW",
               cell=_range("watts", 1e3)),
        Column("watts_high", maybe(NUMBER), "W of all devices, by the highest fact", _takes("watts", 1)),
        Column("price_low_usd", maybe(NUMBER), "USD of all devices, lowest offer", _takes("price", 0), head="million USD",
               cell=_range("price", 1e6)),
        Column("price_high_usd", maybe(NUMBER), "USD of all devices, highest offer", _takes("price", 1)),
        Column("rent_low_usd_per_hour", maybe(NUMBER), "USD an hour of all devices, lowest offer", _takes("rent", 0),
               head="USD/h", cell=_range("rent", 1.0)),
        Column("rent_high_usd_per_hour", maybe(NUMBER), "USD an hour of all devices, highest offer", _takes("rent", 1)),
        Column("servers", maybe(WHOLE), "boxes", _takes("servers"), head="servers"),
        Column("racks", maybe(WHOLE), "racks of four servers, a rack-scale domain as one", _takes("racks"), head="racks"),
        Column("why", maybe(TEXT), "why nothing can be said, or no more were tried", lambda equal: equal.found.why or None),
    ),
    beside={"work": TEXTS, "assumptions": TEXTS},
)  # fmt: skip


def equivalent(
    of: Fabric,
    candidates: Sequence[str],
    work: Sequence[Item],
    *,
    by: str = "wire",
    algorithm: str | None = None,
    most_devices: int = 4096,
    watch: Callable[[str], None] | None = None,
) -> Answer[Equal]:
    """Return, per candidate, the fewest nodes that do the reference's work in the same time, and what they take.

    of: a fabric of a node of the catalogue. candidates: NODE, or NODE:key=value,... of its fabric. work: what every device and
    all together do in a round (fabric.review.work). by: `wire`: no library, fastest algorithm; `library`: each node's own.
    most_devices: of a candidate's cluster. watch: told the candidate that is worked on.

    Raises:
        InputError: a reference without a node, an unknown candidate, or a reference that cannot do the work.
    """
    from fabric.review.equivalent import equivalents
    from fabric.review.footprint import footprint

    found = equivalents(of, candidates, work, by=by, algorithm=algorithm, most_devices=most_devices, watch=watch)
    facts = (_reference(of, found), *(Equal(one, footprint(one.node, one.nodes) if one.nodes else None) for one in found))
    title = f"as much as {of.name} does of {', '.join(map(_said, work))} in the same time"
    assumed = _assumptions(of, found, by)
    notes = (*_lines(found), *(f"assumed: {line}" for line in assumed))
    beside = {"work": [_said(item) for item in work], "assumptions": assumed}
    return Answer(VIEW, facts, facts, parts=(Part(title, facts, notes=notes),), beside=beside)


def _reference(of: Fabric, found: Sequence[Found]) -> Equal:
    from fabric.review.clusters import node_of
    from fabric.review.equivalent import Found
    from fabric.review.footprint import footprint

    node, count, needed = node_of(of), of.topology.nodes, found[0].needed
    return Equal(
        Found(of.name, node, needed, count, count, count, needed, largest=count), footprint(node, count), reference=True
    )


def _said(item: Item) -> str:
    from fabric.units import show_size

    amount = f"{item.amount:g} FLOP" if item.what == "flops" else show_size(int(item.amount))
    return f"{item.what} {amount}" + (f" x {item.count}" if item.count > 1 else "")


def _lines(found: Sequence[Found]) -> list[str]:
    """Return a line for each candidate of which no count suffices."""
    return [_line(one) for one in found if one.nodes is None]


def _line(one: Found) -> str:
    if not one.largest:
        return f"{one.name}: nothing can be said: {one.why}"
    reach = f"{one.name}: none of up to {one.largest:,} nodes suffices; they reach {100 * one.reaches:.0f} %"
    stop = f"the network stops scaling at {one.stops_at:,} nodes" if one.stops_at else "it still scales there"
    return f"{reach}; {stop}" + (f"; more were not tried: {one.why}" if one.why else "")


def _assumptions(of: Fabric, found: Sequence[Found], by: str) -> list[str]:
    ways = {
        "wire": "collectives: wire alone (alpha = gamma = 0), fastest algorithm on every side",
        "library": "collectives: each node's own library; without a model of it the wire alone, which favours that node",
    }
    lines = ["a round of n devices does n units; arithmetic, memory and collectives follow each other, nothing overlaps",
             ways[by],
             "arithmetic and memory at the peaks stated: no achieved share is taken off",
             "kW, USD and USD/h are of devices alone: hosts, network and cooling are left out"]  # fmt: skip
    nodes = {one.node.name: one.node for one in found} | ({of.node.name: of.node} if of.node else {})
    return lines + [line for node in nodes.values() for line in node.assumptions()]
