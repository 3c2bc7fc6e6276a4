"""MPICH's choices for one communicator without hierarchy, as rows. It knows nothing of shared-memory (SMP) variants.

With several ranks per node MPICH may go through node leaders (the `smp` variants) and the device layer may step in;
MPIR_CVAR_DEVICE_COLLECTIVES=none keeps to these rows.
"""

from __future__ import annotations

from fabric.predict.libraries.table import Row, Table, any_size, floor_power_of_two, for_any_ranks, point_to_point
from fabric.records.case import Case

KIB = 1024
POWERS, OTHERS = True, False
SCATTER_DOUBLING = "scatter and recursive-doubling all-gather: nearest of ours, the same bytes in more steps"
GATHER_AFTER_HALVING = "from as many elements as the power of two below p on: halving and gather; nearest of ours, never faster"

ROWS = (
    Row("all_reduce", (1, None), (0, 2 * KIB + 1), "recursive_doubling"),
    Row("all_reduce", (1, None), (2 * KIB + 1, None), "halving_doubling"),
    Row("all_gather", (1, None), (0, 512 * KIB), "recursive_doubling", power_of_two=POWERS),
    Row("all_gather", (1, None), (0, 80 * KIB), "bruck", power_of_two=OTHERS),
    any_size("all_gather", "ring"),
    Row("reduce_scatter", (1, None), (0, 512 * KIB), "recursive_halving"),
    Row("reduce_scatter", (1, None), (512 * KIB, None), "pairwise"),
    Row("all_to_all", (8, None), (0, 256 + 1), "bruck", per_rank=True),
    Row("all_to_all", (1, None), (0, 32 * KIB + 1), "direct", per_rank=True, note="scattered: 32 messages under way at most"),
    Row("all_to_all", (1, None), (32 * KIB + 1, None), "pairwise", per_rank=True),
    any_size("all_to_all_v", "direct", "scattered: 32 messages under way at most"),
    Row("broadcast", (1, 8), (0, None), "binomial"),
    Row("broadcast", (8, None), (0, 12 * KIB + 1), "binomial"),
    Row("broadcast", (8, None), (12 * KIB + 1, 512 * KIB + 1), "scatter_ring", power_of_two=POWERS, note=SCATTER_DOUBLING),
    Row("broadcast", (8, None), (12 * KIB + 1, None), "scatter_ring"),
    Row("reduce", (1, None), (0, 2 * KIB + 1), "binomial"),
    Row("reduce", (1, None), (2 * KIB + 1, None), "binomial", note=GATHER_AFTER_HALVING),
    any_size("gather", "binomial"),
    any_size("scatter", "binomial"),
    any_size("barrier", "dissemination"),
    *point_to_point(),
)

TABLE = Table(
    library="MPICH",
    version="3.x to 4.x",
    source=(
        "pmodels/mpich, src/mpi/coll/cvars.txt and maint/tuning/coll/mpir/generic.json, read. all_reduce: the border of "
        "2 KiB is MPIR_CVAR_ALLREDUCE_SHORT_MSG_SIZE's default; generic.json puts it at 8 B: which release runs which is not "
        "verified. all_to_all is taken out of place (in place: pairwise)"
    ),
    rows=ROWS,
)


def default(case: Case) -> str:
    """Return the text of what MPICH runs; fewer elements than the power of two below p stay with recursive doubling.

    Source: generic.json, `count<pow2` for built-in operations.
    """
    text = TABLE.row(case).algorithm
    few = text == "halving_doubling" and case.count < floor_power_of_two(case.world_size)
    return "recursive_doubling" if few else for_any_ranks(text, case.world_size)
