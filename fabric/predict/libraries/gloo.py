"""gloo under torch (ProcessGroupGloo): one algorithm per collective, whatever the size. It knows no environment switches."""

from __future__ import annotations

from fabric.predict.libraries.table import Table, any_size, point_to_point
from fabric.records.case import Case

TABLE = Table(
    library="gloo (torch.distributed)",
    version="torch 2.13.0 for all_reduce (measured); source files of gloo as of 2018-2021 for the others",
    source=(
        "facebookincubator/gloo, gloo/{allgather,alltoall,broadcast,reduce,gather,scatter,barrier}.cc, read in full; "
        "reduce_scatter: pytorch/pytorch pull requests 118911 and 149869; whether newer gloo changed any: not verified"
    ),
    rows=(
        any_size("all_reduce", "gloo_ring"),
        any_size("all_gather", "ring", "every block goes in two halves, two under way at once: not modelled"),
        any_size(
            "reduce_scatter",
            "gloo_ring",
            "torch runs an all-reduce of the whole buffer and keeps one part",
        ),
        any_size("all_to_all", "direct", "all messages posted at once, peers in rising distance"),
        any_size("all_to_all_v", "direct", "taken as all_to_all; alltoallv.cc was not read: not verified"),
        any_size("broadcast", "binomial"),
        any_size("reduce", "ring_gather", "its reduce-scatter sends two segments per rank: taken as one"),
        any_size("gather", "linear"),
        any_size("scatter", "linear"),
        any_size("barrier", "dissemination"),
        *point_to_point(),
    ),
)


def default(case: Case) -> str:
    """Return the text of what gloo runs."""
    return TABLE.row(case).algorithm
