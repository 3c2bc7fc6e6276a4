"""Kinds of option values: whole numbers and numbers in ranges that the help and the message say. It knows no verb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.records import ranges
from fabric.text.numbers import real, whole
from topologies.errors import InputError


class Whole(click.IntRange):
    """A whole number from low to high, both said in the help."""

    def __init__(self, low: int, high: int) -> None:
        """Take the range."""
        super().__init__(low, high)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002  # click
        """Return the number; InputError in one line with the option, its range and what was given."""
        return whole(value, _name(param), self.min or 0, self.max or 0)

    def _describe_range(self) -> str:
        return f"{self.min:,} to {self.max:,}"


class Number(click.FloatRange):
    """A finite number from low to high, above low where `above` says so; the range is said in the help."""

    def __init__(self, low: float, high: float, *, above: bool = False) -> None:
        """Take the range."""
        super().__init__(low, high, min_open=above)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ARG002  # click
        """Return the number; InputError in one line with the option, its range and what was given."""
        return real(value, _name(param), self.min or 0.0, self.max or 0.0, above=self.min_open)

    def _describe_range(self) -> str:
        return f"{'above ' if self.min_open else ''}{self.min:,g} to {self.max:,g}"


class NamedPath(click.Path):
    """A path that is not empty: an empty one would stand for the folder that one works in."""

    def __init__(self) -> None:
        """Take no restriction: what is read says what is wrong with it."""
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; InputError in one line for an empty one."""
        if not str(value):
            raise InputError(f"{_name(param)}: must be a file or a folder, got an empty name (`.` is the folder one works in)")
        return super().convert(value, param, ctx)


def _name(param: click.Parameter | None) -> str:
    """Return the option's name as messages say it, `ranks-per-node`."""
    return max(param.opts, key=len).lstrip("-") if param is not None else "value"


RANK, RANKS = Whole(0, ranges.MOST_RANKS - 1), Whole(1, ranges.MOST_RANKS)
NODES, PER_NODE = Whole(1, ranges.MOST_NODES), Whole(1, ranges.MOST_PER_NODE)
ENDPOINTS, PROCESSES = Whole(2, ranges.MOST_ENDPOINTS), Whole(2, ranges.MOST_PROCESSES)
JOBS, WORKERS = Whole(1, ranges.MOST_PROCESSES), Whole(1, ranges.MOST_PROCESSES)
SAMPLES, WARM_UP, CALLS = Whole(1, ranges.MOST_SAMPLES), Whole(0, ranges.MOST_SAMPLES), Whole(0, ranges.MOST_CALLS)
TIMES, MORE_SIZES = Whole(1, ranges.MOST_TIMES), Whole(0, ranges.MOST_TIMES)
REPEATS, DRAWS, FACTOR = Whole(1, ranges.MOST_REPEATS), Whole(1, ranges.MOST_REPEATS), Whole(2, ranges.MOST_FACTOR)
SEED = Whole(0, ranges.MOST_SEED)
SECONDS, TIMEOUT = Number(0, ranges.MOST_SECONDS, above=True), Number(1, ranges.MOST_SECONDS)
BLOCK = Number(0, ranges.MOST_BLOCK, above=True)
TOLERANCE, PERCENT = Number(0, ranges.MOST_PERCENT), Number(0, 100)
SHARE, LEAST, OVERSIZE = Number(0, 1), Number(0, ranges.MOST_LEAST, above=True), Number(0, ranges.MOST_OVERSIZE)
GAP, CLOSE = Number(0, 0.99, above=True), Number(0, 0.99)
NAMED_PATH = NamedPath()
