"""`fleet`: where one job goes now, how a live cluster lies. It computes nothing."""

from __future__ import annotations

import click

from fabric.cli.lazy import LazyGroup

SUB_VERBS = {
    "place": "Where to put one job now: predicted time per policy, regret, the best nodes.",
    "audit": "How a live cluster's jobs lie on its fabric: leaf spans, regret, fragmentation, hours and money lost.",
}
"""Sub-verb -> one line of help; the code is `fabric/cli/fleet_<sub-verb>.py` and is imported only when it runs."""


@click.group(
    "fleet",
    cls=LazyGroup,
    verbs=SUB_VERBS,
    modules={name: f"fabric.cli.fleet_{name}" for name in SUB_VERBS},
    title="Sub-verbs",
    epilog="Example: fabricbench fleet place dgx-h100:nodes=64 --job all_reduce:1GiB:64",
    context_settings={"max_content_width": 110},
)
def command() -> None:
    """Ask of a whole centre: where one job goes now, how a live cluster lies."""
