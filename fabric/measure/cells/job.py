"""What one launch measures: the cells of sizes, world sizes and forms. It does not know how they are timed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from fabric.measure.backends.backend import Backend
from fabric.measure.backends.catalog import variant
from fabric.measure.cells.ask import Sizes, What, check_what, fits, names_of, sizes_of
from fabric.measure.cells.layout import block_elements
from fabric.measure.cells.orders import check_orders
from fabric.measure.cells.plan import Plan
from fabric.records.case import DTYPES, Case
from fabric.records.ranges import MOST_CALLS, MOST_FACTOR, MOST_RANKS, MOST_TIMES
from fabric.text.numbers import whole
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.measure.host.placement import Placement

Loop = Literal["native", "python"]


@dataclass(frozen=True)
class Cell:
    """One case still without its placement. nbytes: what is moved; asked: what was asked for."""

    collective: str
    nbytes: int
    world_size: int
    in_place: bool
    asked: int = 0
    order: str = "contiguous"

    def case(self, what: What, seats: Placement) -> Case:
        """Return the case of this cell on ranks that stand so."""
        return Case(
            collective=self.collective,
            nbytes=self.nbytes,
            world_size=self.world_size,
            nodes=seats.nodes(self.world_size),
            ranks_per_node=seats.ranks_per_node(self.world_size),
            op=what.op_of(self.collective),
            root=what.root_of(self.collective),
            order=self.order,
            dtype=what.dtype,
            in_place=self.in_place,
            mode=what.mode,
            params=what.params_of(self.collective),
        )


@dataclass(frozen=True)
class Job:
    """One backend's part of a run. collectives: names, or `all`; orders: of the ranks of every world size (orders.py).

    refine: sizes that may be added to each curve where it bends; seed: of the order in which the cells are measured.
    device: where the buffers are, None: the library's usual place; graph: calls in a CUDA graph, 0: none.
    loop: who makes the calls, `native` where the library has such a loop; per_rank: keep every rank's seconds.
    """

    backend: str
    sizes: tuple[int, ...]
    world_sizes: tuple[int, ...]
    collectives: tuple[str, ...] = ("all_reduce",)
    what: What = field(default_factory=What)
    plan: Plan = field(default_factory=Plan)
    seed: int = 0
    orders: tuple[str, ...] = ("contiguous",)
    refine: int = 0
    device: str | None = None
    graph: int = 0
    loop: Loop = "native"
    per_rank: bool = False

    def __post_init__(self) -> None:
        dtype = self.what.dtype
        if dtype not in DTYPES:
            raise InputError(f"dtype: must be one of {', '.join(DTYPES)}, got {dtype!r}")
        check_world_sizes(self.world_sizes)
        check_sizes(self.sizes, dtype)
        for name in self.names:
            self.library.check_dtype(dtype, name)
        check_what(self.what, self.names, self.world_sizes)
        check_orders(self.orders)
        if (self.what.mode == "graph") != (self.graph > 0):
            raise InputError(
                f"graph: mode graph needs calls to capture, as --graph 20 says, got {self.graph} in {self.what.mode}"
            )
        if self.loop not in get_args(Loop):
            raise InputError(f"loop: must be {' or '.join(get_args(Loop))}, got {self.loop!r}")
        whole(self.refine, "refine", 0, MOST_TIMES)
        whole(self.graph, "graph", 0, MOST_CALLS)
        whole(self.seed, "seed", 0)
        for name in self.names:
            if not any(part.whole for part in self.parts() if part.name == name):
                block = min(block_elements(name, p, self.what.params_of(name)) for p in self.world_sizes) * DTYPES[dtype]
                raise InputError(f"sizes: {name} needs {block} bytes or more, an element for every part, got {max(self.sizes)}")

    @property
    def library(self) -> Backend:
        """The backend on the job's device, with its graphs."""
        return variant(self.backend, self.device, self.graph)

    @property
    def names(self) -> tuple[str, ...]:
        """The collectives that are measured."""
        return names_of(self.collectives, self.library, self.world_sizes, self.what)

    @property
    def ranks(self) -> int:
        """The ranks that a launch needs."""
        return max(self.world_sizes)

    def launches(self) -> list[Job]:
        """Return the job in as many launches as its world sizes need: one, or one each where ranks that wait cost time.

        One too where a world size is too small for a collective or has no size that is whole, so that it cannot stand alone,
        and where orders choose its ranks among those of the launch.
        """
        whole_parts = [part.world_size for part in self.parts() if part.whole]
        near = self.orders == ("contiguous",)
        alone = all(whole_parts.count(world_size) == len(self.names) for world_size in self.world_sizes)
        return [replace(self, world_sizes=(p,)) for p in self.world_sizes] if self.library.apart and alone and near else [self]

    def parts(self) -> list[Sizes]:
        """Return the sizes of every collective and world size, without world sizes that are too small for it."""
        ways = self.library.ways
        pairs = [(name, p) for name in self.names for p in self.world_sizes if fits(name, ways[name], p)]
        return [sizes_of(name, world_size, self.sizes, self.what) for name, world_size in pairs]

    def notes(self) -> list[str]:
        """Return one line for each collective and world size of which something was rounded or left out."""
        lines = [part.note(self.what.dtype, self.what.params_of(part.name)) for part in self.parts()]
        return [line for line in lines if line is not None]

    def cells(self) -> list[Cell]:
        """Return all cells, as often as they are visited, every visit in an order of its own.

        So slow drifts of the machine hit no size or world size alone, and no state of it decides a cell.
        """
        cells = [cell for part in self.parts() for cell in self.cells_of(part)]
        return self.shuffled(cells, self.seed)

    def cells_of(self, part: Sizes) -> list[Cell]:
        """Return the cells of one collective and world size, each once, in every form and order."""
        return [
            Cell(part.name, nbytes, part.world_size, in_place, asked, order)
            for order in dict.fromkeys(self.orders)
            for asked, nbytes in part.whole.items()
            for in_place in self.library.ways[part.name].forms
        ]

    def shuffled(self, cells: Sequence[Cell], seed: int | str) -> list[Cell]:
        """Return the cells as often as they are visited, every visit in an order of its own."""
        order = random.Random(seed)  # noqa: S311  # an order, not a secret
        return [cell for _ in range(self.plan.visits) for cell in order.sample(cells, len(cells))]


def geometric(low: int, high: int, factor: int) -> tuple[int, ...]:
    """Return low, low * factor, ... up to high, nccl-tests' sweep."""
    whole(factor, "factor", 2, MOST_FACTOR)
    if low < 1 or high < low:
        raise InputError(f"min: must be >= 1 byte and <= max, got min {low} and max {high}")
    sizes = [low]
    while sizes[-1] * factor <= high:
        sizes.append(sizes[-1] * factor)
    return tuple(sizes)


def check_sizes(sizes: Sequence[int], dtype: str) -> None:
    """Raise InputError unless there are sizes, each a whole number of elements; what cannot be done with 0 says so later."""
    if not sizes:
        raise InputError("sizes: must name at least one size such as 64KiB, got none")
    for nbytes in sizes:
        if nbytes < 0 or nbytes % DTYPES[dtype]:
            raise InputError(f"sizes: must be whole {dtype} elements of {DTYPES[dtype]} bytes, got {nbytes}")


def check_world_sizes(world_sizes: Sequence[int]) -> None:
    """Raise InputError unless there are world sizes, each >= 1."""
    if not world_sizes:
        raise InputError("world_sizes: must name at least one world size such as 2, got none")
    for world_size in world_sizes:
        whole(world_size, "world_sizes", 1, MOST_RANKS)
