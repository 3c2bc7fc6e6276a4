"""The question: which collective, over which ranks, how many bytes. It does not know who answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from topologies.errors import InputError

Mode = Literal["blocking", "nonblocking", "persistent", "graph"]
DTYPES = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8, "i32": 4, "i8": 1}
"""Bytes per element of every dtype name."""


@dataclass(frozen=True)
class Case:
    """The join key of all answers.

    nbytes is nccl-tests' S, which every collective states (catalog.py): for all_reduce the bytes of every rank's buffer, for
    all_gather of the whole output. root: of a rooted collective, None is rank 0. params: skew, seed (all_to_all_v), fan_in
    (incast). order says where rank r sits: `contiguous` (device r), `interleaved`, `strided:STEP`, `scattered:SEED`,
    `given:HASH`. nodes: servers that hold ranks; ranks_per_node: the ranks of the fullest of them. Both come from a fabric
    (predict/cases.py) or from a launch, and have no default: libraries choose by them.
    """

    collective: str
    nbytes: int
    world_size: int
    nodes: int
    ranks_per_node: int
    op: str = "sum"
    root: int | None = None
    order: str = "contiguous"
    dtype: str = "f32"
    in_place: bool = True
    mode: Mode = "blocking"
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.world_size < 1:
            raise InputError(f"world_size: must be >= 1, got {self.world_size}")
        if not 1 <= self.nodes <= self.world_size <= self.nodes * self.ranks_per_node:
            raise InputError(
                f"nodes: must hold the {self.world_size} ranks, got {self.nodes} nodes of at most {self.ranks_per_node} ranks"
            )
        if self.nbytes < 0:
            raise InputError(f"nbytes: must be >= 0, got {self.nbytes}")
        if self.root is not None and not 0 <= self.root < self.world_size:
            raise InputError(f"root: must be a rank, 0 ... {self.world_size - 1}, got {self.root}")
        if self.dtype not in DTYPES:
            raise InputError(f"dtype: must be one of {', '.join(DTYPES)}, got {self.dtype!r}")

    def __hash__(self) -> int:
        return hash((self.collective, self.nbytes, self.world_size, self.order, self.dtype, self.in_place, self.mode))

    @property
    def count(self) -> int:
        """Elements in S."""
        return self.nbytes // DTYPES[self.dtype]
