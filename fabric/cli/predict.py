"""`predict`: what the cost model says of collectives on a fabric."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import SEED
from fabric.cli.options import (
    case_options,
    constants_asked,
    model_options,
    read_order,
    read_params,
)
from fabric.cli.output import Progress, check_writable, formats, give

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.failures import Failures
    from fabric.network.placement import Devices
    from fabric.records.case import Case

EXAMPLE = "Example: fabricbench predict --topo fat_tree:k=8 --collective all_reduce --sizes 1MiB,64MiB --ranks 8,128"


@click.command("predict", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option("--collective", default="all_reduce", show_default=True, help="What is asked for.")
@click.option("--sizes", default="1MiB,64MiB", show_default=True, help="Bytes per rank, with units.")
@click.option("--ranks", help="World sizes, e.g. 8,16; by default all devices.")
@click.option("--algorithm", help="Name with parameters, e.g. ring:channels=8; default: the backend's choice, else ring.")
@click.option("--fidelity", default="auto", show_default=True, help="closed, loaded, flows; auto: the cheapest that is exact.")
@click.option("--fail", multiple=True, help="What is broken, e.g. links:10, switches:spine:1, plane:0, cable:7; repeatable.")
@click.option("--fail-seed", type=SEED, default=0, show_default=True, help="Seed of the draw of failures.")
@click.option("--trace", is_flag=True, help="Show every step: which link, how full, how long.")
@click.option(
    "--register",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the predictions to a chain that cannot be changed unseen, before anyone measures.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Add the answers to this file, which compare takes."
)
@case_options
@model_options
@formats
def command(*, topo: str, as_json: bool, as_csv: bool, trace: bool, output: Path | None, **asked: Any) -> None:
    """Predict how long collectives take on a fabric, and which link holds them up."""
    from fabric.cli.topo import load
    from topologies.errors import InputError

    if trace and output:
        raise InputError("output: --trace shows steps and makes no results, got both; leave one out")
    check_writable("output", output)
    fabric = load(topo, force=asked["force"])
    constants = constants_asked(asked)
    asked["order"], given = read_order(asked["order"])
    cases = _cases(fabric, asked, given)
    options = {
        "algorithm": asked["algorithm"],
        "routing": asked["routing"],
        "failures": _failures(fabric, asked),
        "fidelity": asked["fidelity"],
        "given": given,
        "force": asked["force"],
    }
    if trace:
        from fabric.answers.trace import trace as steps

        give(steps(cases, fabric, constants, **options), as_json=as_json, as_csv=as_csv)
        return
    from fabric.answers.predict import predict

    answer = predict(cases, fabric, constants, watch=Progress("predict", "messages"), **options)
    if asked["register"] is not None:
        from fabric.answers.register import register

        entry = register(asked["register"], list(answer), {"topo": topo, **asked})
        click.echo(f"registered in {asked['register']} as {entry.hash}", err=True)
    if output:
        from fabric.records.store import append_all

        append_all(output, answer)
    give(answer, as_json=as_json, as_csv=as_csv)


def _cases(fabric: Fabric, asked: dict[str, Any], given: Devices | None) -> list[Case]:
    from fabric import units
    from fabric.predict.cases import cases

    return cases(
        fabric,
        asked["collective"],
        sizes=units.sizes(asked["sizes"]),
        ranks=units.counts(asked["ranks"]) if asked["ranks"] is not None else None,
        order=asked["order"],
        root=asked["root"],
        params=read_params(asked["param"]),
        given=given,
    )


def _failures(fabric: Fabric, asked: dict[str, Any]) -> Failures | None:
    from fabric.network.failures import draw

    return draw(fabric.topology, "+".join(asked["fail"]), asked["fail_seed"]) if asked["fail"] else None
