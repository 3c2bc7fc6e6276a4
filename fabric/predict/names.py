"""What the name that a library or a suite gives an algorithm says of its steps. It knows no times."""

from __future__ import annotations

import re
from itertools import pairwise

FREE = "default"
"""A library's own choice."""
HALVES = ("all_gather", "reduce_scatter")
STEPPED = ("all_reduce", *HALVES)
"""Collectives that a ring does in steps of one block; others pipeline or send whole messages."""
RINGS = {"ring", "chain"}
"""Words in the name of an algorithm whose steps are a ring's."""
LAID_OUT = re.compile(r"ring-[a-z]")
"""How a name begins that says on what its steps are laid out, not what they are: RING-VEC_DOUBLING_..., RING-B_... (Fugaku)."""
NEIGHBOURS = {"neighbor", "neighbour"}
"""Words in the name of an all-gather that exchanges two blocks with one neighbour, then the other: p/2 steps."""
WHOLE = {"all_reduce": {"recursive_doubling", "lat", "l"}, "broadcast": {"binomial"}, "reduce": {"binomial"}}
"""Collective -> what names an algorithm that moves all bytes on every level: its time is in proportion to log2 k.

`lat`, `l`: of suites that call what is best for short messages so.
"""


def name_of(algorithm: str) -> str:
    """Return an algorithm's name without parameters, as the library's users write it, in lower case."""
    return algorithm.partition(":")[0].strip().lower().replace("nvlstree", "nvls_tree")


def steps(collective: str, ranks: int, name: str = "ring") -> int:
    """Return the steps of a ring: 2(p-1), for the halves p-1; of an exchange with both neighbours p/2."""
    if _exchanges(collective, name):
        return max(1, ranks // 2)
    return max(1, (ranks - 1) * (1 if collective in HALVES else 2))


def is_ring(collective: str, name: str) -> bool:
    """Return whether an algorithm does a collective in the steps of a ring, by the words of its name."""
    ring = bool(RINGS & _words(name)) and not LAID_OUT.match(name)
    return _exchanges(collective, name) or (collective in STEPPED and ring)


def is_whole(collective: str, name: str) -> bool:
    """Return whether an algorithm moves all bytes on every level, by the words of its name."""
    return bool(WHOLE.get(collective, set()) & _words(name))


def _exchanges(collective: str, name: str) -> bool:
    return collective == "all_gather" and bool(NEIGHBOURS & _words(name))


def _words(name: str) -> set[str]:
    """Return the words of a name, and every two that follow each other."""
    words = re.findall(r"[a-z]+", name)
    return {*words, *(f"{a}_{b}" for a, b in pairwise(words))}
