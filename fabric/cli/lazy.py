"""Click groups: verbs told by name and line of help, imported only when they run, and a misspelt one told from its likes.

An option that is given twice is refused for all of them, where click would take the last. They run nothing themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import click


class Group(click.Group):
    """Verbs in the order of the work, each with its whole line of help."""

    title = "Sub-verbs"

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the verbs in their order."""
        return list(self.commands)

    def help_of(self, name: str) -> str:
        """Return a verb's line of help."""
        return (self.commands[name].short_help or self.commands[name].help or "").partition("\n")[0]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with their one-line help."""
        with formatter.section(self.title):
            formatter.write_dl([(name, self.help_of(name)) for name in self.list_commands(ctx)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the arguments name and what is left for it.

        Raises:
            UsageError: there is no such verb (says what is near).
            InputError: an option of the verb that is given twice.
        """
        names, given = self.list_commands(ctx), args[0]
        if given not in names and not given.startswith("-"):
            ctx.fail(_unknown(given, names))
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            _refuse_repeated(click.Context(command, ctx, name, **command.context_settings), rest)
        return name, command, rest


def _refuse_repeated(ctx: click.Context, words: Sequence[str]) -> None:
    """Refuse options that take one value and are given several; a flag that is repeated says the same.

    Raises:
        InputError: the first of them.
    """
    from topologies.errors import InputError

    counts: Counter[click.Parameter] = Counter()
    with suppress(click.UsageError):  # said when the verb itself reads its words
        counts.update(ctx.command.make_parser(ctx).parse_args(list(words))[2])
    for param, count in counts.items():
        if isinstance(param, click.Option) and count > 1 and not (param.multiple or param.count or _only_on(param)):
            name = max(param.opts, key=len).lstrip("-")
            raise InputError(f"{name}: must be given once, got {count}; keep the one that is meant")


def _only_on(option: click.Option) -> bool:
    return option.is_flag and not option.secondary_opts


def _unknown(given: str, names: Sequence[str]) -> str:
    """Return that there is no such verb, and which may have been meant."""
    from topologies.guess import did_you_mean

    return f"verb: must be one of {', '.join(names)}, got {given!r}{did_you_mean(given, names)}"


class LazyGroup(Group):
    """Verbs that are not imported for --help, so that it costs no numpy."""

    def __init__(
        self, *args: Any, verbs: Mapping[str, str], modules: Mapping[str, str], title: str = Group.title, **kwargs: Any
    ):
        """Verbs: name -> line of help, in the order of the work. modules: name -> module with a click command `command`."""
        super().__init__(*args, **kwargs)
        self._verbs, self._modules, self.title = verbs, modules, title

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the verbs in their order."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return the verb's command, or None where there is none."""
        if cmd_name not in self._verbs:
            return None
        command: click.Command = import_module(self._modules[cmd_name]).command
        return command

    def help_of(self, name: str) -> str:
        """Return a verb's line of help, without importing it."""
        return self._verbs[name]
