"""`compare A B`: two sets of results side by side, case by case, with a verdict where a tolerance is given."""

from __future__ import annotations

import click

from fabric.cli.kinds import TOLERANCE
from fabric.cli.output import formats, give, warn

EXAMPLE = "Example: fabricbench compare results.jsonl@gloo results.jsonl@model --tolerance 10"


@click.command("compare", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("a")
@click.argument("b")
@click.option("--tolerance", type=TOLERANCE, metavar="PERCENT", help="Exit 1 where a case of A is slower by more.")
@formats
def command(a: str, b: str, *, tolerance: float | None, as_json: bool, as_csv: bool) -> int:
    """Compare results A with results B, case by case.

    A and B are FILE or FILE@SOURCE, the source by the beginning of its name (gloo, mpi, model). error = A's seconds /
    B's - 1, above zero where A is slower. A verdict needs both: more than the tolerance, and intervals apart. Without
    --tolerance what has its intervals apart `differs`, exit 0.
    """
    from fabric.answers.compare import compare
    from fabric.records.compare import side

    sides = [side(text) for text in (a, b)]
    for line in (line for _, lines in sides for line in lines):
        warn(line)
    (left, _), (right, _) = sides
    found = compare(left, right, tolerance, names=(a, b))
    give(found, as_json=as_json, as_csv=as_csv)
    return int(any(row["verdict"] == "slower" for row in found.rows()))
