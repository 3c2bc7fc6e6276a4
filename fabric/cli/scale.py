"""`scale`: scaling efficiency versus cluster size, of a results file or of the model alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli import scale_model
from fabric.cli.options import constants_asked, model_options, refuse_unused
from fabric.cli.output import formats, give, warn

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.scaling import Row

EXAMPLE = """Example: fabricbench scale --topo rail_optimized:nodes=2048,rails=8,radix=64,scale_up=nvswitch
--topo fat_tree:k=64,devices_per_node=8,scale_up=nvswitch --sizes 64MiB --ranks 8,128,2048,16384 --algorithm rail_aligned"""


@click.command("scale", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("results", required=False, type=click.Path(path_type=Path))
@click.option("--topo", "topos", multiple=True, required=True, help="Fabric; several to compare them (without RESULTS).")
@click.option("--collective", default="all_reduce", show_default=True, help="Which one, of RESULTS too.")
@click.option("--sizes", default="1MiB,64MiB", show_default=True, help="Bytes per rank (without RESULTS).")
@click.option("--ranks", help="World sizes, e.g. 8,16,32 (without RESULTS; by default powers of two).")
@click.option("--algorithm", "algorithms", multiple=True, help="One or several (without RESULTS); default: its first.")
@click.option(
    "--fidelity", default="loaded", show_default=True, help="One for the whole curve: closed, loaded, flows; or auto."
)
@click.option("--library", metavar="NAME", help="Of imported RESULTS that do not say it: mpi:openmpi or mpi:mpich.")
@scale_model.options
@model_options
@formats
def command(results: Path | None, *, topos: Sequence[str], as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Scaling efficiency versus cluster size: measured busbw, predicted busbw, bound, efficiency, error.

    With RESULTS: every measured case beside its prediction on the one --topo, with constants fitted from the file itself
    as calibrate does, or else the library's own model. Without: the model alone, for every --topo and --algorithm.
    efficiency = busbw / bound. With --model: how fast that model trains versus the number of devices, strong and weak, the
    best plan at every size, where the curve bends and why.
    """
    from fabric.cli.topo import load

    if asked["model"]:
        refuse_unused({"results": "RESULTS", **scale_model.NOT_OF_A_MODEL}, "is not of --model")
        give(scale_model.answer([load(topo) for topo in topos], asked), as_json=as_json, as_csv=as_csv)
        return
    refuse_unused(scale_model.OF_A_MODEL, "is of --model, got none")
    if results:
        model = {name: name for name in ("sizes", "ranks", "order", "backend")} | {"algorithms": "algorithm"}
        refuse_unused(model, "is of the model alone, RESULTS say their own")
    else:
        refuse_unused({"library": "library"}, "is of imported RESULTS, got none")
    fabrics = [load(topo) for topo in topos]
    give(_measured(results, fabrics, asked) if results else _predicted(fabrics, asked), as_json=as_json, as_csv=as_csv)


def _measured(path: Path, fabrics: Sequence[Fabric], asked: dict[str, Any]) -> Answer[Row]:
    """Return the rows of a results file on one fabric."""
    from fabric.answers.scale import scale_measured
    from fabric.predict.constants import load
    from fabric.records.measured import measured_in, of_one_collective
    from topologies.errors import InputError

    if len(fabrics) != 1:
        raise InputError(f"topo: must be the one fabric that the results were measured on, got {len(fabrics)}")
    found, lines = measured_in(path, asked["library"])
    for line in lines:
        warn(line)
    measured = of_one_collective(found, asked["collective"])
    given = None if asked["constants"] is None else load(asked["constants"])
    return scale_measured(measured, fabrics[0], given, **_how(asked))


def _predicted(fabrics: Sequence[Fabric], asked: dict[str, Any]) -> Answer[Row]:
    """Return the model's rows for every fabric and algorithm."""
    from fabric import units
    from fabric.answers.scale import scale

    return scale(
        fabrics,
        asked["collective"],
        sizes=units.sizes(asked["sizes"]),
        ranks=units.counts(asked["ranks"]) if asked["ranks"] is not None else None,
        order=asked["order"],
        constants=constants_asked(asked),
        algorithms=asked["algorithms"],
        **_how(asked),
    )


def _how(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("routing", "fidelity", "force")}
