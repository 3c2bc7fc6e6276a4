"""What a search for the slow rank or node is asked, and its report. It does not measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fabric.measure.backends.catalog import backend
from fabric.measure.cells.layout import whole_bytes
from fabric.measure.cells.orders import check_orders
from fabric.network.routing.policies import read_policy
from fabric.records.case import Case
from fabric.records.ranges import MOST_BLOCK, MOST_LEAST, MOST_REPEATS, MOST_SECONDS
from fabric.slow.layers import check_layers
from fabric.text.numbers import real, whole
from topologies.errors import InputError

METHODS: Mapping[str, int] = {"search": 5, "pairs": 5, "groups": 5, "lateness": 20, "bisection": 10}
"""Method -> repeats where none are asked for: blocks of a test, tournaments, blocks of a comparison, blocks, samples."""
DIVIDED = frozenset({"all_reduce", "all_gather", "reduce_scatter", "all_to_all", "all_to_all_v"})
"""Collectives whose steps carry S / ranks."""
ALIKE = 8
"""Ranks whose S is what is asked for: of a search's other groups it is in proportion, so that a step of each carries as much.
What a message costs beside its bytes would make large groups look slow otherwise."""
UNITS = ("rank", "node")
GROUP_PAIRS = ("auto", "all", "none")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Search:
    """nbytes: S of the collective. unit: what is slow or not. alone: only the first rank of every node takes part.

    batch: pairs at a time; all of a round where None. most: comparisons of groups. block: seconds of calls that make a sample.
    least: a unit is slow from 1 + least of the others' time on. orders: of the bisection. timeout: a silent rank is dead.
    layers, budget (seconds a layer), routing (how the fabric's switches send), group_pairs (of which groups each pair is
    tested: as far as a search's rounds go, all at their fullest, none): of the search.
    """

    backend: str
    method: str = "search"
    collective: str = "all_reduce"
    nbytes: int = 1 << 20
    unit: str = "rank"
    alone: bool = False
    batch: int | None = None
    repeats: int | None = None
    most: int = 12
    block: float = 0.1
    least: float = 0.1
    orders: Sequence[str] = ("contiguous",)
    timeout: float = 60.0
    seed: int = 0
    layers: Sequence[str] = ("collective",)
    budget: float | None = None
    routing: str = "ideal"
    group_pairs: str = "auto"

    def __post_init__(self) -> None:
        _one_of("method", self.method, tuple(METHODS))
        _one_of("unit", self.unit, UNITS)
        _one_of("group-pairs", self.group_pairs, GROUP_PAIRS)
        way = backend(self.backend).way(self.collective, "blocking")
        if self.collective == "barrier":
            raise InputError("collective: must move data, got barrier")
        if way.least > 2:
            raise InputError(f"collective: must run on 2 ranks, {self.collective} needs {way.least}")
        for name, value in {"batch": self.batch, "repeats": self.repeats, "rounds": self.most}.items():
            if value is not None:
                whole(value, name, 1, MOST_REPEATS)
        real(self.block, "block", 0, MOST_BLOCK, above=True)
        real(self.least, "least", 0, MOST_LEAST, above=True)
        real(self.timeout, "timeout", 1, MOST_SECONDS)
        check_orders(self.orders)
        read_policy(self.routing)
        check_layers(self.layers, self.backend, self.collective)
        if self.budget is not None:
            real(self.budget, "budget", 0, MOST_SECONDS, above=True)
        self.case(2)  # the smallest group: what it refuses is known before any rank starts

    @property
    def count(self) -> int:
        """Repeats: what was asked for, else the method's own."""
        return self.repeats or METHODS[self.method]

    def bytes_on(self, world_size: int, collective: str) -> int:
        """Return the S of a group of so many ranks."""
        return self.nbytes * world_size // ALIKE if self.method == "search" and collective in DIVIDED else self.nbytes

    def case(self, world_size: int, collective: str | None = None) -> Case:
        """Return the case that a group of so many ranks runs, in whole blocks; InputError where the size is too small.

        It is what a backend is asked to run and becomes no record: its ranks are taken as on one node.
        """
        name = collective or self.collective
        wanted = self.bytes_on(world_size, name)
        nbytes = whole_bytes(name, wanted, world_size, "f32", {})
        if nbytes == 0:
            got = f"{self.nbytes}, of which they take {wanted}" if wanted != self.nbytes else f"{self.nbytes}"
            raise InputError(f"size: {name} on {world_size} ranks needs an element of 4 bytes for each, got {got}")
        forms = backend(self.backend).ways[name].forms
        return Case(name, nbytes, world_size, 1, world_size, in_place=forms[-1])


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise InputError(f"{name}: must be one of {', '.join(known)}, got {value!r}")


@dataclass(frozen=True)
class Report:
    """verdict: one line. slow: the numbers of the slow units. wrong: elements, of all checks.

    rows: one per unit, comparison or order.
    """

    method: str
    unit: str
    verdict: str
    slow: tuple[int, ...]
    wrong: int
    rows: Sequence[Row]
    context: Mapping[str, Any] = field(default_factory=dict)
