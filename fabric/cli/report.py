"""`report RESULTS --topo T -o page.html`: the page of any results. It reads options and works nothing out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli.output import PAGE, PICTURE, check_writable, formats, give, warn

EXAMPLE = "Example: fabricbench report results.jsonl --topo dgx-h100:nodes=16 -o page.html"


@click.command("report", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--topo", required=True, help="The fabric that they are of: short form or file.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="The page.",
)
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="A picture of its charts too.")
@click.option("--collective", default="all_reduce", show_default=True, help="Which one, where RESULTS hold several.")
@click.option(
    "--constants", help="none, nccl, nccl:HARDWARE or a file; by default fitted from RESULTS, else the library's own."
)
@click.option("--routing", default="ideal", show_default=True, help="Of the predictions beside what was measured.")
@click.option("--fidelity", default="loaded", show_default=True, help="Of the same: closed, loaded, flows; or auto.")
@click.option("--library", metavar="NAME", help="Of imported RESULTS that do not say it: mpi:openmpi or mpi:mpich.")
@formats
def command(results: Path, *, topo: str, output: Path, png: Path | None, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Write one self-contained HTML page of results: charts, errors, assumptions; whoever measured or predicted them.

    RESULTS is a file that measure, import -o or predict -o wrote. What was measured stands beside its prediction on --topo.
    """
    from fabric.answers.ask import load
    from fabric.answers.report import report
    from fabric.predict.constants import load as constants_in
    from fabric.records.measured import all_in

    fabric = load(topo)
    check_writable("output", output, *PAGE)
    check_writable("png", png, *PICTURE)
    found, lines = all_in(results, asked.pop("library"))
    for line in lines:
        warn(line)
    given = asked.pop("constants")
    constants = None if given is None else constants_in(given)
    command_line = f"fabricbench report {results} --topo {topo} -o {output}"
    answer = report(found, fabric, output, constants, picture=png, commands=(command_line,), **asked)
    give(answer, as_json=as_json, as_csv=as_csv)
