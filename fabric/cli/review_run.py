"""`review run`: the candidates of a YAML file worked out side by side, with a verdict."""

from __future__ import annotations

from pathlib import Path

import click

from fabric.cli.output import PAGE, Progress, check_writable, form, formats, give, table, tell

EXAMPLE = "Example: fabricbench review run benchmarks/reviews/h100-8192.yaml -o review.html"


@click.command("run", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("request_file", metavar="REVIEW.yaml", type=click.Path(path_type=Path))
@form("--markdown", help="Print a one-page Markdown summary.")
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
    from fabric.answers.review import evaluated, reviewed
    from fabric.report.review import text

    check_writable("output", output, *PAGE)
    progress = Progress("review", "candidates")
    review = evaluated(request_file, force=force, tell=progress)
    if output is not None:
        from fabric.report.review.page import write

        write(review, output, lang)
        click.echo(f"fabricbench: wrote {output}", err=True)
    if markdown:
        click.echo(text.markdown(review, lang))
    elif as_json or as_csv:
        give(reviewed(review, lang), as_json=as_json, as_csv=as_csv)
    else:
        for line in text.first_lines(review, lang):
            tell(line)
        click.echo()
        for title, columns, body in text.tables(review):
            table(title, columns, body)
            click.echo()
        for line in text.lines(review, lang):
            click.echo(line)
    return 0 if any(design.fits for design in review.designs) else 1
