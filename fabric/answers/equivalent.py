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
    from fabric.review.steps import Work
    from fabric.review.work import Item
    from fabric.workload.step import TrainingStep


Ends = tuple[float, "float | None"]


@dataclass(frozen=True)
class Equal:
    """A candidate beside what its nodes take: those that suffice, else none.

    ends: the same of the counts by the facts that favour it and that hurt it; None where no count suffices by these.
    """

    found: Found
    takes: Footprint | None
    ends: tuple[Footprint | None, ...] = ()
    reference: bool = False

    @property
    def stated(self) -> str:
        """The count with its ends where they differ, or why there is none."""
        found = self.found
        if found.nodes is None:
            return "-" if found.why and not found.largest else "none"
        ends = ["none" if end is None else f"{end:,}" for end in (found.fewest, found.most)]
        return f"{found.nodes:,}" if ends == [f"{found.nodes:,}"] * 2 else f"{found.nodes:,} ({' to '.join(ends)})"

    def range(self, key: str) -> Ends | None:
        """Return a figure of Footprint from the lowest of the fewest nodes to the highest of the most; None: not known.

        The upper end is None where by some facts no number of nodes suffices.
        """
        return self._range(self.takes, lambda takes: getattr(takes, key))

    def network(self, key: str) -> Ends | None:
        """Return the same of a figure of the network between the nodes."""
        return self._range(self.takes, lambda takes: getattr(takes.network, key))

    def _range(self, takes: Footprint | None, figure: Callable[[Footprint], tuple[float, float] | None]) -> Ends | None:
        if takes is None or figure(takes) is None:
            return None
        found = [pair for one in (takes, *self.ends) if one is not None and (pair := figure(one)) is not None]
        return min(low for low, _ in found), None if None in self.ends else max(high for _, high in found)


def _found(key: str) -> Callable[[Equal], object]:
    return lambda equal: getattr(equal.found, key)


def _step(key: str) -> Callable[[Equal], object]:
    return lambda equal: getattr(equal.found.step, key) if equal.found.step else None


def _plan(equal: Equal) -> str | None:
    return equal.found.step.plan.text() if equal.found.step else None


def _takes(key: str) -> Callable[[Equal], object]:
    return lambda equal: getattr(equal.takes, key) if equal.takes else None


def _of_network(key: str) -> Callable[[Equal], object]:
    return lambda equal: getattr(equal.takes.network, key) if equal.takes else None


def _pair(
    keys: tuple[str, str], what: str, figure: Callable[[Equal], Ends | None], head: str, unit: float
) -> tuple[Column, Column]:
    """Return the two columns of a figure with a low and a high end; the table shows both in one."""

    def end(place: int) -> Callable[[Equal], object]:
        def of(equal: Equal) -> object:
            pair = figure(equal)
            return None if pair is None else pair[place]

        return of

    def cell(equal: Equal) -> str:
        pair = figure(equal)
        if pair is None:
            return "-"
        low, high = ("more" if value is None else _figure(value / unit) for value in pair)
        return low if low == high else f"{low} and more" if high == "more" else f"{low} to {high}"

    low, high = keys
    return (
        Column(low, maybe(NUMBER), f"{what}, by the lowest facts, of the fewest nodes", end(0), head=head, cell=cell),
        Column(high, maybe(NUMBER), f"{what}, by the highest facts, of the most nodes", end(1)),
    )


def _figure(value: float) -> str:
    """Return three digits of a small number, all of one from 100 on."""
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def _rack_units(equal: Equal) -> str:
    units = equal.takes.rack_units if equal.takes else None
    return "-" if units is None else f"{units:,.0f}"


def _watts(key: str, what: str, figure: Callable[[Equal], Ends | None], head: str) -> tuple[Column, Column]:
    return _pair((f"{key}watts_low", f"{key}watts_high"), f"W of {what}", figure, head, 1e3)


def _usd(key: str, what: str, figure: Callable[[Equal], Ends | None], head: str) -> tuple[Column, Column]:
    return _pair((f"{key}price_low_usd", f"{key}price_high_usd"), f"USD of {what}", figure, head, 1e6)


WORK = ("name", "nodes", "devices", "share", "stops_at_nodes", "largest_tried_nodes")
SPACE = ("name", "servers", "racks", "rack_units", "switches")
POWER = (*SPACE, *(f"{of}watts_low" for of in ("", "server_", "network_", "all_")))
PRICE = ("name", "price_low_usd", "server_price_low_usd", "network_price_low_usd", "all_price_low_usd", "rent_low_usd_per_hour")
STEP = (*WORK, "tokens_per_second", "plan")
"""Columns of the three tables; the first of a training step."""
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
        Column("tokens_per_second", maybe(NUMBER), "of a training step at that count, null of other work",
               _step("tokens_per_second"), head="tokens/s",
               cell=lambda equal: f"{equal.found.step.tokens_per_second:,.0f}" if equal.found.step else "-"),
        Column("plan", maybe(TEXT), "of that training step", _plan, head="plan", cell=lambda equal: _plan(equal) or "-"),
        Column("batch", maybe(WHOLE), "sequences of that training step", _step("batch")),
        *_watts("", "all devices", lambda equal: equal.range("watts"), "kW devices"),
        *_watts("server_", "all servers, NICs included", lambda equal: equal.range("server_watts"), "kW servers"),
        *_watts("network_", "switches and optics", lambda equal: equal.network("watts"), "kW network"),
        *_watts("all_", "servers and network", lambda equal: equal.range("all_watts"), "kW in all"),
        *_usd("", "all devices, offers", lambda equal: equal.range("price"), "M USD devices"),
        *_usd("server_", "all servers, offers", lambda equal: equal.range("server_price"), "M USD servers"),
        *_usd("network_", "switches, cables and optics", lambda equal: equal.network("price"), "M USD network"),
        *_usd("all_", "servers and network", lambda equal: equal.range("all_price"), "M USD in all"),
        *_pair(("rent_low_usd_per_hour", "rent_high_usd_per_hour"), "USD an hour of all devices, offers",
               lambda equal: equal.range("rent"), "USD/h devices", 1.0),
        Column("switches", maybe(WHOLE), "between the nodes", _of_network("switches"), head="switches"),
        Column("cables", maybe(WHOLE), "between the nodes", _of_network("cables")),
        Column("servers", maybe(WHOLE), "boxes", _takes("servers"), head="servers"),
        Column("racks", maybe(WHOLE), "racks of four servers, a rack-scale domain as one, and the network's",
               _takes("racks"), head="racks"),
        Column("rack_units", maybe(NUMBER), "of servers and switches, null where a height is not known", _takes("rack_units"),
               head="U", cell=_rack_units),
        Column("network_missing", maybe(TEXT), "why a figure of the network is not there",
               lambda equal: (equal.takes and equal.takes.network.missing) or None),
        Column("why", maybe(TEXT), "why nothing can be said, or no more were tried", lambda equal: equal.found.why or None),
    ),
    beside={"work": TEXTS, "assumptions": TEXTS},
)  # fmt: skip


def equivalent(
    of: Fabric,
    candidates: Sequence[str],
    work: Work,
    *,
    by: str | None = None,
    algorithm: str | None = None,
    most_devices: int = 4096,
    watch: Callable[[str], None] | None = None,
) -> Answer[Equal]:
    """Return, per candidate, the fewest nodes that do the reference's work in the same time, and what they take.

    of: a fabric of a node of the catalogue. candidates: NODE, or NODE:key=value,... of its fabric. work: what every device and
    all together do in a round (fabric.review.work), or a training step (fabric.review.steps). by: `wire`: no library, fastest
    algorithm; `library`: each node's own; None: wire of a round, library of a step. most_devices: of a candidate's
    cluster. watch: told the candidate that is worked on.

    Raises:
        InputError: a reference without a node, an unknown candidate, or a reference that cannot do the work.
    """
    from fabric.review.equivalent import equivalents, usual_way

    found = equivalents(of, candidates, work, by=by, algorithm=algorithm, most_devices=most_devices, watch=watch)
    facts = (_reference(of, found), *map(_equal, found))
    said = _work(work)
    assumed = _assumptions(of, found, by or usual_way(work))
    beside = {"work": said, "assumptions": assumed}
    return Answer(VIEW, facts, facts, parts=_tables(of, found, facts, said, assumed), beside=beside)


def _tables(
    of: Fabric, found: Sequence[Found], facts: tuple[Equal, ...], work: Sequence[str], assumed: Sequence[str]
) -> tuple[Part, ...]:
    """Return the tables: how many, what they draw and take up, what they cost."""
    title = f"as much as {of.name} does of {', '.join(work)} in the same time"
    there = tuple(equal for equal in facts if equal.takes)
    missing = dict.fromkeys(f"{e.found.name}: {e.takes.network.missing}" for e in there if e.takes and e.takes.network.missing)
    return (
        Part(title, facts, STEP if facts[0].found.step else WORK, tuple(_lines(found))),
        Part("power and space of so many", there, POWER),
        Part("price and rent of so many", there, PRICE, (*missing, *(f"assumed: {line}" for line in assumed))),
    )


def _equal(found: Found) -> Equal:
    """Return a candidate with what its count takes, and the counts at the ends of contradicting facts."""
    from fabric.review.clusters import cluster
    from fabric.review.footprint import footprint

    if found.nodes is None:
        return Equal(found, None)
    takes = {nodes: footprint(cluster(found.name, nodes)) for nodes in {found.fewest, found.nodes, found.most} if nodes}
    return Equal(found, takes[found.nodes], tuple(takes.get(end or 0) for end in (found.fewest, found.most)))


def _reference(of: Fabric, found: Sequence[Found]) -> Equal:
    from fabric.review.clusters import node_of
    from fabric.review.equivalent import Found
    from fabric.review.footprint import footprint

    node, needed, step = node_of(of), found[0].needed, found[0].reference
    count = -(-of.topology.devices // node.devices)
    own = Found(of.name, node, needed, count, count, count, needed, largest=count, step=step, reference=step)
    return Equal(own, footprint(of), reference=True)


def _work(work: Work) -> list[str]:
    """Return the parts of the work in words."""
    from fabric.review.steps import StepWork

    return [work.text] if isinstance(work, StepWork) else [_said(item) for item in work]


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
    if not one.rate:
        return f"{one.name}: none of up to {one.largest:,} nodes does it: {one.why}"
    reach = f"{one.name}: none of up to {one.largest:,} nodes suffices; they reach {100 * one.reaches:.0f} %"
    stop = f"the network stops scaling at {one.stops_at:,} nodes" if one.stops_at else "it still scales there"
    return f"{reach}; {stop}" + (f"; more were not tried: {one.why}" if one.why else "")


FOOTPRINT = (
    "network: switches, cables and optics of its fabric by the parts that `review` lists (64 x 400G, 64 x 800G, 144 x 800G; "
    "slower ports split them), on its floor; racks of four servers, of one rack-scale domain, and the network's own",
    "cooling, storage and management are left out; servers, NICs included, where the catalogue has their draw or price",
)


def _assumptions(of: Fabric, found: Sequence[Found], by: str) -> list[str]:
    ways = {
        "wire": "collectives: wire alone (alpha = gamma = 0), fastest algorithm on every side",
        "library": "collectives: each node's own library; without a model of it the wire alone, which favours that node",
    }
    reference = found[0].reference
    lines = [
        "a round of n devices does n units; arithmetic, memory and collectives follow each other, nothing overlaps",
        ways[by],
        "arithmetic and memory at the peaks stated: no achieved share is taken off",
    ]
    if reference is not None:
        lines = [*_of_step(reference), ways[by]]
    lines += FOOTPRINT
    nodes = {one.node.name: one.node for one in found} | ({of.node.name: of.node} if of.node else {})
    return lines + [line for node in nodes.values() for line in node.assumptions()]


def _of_step(step: TrainingStep) -> list[str]:
    """Return what a training step as the work rests on."""
    from fabric.review.steps import ratio_spread

    each = f"{step.batch / step.ranks:.3g} sequences of {step.sequence:,} tokens a device"
    return [
        f"a step's batch is in proportion to the devices: {each}, {step.batch:,} sequences on the reference",
        "plan: the fastest that fits at every size; of a given one dp follows the devices, what it does not divide idles",
        f"the ends of a count: seconds of a step lie within x {step.interval[1] / step.seconds:.2f} "
        f"({step.interval_source}), so those of two within x {ratio_spread(step):.2f} of each other (the same node: cancels)"
        if step.interval
        else "the ends of a count: not known, no published step of such a model was held against",
        *(f"reference: {line}" for line in step.assumptions),
    ]
