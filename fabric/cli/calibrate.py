"""`calibrate`: constants of the libraries in a results file, with their errors on what the fit has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from fabric.cli.output import formats, give, tell, warn

EXAMPLE = "Example: fabricbench calibrate results.jsonl --topo local.yaml -o constants.json"


@click.command("calibrate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--topo", required=True, help="The fabric that the results were measured on.")
@click.option("--collective", default="all_reduce", show_default=True, help="Which, where RESULTS hold several.")
@click.option("--library", metavar="NAME", help="Of imported results that do not say it (OSU, IMB): mpi:openmpi or mpi:mpich.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The constants file to write.")
@formats
def command(
    results: Path, topo: str, collective: str, library: str | None, output: Path | None, *, as_json: bool, as_csv: bool
) -> None:
    """Fit alphas and betas from measured RESULTS and score them on held-out cases.

    Fitted: every second size at world size 2. Held out: the other sizes, and every size at larger world sizes. Cells
    with more ranks than cores are neither. The baseline beside it is alpha + beta S through the same points. Imported
    results (one mean per case) are a series of their own; those that screening found in error are left out.
    """
    from fabric.answers.ask import load
    from fabric.answers.calibrate import calibrate
    from fabric.predict import constants
    from fabric.records.measured import measured_in, of_one_collective

    fabric = load(topo)
    measured, lines = measured_in(results, library)
    for line in lines:
        warn(line)
    fitted = calibrate(of_one_collective(measured, collective), fabric)
    if output is not None:
        constants.write(output, list(fitted))
        fitted = replace(fitted, beside={**fitted.beside, "file": str(output)})
    give(fitted, as_json=as_json, as_csv=as_csv)
    if output is not None and not (as_json or as_csv):
        tell(f"written to {output}")
