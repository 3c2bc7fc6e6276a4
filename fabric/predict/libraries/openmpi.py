"""Open MPI's fixed decisions (coll_tuned), commutative operations, as rows. It knows nothing of `han`, which outranks them.

The component `han` (hierarchical) is chosen before `tuned` where nodes hold several ranks each; these rows are what runs
with one rank per node, or with `--mca coll ^han`.
"""

from __future__ import annotations

from fabric.predict.libraries import openmpi_rooted as rooted
from fabric.predict.libraries.table import (
    Row,
    Sizes,
    Table,
    by_ranks,
    floor_power_of_two,
    for_any_ranks,
    is_power_of_two,
    point_to_point,
)
from fabric.records.case import Case

KIB, MIB = 1024, 1024**2
END = None
NEAREST = "nearest of ours"
Classes = list[tuple[int | None, Sizes]]
Names = dict[str, tuple[str, str]]

ALL_REDUCE_NAMES: Names = {
    "reduce+bcast": ("double_binary_tree:chunks=1", f"nonoverlapping (reduce, then broadcast): {NEAREST}, up and down a tree"),
    "doubling": ("recursive_doubling", ""),
    "ring": ("ring", ""),
    "segmented": ("ring", "segmented ring: without a segment size it runs the plain ring"),
    "rabenseifner": ("halving_doubling", ""),
}
ALL_REDUCE: Classes = [
    (
        4,
        (
            (8, "ring"),
            (4 * KIB, "doubling"),
            (8 * KIB, "ring"),
            (16 * KIB, "doubling"),
            (64 * KIB, "ring"),
            (256 * KIB, "segmented"),
            (END, "rabenseifner"),
        ),
    ),
    (8, ((16, "ring"), (8 * KIB, "doubling"), (END, "rabenseifner"))),
    (16, ((8 * KIB, "doubling"), (END, "rabenseifner"))),
    (32, ((64, "segmented"), (4 * KIB, "doubling"), (END, "rabenseifner"))),
    (64, ((128, "segmented"), (END, "rabenseifner"))),
    (128, ((256 * KIB, "doubling"), (END, "rabenseifner"))),
    (256, ((128 * KIB, "reduce+bcast"), (256 * KIB, "doubling"), (END, "rabenseifner"))),
    (512, ((4 * KIB, "reduce+bcast"), (END, "rabenseifner"))),
    (2048, ((2 * KIB, "reduce+bcast"), (16 * KIB, "doubling"), (END, "rabenseifner"))),
    (4096, ((2 * KIB, "reduce+bcast"), (4 * KIB, "segmented"), (16 * KIB, "doubling"), (END, "rabenseifner"))),
    (END, ((2 * KIB, "reduce+bcast"), (16 * KIB, "segmented"), (32 * KIB, "doubling"), (END, "rabenseifner"))),
]

ALL_TO_ALL_NAMES: Names = {
    "linear": ("direct", ""),
    "pairwise": ("pairwise", ""),
    "bruck": ("bruck", ""),
    "sync": ("direct", "linear with a limited number of messages under way: the limit is not modelled"),
    "two": ("direct", "two_proc: one exchange"),
}
ALL_TO_ALL: Classes = [
    (
        3,
        (
            (2, "pairwise"),
            (4, "two"),
            (16, "pairwise"),
            (64, "two"),
            (256, "pairwise"),
            (4 * KIB, "two"),
            (32 * KIB, "pairwise"),
            (256 * KIB, "sync"),
            (MIB, "two"),
            (END, "pairwise"),
        ),
    ),
    (
        8,
        (
            (8 * KIB, "sync"),
            (16 * KIB, "linear"),
            (64 * KIB, "sync"),
            (512 * KIB, "linear"),
            (MIB, "pairwise"),
            (END, "linear"),
        ),
    ),
    (16, ((256 * KIB, "sync"), (END, "linear"))),
    (
        32,
        (
            (4, "sync"),
            (512, "bruck"),
            (8 * KIB, "sync"),
            (32 * KIB, "linear"),
            (256 * KIB, "sync"),
            (512 * KIB, "linear"),
            (END, "sync"),
        ),
    ),
    (64, ((512, "bruck"), (512 * KIB, "linear"), (END, "sync"))),
    (128, ((KIB, "bruck"), (2 * KIB, "linear"), (4 * KIB, "sync"), (256 * KIB, "linear"), (END, "pairwise"))),
    (256, ((KIB, "bruck"), (2 * KIB, "sync"), (256 * KIB, "linear"), (END, "pairwise"))),
    (512, ((KIB, "bruck"), (8 * KIB, "sync"), (32 * KIB, "linear"), (END, "pairwise"))),
    (
        1024,
        (
            (512, "bruck"),
            (8 * KIB, "sync"),
            (16 * KIB, "linear"),
            (128 * KIB, "sync"),
            (256 * KIB, "linear"),
            (END, "pairwise"),
        ),
    ),
    (2048, ((512, "bruck"), (KIB, "sync"), (2 * KIB, "linear"), (16 * KIB, "sync"), (256 * KIB, "linear"), (END, "sync"))),
    (4096, ((KIB, "bruck"), (4 * KIB, "sync"), (8 * KIB, "linear"), (128 * KIB, "sync"), (END, "linear"))),
    (
        END,
        ((2 * KIB, "bruck"), (8 * KIB, "sync"), (16 * KIB, "linear"), (32 * KIB, "sync"), (64 * KIB, "linear"), (END, "sync")),
    ),
]
ALL_TO_ALL_V: Classes = [
    (4, ((END, "pairwise"),)),
    (64, ((END, "linear"),)),
    (128, ((END, "pairwise"),)),
    (256, ((END, "linear"),)),
    (1024, ((END, "pairwise"),)),
    (END, ((END, "linear"),)),
]

ALL_GATHER_NAMES: Names = {
    "bruck": ("bruck", ""),
    "doubling": ("recursive_doubling", "Bruck where the ranks are no power of two"),
    "ring": ("ring", ""),
    "neighbor": ("ring", f"neighbor exchange (p/2 steps of two blocks): {NEAREST}, the same bytes in p-1 steps"),
}
ALL_GATHER: Classes = [
    (32, ((END, "doubling"),)),
    (64, ((KIB, "doubling"), (64 * KIB, "neighbor"), (END, "ring"))),
    (128, ((512, "doubling"), (64 * KIB, "neighbor"), (END, "ring"))),
    (256, ((512, "doubling"), (128 * KIB, "neighbor"), (512 * KIB, "ring"), (MIB, "neighbor"), (END, "ring"))),
    (
        512,
        (
            (32, "doubling"),
            (128, "bruck"),
            (KIB, "doubling"),
            (128 * KIB, "neighbor"),
            (512 * KIB, "ring"),
            (MIB, "neighbor"),
            (END, "ring"),
        ),
    ),
    (1024, ((64, "doubling"), (256, "bruck"), (2 * KIB, "doubling"), (END, "neighbor"))),
    (
        2048,
        (
            (4, "doubling"),
            (8, "bruck"),
            (16, "doubling"),
            (32, "bruck"),
            (256, "doubling"),
            (512, "bruck"),
            (4 * KIB, "doubling"),
            (END, "neighbor"),
        ),
    ),
    (4096, ((32, "bruck"), (128, "doubling"), (512, "bruck"), (4 * KIB, "doubling"), (END, "neighbor"))),
    (END, ((2, "doubling"), (8, "bruck"), (16, "doubling"), (512, "bruck"), (4 * KIB, "doubling"), (END, "neighbor"))),
]

REDUCE_SCATTER_NAMES: Names = {
    "reduce+scatter": ("recursive_halving", f"nonoverlapping (reduce, then scatter): {NEAREST}, half its steps"),
    "halving": ("recursive_halving", ""),
    "ring": ("ring", ""),
    "butterfly": ("recursive_halving", f"butterfly: {NEAREST}"),
}
REDUCE_SCATTER: Classes = [
    (4, ((64 * KIB, "ring"), (128 * KIB, "butterfly"), (END, "ring"))),
    (8, ((8, "reduce+scatter"), (256 * KIB, "halving"), (END, "ring"))),
    (32, ((256 * KIB, "halving"), (END, "ring"))),
    (64, ((64, "reduce+scatter"), (2 * KIB, "halving"), (512 * KIB, "butterfly"), (END, "ring"))),
    (128, ((256, "reduce+scatter"), (512, "halving"), (2 * KIB, "butterfly"), (4 * KIB, "halving"), (END, "butterfly"))),
    (256, ((256, "reduce+scatter"), (512, "halving"), (END, "butterfly"))),
    (512, ((256, "reduce+scatter"), (KIB, "halving"), (END, "butterfly"))),
    (1024, ((512, "reduce+scatter"), (2 * KIB, "halving"), (8 * KIB, "butterfly"), (16 * KIB, "halving"), (END, "butterfly"))),
    (2048, ((512, "reduce+scatter"), (4 * KIB, "halving"), (16 * KIB, "butterfly"), (32 * KIB, "halving"), (END, "butterfly"))),
    (4096, ((512, "reduce+scatter"), (4 * KIB, "halving"), (END, "butterfly"))),
    (END, ((KIB, "reduce+scatter"), (8 * KIB, "halving"), (END, "butterfly"))),
]


def _rows() -> tuple[Row, ...]:
    return (
        *by_ranks("all_reduce", ALL_REDUCE, ALL_REDUCE_NAMES),
        *by_ranks("all_to_all", ALL_TO_ALL, ALL_TO_ALL_NAMES, per_rank=True),
        *by_ranks("all_to_all_v", ALL_TO_ALL_V, ALL_TO_ALL_NAMES),
        *by_ranks("all_gather", ALL_GATHER, ALL_GATHER_NAMES, per_rank=True),
        *by_ranks("reduce_scatter", REDUCE_SCATTER, REDUCE_SCATTER_NAMES),
        *by_ranks("broadcast", rooted.BROADCAST, rooted.BROADCAST_NAMES),
        *by_ranks("reduce", rooted.REDUCE, rooted.REDUCE_NAMES),
        *by_ranks("gather", rooted.GATHER, rooted.GATHER_NAMES, per_rank=True),
        *by_ranks("scatter", rooted.SCATTER, rooted.GATHER_NAMES, per_rank=True),
        *by_ranks("barrier", rooted.BARRIER, rooted.BARRIER_NAMES),
        *point_to_point(),
    )


TABLE = Table(
    library="Open MPI tuned",
    version="4.1.x and 5.0.x",
    source=(
        "open-mpi/ompi, ompi/mca/coll/tuned/coll_tuned_decision_fixed.c as of 2020 (the decisions of 4.1.0), read in full; "
        "all-reduce of 4 to 127 ranks is the same in 4.1.6, 5.0.8 and 5.0.9; the others were not compared release by release"
    ),
    rows=_rows(),
)


def default(case: Case) -> str:
    """Return the text of what Open MPI's tuned component runs; fewer elements than ranks fall back as its algorithms do.

    Source of the fall-backs: ompi/mca/coll/base/coll_base_allreduce.c (the ring hands fewer elements than ranks to
    recursive doubling; Rabenseifner's hands fewer than the power of two below p to a linear one, taken as recursive
    doubling) and coll_base_allgather.c (recursive doubling hands ranks that are no power of two to Bruck).
    """
    text, p = TABLE.row(case).algorithm, case.world_size
    few = {"ring": p, "halving_doubling": floor_power_of_two(p)}
    if case.collective == "all_reduce" and case.count < few.get(text, 0):
        return "recursive_doubling"
    if case.collective == "all_gather" and text == "recursive_doubling" and not is_power_of_two(p):
        return "bruck"
    return for_any_ranks(text, p)


ANEW_FROM = 32 * MIB
"""Bytes from which on malloc always takes memory anew and free gives it back (glibc: M_MMAP_THRESHOLD's largest, 64-bit)."""


def anew(case: Case, algorithm: str) -> float:
    """Return the bytes of memory that a rank takes anew for a call, as a share of the bytes of its messages.

    Rabenseifner's all-reduce allocates as much as its buffer in every call and writes to the (p-1)/p of it that it gets from
    others, half of what it receives in all (coll_base_allreduce.c, redscat_allgather; Open MPI 5.0, read 2026-11-29).
    """
    large = case.collective == "all_reduce" and case.nbytes >= ANEW_FROM
    return 0.5 if large and algorithm.partition(":")[0] == "halving_doubling" else 0.0
