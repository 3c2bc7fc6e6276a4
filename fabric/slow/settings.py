"""Whose software, settings or machine differ from the others', and whether that may be why a node is slow. It asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fabric.slow.tree import Tree

FEW = 4
"""Names that a line has."""
UNSET = "not set"


@dataclass(frozen=True)
class Difference:
    """One thing that ranks have otherwise. usual: what more than half of them have, None where no value is that of so many.

    odd: every other value, with its ranks; all values where there is no usual one. software: whether it is no machine's.
    """

    name: str
    usual: str | None
    odd: Mapping[str, tuple[int, ...]]
    software: bool


def differences(settings: Sequence[Mapping[str, str]], machine: Collection[str] = ()) -> list[Difference]:
    """Return what is not the same on all ranks, by name. machine: names that are no software and no setting."""
    found = []
    for name in sorted({name for own in settings for name in own}):
        values = [own.get(name, UNSET) for own in settings]
        (most, count), *others = Counter(values).most_common()
        if not others:
            continue
        usual = most if 2 * count > len(values) else None
        odd = {value: tuple(r for r, v in enumerate(values) if v == value) for value in dict.fromkeys(values) if value != usual}
        found.append(Difference(name, usual, odd, name not in machine))
    return found


def reasons(found: Sequence[Difference], ranks: Collection[int], slow: Collection[int]) -> list[str]:
    """Return in words what of the software of these ranks only slow ranks have otherwise than most. slow: all slow ranks."""
    return [
        f"{one.name} is {value}, {one.usual} on the others"
        for one in found
        if one.software and one.usual is not None
        for value, own in one.odd.items()
        if {*ranks} & {*own} and {*own} <= {*slow}
    ]


def lines(found: Sequence[Difference], tree: Tree) -> list[str]:
    """Return a line per difference: who has what."""
    of_rank = {rank: tree.names[node] for node, ranks in enumerate(tree.devices) for rank in ranks}
    return [f"{one.name}: {_values(one, of_rank)}" for one in found]


def _values(one: Difference, of_rank: Mapping[int, str]) -> str:
    who = [f"{value} on {_names([of_rank.get(r, f'rank {r}') for r in ranks])}" for value, ranks in one.odd.items()]
    return "; ".join([*who, *([f"{one.usual} on the others"] if one.usual is not None else [])])


def _names(all_: Sequence[str]) -> str:
    names = list(dict.fromkeys(all_))
    return ", ".join(names[:FEW]) + (f" ... ({len(names)})" if len(names) > FEW else "")
