"""`review`: candidate fabrics side by side, priced and stressed; or designs searched for a demand. It computes nothing."""

from __future__ import annotations

from importlib import import_module

import click

SUB_VERBS = {
    "run": "Review the candidates of a YAML file: bill, performance, failures, growth, limits, verdict.",
    "search": "Search designs for a demand and keep the Pareto front.",
}
"""Sub-verb -> one line of help; the code is `fabric/cli/review_<sub-verb>.py` and is imported only when it runs."""


class SubVerbs(click.Group):
    """A click group that knows its sub-verbs' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the sub-verbs."""
        return list(SUB_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return the sub-verb's command, or None where there is none."""
        if cmd_name not in SUB_VERBS:
            return None
        command: click.Command = import_module(f"fabric.cli.review_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the sub-verbs with their one-line help."""
        with formatter.section("Sub-verbs"):
            formatter.write_dl(list(SUB_VERBS.items()))


@click.group(
    "review",
    cls=SubVerbs,
    epilog="Example: fabricbench review run benchmarks/reviews/h100-8192.yaml",
    context_settings={"max_content_width": 110},
)
def command() -> None:
    """Compare candidate fabrics as a design review does, or search designs for a demand."""
