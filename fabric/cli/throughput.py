"""`throughput`: between what is achieved and what no routing can beat, the rate that every endpoint of a fabric can use."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.throughput.answer import Bracket, Estimate

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
@click.option("--eps", type=float, default=0.05, show_default=True, help="Gap at which multiplicative weights stop.")
@formats
def command(topo: str, *, traffic: str, methods: str | None, eps: float, as_json: bool, as_csv: bool) -> None:
    """Bracket the throughput of a fabric: theta, the share of its NIC's rate that every endpoint can send at once.

    Every method is a bound that no routing can beat, a rate that is achieved, or both. Traffic inside nodes is left out
    where nodes have a network of their own.
    """
    from fabric.cli.answers import load
    from fabric.predict.throughput.bracket import bracket

    fabric = load(topo)
    asked = tuple(part.strip() for part in methods.split(",")) if methods is not None else ()
    found = bracket(fabric, traffic, asked, eps=eps, progress=_reporter(perf_counter))
    rows = [_row(estimate, found, fabric) for estimate in found.estimates]
    summary = {"achieved_theta": found.lower, "bound_theta": found.upper, "gap": found.gap}
    more = {"traffic": found.traffic, "nic_bytes_per_second": found.nic, **summary, "assumptions": fabric.assumptions()}
    if not emit("throughput", rows, as_json=as_json, as_csv=as_csv, **more):
        _print(found, fabric)


def _reporter(clock: Callable[[], float]) -> Callable[[str], None]:
    """Return a progress that says what is going on, on standard error, once a second from the first second on."""
    last = clock()

    def report(line: str) -> None:
        nonlocal last
        if clock() - last >= 1:
            last = clock()
            warn(f"throughput: {line}")

    return report


def _row(estimate: Estimate, found: Bracket, fabric: Fabric) -> dict[str, Any]:
    return {
        "fabric": fabric.name,
        "traffic": found.traffic,
        "method": estimate.name,
        "side": estimate.side,
        "theta": estimate.value,
        "bytes_per_second_per_endpoint": None if estimate.value is None else estimate.value * found.nic,
        "exact": estimate.exact,
        "seconds_taken": estimate.seconds_taken,
        "note": estimate.note,
    }


def _print(found: Bracket, fabric: Fabric) -> None:
    from fabric.units import show_duration

    says = {"bound": "at most", "achieved": "at least", "both": "exactly"}
    body = [
        (e.name, says[e.side], f"{e.value:.4f}", f"{e.value * found.nic / 1e9:.2f}", show_duration(e.seconds_taken), e.note)
        for e in found.estimates
        if e.value is not None
    ]
    title = f"{fabric.name}: throughput under {found.traffic} traffic, theta = share of the NIC's {found.nic / 1e9:g} GB/s"
    skipped = [f"not run: {e.name}: {e.note}" for e in found.estimates if e.value is None]
    notes = [verdict(found), *skipped, *("assumed: " + line for line in fabric.assumptions())]
    table(title, ["method", "theta is", "theta", "GB/s per endpoint", "took", "stands on"], body, notes=notes)


def verdict(found: Bracket) -> str:
    """Return the bracket as one line."""
    lower, upper, gap = found.lower, found.upper, found.gap
    if upper is None or lower is None or gap is None:
        known = f"at least {lower:.4f}" if lower is not None else f"at most {upper:.4f}" if upper is not None else "unknown"
        return f"verdict: theta is {known}; the methods that were run give no more"
    rate = f"{lower * found.nic / 1e9:.2f}"
    if gap < 1e-6:
        return f"verdict: theta is {lower:.4f}, {rate} GB/s per endpoint; bound and achieved meet"
    return f"verdict: theta is {lower:.4f} to {upper:.4f}, {rate} to {upper * found.nic / 1e9:.2f} GB/s; gap {100 * gap:.1f} %"
