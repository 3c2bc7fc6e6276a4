"""`fleet run FLEET.yaml`: where a centre's hours, kWh and money go. It reads options, prints, and computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import WORKERS, Number, Whole
from fabric.cli.output import PAGE, Progress, check_writable, form, formats, give, tell

if TYPE_CHECKING:
    from fabric.answers.fleet_run import Asked

EXAMPLE = "Example: fabricbench fleet run docs/examples/fleet/half-idle.yaml -o page.html"


@click.command("run", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("fleet", metavar="FLEET.yaml", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    "policies",
    multiple=True,
    help="Policy such as easy+tree, once per policy; the first runs today. By default the file's.",
)
@click.option("--loads", help="Loads that the jobs are sped up or slowed down to, such as 0.6,0.8; by default the file's.")
@click.option("--ratios", help="Fabrics to compare: what leaves pass on, such as built,1,4 (built: as it is).")
@click.option(
    "--links", type=click.Choice(["both", "none"]), help="Link models: both stated ends, or none; by default the file's."
)
@click.option("--seeds", type=Whole(1, 100), help="Seeds; by default the file's.")
@click.option(
    "--changes/--no-changes", default=True, show_default=True, help="Change one thing at a time and say what it is worth."
)
@click.option("--power-cap", help="What a cap such as 2MW allows.")
@click.option(
    "--wait", type=Number(0, 1e8, above=True), metavar="SECONDS", help="Seek the load that still fits at this P95 wait."
)
@click.option(
    "--replica", type=click.Choice(["1", "2", "4", "8"]), default="8", show_default=True, help="Devices of a service's replica."
)
@click.option("--journal", type=click.Path(path_type=Path), metavar="FILE", help="Keep finished runs there, and go on from it.")
@click.option("--workers", type=WORKERS, help="Processes; by default one per core.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PAGE.html", help="Write the page.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
@form("--markdown", help="Print the tables as Markdown.")
@formats
def command(
    fleet: Path, *, output: Path | None, lang: str, markdown: bool, seeds: int | None, as_json: bool, as_csv: bool, **asked: Any
) -> None:
    """Simulate the jobs of FLEET.yaml under policies: from installed to effective, waits, money, what would help most.

    The file (docs/fleet.md) names network, nodes, jobs, prices, power and policies. Ctrl-C shows what is finished; with
    --journal the same command goes on from there.
    """
    from fabric.answers.fleet_run import fleet_run, page
    from fabric.fleet.fleet_file import load

    check_writable("output", output, *PAGE)
    file = load(fleet)
    file = file.model_copy(update={"seeds": seeds}) if seeds else file
    answer = fleet_run(file, _asked(asked), watch=Progress("fleet run", "runs"))
    if output is not None:
        page(answer, output, lang)
        tell(f"fabricbench: wrote {output}", err=True)
    if markdown:
        from fabric.answers.fleet_tables import markdown as as_markdown

        click.echo(as_markdown(answer))
    else:
        give(answer, as_json=as_json, as_csv=as_csv)
    if answer.warnings:  # interrupted: what is finished is printed, and whoever called is told
        click.get_current_context().exit(130)


def _asked(asked: dict[str, Any]) -> Asked:
    """Return the options as the question takes them; InputError for a number that is none."""
    from fabric.answers.fleet_run import Asked
    from fabric.text.numbers import real, whole
    from fabric.units import power

    ratios = [word.strip() for word in (asked["ratios"] or "").split(",") if word.strip()]
    loads = [word.strip() for word in (asked["loads"] or "").split(",") if word.strip()]
    return Asked(
        policies=asked["policies"],
        loads=tuple(real(word, "loads", 0, 10, above=True) for word in loads),
        ratios=tuple(None if word == "built" else real(word, "ratios", 0, 1000, above=True) for word in ratios),
        links=asked["links"] or "",
        changes=asked["changes"],
        cap=power(asked["power_cap"], "power-cap") if asked["power_cap"] else None,
        wait=asked["wait"],
        replica=whole(asked["replica"], "replica"),
        workers=asked["workers"],
        journal=asked["journal"],
    )
