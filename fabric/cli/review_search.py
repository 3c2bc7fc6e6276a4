"""`review search`: a demand in, the designs that nothing beats out. It works nothing out itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import ENDPOINTS, OVERSIZE, PER_NODE, PERCENT, SHARE, WORKERS
from fabric.cli.output import Progress, Row, emit, formats, table
from fabric.text.escape import shown
from fabric.text.numbers import maybe_real, natural, real

if TYPE_CHECKING:
    from fabric.review.limits import Binding
    from fabric.review.request import Request
    from fabric.search.generate import Demand
    from fabric.search.search import Found, Survivor

EXAMPLE = "Example: fabricbench review search --endpoints 1024 --radix 64 --speeds 400Gb/s --power-cap 150kW"
CASES = ("all_reduce:1GiB", "all_gather:1GiB", "all_to_all:256MiB:4")
PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
SHOWN = 20


@click.command("search", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--endpoints", type=ENDPOINTS, required=True, help="Devices to connect, at least.")
@click.option("--devices-per-node", type=PER_NODE, default=8, show_default=True, help="Devices (and rails) of a node.")
@click.option("--radix", default="64,128", show_default=True, help="Ports of a switch at a device's speed.")
@click.option("--families", default="", help="Comma-separated; by default all that are generated.")
@click.option("--speeds", default="400Gb/s,800Gb/s", show_default=True, help="Of a device's port.")
@click.option("--oversubscription", default="1,1.5,2,3,4,7", show_default=True, help="Tried in every tier below the top.")
@click.option("--planes", default="2,4", show_default=True, help="Tried by multi_plane.")
@click.option("--oversize", type=OVERSIZE, default=0.25, show_default=True, help="Share of devices above the demand, at most.")
@click.option("--min-efficiency", type=SHARE, help="Of a training step, at least; such as 0.95.")
@click.option("--power-cap", help="Of the network (with --node: of everything), PUE included; such as 2MW.")
@click.option("--budget", help="USD, of the network (with --node: of everything); such as 80M.")
@click.option("--case", "runs", multiple=True, help=f"COLLECTIVE:SIZE[:COUNT], repeatable. Default: {' '.join(CASES)}.")
@click.option("--review", type=click.Path(path_type=Path), help="Take cases, step, parts, floor, cost and node from a review.")
@click.option("--compute", help="Time of a step without any network; default 2s.")
@click.option("--overlap", type=SHARE, help="Share of communication that is hidden; default 0.5.")
@click.option("--node", help="Part that a node is, to count nodes as well.")
@click.option(
    "--resolution", type=PERCENT, default=0.0, show_default=True, help="Percent: leave out what is better by no more than this."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Journal of finished evaluations (JSON Lines).")
@click.option("--resume", is_flag=True, help="Go on with the journal.")
@click.option("--force", is_flag=True, help="Take figures beyond what is plausible as they are.")
@click.option("--workers", type=WORKERS, help="Processes; by default one per core.")
@formats
def command(*, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Work out thousands of designs for a demand and keep those that no other beats on cost, power, time and exposure.

    Across nodes: mpiexec -n N python -m mpi4py.futures -m fabric review search ...
    """
    from fabric.search.search import search
    from topologies.errors import InputError

    if asked["resume"] and asked["output"] is None:
        raise InputError("resume: needs the journal to go on with, -o FILE")
    demand, request = _demand(asked), _request(asked)
    found = search(
        demand,
        _texts(asked["speeds"]),
        request,
        resolution=asked["resolution"] / 100,
        workers=asked["workers"],
        journal=asked["output"],
        resume=asked["resume"],
        watch=Progress("review search", "wirings"),
        force=asked["force"],
    )
    more = _more(found, demand) | {"resolution_percent": asked["resolution"]}
    if not emit("review-search/2", _rows(found), as_json=as_json, as_csv=as_csv, **more):
        _print(found, demand, asked["resolution"])
    if not found.fitting:
        raise SystemExit(1)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _demand(asked: dict[str, Any]) -> Demand:
    from fabric import units
    from fabric.search.generate import Demand

    return Demand(
        endpoints=asked["endpoints"],
        devices_per_node=asked["devices_per_node"],
        radices=tuple(units.counts(asked["radix"], "radix")),
        families=_texts(asked["families"]),
        oversubscriptions=_texts(asked["oversubscription"]),
        planes=tuple(units.counts(asked["planes"], "planes")),
        oversize=asked["oversize"],
    )


def _request(asked: dict[str, Any]) -> Request:
    """Return what is asked of every design: a review's, or the defaults, and the options over them."""
    from fabric import units
    from fabric.review.request import Limits, Request, Step, load

    base = load(asked["review"]) if asked["review"] else None
    step = base.step if base else Step(compute=2.0)
    compute = units.duration(asked["compute"], "compute") if asked["compute"] else step.compute
    overlap = step.overlap if asked["overlap"] is None else asked["overlap"]
    cases = base.cases if base and not asked["runs"] else tuple(_case(text) for text in asked["runs"] or CASES)
    limits = base.limits if base else Limits()
    given = {
        "power": _number(asked["power_cap"], "power-cap", "W", "2MW"),
        "budget": _number(asked["budget"], "budget", "", "80M"),
        "efficiency": asked["min_efficiency"],
    }
    own = {
        "title": "search",
        "candidates": (),
        "cases": cases,
        "step": _step(compute, overlap),
        "limits": limits.model_copy(update={key: value for key, value in given.items() if value is not None}),
    }
    own |= {"node": asked["node"]} if asked["node"] else {}
    return base.model_copy(update=own) if base else Request(**own)


def _step(compute: float, overlap: float) -> Any:
    from fabric.review.request import Step
    from topologies.errors import InputError

    if not (compute > 0 and 0 <= overlap <= 1):
        raise InputError(f"step: compute must be above 0 and overlap from 0 to 1, got {compute:g} s and {overlap:g}")
    return Step(compute=compute, overlap=overlap)


def _case(text: str) -> Any:
    from fabric.collectives.algorithms import ALGORITHMS
    from fabric.review.request import CaseText
    from topologies.errors import InputError

    collective, _, rest = text.partition(":")
    size, _, count = rest.partition(":")
    if collective not in ALGORITHMS or not size or not natural(count or "1"):
        known = ", ".join(ALGORITHMS)
        raise InputError(f"case: must be COLLECTIVE:SIZE[:COUNT] with a collective of {known}, got {shown(text)}")
    return CaseText(collective=collective, size=size, count=real(count or 1, "case", 1.0))


def _number(text: str | None, name: str, unit: str, example: str) -> float | None:
    """Return a number with k, M or G and the unit, None for None."""
    from topologies.errors import InputError

    if text is None:
        return None
    bare = text.strip().removesuffix(unit) if unit else text.strip()
    prefix = bare[-1:] if bare[-1:] in ("k", "M", "G") else ""
    value = None if unit and bare == text.strip() else maybe_real(bare.removesuffix(prefix))
    if value is None:
        raise InputError(f"{name}: must be a number such as {example}, got {shown(text)}")
    return value * PREFIXES[prefix]


def _rows(found: Found) -> list[dict[str, Any]]:
    """Return the survivors, flat."""
    rows = []
    for kind, group in (("cost, power, time, exposure", found.survivors), ("power, time, exposure", found.unpriced)):
        rows += [
            {"front": kind, **one.row, "neighbour": one.neighbour and one.neighbour["spec"], "against": _facts(one.against)}
            | {"stands_for": one.stands_for}
            for one in group
        ]
    return rows


def _more(found: Found, demand: Demand) -> dict[str, Any]:
    return {
        "endpoints": demand.endpoints,
        "designs": len(found.rows),
        "fitting": found.fitting,
        "fitting_at_high": found.fitting_high,
        "favourites": [
            {
                "name": one.name,
                "spec": one.row["spec"],
                "fits": one.fits,
                "on_front": one.on_front,
                "beaten_by": one.beaten and one.beaten["spec"],
                "against": _facts(one.against),
            }
            for one in found.favourites
        ],
        "skipped": dict(found.skipped),
        "refused": _facts(found.refused),
        "unpriced_parts": dict(found.missing),
        "nearest": found.nearest and {"spec": found.nearest[0]["spec"], "over": [_over(b) for b in found.nearest[1]]},
    }


def _facts(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [vars(one) for one in found]


def _over(binding: Binding) -> str:
    taken = f"{binding.taken.mid:.4g} {binding.unit}".strip()
    return f"{binding.name}: {taken} against {binding.limit:.4g}, {binding.over:.1%} beyond"


def _print(found: Found, demand: Demand, resolution: float) -> None:
    title = f"{demand.endpoints:,} endpoints: {len(found.rows):,} designs worked out, {_fitting(found)}"
    columns = ["design", "speed", "devices", "USD M", "kW", "step comm", "hashed", "efficiency", "exposure", "single-homed"]
    for label, group in (
        ("on the front of cost, power, time, exposure", found.survivors),
        ("no price known: power, time, exposure", found.unpriced),
    ):
        if group:
            more = [f"{len(group) - SHOWN} more with --json"] if len(group) > SHOWN else []
            whole = len(group) + sum(one.stands_for for one in group)
            count = f"{len(group)} for {whole} (to {resolution:g} %)" if resolution else f"{len(group)}"
            own, line = ([*columns, "stands for"], _line_standing) if resolution else (columns, _line)
            table(f"{title}; {count} {label}", own, map(line, group[:SHOWN]), notes=more)
    for note in _notes(found):
        click.echo(note)


def _fitting(found: Found) -> str:
    at_high = (
        "" if found.fitting_high == found.fitting else f" at middle prices and powers, {found.fitting_high:,} at high ones"
    )
    return f"{found.fitting:,} within the limits{at_high}"


def _line(one: Survivor) -> tuple[str, ...]:
    from fabric.units import show_duration

    row = one.row
    usd = "-" if row["usd"] is None else f"{row['usd'] / 1e6:.1f}"
    return (
        _short(row),
        row["speed"],
        f"{row['devices']:,}",
        usd,
        f"{row['watts'] / 1e3:.0f}",
        show_duration(row["seconds"]),
        show_duration(row["hashed_seconds"]),
        f"{row['efficiency']:.4f}",
        f"{row['exposure']:.3%}",
        f"{row['single_homed']:,}",
    )


def _line_standing(one: Survivor) -> tuple[str, ...]:
    return (*_line(one), f"+{one.stands_for}" if one.stands_for else "")


def _short(row: Row) -> str:
    """Return a design's short form without what all of them share."""
    return str(row["spec"].split(",devices_per_node")[0])


def _named(row: Row) -> str:
    return f"{_short(row)} at {row['speed']}"


def _notes(found: Found) -> list[str]:
    """Return what is said below the tables: explanations, favourites, what was left out and which limit binds."""
    from fabric.report.words.search import differences, refusal

    notes = [
        f"{_named(one.row)}: {differences(one.against)} against {_named(one.neighbour)}"
        for one in (*found.survivors[:SHOWN], *found.unpriced[:SHOWN])
        if one.neighbour
    ]
    for favourite in found.favourites:
        where = "on the front" if favourite.on_front else "beaten"
        beyond = "" if favourite.fits else ", beyond the limits"
        why = f": {differences(favourite.against)} against {_named(favourite.beaten)}" if favourite.beaten else ""
        priced = "" if favourite.row["usd"] is not None else ", no price known"
        notes.append(f"{favourite.name} ({_named(favourite.row)}{priced}): {where}{beyond}{why}")
    notes += [f"{name}: no price known, {count:,} designs without a cost" for name, count in found.missing.items()]
    notes += [f"skipped {count:,}: {why}" for why, count in found.skipped.items()]
    notes += [f"refused {one.count:,}: {refusal(one)}" for one in found.refused]
    if found.nearest:
        row, over = found.nearest
        notes.append(
            f"no design satisfies; the nearest is {_named(row)}: {'; '.join(map(_over, over)) or 'its price is not known'}"
        )
    return notes
