"""`review run`: the candidates of a YAML file worked out side by side, with a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import Progress, emit, formats, table

if TYPE_CHECKING:
    from fabric.review.evaluate import Review

EXAMPLE = "Example: fabricbench review run benchmarks/reviews/h100-8192.yaml -o review.html"


@click.command("run", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("request_file", metavar="REVIEW.yaml", type=click.Path(path_type=Path))
@click.option("--markdown", is_flag=True, help="Print a one-page Markdown summary.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page, one self-contained HTML file.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the sentences.")
@click.option("--force", is_flag=True, help="Take figures beyond what is plausible as they are; the verdict names them.")
@formats
def command(
    *, request_file: Path, markdown: bool, output: Path | None, lang: str, force: bool, as_json: bool, as_csv: bool
) -> int:
    """Review the candidates of REVIEW.yaml (docs/review.md).

    Exit 1: no candidate fits the limits at middle prices and powers, or none could be built.
    """
    from fabric.predict.constants import constants_of
    from fabric.report.review import text
    from fabric.review.evaluate import evaluate
    from fabric.review.request import load
    from fabric.review.rows import rows
    from topologies.errors import InputError

    request = load(request_file)
    progress, total = Progress("review", "candidates"), len(request.candidates)
    try:
        constants = constants_of(request.constants)
        review = evaluate(request, constants, lambda done, name: progress(done, total, name), force=force)
    except InputError as error:
        raise InputError(f"{request_file}: {error}") from None
    if output is not None:
        from fabric.report.review.page import write

        write(review, output, lang)
        click.echo(f"fabricbench: wrote {output}", err=True)
    if markdown:
        click.echo(text.markdown(review, lang))
    elif not emit("review/2", rows(review), as_json=as_json, as_csv=as_csv, **_worded(review, lang)):
        for line in text.first_lines(review, lang):
            click.echo(line)
        click.echo()
        for title, columns, body in text.tables(review):
            table(title, columns, body)
            click.echo()
        for line in text.lines(review, lang):
            click.echo(line)
    return 0 if any(design.fits for design in review.designs) else 1


def _worded(review: Review, lang: str) -> dict[str, Any]:
    """Return what stands beside the rows, every finding with its sentence."""
    from fabric.report.review.sentences import sentence
    from fabric.report.words.review import words
    from fabric.review.rows import details
    from fabric.review.verdict import verdict

    own, found = words(lang), details(review)
    said = [{**facts, "text": sentence(one, own)} for facts, one in zip(found["verdict"], verdict(review), strict=True)]
    return {**found, "verdict": said}
