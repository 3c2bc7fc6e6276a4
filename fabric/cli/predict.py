"""`predict`: what the cost model says of collectives on a fabric."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import (
    case_options,
    flat,
    model_options,
    read_order,
    read_params,
)
from fabric.cli.output import Progress, emit, formats, table

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.network.placement import Devices
    from fabric.predict.constants import Constants
    from fabric.records.case import Case
    from fabric.records.result import Result

SHOWN = 0.005
"""Slowdowns below this are the rounding of the table."""
EXAMPLE = "Example: fabricbench predict --topo fat_tree:k=8 --collective all_reduce --sizes 1MiB,64MiB --ranks 8,128"


@click.command("predict", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option("--collective", default="all_reduce", show_default=True, help="What is asked for.")
@click.option("--sizes", default="1MiB,64MiB", show_default=True, help="Bytes per rank, with units.")
@click.option("--ranks", help="World sizes, e.g. 8,16; by default all devices.")
@click.option("--algorithm", help="Name with parameters, e.g. ring:channels=8; default: the backend's choice, else ring.")
@click.option("--fidelity", default="auto", show_default=True, help="closed, loaded, flows; auto: the cheapest that is exact.")
@click.option("--fail", multiple=True, help="What is broken, e.g. links:10, switches:spine:1, plane:0, cable:7; repeatable.")
@click.option("--fail-seed", default=0, show_default=True, help="Seed of the draw of failures.")
@click.option("--trace", is_flag=True, help="Show every step: which link, how full, how long.")
@case_options
@model_options
@formats
def command(*, topo: str, as_json: bool, as_csv: bool, trace: bool, **asked: Any) -> None:
    """Predict how long collectives take on a fabric, and which link holds them up."""
    from fabric.cli.answers import load

    fabric = load(topo)
    from fabric.predict.constants import constants_of

    constants = constants_of(asked["constants"], asked["backend"])
    asked["order"], given = read_order(asked["order"])
    cases = _cases(fabric, asked, given)
    options = {
        "algorithm": asked["algorithm"],
        "routing": asked["routing"],
        "failures": _failures(fabric, asked),
        "fidelity": asked["fidelity"],
        "given": given,
    }
    if trace:
        _trace(cases, fabric, constants, options, as_json=as_json, as_csv=as_csv)
        return
    from fabric.predict.answer import predict

    results = predict(cases, fabric, constants, watch=Progress("predict", "messages"), **options)
    rows = [_row(result, fabric, constants.backend, given) for result in results]
    if not emit("predict", rows, as_json=as_json, as_csv=as_csv, assumptions=[*fabric.assumptions(), constants.source]):
        _print(rows, [*fabric.assumptions(), f"constants: {constants.name} ({constants.source})"])


def _cases(fabric: Fabric, asked: dict[str, Any], given: Devices | None) -> list[Case]:
    from fabric import units
    from fabric.predict.cases import cases

    return cases(
        fabric,
        asked["collective"],
        sizes=units.sizes(asked["sizes"]),
        ranks=units.counts(asked["ranks"]) if asked["ranks"] else None,
        order=asked["order"],
        root=asked["root"],
        params=read_params(asked["param"]),
        given=given,
    )


def _failures(fabric: Fabric, asked: dict[str, Any]) -> Failures | None:
    from fabric.network.failures import draw

    return draw(fabric.topology, "+".join(asked["fail"]), asked["fail_seed"]) if asked["fail"] else None


def _trace(
    cases: list[Case], fabric: Fabric, constants: Constants, options: dict[str, Any], *, as_json: bool, as_csv: bool
) -> None:
    """Print the steps of every case."""
    from fabric.predict.trace import trace

    rows = [row for case in cases for row in trace(case, fabric, constants, **options)]
    if emit("trace", rows, as_json=as_json, as_csv=as_csv):
        return
    from fabric.units import show_duration, show_size

    columns = ["size", "ranks", "step", "repeats", "starts at", "takes", "fullest link", "in use"]
    body = [
        (
            show_size(row["nbytes"]),
            f"{row['world_size']:,}",
            str(row["step"]),
            f"{row['repeats']:,}",
            show_duration(row["start_seconds"]),
            show_duration(row["seconds"]),
            row["link"] or "-",
            f"{100 * row['fullness']:.0f} %",
        )
        for row in rows
    ]
    what = f"{cases[0].collective} on {fabric.name}: {options['algorithm']}, {options['routing']} routing"
    table(f"{what}, step by step", columns, body)


def _row(result: Result, fabric: Fabric, backend: str | None, given: Devices | None) -> dict[str, Any]:
    from fabric.predict.bounds import bound, in_network_bound
    from fabric.scaling import PASSED

    said, limit = result.model, bound(result.case, fabric, backend, given=given)
    efficiency = result.busbw / limit.busbw if limit else None
    summed = in_network_bound(result.case, fabric, given=given) if efficiency and efficiency > PASSED else None
    return flat(
        result,
        bound_busbw_bytes_per_second=limit.busbw if limit else None,
        bound_level=limit.level if limit else None,
        efficiency=efficiency,
        in_network_bound_busbw_bytes_per_second=summed.busbw if summed else None,
        in_network_efficiency=result.busbw / summed.busbw if summed else None,
        fidelity_reason=said.reason,
        exact=said.exact,
        bottleneck_link=said.link,
        shares=asdict(said.shares) if said.shares else None,
        slowdown=said.slowdown,
        latency_seconds=said.latency_seconds,
        bandwidth_seconds=dict(said.bandwidth_seconds),
    )


def _print(rows: list[dict[str, Any]], assumptions: list[str]) -> None:
    from fabric.units import show_duration, show_size

    columns = [
        "size",
        "ranks",
        "nodes",
        "algorithm",
        "time",
        "algbw GB/s",
        "busbw GB/s",
        "% of bound",
        "slowdown",
        "fidelity",
        "bottleneck",
    ]
    body = [
        (
            show_size(row["nbytes"]),
            f"{row['world_size']:,}",
            f"{row['nodes']:,}",
            row["algorithm"],
            show_duration(row["seconds"]),
            f"{row['algbw_bytes_per_second'] / 1e9:.2f}",
            f"{row['busbw_bytes_per_second'] / 1e9:.2f}" if row["world_size"] > 1 else "-",
            f"{100 * row['efficiency']:.1f}" if row["efficiency"] is not None else "-",
            f"{row['slowdown']:.2f}" if row["slowdown"] else "-",
            row["source"].partition(":")[2],
            ", ".join((row["bottleneck"], *row["tied"])) if row["world_size"] > 1 else "-",
        )
        for row in rows
    ]
    title = f"{rows[0]['collective']} on {rows[0]['fabric']}, predicted ({rows[0]['routing']} routing, {rows[0]['order']})"
    table(title, columns, body, notes=[*_reasons(rows), *("assumed: " + line for line in assumptions)])


def _reasons(rows: list[dict[str, Any]]) -> list[str]:
    """Return one line per fidelity and reason, and one for the slowest row's bottleneck link."""
    found = dict.fromkeys((row["source"].partition(":")[2], row["exact"], row["fidelity_reason"]) for row in rows)
    lines = [f"{name}: {'exact' if exact else 'not shown to be exact'}: {reason}" for name, exact, reason in found]
    above = [row for row in rows if row["in_network_efficiency"]]
    if above:
        most = max(above, key=lambda row: row["efficiency"])
        lines.append(
            f"above 100 % of the bound: switches add up and copy; of the bound with in-network reduction it is "
            f"{100 * most['in_network_efficiency']:.1f} % where it is {100 * most['efficiency']:.1f} % without"
        )
    slowest = max(rows, key=lambda row: row["slowdown"] or 0.0)
    if slowest["bottleneck_link"] and slowest["slowdown"] > 1 + SHOWN:
        lines.append(
            f"congested: {slowest['bottleneck_link']} takes {slowest['slowdown']:.2f} x what the devices' own links would"
        )
    return lines
