"""`twin`: a fabric brought up for real on this machine, run, predicted and put side by side."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import load
from fabric.cli.output import formats

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.result import Result
    from fabric.twin.experiment import Ask
    from fabric.twin.plan import TwinPlan

LEAST_TIMEOUT, CALLS_IN_SILENCE = 120.0, 300
"""Seconds without a result, and the same in times that a host's link needs for the largest size, before ranks count as hung."""
WIDTH = {"max_content_width": 110}
RUN = "Example: fabricbench twin run leaf_spine:leaves=2,spines=2,hosts_per_leaf=4 --orders contiguous,interleaved"
WHAT_IF = """Example: fabricbench twin what-if leaf_spine:leaves=2,spines=2,hosts_per_leaf=4 --fail switch:spine0
--oversubscribe 2,4 --against contiguous --jobs 2"""
UP = "Example: fabricbench twin up fat_tree:k=4 --name lab; then: fabricbench twin exec lab host3 -- ping -c1 host12"


def plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what decides a plan: rate, routing, failures, how to get namespaces, whether only to print."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Print the exact script of ip and tc, and do nothing."),
        click.option(
            "--as", "mode", type=click.Choice(["auto", "rootless", "root"]), default="auto", help="auto: rootless if allowed."
        ),
        click.option("--degrade", multiple=True, metavar="CABLE:SHARE", help="A slower cable, e.g. 8:0.25; repeatable."),
        click.option("--fail-seed", default=0, show_default=True, help="Seed of the draw of failures."),
        click.option("--fail", multiple=True, help="What is broken, e.g. links:1, switches:spine:1, cable:7; repeatable."),
        click.option(
            "--routing", default="dmodk", show_default=True, help="dmodk, table:FILE, or kernel_ecmp:SEED (the kernel's hash)."
        ),
        click.option("--rate", help="Of a host's link on the twin, e.g. 50Mb/s; others in proportion."),
    ):
        function = option(function)
    return function


@click.group("twin", epilog=RUN, context_settings=WIDTH)
def command() -> None:
    """Bring a fabric up as Linux network namespaces with real routing and rate-limited links; run on it, predict, compare."""


@command.command("run", epilog=RUN, context_settings=WIDTH)
@click.argument("topo")
@click.option("--collective", default="all_reduce", show_default=True, help="What is run.")
@click.option("--backend", type=click.Choice(["gloo", "mpi"]), default="gloo", show_default=True, help="Library that runs.")
@click.option("--algorithm", default="default", show_default=True, help="Of mpi's all_reduce, forced: ring, ...")
@click.option("--sizes", default="256KiB,1MiB", show_default=True, help="Bytes, with units.")
@click.option("--ranks", help="World sizes in one launch, e.g. 2,4,8; by default all devices.")
@click.option(
    "--orders", default="contiguous", show_default=True, help="Orders of ranks, one after the other on the same twin."
)
@click.option(
    "--bring-ups",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="The fastest by median seconds counts.",
)
@click.option("--seconds", default=3.0, show_default=True, help="Budget of a case.")
@click.option("--iters", type=click.IntRange(1), help="Samples of a case; by default what the budget holds.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Append all results to this JSON Lines file."
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="One self-contained page with charts.")
@plan_options
@formats
def run(topo: str, *, dry_run: bool, output: Path | None, html: Path | None, bring_ups: int, **given: Any) -> None:
    """Up, measure, predict with no fitted constant, compare, down. error = measured / predicted seconds - 1."""
    from fabric.cli.twin_rows import predictions, row_of, show, write_page
    from fabric.records.store import append
    from fabric.twin.experiment import check_ask, experiment, host_rate
    from fabric.twin.regime import goodput

    fabric = load(topo)
    ask = _ask(fabric, given)
    plan = _plan(fabric, given, _rate(fabric, given, ask))
    ask = replace(ask, timeout=max(LEAST_TIMEOUT, CALLS_IN_SILENCE * max(ask.sizes) / goodput(host_rate(plan))))
    check_ask(plan, ask)
    if dry_run:
        _print_script(plan)
        return
    best: dict[Any, tuple[Result, Result, dict[str, Any]]] = {}
    for number in range(1, bring_ups + 1):
        for order in experiment(plan, ask, partial(_tell, number, bring_ups)):
            if output is not None:
                append(output, order.results)
            for result, predicted in zip(order.results, predictions(plan, order), strict=True):
                row = row_of(result, predicted, plan, order.name, number)
                found = (result, predicted, row)
                best[result.case] = min(best.get(result.case, found), found, key=lambda one: one[0].time)
    if html is not None:
        pairs = [(result, predicted) for result, predicted, _ in best.values()]
        write_page(html, pairs, plan, " ".join(["fabricbench", *sys.argv[1:]]))
    show([row for *_, row in best.values()], plan, as_json=given["as_json"], as_csv=given["as_csv"])


def _tell(number: int, total: int, line: str) -> None:
    click.echo(f"# twin: bring-up {number} of {total}: {line}", err=True)


@command.command("what-if", epilog=WHAT_IF, context_settings=WIDTH)
@click.argument("topo")
@click.option("--size", "sizes", default="512KiB", show_default=True, help="Bytes, with a unit.")
@click.option("--order", "orders", default="interleaved", show_default=True, help="Order of ranks on the whole fabric.")
@click.option("--ranks", help="How many take part; by default all devices.")
@click.option("--fail", multiple=True, help="What breaks, e.g. links:1, switches:spine:1, cable:7, switch:spine0; repeatable.")
@click.option("--fail-seed", default=0, show_default=True, help="Seed of the draw of failures.")
@click.option("--degrade", multiple=True, metavar="CABLE:SHARE", help="A slower cable, e.g. 8:0.25; repeatable.")
@click.option("--oversubscribe", help="All cables between switches at 1/N of their speed, e.g. 2,4.")
@click.option("--against", help="Other orders of ranks, e.g. contiguous,scattered:1.")
@click.option("--seeds", help="Other hash seeds, with --routing kernel_ecmp:SEED, e.g. 1,2,3.")
@click.option("--jobs", type=click.IntRange(1), default=1, help="The ranks cut into so many jobs, all at once and one alone.")
@click.option("--routing", default="dmodk", show_default=True, help="dmodk, table:FILE or kernel_ecmp:SEED.")
@click.option("--rate", help="Of a host's link on the twin, e.g. 50Mb/s; others in proportion.")
@click.option("--iters", type=click.IntRange(1), default=4, show_default=True, help="Samples of a scenario.")
@click.option(
    "--as", "mode", type=click.Choice(["auto", "rootless", "root"]), default="auto", help="auto: rootless if allowed."
)
@formats
def what_if(topo: str, *, as_json: bool, as_csv: bool, **given: Any) -> None:
    """Failures, slower cables, seeds, orders, jobs at once, one by one on a live twin: predicted and measured ratios."""
    from fabric.cli.twin_what_if import rows_of, show

    fabric = load(topo)
    own = {"collective": "all_reduce", "backend": "gloo", "algorithm": "default", "seconds": 3.0}
    whole = {**given, **own, "fail": (), "degrade": ()}
    ask = _ask(fabric, whole)
    plan = _plan(fabric, whole, _rate(fabric, given, ask))
    degraded = {text: _degraded(fabric, [text]) for text in given["degrade"]}
    show(rows_of(plan, ask, degraded, given), plan, as_json=as_json, as_csv=as_csv)


@command.command("up", epilog=UP, context_settings=WIDTH)
@click.argument("topo")
@click.option("--name", default="twin", show_default=True, help="What to call it.")
@plan_options
def up(topo: str, *, name: str, dry_run: bool, **given: Any) -> None:
    """Bring a fabric up and leave it running."""
    from fabric import units
    from fabric.twin.bring_up import up as bring_up
    from fabric.twin.regime import FASTEST

    fabric = load(topo)
    plan = _plan(fabric, given, 8 * units.rate(given["rate"], "rate") if given["rate"] else FASTEST)
    if dry_run:
        _print_script(plan)
        return
    twin = bring_up(plan, name, given["mode"])
    hosts = [box.name for box in plan.boxes if box.host]
    click.echo(f"{name}: {fabric.topology.name}, {len(hosts)} hosts, {len(twin.boxes) - len(hosts)} switches")
    click.echo(f"  try: fabricbench twin exec {name} {hosts[0]} -- ping -c1 {hosts[-1]};  end it: fabricbench twin down {name}")


@command.command("exec", epilog="Example: fabricbench twin exec lab host0 -- ss -tn", context_settings=WIDTH)
@click.argument("name")
@click.argument("host")
@click.argument("words", nargs=-1, required=True, metavar="-- CMD ...")
def execute(name: str, host: str, words: tuple[str, ...]) -> None:
    """Run a command in a host (or switch) of a running twin, and end with its exit code."""
    import subprocess

    from fabric.errors import EnvironmentFault
    from fabric.twin.state import load as state_of
    from topologies.errors import InputError

    twin = state_of(name)
    if not twin.holder.alive():
        raise EnvironmentFault(f"twin: {name} has died; run `twin down {name}` and bring it up again")
    if host not in twin.boxes:
        raise InputError(f"host: must be one of {twin.boxes[0]} ... {twin.boxes[-1]}, got {host!r}")
    raise SystemExit(subprocess.run(twin.holder.inside(["ip", "netns", "exec", host, *words]), check=False).returncode)


@command.command("down", epilog="Example: fabricbench twin down --all", context_settings=WIDTH)
@click.argument("name", required=False)
@click.option("--all", "everyone", is_flag=True, help="All that were left running, and what is left of those that died.")
def down(name: str | None, *, everyone: bool) -> None:
    """End a twin: its processes, links and namespaces go with it."""
    from fabric.twin.bring_up import down as end
    from fabric.twin.state import names
    from topologies.errors import InputError

    if (name is None) != everyone:
        raise InputError("name: must be a NAME or --all; " + f"there are: {', '.join(names()) or 'none'}")
    for one in names() if everyone else [str(name)]:
        click.echo(f"{one}: {'ended' if end(one) else 'had died, forgotten'}")


def _ask(fabric: Fabric, given: dict[str, Any]) -> Ask:
    from fabric import units
    from fabric.collectives.catalog import collective
    from fabric.twin.experiment import Ask

    ranks = units.counts(given["ranks"]) if given["ranks"] else [fabric.topology.devices]
    return Ask(
        entry="fabric.cli.main:main",
        modules=("torch.distributed", "fabric.cli.measure") if given["backend"] == "gloo" else (),
        collective=collective(given["collective"]).name,
        sizes=tuple(units.sizes(given["sizes"])),
        world_sizes=tuple(ranks),
        orders=tuple(given["orders"].split(",")),
        seconds=given["seconds"],
        mode=given["mode"],
        backend=given["backend"],
        algorithm=given["algorithm"],
        iters=given["iters"],
        failures=", ".join([*given["fail"], *(f"{text} of its speed" for text in given["degrade"])])
        + (f" (seed {given['fail_seed']})" if given["fail"] else ""),
    )


def _rate(fabric: Fabric, given: dict[str, Any], ask: Ask) -> float:
    """Return the bits per second of a host's link: the one given, else one at which the smallest size is bound by links."""
    from fabric import units
    from fabric.twin.plan import check, groups
    from fabric.twin.regime import choose_rate

    check(fabric)
    if given["rate"]:
        return 8 * units.rate(given["rate"], "rate")
    rails = len(groups(fabric.topology, range(fabric.topology.devices)))
    return choose_rate(ask.sizes, max(ask.world_sizes) // rails)


def _plan(fabric: Fabric, given: dict[str, Any], rate: float) -> TwinPlan:
    from fabric.network.failures import draw, without
    from fabric.twin.plan import plan_of

    fabric = replace(fabric, degraded={**fabric.degraded, **_degraded(fabric, given["degrade"])})
    if given["fail"]:
        fabric = without(fabric, draw(fabric.topology, "+".join(given["fail"]), given["fail_seed"]))
    return plan_of(fabric, rate, given["routing"])


def _degraded(fabric: Fabric, texts: Sequence[str]) -> dict[int, float]:
    """Return the bytes per second of every cable that is to be slower.

    Raises:
        InputError: a text that is not CABLE:SHARE, no such cable, or a share that is not between 0 and 1.
    """
    from topologies.errors import InputError

    cables, found = len(fabric.topology.ends), {}
    for text in texts:
        match = re.fullmatch(r"(\d+):(0?\.\d+|1(?:\.0*)?)", text, re.ASCII)
        if match is None or int(match[1]) >= cables or not float(match[2]):
            raise InputError(f"degrade: must be CABLE:SHARE, cable 0 ... {cables - 1}, share above 0 up to 1, got {text!r}")
        found[int(match[1])] = float(fabric.link_speed[2 * int(match[1])]) * float(match[2])
    return found


def _print_script(plan: TwinPlan) -> None:
    from fabric.twin.script import script

    click.echo(script(plan), nl=False)
