"""What the verbs of `twin` share: their options, and the plan and the question that are made of them. It runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import BLOCK, SAMPLES, SEED
from fabric.text.escape import shown
from fabric.text.numbers import maybe_real, natural

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.twin.experiment import Ask
    from fabric.twin.plan import TwinPlan
    from fabric.twin.what_if import Scenario

LEAST_TIMEOUT, CALLS_IN_SILENCE = 120.0, 300
"""Seconds without a result, and the same in times that a host's link needs for the largest size, before ranks count as hung."""
BACKENDS = ("gloo", "mpi")
PLAN = (
    click.option("--dry-run", is_flag=True, help="Print the exact script of ip and tc, and do nothing."),
    click.option(
        "--as", "mode", type=click.Choice(["auto", "rootless", "root"]), default="auto", help="auto: rootless if allowed."
    ),
    click.option("--degrade", multiple=True, metavar="CABLE:SHARE", help="A slower cable, e.g. 8:0.25; repeatable."),
    click.option("--fail-seed", type=SEED, default=0, show_default=True, help="Seed of the draw of failures."),
    click.option("--fail", multiple=True, help="What is broken, e.g. links:1, switches:spine:1, cable:7; repeatable."),
    click.option(
        "--routing", default="dmodk", show_default=True, help="dmodk, table:FILE, or kernel_ecmp:SEED (the kernel's hash)."
    ),
    click.option("--rate", help="Of a host's link on the twin, e.g. 50Mb/s; others in proportion."),
)


def plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what decides a plan: rate, routing, failures, how to get namespaces, whether only to print."""
    for option in PLAN:
        function = option(function)
    return function


def measuring_options(sizes: str, iters: int | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what adds the options of what is measured: collective, library, algorithm, sizes, ranks, for how long."""
    by_default = "by default what the budget holds" if iters is None else f"by default {iters}"
    options = (
        click.option("--iters", type=SAMPLES, default=iters, help=f"Samples of a case; {by_default}."),
        click.option("--seconds", type=BLOCK, default=3.0, show_default=True, help="Budget of a case."),
        click.option("--ranks", help="World sizes in one launch, e.g. 2,4,8; by default all devices."),
        click.option("--sizes", "--size", "sizes", default=sizes, show_default=True, help="Bytes, with units."),
        click.option("--algorithm", default="default", show_default=True, help="Of mpi's all_reduce, forced: ring, ..."),
        click.option("--backend", type=click.Choice(BACKENDS), default="gloo", show_default=True, help="Library that runs."),
        click.option("--collective", default="all_reduce", show_default=True, help="What is run."),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in options:
            function = option(function)
        return function

    return add


def question(fabric: Fabric, given: dict[str, Any]) -> Ask:
    """Return what is to be measured.

    Raises:
        InputError: a text that says no number, size or collective.
    """
    from fabric import units
    from fabric.collectives.catalog import collective
    from fabric.twin.experiment import Ask

    ranks = units.counts(given["ranks"]) if given["ranks"] is not None else [fabric.topology.devices]
    broken = [*given["fail"], *(f"{text} of its speed" for text in given["degrade"])]
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
        failures=", ".join(broken) + (f" (seed {given['fail_seed']})" if given["fail"] else ""),
    )


def patient(ask: Ask, plan: TwinPlan) -> Ask:
    """Return the question with a time-out that suits its largest size on the plan's links."""
    from fabric.twin.experiment import host_rate
    from fabric.twin.regime import goodput

    return replace(ask, timeout=max(LEAST_TIMEOUT, CALLS_IN_SILENCE * max(ask.sizes) / goodput(host_rate(plan))))


def rate_for(fabric: Fabric, given: dict[str, Any], ask: Ask) -> float:
    """Return the bits per second of a host's link: the one given, else one at which the smallest size is bound by links.

    Raises:
        InputError: a fabric that no twin can show, or no rate.
    """
    from fabric import units
    from fabric.twin.plan import check, groups
    from fabric.twin.regime import choose_rate

    check(fabric)
    if given["rate"] is not None:
        return 8 * units.rate(given["rate"], "rate")
    rails = len(groups(fabric.topology, range(fabric.topology.devices)))
    return choose_rate(ask.sizes, max(ask.world_sizes) // rails)


def plan_for(fabric: Fabric, given: dict[str, Any], rate: float) -> TwinPlan:
    """Return the plan of the fabric with what is broken.

    Raises:
        InputError: what cannot be emulated, with the reason.
    """
    from fabric.network.failures import draw, without
    from fabric.twin.plan import plan_of

    fabric = replace(fabric, degraded={**fabric.degraded, **degraded(fabric, given["degrade"])})
    if given["fail"]:
        fabric = without(fabric, draw(fabric.topology, "+".join(given["fail"]), given["fail_seed"]))
    return plan_of(fabric, rate, given["routing"])


def degraded(fabric: Fabric, texts: Sequence[str]) -> dict[int, float]:
    """Return the bytes per second of every cable that is to be slower.

    Raises:
        InputError: a text that is not CABLE:SHARE, no such cable, or a share that is not between 0 and 1.
    """
    from topologies.errors import InputError

    cables, found = len(fabric.topology.ends), {}
    for text in texts:
        match = re.fullmatch(r"(\d+):(0?\.\d+|1(?:\.0*)?)", text, re.ASCII)
        cable, share = (natural(match[1]), maybe_real(match[2])) if match else (None, None)
        if cable is None or cable >= cables or not share:
            raise InputError(
                f"degrade: must be CABLE:SHARE, cable 0 ... {cables - 1}, share above 0 up to 1, got {shown(text)}"
            )
        found[cable] = fabric.link_speed[2 * cable].item() * share
    return found


def read_scenarios(plan: TwinPlan, order: str, given: dict[str, Any]) -> list[Scenario]:
    """Return the whole fabric and every what-if of the options.

    Raises:
        InputError: what cannot be a scenario.
    """
    from fabric import units
    from fabric.twin.what_if import scenarios

    return scenarios(
        plan,
        order,
        fail=given["fail"],
        fail_seed=given["fail_seed"],
        degraded={text: degraded(plan.fabric, [text]) for text in given["degrade"]},
        oversubscribe=units.counts(given["oversubscribe"], "oversubscribe") if given["oversubscribe"] is not None else (),
        orders=given["against"].split(",") if given["against"] is not None else (),
        seeds=units.counts(given["seeds"], "seeds") if given["seeds"] is not None else (),
        jobs=given["jobs"],
    )


def print_script(plan: TwinPlan) -> None:
    """Print what would bring a plan up."""
    from fabric.twin.script import script

    click.echo(script(plan), nl=False)
