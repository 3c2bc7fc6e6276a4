"""How fast a node copies and adds from its memory as tables: what `calibrate` found of MPI's rows. It fits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, WHOLE, Column, Part, maybe
from fabric.units import show_rate, show_size

if TYPE_CHECKING:
    from fabric.predict.host import HostRates, Interval


def _cell(speed: float | None, ends: Interval | None, none: str) -> str:
    """Return a speed with its interval for a reader, `none` where it is not known."""
    if speed is None:
        return none
    return f"{show_rate(speed)} [{show_rate(ends[0])} .. {show_rate(ends[1])}]" if ends else show_rate(speed)


COLUMNS = (
    Column("touched", NUMBER, "bytes that the ranks of a node touch together", head="touched",
           cell=lambda f: show_size(round(f.touched))),
    Column("copy", maybe(NUMBER), "bytes per second that a rank sends and receives", head="copies [95 %]",
           cell=lambda f: _cell(f.copy, f.copy_interval, "as fast as its NIC")),
    Column("reduce", maybe(NUMBER), "bytes per second that a rank adds", head="adds [95 %]",
           cell=lambda f: _cell(f.reduce, f.reduce_interval, "not known")),
    Column("rows", WHOLE, "cases behind it", head="cases"),
)  # fmt: skip


def host_parts(hosts: Mapping[tuple[str, str], HostRates]) -> Iterator[Part]:
    """Yield a table per library and setting."""
    for (library, setting), host in hosts.items():
        whose = f"{library}, {setting}" if setting else library
        ranks = f"{host.ranks_per_node} rank{'s' if host.ranks_per_node != 1 else ''} a node"
        notes = [f"from {host.source}, {ranks}; for collectives and algorithms of {library} without rows of their own"]
        if host.spread:
            notes.append(f"nine in ten of the cases behind took {host.spread[0]:.2g} .. {host.spread[1]:.2g} x what these say")
        yield Part(f"{whose}: what a rank copies and adds from its node's memory", host.rates, COLUMNS, tuple(notes))
