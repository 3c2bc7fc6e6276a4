"""`review`: candidate fabrics side by side, priced and stressed; or designs searched for a demand. It computes nothing."""

from __future__ import annotations

import click

from fabric.cli.lazy import LazyGroup

SUB_VERBS = {
    "run": "Review the candidates of a YAML file: bill, performance, failures, growth, limits, verdict.",
    "search": "Search designs for a demand and keep the Pareto front.",
}
"""Sub-verb -> one line of help; the code is `fabric/cli/review_<sub-verb>.py` and is imported only when it runs."""


@click.group(
    "review",
    cls=LazyGroup,
    verbs=SUB_VERBS,
    modules={name: f"fabric.cli.review_{name}" for name in SUB_VERBS},
    epilog="Example: fabricbench review run benchmarks/reviews/h100-8192.yaml",
    context_settings={"max_content_width": 110},
)
def command() -> None:
    """Compare candidate fabrics as a design review does, or search designs for a demand."""
