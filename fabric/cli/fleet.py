"""`fleet`: a whole centre over time, one job now, a live cluster, a trace. It computes nothing."""

from __future__ import annotations

import click

from fabric.cli.lazy import LazyGroup

SUB_VERBS = {
    "run": "Simulate a fleet's jobs under policies: where its hours, kWh and money go, what would help most.",
    "place": "Where to put one job now: predicted time per policy, regret, the best nodes.",
    "trace": "What is in a trace of jobs, and what is left out of it, with reasons.",
    "audit": "How a live cluster's jobs lie on its fabric: leaf spans, regret, fragmentation, hours and money lost.",
}
"""Sub-verb -> one line of help; the code is `fabric/cli/fleet_<sub-verb>.py` and is imported only when it runs."""


@click.group(
    "fleet",
    cls=LazyGroup,
    verbs=SUB_VERBS,
    modules={name: f"fabric.cli.fleet_{name}" for name in SUB_VERBS},
    epilog="Example: fabricbench fleet run docs/examples/fleet/half-idle.yaml",
    context_settings={"max_content_width": 110},
)
def command() -> None:
    """Ask of a whole centre: its jobs, over time, on its fabric, under a policy."""
