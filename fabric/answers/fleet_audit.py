"""`fleet audit`: how a live cluster's jobs lie on its fabric, what that costs, and what is fragmented now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View, maybe

if TYPE_CHECKING:
    from fabric.fleet.audit import Audit, End, Fit, Span
    from fabric.fleet.fleet import Fleet
    from fabric.fleet.state import State
    from fabric.predict.constants import Constants

WORST = 20
"""Jobs that the table shows."""
NO_BOOKS = "from squeue: jobs that are over are not in it, so that the hours are those of the jobs that still run"
FILES = ("sacct.txt", "squeue.txt", "pods.json")


def _job(key: str) -> Callable[[Span], object]:
    return lambda fact: getattr(fact.job, key)


def _end(at: int) -> Callable[[Span], object]:
    return lambda fact: fact.regrets[at] if fact.regrets else None


def _percents(fact: Span) -> str:
    return "-" if fact.regrets is None else f"{100 * fact.regrets[0]:.1f} .. {100 * fact.regrets[1]:.1f} %"


VIEW = View(
    "fleet-audit",
    (
        Column("job", TEXT, "its id", _job("id"), head="job"),
        Column("tenant", TEXT, "account, or namespace", _job("tenant"), head="tenant"),
        Column("running", YES_NO, "whether it runs now", lambda f: f.running, head="now",
               cell=lambda f: "runs" if f.running else "over"),
        Column("nodes", WHOLE, "that it holds or held", lambda f: f.nodes, head="nodes"),
        Column("devices", WHOLE, "that it holds or held", lambda f: f.devices, head="devices"),
        Column("leaves", WHOLE, "leaf groups that it spans", lambda f: f.leaves, head="leaves"),
        Column("fewest_leaves", WHOLE, "that it needs on an empty fabric", lambda f: f.fewest, head="needs"),
        Column("regret_low", maybe(NUMBER), "longer step than on the best placement, low end", _end(0), head="regret",
               cell=_percents),
        Column("regret_high", maybe(NUMBER), "the same, high end", _end(1)),
        Column("device_hours", NUMBER, "within the window", lambda f: f.hours, head="device-h",
               cell=lambda f: f"{f.hours:,.0f}"),
        Column("lost_hours_low", NUMBER, "of them lost to where it lies, low end", lambda f: f.lost[0], head="lost h",
               cell=lambda f: f"{f.lost[0]:,.1f} .. {f.lost[1]:,.1f}"),
        Column("lost_hours_high", NUMBER, "the same, high end", lambda f: f.lost[1]),
    ),
    beside={
        "fleet": TEXT, "days": NUMBER, "nodes": WHOLE, "free_nodes": WHOLE, "partly_used_nodes": WHOLE, "stranded_nodes": WHOLE,
        "down_nodes": WHOLE,
        "leaves": WHOLE, "whole_free_leaves": WHOLE, "waiting_jobs": WHOLE, "device_hours": NUMBER, "lost_hours_low": NUMBER,
        "lost_hours_high": NUMBER, "lost_money_low": maybe(NUMBER), "lost_money_high": maybe(NUMBER), "currency": maybe(TEXT),
        "fits": LIST, "left_out": OBJECT, "assumptions": TEXTS,
    },
)  # fmt: skip
_FIT = (
    Column("nodes", WHOLE, "of a job", lambda f: f.nodes, head="a job of nodes"),
    Column("leaves", maybe(WHOLE), "on the nodes free now", lambda f: f.leaves, head="leaves now",
           cell=lambda f: "does not fit" if f.leaves is None else str(f.leaves)),
    Column("fewest", WHOLE, "on an empty fabric", lambda f: f.fewest, head="when empty"),
)  # fmt: skip


def collected(folder: Path) -> State:
    """Return the jobs that the collecting script left in a folder.

    Raises:
        InputError: none of sacct.txt, squeue.txt and pods.json, or what cannot be read.
    """
    from dataclasses import replace

    from fabric.fleet.slurm_now import as_sacct, nodes_now
    from fabric.fleet.state import from_kubernetes, from_sacct
    from fabric.text.files import is_file, read_text
    from fabric.text.numbers import real
    from topologies.errors import InputError

    own = next((folder / name for name in FILES if is_file(folder / name)), None)
    if own is None:
        files = ", ".join(FILES)
        raise InputError(f"audit: {folder} holds none of {files}; `fabricbench fleet audit --script` prints what collects them")
    at = real(read_text(folder / "at.txt", "audit"), f"{folder / 'at.txt'}", 0) if is_file(folder / "at.txt") else None
    if own.suffix == ".txt":
        text, nodes = read_text(own, "audit"), folder / "sinfo.txt"
        now = nodes_now(read_text(nodes, "audit"), str(nodes)) if is_file(nodes) else None
        books = own.name == "sacct.txt"
        found = from_sacct(text if books else as_sacct(text, str(own)), str(own), at)
        found = found if books else replace(found, note=NO_BOOKS)
        return found if now is None else replace(found, devices=now.devices, down=now.down)
    return from_kubernetes(read_text(own, "audit"), read_text(folder / "nodes.json", "audit"), str(own), at)


def usual_devices(state: State) -> int:
    """Return the devices that most nodes have, 8 where nothing tells."""
    from collections import Counter

    return Counter(state.devices.values()).most_common(1)[0][0] if state.devices else 8


def network_of(folder: Path) -> str | None:
    """Return the file of a folder that tells of the network: Slurm's topology, or nodes with labels; None without one."""
    from fabric.text.files import is_file, read_text

    topology = folder / "topology.txt"
    if is_file(topology) and "Name=" in read_text(topology, "audit"):
        return str(topology)
    return str(folder / "nodes.json") if is_file(folder / "nodes.json") else None


def fleet_audit(
    fleet: Fleet,
    state: State,
    *,
    days: float = 7.0,
    ends: tuple[End, End] | None = None,
    constants: Constants | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Answer[Span]:
    """Return how the jobs of the last days lie on the fleet's fabric: leaf spans, regret, hours and money lost, fragmentation.

    state: of collected(), or of fabric.fleet.state. ends: what jobs are taken to do, low and high; None: an all-reduce of
    1 GiB in 10 % of a step, an all-to-all of 1 GiB in 30 %. constants: None takes those of the fabric's node. watch: told of
    progress.

    Raises:
        InputError: no fabric, or no job of the window on it.
    """
    from fabric.fleet.audit import ENDS, audit
    from fabric.predict.constants import NONE
    from fabric.predict.of_node import constants_on
    from topologies.errors import InputError

    chosen = ends or ENDS
    own = None if fleet.fabric is None else constants_on(fleet.fabric, {end.collective for end in chosen}, constants)
    found = audit(fleet, state, days=days, ends=chosen, constants=own or NONE, watch=watch)
    if not found.spans:
        said = "; ".join(f"{count:,} {reason}" for reason, count in found.left_out.items())
        raise InputError(f"audit: no job of the last {days:g} days lies on this fabric{f' ({said})' if said else ''}")
    return answer_of(found, fleet, days, state.note)


def answer_of(found: Audit, fleet: Fleet, days: float, note: str = "") -> Answer[Span]:
    """Return an audit as an answer: the worst offenders, what fits now, and what was left out. note: of what it was read."""
    from fabric.units import show_size

    price, currency = _price(fleet)
    lost = found.lost
    several = [span for span in found.spans if span.nodes > 1]
    wide = sum(span.leaves > span.fewest for span in several)
    money = (None, None) if price is None else (lost[0] * price, lost[1] * price)
    assumed = [
        f"{name} end: every job repeats {end.collective} of {show_size(end.nbytes)} over all its devices, "
        f"{100 * end.share:g} % of its step on the best placement"
        for name, end in zip(("low", "high"), found.ends, strict=True)
    ]
    assumed.append("other jobs' traffic is left out: regret is of where a job lies, alone on the fabric")
    notes = [
        f"last {days:g} days: {found.hours:,.0f} device-hours, {lost[0]:,.1f} .. {lost[1]:,.1f} of them "
        f"({_share(lost[0], found.hours)} .. {_share(lost[1], found.hours)}) lost to where jobs lie"
        + ("" if price is None else f": {money[0]:,.0f} .. {money[1]:,.0f} {currency}"),
        f"{wide:,} of {len(several):,} jobs of several nodes span more leaves than they need on an empty fabric",
        *(f"left out: {count:,} {reason}" for reason, count in found.left_out.items()),
        *([note] if note else []),
        *assumed,
    ]
    now = (
        f"now: {found.free:,} of {found.nodes:,} nodes free, {found.stranded:,} of them in leaves that are partly used; "
        f"{found.whole_leaves:,} of {found.leaves:,} leaves wholly free; {found.partly:,} nodes partly used; "
        f"{found.down:,} down; {found.waiting:,} jobs wait"
    )
    worst = found.spans[:WORST]
    title = f"{len(found.spans):,} jobs on {fleet.name}, the {len(worst)} that lose most"
    parts = (Part(title, worst, None, tuple(notes)), Part(now, found.fits, _FIT))
    return Answer(VIEW, found.spans, found.spans, parts, _beside(found, fleet, days, (*money, currency), assumed))


def _beside(
    found: Audit, fleet: Fleet, days: float, money: tuple[float | None, float | None, str | None], assumed: Sequence[str]
) -> Mapping[str, object]:
    fits: Sequence[Fit] = found.fits
    return {
        "fleet": fleet.name, "days": days, "nodes": found.nodes, "free_nodes": found.free, "partly_used_nodes": found.partly,
        "stranded_nodes": found.stranded, "down_nodes": found.down,
        "leaves": found.leaves, "whole_free_leaves": found.whole_leaves,
        "waiting_jobs": found.waiting, "device_hours": found.hours, "lost_hours_low": found.lost[0],
        "lost_hours_high": found.lost[1], "lost_money_low": money[0], "lost_money_high": money[1], "currency": money[2],
        "fits": [{"nodes": fit.nodes, "leaves": fit.leaves, "fewest": fit.fewest} for fit in fits],
        "left_out": dict(found.left_out), "assumptions": list(assumed),
    }  # fmt: skip


def _price(fleet: Fleet) -> tuple[float | None, str | None]:
    """Return what a device-hour is worth: what is charged for it, else what it costs; and the currency."""
    from fabric.fleet.money import owning

    prices = fleet.prices
    if prices is None:
        return None, None
    worth = prices.charged if prices.charged is not None else owning(prices, fleet.devices)
    return worth, prices.currency if worth is not None else None


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2g} %" if whole else "-"
