"""`throughput`: between what is achieved and what no routing can beat, the rate that every endpoint of a fabric can use."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import click

from fabric.cli.kinds import GAP
from fabric.cli.output import formats, give, warn

EXAMPLE = "Example: fabricbench throughput dragonfly:p=2,a=4,h=2 --traffic worst"


@click.command("throughput", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("topo")
@click.option(
    "--traffic",
    default="uniform",
    show_default=True,
    help="uniform, permutation:SEED, worst (near worst case) or skewed:FACTOR.",
)
@click.option("--methods", help="Of nic, cut, bisection, hop, spray, ecmp, lp, weights; by default all that are worth it.")
@click.option("--eps", type=GAP, default=0.05, show_default=True, help="Gap at which multiplicative weights stop.")
@formats
def command(topo: str, *, traffic: str, methods: str | None, eps: float, as_json: bool, as_csv: bool) -> None:
    """Bracket the throughput of a fabric: theta, the share of its NIC's rate that every endpoint can send at once.

    Every method is a bound that no routing can beat, a rate that is achieved, or both. Traffic inside nodes is left out
    where nodes have a network of their own.
    """
    from fabric.answers.throughput import throughput
    from fabric.cli.topo import load

    asked = tuple(part.strip() for part in methods.split(",")) if methods is not None else ()
    found = throughput(load(topo), traffic, asked, eps=eps, progress=_reporter(perf_counter))
    give(found, as_json=as_json, as_csv=as_csv)


def _reporter(clock: Callable[[], float]) -> Callable[[str], None]:
    """Return a progress that says what is going on, on standard error, once a second from the first second on."""
    last = clock()

    def report(line: str) -> None:
        nonlocal last
        if clock() - last >= 1:
            last = clock()
            warn(f"throughput: {line}")

    return report
