"""A click group that knows its verbs by name and line of help, and imports one only when it runs. It runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Verbs that are not imported for --help, so that it costs no numpy."""

    def __init__(self, *args: Any, verbs: Mapping[str, str], modules: Mapping[str, str], title: str = "Verbs", **kwargs: Any):
        """Verbs: name -> line of help, in the order of the work. modules: name -> module with a click command `command`."""
        super().__init__(*args, **kwargs)
        self._verbs, self._modules, self._title = verbs, modules, title

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the verbs in their order."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return the verb's command, or None where there is none."""
        if cmd_name not in self._verbs:
            return None
        command: click.Command = import_module(self._modules[cmd_name]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the verbs with their one-line help."""
        with formatter.section(self._title):
            formatter.write_dl(list(self._verbs.items()))
