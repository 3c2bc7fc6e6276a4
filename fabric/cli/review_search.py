"""`review search`: a demand in, the designs that nothing beats out. It works nothing out itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import ENDPOINTS, OVERSIZE, PER_NODE, PERCENT, SHARE, WORKERS
from fabric.cli.output import Progress, formats, give
from fabric.text.escape import shown
from fabric.text.numbers import maybe_real

if TYPE_CHECKING:
    from fabric.review.request import Request
    from fabric.search.generate import Demand

EXAMPLE = "Example: fabricbench review search --endpoints 1024 --radix 64 --speeds 400Gb/s --power-cap 150kW"
CASES = "all_reduce:1GiB all_gather:1GiB all_to_all:256MiB:4"
PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@click.command("search", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--endpoints", type=ENDPOINTS, required=True, help="Devices to connect, at least.")
@click.option("--devices-per-node", type=PER_NODE, default=8, show_default=True, help="Devices (and rails) of a node.")
@click.option("--radix", default="64,128", show_default=True, help="Ports of a switch at a device's speed.")
@click.option("--families", help="Comma-separated; by default all that are generated.")
@click.option("--speeds", default="400Gb/s,800Gb/s", show_default=True, help="Of a device's port.")
@click.option("--oversubscription", default="1,1.5,2,3,4,7", show_default=True, help="Tried in every tier below the top.")
@click.option("--planes", default="2,4", show_default=True, help="Tried by multi_plane.")
@click.option("--oversize", type=OVERSIZE, default=0.25, show_default=True, help="Share of devices above the demand, at most.")
@click.option("--min-efficiency", type=SHARE, help="Of a training step, at least; such as 0.95.")
@click.option("--power-cap", help="Of the network (with --node: of everything), PUE included; such as 2MW.")
@click.option("--budget", help="USD, of the network (with --node: of everything); such as 80M.")
@click.option(
    "--case",
    "runs",
    multiple=True,
    help=f"COLLECTIVE:SIZE[:COUNT], repeatable, or training:MODEL[:PLAN[:BATCH]]. Default: {CASES}.",
)
@click.option("--review", type=click.Path(path_type=Path), help="Take cases, step, parts, floor, cost and node from a review.")
@click.option("--compute", help="Time of a step without any network; default 2s.")
@click.option("--overlap", type=SHARE, help="Share of communication that is hidden; default 0.5.")
@click.option("--node", help="Part or server of the catalogue (`fabricbench hardware`) that a node is, to count nodes as well.")
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
    from fabric.answers.search import search

    found = search(
        _demand(asked),
        _texts(asked["speeds"]),
        _request(asked),
        resolution_percent=asked["resolution"],
        workers=asked["workers"],
        journal=asked["output"],
        resume=asked["resume"],
        watch=Progress("review search", "wirings"),
        force=asked["force"],
    )
    give(found, as_json=as_json, as_csv=as_csv)
    if not found.beside["fitting"]:
        raise SystemExit(1)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _families(text: str | None) -> tuple[str, ...]:
    """Return the families named, none where the option was not given: all; InputError where it names none."""
    from topologies.errors import InputError

    found = _texts(text or "")
    if text is not None and not found:
        raise InputError(f"families: must name one, such as clos, or be left out for all, got {text!r}")
    return found


def _demand(asked: dict[str, Any]) -> Demand:
    from fabric import units
    from fabric.search.generate import Demand

    return Demand(
        endpoints=asked["endpoints"],
        devices_per_node=asked["devices_per_node"],
        radices=tuple(units.counts(asked["radix"], "radix")),
        families=_families(asked["families"]),
        oversubscriptions=_texts(asked["oversubscription"]),
        planes=tuple(units.counts(asked["planes"], "planes")),
        oversize=asked["oversize"],
    )


def _request(asked: dict[str, Any]) -> Request:
    """Return what is asked of every design: a review's, or the defaults, and the options over them."""
    from fabric import units
    from fabric.review.request import load
    from fabric.search.asked import asked as merged
    from fabric.search.asked import read_cases

    return merged(
        load(asked["review"]) if asked["review"] else None,
        **read_cases(asked["runs"]),
        compute=units.duration(asked["compute"], "compute") if asked["compute"] is not None else None,
        overlap=asked["overlap"],
        node=asked["node"] or None,
        power=_number(asked["power_cap"], "power-cap", "W", "2MW"),
        budget=_number(asked["budget"], "budget", "", "80M"),
        efficiency=asked["min_efficiency"],
    )


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
