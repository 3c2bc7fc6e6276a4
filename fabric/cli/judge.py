"""`judge LOG... --topo T`: is it what this fabric should give? It reads options and leaves with the verdict's exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import NODES, RANKS
from fabric.cli.output import PAGE, check_writable, formats, give, warn

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.result import Result

EXAMPLE = "Example: fabricbench judge all_reduce.log --topo rail_only:nodes=16,rails=8,scale_up=nvswitch"
EXITS = {"bad": 1, "good": 0}
UNDECIDED = 4


@click.command("judge", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG...")
@click.option("--topo", required=True, help="The fabric it was measured on: short form or YAML file.")
@click.option("--constants", help="NCCL's hardware, e.g. nccl:h100; by default what the scale-up part of the fabric says.")
@click.option(
    "--algorithm", help="What ran where the logs do not say: ring, tree, nvls, nvls_tree, sharp; default: free choice."
)
@click.option("--tool", default="auto", show_default=True, help="Whose output the logs are, as for import.")
@click.option("--ranks", type=RANKS, help="Ranks that took part, where the logs do not say.")
@click.option("--nodes", type=NODES, help="Servers that took part, where the logs do not say.")
@click.option("--collective", help="What was measured, where the logs do not say.")
@click.option("--floor", type=click.Path(path_type=Path), metavar="FILE", help="Write what these logs took as a floor.")
@click.option("--against", type=click.Path(path_type=Path), metavar="FILE", help="Judge by this floor instead of by hardware.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page.")
@formats
def command(logs: tuple[Path, ...], *, topo: str, as_json: bool, as_csv: bool, html: Path | None, **asked: Any) -> None:
    """Hold measured collectives against what their fabric should give: good, watch, bad, unknown, and why.

    Logs are whatever `import` reads, and our own results; several at once, of several world sizes. Exit 1 where a row is bad,
    else 4 where none could be judged good, else 0.
    """
    from fabric.answers.judge import judge, page
    from fabric.cli.topo import load
    from fabric.judge import floor_file
    from fabric.predict.constants import constants_of

    fabric = load(topo)
    check_writable("floor", asked["floor"])
    check_writable("html", html, *PAGE)
    constants = constants_of(asked["constants"]) if asked["constants"] else None
    against = floor_file.read(asked["against"]) if asked["against"] else None
    results = _results(logs, asked)
    answer = judge(results, fabric, constants, floor=against, algorithm=asked["algorithm"])
    if asked["floor"]:
        _write_floor(asked["floor"], results, fabric, asked["algorithm"])
    if html:
        page(answer, html)
    give(answer, as_json=as_json, as_csv=as_csv)
    raise SystemExit(EXITS.get(str(answer.beside["verdict"]), UNDECIDED))


def _results(logs: tuple[Path, ...], asked: dict[str, Any]) -> list[Result]:
    """Return the results of all logs; their findings go to standard error."""
    from fabric.answers.judge import results_of
    from fabric.importers.results import Given

    given = Given(asked["ranks"], asked["nodes"], asked["collective"])
    found: list[Result] = []
    for log in logs:
        results, said = results_of(log, asked["tool"], given)
        for line in said:
            warn(line)
        found += results
    return found


def _write_floor(path: Path, results: list[Result], fabric: Fabric, algorithm: str | None) -> None:
    """Write the floor of the results, with the nodes that the fabric makes of their ranks."""
    from dataclasses import replace

    from fabric.judge import floor_file
    from fabric.judge.floor import floor_of
    from fabric.judge.nominal import Nominal
    from fabric.records.result import now

    nominal = Nominal(fabric, None)
    placed = [replace(result, case=nominal.placed(result.case)) for result in results]
    floor = replace(
        floor_of(placed, algorithm), fabric=fabric.name or fabric.topology.name, fingerprint=fabric.fingerprint, made_at=now()
    )
    floor_file.write(path, floor)
