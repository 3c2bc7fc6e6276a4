"""No text that an option can be given ends in anything but a number of its range or one line that says the range."""

import re
from importlib import import_module

import click
import pytest

from fabric.cli import kinds
from fabric.cli.main import MODULES
from topologies.errors import InputError

HOSTILE = [
    "²",
    "7" * 5001,
    "1e999",
    "nan",
    "inf",
    "-inf",
    "-1",
    "-99999999999999999999",
    "",
    " ",
    "1_000",
    "0x10",
    "٣",
    "99999999999",
]


def commands(command, path=""):
    """Return every command and subcommand by its words."""
    if isinstance(command, click.Group):
        found = [
            (f"{path} {name}".strip(), command.get_command(click.Context(command), name))
            for name in command.list_commands(None)
        ]
        return [one for name, below in found for one in commands(below, name)]
    return [(path, command)]


OPTIONS = [
    pytest.param(option, id=f"{verb} {words} {option.name}")
    for verb, module in MODULES.items()
    for words, one in commands(import_module(module).command)
    for option in one.params
    if isinstance(option.type, kinds.Whole | kinds.Number)
]


def test_no_option_takes_a_number_without_an_upper_end():
    kinds_of_click = (click.types.IntParamType, click.types.FloatParamType, click.IntRange, click.FloatRange)
    loose = [
        f"{verb} {words} {option.name}"
        for verb, module in MODULES.items()
        for words, one in commands(import_module(module).command)
        for option in one.params
        if isinstance(option.type, kinds_of_click) and not isinstance(option.type, kinds.Whole | kinds.Number)
    ]
    assert not loose


@pytest.mark.parametrize("option", OPTIONS)
def test_hostile_texts_are_one_line_with_the_option_and_its_range(option):
    for text in HOSTILE:
        with pytest.raises(InputError, match=r"^[a-z-]+: must be a (whole|finite) number ") as told:
            option.type.convert(text, option, None)
        assert "\n" not in str(told.value)
        assert len(str(told.value)) < 200
        assert re.search(r"(from .* to |above .*, at most )[0-9]", str(told.value))


@pytest.mark.parametrize("option", OPTIONS)
def test_both_ends_are_taken_and_said_in_the_help(option):
    low, high = option.type.min, option.type.max
    assert option.type.convert(str(high), option, None) == high
    if not option.type.min_open:
        assert option.type.convert(str(low), option, None) == low
    assert f"{high:,g}" in option.get_help_record(click.Context(click.Command("x")))[1] or f"{high:,}" in str(
        option.get_help_record(click.Context(click.Command("x")))
    )
