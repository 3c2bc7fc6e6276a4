"""`calibrate`: constants of the libraries in a results file, with their errors on what the fit has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fabric.cli.kinds import RANKS
from fabric.cli.output import formats, give, tell, warn

if TYPE_CHECKING:
    from fabric.importers.results import Given
    from fabric.records.result import Result

EXAMPLE = "Example: fabricbench calibrate results.jsonl --topo local.yaml -o constants.json"


@click.command("calibrate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--topo", required=True, help="The fabric that the results were measured on.")
@click.option("--collective", help="Which to fit lines to where LOGS hold several (all_reduce), and of a log that names none.")
@click.option("--library", metavar="NAME", help="Of imported results that do not say it (OSU, IMB): mpi:openmpi or mpi:mpich.")
@click.option("--ranks", type=RANKS, help="Ranks that took part, of logs that do not say it (OSU).")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The constants file to write.")
@formats
def command(
    logs: tuple[Path, ...],
    topo: str,
    collective: str | None,
    library: str | None,
    ranks: int | None,
    output: Path | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Fit constants from measured results: alphas and betas, and laws of scale of what ran on several nodes.

    LOGS: results files of ours, or what `import` reads, any sizes, world sizes, collectives and algorithms together.
    Laws of scale: a ring's step by block, a tree's levels by size, holes, two nodes apart (docs/scale.md).

    Lines, fitted: every second size at world size 2. Held out: the other sizes, and every size at larger world sizes.
    Cells with more ranks than cores are neither. The baseline beside it is alpha + beta S through the same points.
    Imported results (one mean per case) are a series of their own; those that screening found in error are left out.
    """
    from fabric.answers.calibrate import calibrate
    from fabric.cli.topo import load
    from fabric.collectives.catalog import collective as known
    from fabric.importers.results import Given
    from fabric.predict import constants

    if collective is not None:
        known(collective)
    fabric = load(topo)
    measured = [one for log in logs for one in _read(log, library, Given(ranks, None, collective))]
    fitted = calibrate(measured, fabric, collective=collective or "all_reduce")
    if output is not None:
        constants.write(output, list(fitted))
        fitted = replace(fitted, beside={**fitted.beside, "file": str(output)})
    give(fitted, as_json=as_json, as_csv=as_csv)
    if output is not None and not (as_json or as_csv):
        tell(f"written to {output}")


def _read(log: Path, library: str | None, given: Given) -> list[Result]:
    """Return what was measured in a results file of ours or in a log of another tool; findings go to standard error."""
    from fabric.answers.judge import is_ours, results_of
    from fabric.records.imported import of_library
    from fabric.records.measured import measured_in

    if is_ours(log):
        found, said = measured_in(log, library)
    else:
        found, said = results_of(log, given=given)
        found = of_library(found, library)
    for line in said:
        warn(line)
    return found
