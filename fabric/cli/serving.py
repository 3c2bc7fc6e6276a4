"""`serving MODEL --topo T`: a serving replica of a model on a fabric. It reads options and prints; answers/serving.py asks."""

from __future__ import annotations

from typing import Any

import click

from fabric.cli.kinds import Whole
from fabric.cli.output import formats, give

EXAMPLE = "Example: fabricbench serving llama3.1-70b --topo dgx-h100:nodes=2 --plan tp=4,precision=fp8 --prompt 2048"
TOKENS = Whole(1, 10**7)


@click.command("serving", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("model")
@click.option("--topo", required=True, help="Fabric of a known node, e.g. dgx-h100:nodes=2.")
@click.option(
    "--plan",
    default="",
    help="Of a replica: tp, pp, ep, etp, dp, precision, dispatch, overlap, e.g. tp=4,precision=fp8; by default the cut of "
    "most tokens/s a device.",
)
@click.option("--batch", help="Sequences at once, e.g. 1,8,64; by default some, and as many as fit.")
@click.option("--prompt", type=TOKENS, default=2048, show_default=True, help="Tokens of a prompt.")
@click.option("--output", type=TOKENS, default=256, show_default=True, help="Tokens made of each.")
@click.option("--kv", default="bf16", show_default=True, help="Precision of keys and values: bf16 or fp8.")
@click.option("--constants", help="Of the collectives: none, nccl, nccl:HARDWARE or a file; by default the node's library.")
@formats
def command(*, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Show how fast a replica of MODEL reads prompts and makes tokens, and what it holds in memory.

    MODEL is a name such as llama3-70b, or a config.json of Hugging Face (docs/serving.md says what is modelled).
    """
    from fabric import units
    from fabric.answers.serving import serving
    from fabric.cli.topo import load
    from fabric.predict.constants import constants_of
    from fabric.workload.catalog import language_model

    answer = serving(
        language_model(asked["model"]),
        load(asked["topo"]),
        asked["plan"],
        batch=units.counts(asked["batch"], "batch") if asked["batch"] is not None else (),
        prompt=asked["prompt"],
        output=asked["output"],
        kv=asked["kv"],
        constants=None if asked["constants"] is None else constants_of(asked["constants"]),
    )
    give(answer, as_json=as_json, as_csv=as_csv)
