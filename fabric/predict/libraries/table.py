"""A library's choices as data: rows by collective, ranks and bytes. It does not know what an algorithm costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fabric.records.case import Case
from topologies.errors import InputError

NO_LIBRARY = {
    "sendrecv": "ring",
    "incast": "direct",
    "latency": "ping_pong",
    "bandwidth": "window",
    "bibandwidth": "window",
    "message_rate": "window",
}
"""Patterns that no library offers as a collective: point-to-point messages, as the case says them."""

Sizes = tuple[tuple[int | None, str], ...]
"""(below so many bytes, name) by rising size; None: all that are left."""


@dataclass(frozen=True)
class Row:
    """For a collective over ranks[0] <= p < ranks[1] and nbytes[0] <= bytes < nbytes[1] (None: no end): an algorithm's text.

    per_rank: the bytes are S / p, one rank's share, as the library counts them; else S. power_of_two: True or False where
    the row is only for world sizes that are, or are not, powers of two. note: what was changed to name one of our algorithms.
    """

    collective: str
    ranks: tuple[int, int | None]
    nbytes: tuple[int, int | None]
    algorithm: str
    per_rank: bool = False
    power_of_two: bool | None = None
    note: str = ""

    def fits(self, case: Case) -> bool:
        """Return whether the row is the case's."""
        share = case.world_size if self.per_rank else 1
        low, high = self.nbytes
        return (
            self.collective == case.collective
            and _between(case.world_size, self.ranks)
            and low * share <= case.nbytes
            and (high is None or case.nbytes < high * share)
            and self.power_of_two in (None, is_power_of_two(case.world_size))
        )


@dataclass(frozen=True)
class Table:
    """A library's rows, in order: the first that fits decides. version, source: what they were taken from and how checked."""

    library: str
    version: str
    source: str
    rows: tuple[Row, ...]

    def row(self, case: Case) -> Row:
        """Return the row of a case.

        Raises:
            InputError: the library's choice for this collective is not known.
        """
        found = next((row for row in self.rows if row.fits(case)), None)
        if found is None:
            known = ", ".join(dict.fromkeys(row.collective for row in self.rows))
            raise InputError(f"algorithm: {self.library} has a default for {known}, got {case.collective}; name an algorithm")
        return found


def is_power_of_two(p: int) -> bool:
    """Return whether p is 1, 2, 4, ..."""
    return p & (p - 1) == 0


def floor_power_of_two(p: int) -> int:
    """Return the largest power of two that is at most p."""
    return 1 << (p.bit_length() - 1)


def for_any_ranks(text: str, p: int) -> str:
    """Return a text that can be built for p ranks: recursive halving needs a power of two; else NHR, without its fold step."""
    return "nhr" if text == "recursive_halving" and not is_power_of_two(p) else text


def _between(value: int, limits: tuple[int, int | None]) -> bool:
    low, high = limits
    return low <= value and (high is None or value < high)


def any_size(collective: str, algorithm: str, note: str = "") -> Row:
    """Return a row for every world size and size."""
    return Row(collective, (1, None), (0, None), algorithm, note=note)


def point_to_point() -> tuple[Row, ...]:
    """Return the rows of what no library has as a collective."""
    return tuple(any_size(name, text, "no collective of the library: plain messages") for name, text in NO_LIBRARY.items())


def by_ranks(
    collective: str, classes: Iterable[tuple[int | None, Sizes]], names: dict[str, tuple[str, str]], *, per_rank: bool = False
) -> Iterator[Row]:
    """Yield a row per rank class and size class. classes: (below so many ranks, sizes); names: library's -> (ours, note)."""
    first = 1
    for below, sizes in classes:
        low = 0
        for end, name in sizes:
            ours, note = names[name]
            yield Row(collective, (first, below), (low, end), ours, per_rank, note=note)
            low = end or low
        first = below or first
