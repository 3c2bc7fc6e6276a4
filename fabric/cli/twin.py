"""`twin`: a fabric brought up for real on this machine, run, predicted and put side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli import twin_options as options
from fabric.cli.kinds import JOBS, TIMES
from fabric.cli.lazy import Group
from fabric.cli.output import PAGE, Progress, check_writable, formats, give, tell
from fabric.cli.topo import load

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.twin import Emulated
    from fabric.records.result import Result
    from fabric.twin.experiment import Ask
    from fabric.twin.plan import TwinPlan

WIDTH = {"max_content_width": 110}
RUN = "Example: fabricbench twin run leaf_spine:leaves=2,spines=2,hosts_per_leaf=4 --orders contiguous,interleaved"
WHAT_IF = """Example: fabricbench twin what-if leaf_spine:leaves=2,spines=2,hosts_per_leaf=4 --fail switch:spine0
--oversubscribe 2,4 --against contiguous --jobs 2"""
UP = "Example: fabricbench twin up fat_tree:k=4 --name lab; then: fabricbench twin exec lab host3 -- ip route get 10.0.0.12"


@click.group("twin", cls=Group, epilog=RUN, context_settings=WIDTH)
def command() -> None:
    """Bring a fabric up as Linux network namespaces with real routing and rate-limited links; run on it, predict, compare."""


@command.command("run", epilog=RUN, context_settings=WIDTH)
@click.argument("topo")
@options.measuring_options("256KiB,1MiB", None)
@click.option(
    "--orders", default="contiguous", show_default=True, help="Orders of ranks, one after the other on the same twin."
)
@click.option("--bring-ups", type=TIMES, default=1, show_default=True, help="The fastest by median seconds counts.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Append all results to this JSON Lines file."
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="One self-contained page with charts.")
@options.plan_options
@formats
def run(topo: str, *, dry_run: bool, output: Path | None, html: Path | None, bring_ups: int, **given: Any) -> None:
    """Up, measure, predict with no fitted constant, compare, down. error = measured / predicted seconds - 1."""
    from fabric.answers.twin import write_page
    from fabric.twin.experiment import check_ask

    fabric = load(topo)
    ask = options.question(fabric, given)
    plan = options.plan_for(fabric, given, options.rate_for(fabric, given, ask))
    ask = options.patient(ask, plan)
    check_ask(plan, ask)
    if dry_run:
        options.print_script(plan)
        return
    check_writable("output", output)
    check_writable("html", html, *PAGE)
    answer = _answer(plan, ask, bring_ups, output)
    if html is not None:
        pairs = [(one.result, one.predicted) for one in answer]
        write_page(html, pairs, plan, " ".join(["fabricbench", *sys.argv[1:]]))
    give(answer, as_json=given["as_json"], as_csv=given["as_csv"])


def _answer(plan: TwinPlan, ask: Ask, bring_ups: int, output: Path | None) -> Answer[Emulated]:
    """Return of every case what its fastest bring-up gave; all results go into the output file."""
    from fabric.answers.twin import twin
    from fabric.records.store import append
    from fabric.twin.experiment import count_results

    def keep(results: Sequence[Result]) -> None:
        if output is not None:
            append(output, results)

    def told(number: int, line: str) -> None:
        tell(f"# twin: bring-up {number} of {bring_ups}: {line}", err=True)

    progress, done, total = Progress("twin", "results"), count(1), bring_ups * count_results(plan, ask)
    return twin(plan, ask, bring_ups=bring_ups, keep=keep, tell=told, seen=lambda: progress(next(done), total))


@command.command("what-if", epilog=WHAT_IF, context_settings=WIDTH)
@click.argument("topo")
@options.measuring_options("512KiB", 4)
@click.option("--order", "orders", default="interleaved", show_default=True, help="Order of ranks on the whole fabric.")
@click.option("--oversubscribe", help="All cables between switches at 1/N of their speed, e.g. 2,4.")
@click.option("--against", help="Other orders of ranks, e.g. contiguous,scattered:1.")
@click.option("--seeds", help="Other hash seeds, with --routing kernel_ecmp:SEED, e.g. 1,2,3.")
@click.option("--jobs", type=JOBS, default=1, help="The ranks cut into so many jobs, all at once and one alone.")
@options.plan_options
@formats
def what_if(topo: str, *, dry_run: bool, as_json: bool, as_csv: bool, **given: Any) -> None:
    """Failures, slower cables, seeds, orders, jobs at once, one by one on a live twin: predicted and measured ratios.

    Every --fail and every --degrade is a what-if of its own.
    """
    from fabric.answers.twin import what_if as answer_to

    fabric = load(topo)
    whole = {**given, "fail": (), "degrade": ()}
    ask = options.question(fabric, whole)
    plan = options.plan_for(fabric, whole, options.rate_for(fabric, given, ask))
    scenarios = options.read_scenarios(plan, ask.orders[0], given)
    if dry_run:
        options.print_script(plan)
        return
    answer = answer_to(plan, options.patient(ask, plan), scenarios, lambda line: tell(f"# twin: {line}", err=True))
    give(answer, as_json=as_json, as_csv=as_csv)


@command.command("up", epilog=UP, context_settings=WIDTH)
@click.argument("topo")
@click.option("--name", default="twin", show_default=True, help="What to call it.")
@options.plan_options
def up(topo: str, *, name: str, dry_run: bool, **given: Any) -> None:
    """Bring a fabric up and leave it running."""
    from fabric import units
    from fabric.twin.bring_up import check_name
    from fabric.twin.bring_up import up as bring_up
    from fabric.twin.regime import FASTEST

    check_name(name)
    fabric = load(topo)
    plan = options.plan_for(fabric, given, 8 * units.rate(given["rate"], "rate") if given["rate"] is not None else FASTEST)
    if dry_run:
        options.print_script(plan)
        return
    twin = bring_up(plan, name, given["mode"])
    hosts = [box.name for box in plan.boxes if box.host]
    tell(f"{name}: {fabric.topology.name}, {len(hosts)} hosts, {len(twin.boxes) - len(hosts)} switches")
    tell(f"  try: fabricbench twin exec {name} {hosts[0]} -- ip route get {plan.address_of(fabric.topology.devices - 1)}")
    tell(f"  end: fabricbench twin down {name}")


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
        raise InputError(f"name: must be a NAME or --all; there are: {', '.join(names()) or 'none'}")
    failed: InputError | None = None
    for one in names() if everyone else [str(name)]:
        try:
            tell(f"{one}: {'ended' if end(one) else 'had died, forgotten'}")
        except InputError as error:  # a torn state must not keep the others running
            failed = error
    if failed is not None:
        raise failed
