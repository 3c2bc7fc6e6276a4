"""`training MODEL --topo T`: a training step of a model on a fabric. It reads options and prints; answers/training.py asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import RANKS, SECONDS, WORKERS, Number, Whole
from fabric.cli.output import PAGE, Progress, check_writable, formats, give, tell

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.workload.step import TrainingStep

EXAMPLE = "Example: fabricbench training llama3-70b --topo dgx-h100:nodes=64 --plan tp=8,pp=4 --batch 1024"
MANY = Whole(1, 10**9)
DAYS = Number(0, 3_650, above=True)


@click.command("training", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("model")
@click.option("--topo", required=True, help="Fabric of a known node, e.g. dgx-h100:nodes=64.")
@click.option(
    "--plan",
    default="auto",
    show_default=True,
    help="E.g. tp=8,pp=4,vpp=2,mb=1; auto: the fastest that fits; auto,precision=fp8: the fastest of those.",
)
@click.option("--batch", type=MANY, help="Sequences a step; by default 4 Mi tokens or more, in whole sequences a node.")
@click.option("--seq", type=MANY, help="Tokens of a sequence; by default 8,192, or what the model is made for if that is less.")
@click.option("--ranks", type=RANKS, help="Devices; by default all of the fabric.")
@click.option("--constants", help="Of the collectives: none, nccl, nccl:HARDWARE or a file; by default the node's library.")
@click.option(
    "--measured",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Scale by steps of your own: CSV, or a log of Megatron-LM or torchtitan.",
)
@click.option("--workers", type=WORKERS, help="Processes that --plan auto may start; by default one a core.")
@click.option("--faults", type=click.Path(path_type=Path), metavar="FILE", help="Replay a list of node faults (CSV).")
@click.option("--days", type=DAYS, default=90.0, show_default=True, help="Length of the run that failures are worked out for.")
@click.option("--checkpoint", type=SECONDS, default=60.0, show_default=True, help="Seconds that writing one stops the work.")
@click.option("--restart", type=SECONDS, default=600.0, show_default=True, help="Seconds from a stop until work goes on.")
@click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Write the step in time, for Chrome or Perfetto."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page, one self-contained HTML file.")
@formats
def command(*, as_json: bool, as_csv: bool, trace: Path | None, output: Path | None, **asked: Any) -> None:
    """Show what a training step of MODEL takes on a fabric, by part, and what would make it faster.

    MODEL is a name such as llama3-70b, or a config.json of Hugging Face (docs/training.md lists the names).
    """
    from fabric.answers.training_page import page, write_trace
    from fabric.cli.topo import load
    from fabric.predict.constants import constants_of

    check_writable("trace", trace)
    check_writable("output", output, *PAGE)
    constants = None if asked["constants"] is None else constants_of(asked["constants"])
    answer = _answer(asked, fabric := load(asked["topo"]), constants)
    for path, write in ((trace, write_trace), (output, page)):
        if path is not None:
            write(answer, fabric, path, constants)
            tell(f"fabricbench: wrote {path}", err=True)
    give(answer, as_json=as_json, as_csv=as_csv)


def _answer(asked: dict[str, Any], fabric: Fabric, constants: Constants | None) -> Answer[TrainingStep]:
    """Return the answer to the options."""
    from fabric.answers.training import Months, training
    from fabric.importers.node_faults import load as load_faults
    from fabric.importers.steps import load as load_steps
    from fabric.workload.catalog import language_model

    model = language_model(asked["model"])
    faults = None if asked["faults"] is None else load_faults(asked["faults"], "faults")
    return training(
        model,
        fabric,
        asked["plan"],
        batch=asked["batch"],
        seq=asked["seq"],
        ranks=asked["ranks"],
        constants=constants,
        measured=() if asked["measured"] is None else load_steps(asked["measured"]),
        months=Months(asked["days"], asked["checkpoint"], asked["restart"], faults),
        workers=asked["workers"],
        watch=Progress("training", "plans"),
    )
