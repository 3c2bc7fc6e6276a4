"""`training MODEL --topo T`: a training step of a model on a fabric. It reads options and prints; answers/training.py asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import RANKS, SECONDS, Number, Whole
from fabric.cli.output import check_writable, formats, give, tell

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.workload.step import TrainingStep

EXAMPLE = "Example: fabricbench training llama3-70b --topo dgx-h100:nodes=64 --plan tp=8,pp=4 --batch 1024"
BATCH, SEQ = Whole(1, 10**9), Whole(1, 10**9)
DAYS = Number(0, 3_650, above=True)


@click.command("training", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("model")
@click.option("--topo", required=True, help="Fabric with its node, e.g. dgx-h100:nodes=64.")
@click.option("--plan", default="auto", show_default=True, help="How it is cut, e.g. tp=8,pp=4,vpp=2,mb=1; auto: the fastest.")
@click.option("--batch", type=BATCH, help="Sequences a step; by default the model's published one, else 16 a device.")
@click.option("--seq", type=SEQ, help="Tokens of a sequence; by default what the model is made for.")
@click.option("--ranks", type=RANKS, help="Devices; by default all of the fabric.")
@click.option("--constants", help="Of the collectives: none, nccl, nccl:HARDWARE or a file; by default the node's library.")
@click.option(
    "--measured",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Scale by steps of your own: CSV, or a log of Megatron-LM or torchtitan.",
)
@click.option("--workers", type=Whole(1, 1024), help="Processes that --plan auto searches with; by default one a core.")
@click.option("--faults", type=click.Path(path_type=Path), metavar="FILE", help="Replay a list of node faults (CSV).")
@click.option("--days", type=DAYS, default=90.0, show_default=True, help="Length of the run that failures are worked out for.")
@click.option("--checkpoint", type=SECONDS, default=60.0, show_default=True, help="Seconds that writing one stops the work.")
@click.option("--restart", type=SECONDS, default=600.0, show_default=True, help="Seconds from a stop until work goes on.")
@click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Write the step in time, for Chrome or Perfetto."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the page, one self-contained HTML file.")
@formats
def command(*, topo: str, as_json: bool, as_csv: bool, trace: Path | None, output: Path | None, **asked: Any) -> None:
    """Show what a training step of MODEL takes on a fabric, by part, and what would make it faster.

    MODEL is a name such as llama3-70b, or a Hugging Face config.json. `fabricbench training list --topo T` names all.
    """
    for option, path in (("trace", trace), ("output", output)):
        check_writable(option, path)
    answer = _answer(topo, asked)
    if trace is not None:
        from fabric.answers.training import write_trace

        write_trace(answer, trace)
        tell(f"fabricbench: wrote {trace}", err=True)
    if output is not None:
        from fabric.answers.training import page

        page(answer, output)
        tell(f"fabricbench: wrote {output}", err=True)
    give(answer, as_json=as_json, as_csv=as_csv)


def _answer(topo: str, asked: dict[str, Any]) -> Answer[TrainingStep]:
    raise SystemExit(topo + str(asked))
