"""Open MPI's fixed decisions for collectives with a root, and for the barrier, as data. It does not choose (openmpi.py)."""

from __future__ import annotations

from fabric.predict.libraries.table import Sizes

KIB, MIB = 1024, 1024**2
END = None
NEAREST = "nearest of ours"
Classes = list[tuple[int | None, Sizes]]
Names = dict[str, tuple[str, str]]

BROADCAST_NAMES: Names = {
    "linear": ("linear", ""),
    "chain": ("chain:chunks=1", "four chains without segments: taken as one"),
    "pipeline": ("chain:chunks=1", "a pipeline without a segment size is a chain of whole buffers"),
    "split": ("binomial", f"split binary tree: {NEAREST}"),
    "binary": ("binomial", f"binary tree: {NEAREST}"),
    "binomial": ("binomial", ""),
    "knomial": ("binomial", f"k-nomial tree: {NEAREST}"),
    "scatter+all_gather": ("scatter_ring", f"scatter and recursive-doubling all-gather: {NEAREST}, the same bytes"),
}
BROADCAST: Classes = [
    (
        4,
        (
            (32, "pipeline"),
            (256, "binary"),
            (512, "pipeline"),
            (KIB, "knomial"),
            (32 * KIB, "linear"),
            (128 * KIB, "binary"),
            (256 * KIB, "chain"),
            (512 * KIB, "linear"),
            (MIB, "binomial"),
            (END, "binary"),
        ),
    ),
    (8, ((64, "binary"), (128, "binomial"), (2 * KIB, "binary"), (8 * KIB, "binomial"), (MIB, "linear"), (END, "chain"))),
    (
        16,
        (
            (8, "knomial"),
            (64, "binary"),
            (4 * KIB, "knomial"),
            (16 * KIB, "binary"),
            (32 * KIB, "binomial"),
            (END, "linear"),
        ),
    ),
    (32, ((4 * KIB, "knomial"), (MIB, "binomial"), (END, "scatter+all_gather"))),
    (64, ((2 * KIB, "binomial"), (END, "knomial"))),
    (128, ((END, "knomial"),)),
    (256, ((2, "binomial"), (16 * KIB, "binary"), (32 * KIB, "linear"), (64 * KIB, "binary"), (END, "knomial"))),
    (1024, ((16 * KIB, "knomial"), (32 * KIB, "split"), (END, "knomial"))),
    (2048, ((512 * KIB, "knomial"), (END, "scatter+all_gather"))),
    (4096, ((256 * KIB, "knomial"), (END, "scatter+all_gather"))),
    (END, ((8 * KIB, "knomial"), (16 * KIB, "binary"), (256 * KIB, "knomial"), (END, "scatter+all_gather"))),
]

REDUCE_NAMES: Names = {
    "linear": ("linear", "the root takes the messages one by one; here all are under way at once"),
    "chain": ("chain:chunks=1", "four chains without segments: taken as one"),
    "pipeline": ("chain:chunks=1", "a pipeline without a segment size is a chain of whole buffers"),
    "binary": ("binomial", f"binary tree: {NEAREST}"),
    "in_order": ("binomial", f"in-order binary tree: {NEAREST}"),
    "binomial": ("binomial", ""),
    "rabenseifner": ("binomial", f"halving and gather: {NEAREST}, never faster"),
}
REDUCE: Classes = [
    (
        4,
        (
            (8, "rabenseifner"),
            (16, "binary"),
            (32, "pipeline"),
            (256 * KIB, "linear"),
            (512 * KIB, "pipeline"),
            (MIB, "chain"),
            (END, "pipeline"),
        ),
    ),
    (
        8,
        (
            (4 * KIB, "binary"),
            (64 * KIB, "chain"),
            (256 * KIB, "binomial"),
            (512 * KIB, "linear"),
            (MIB, "binomial"),
            (END, "linear"),
        ),
    ),
    (16, ((8 * KIB, "binary"), (END, "binomial"))),
    (32, ((4 * KIB, "binary"), (END, "binomial"))),
    (256, ((END, "binomial"),)),
    (512, ((8 * KIB, "binomial"), (16 * KIB, "in_order"), (END, "binomial"))),
    (2048, ((END, "binomial"),)),
    (4096, ((512, "binomial"), (KIB, "in_order"), (8 * KIB, "binomial"), (16 * KIB, "in_order"), (END, "binomial"))),
    (
        END,
        (
            (16, "binomial"),
            (32, "in_order"),
            (KIB, "binomial"),
            (2 * KIB, "in_order"),
            (8 * KIB, "binomial"),
            (16 * KIB, "in_order"),
            (END, "binomial"),
        ),
    ),
]

GATHER_NAMES: Names = {
    "linear": ("linear", ""),
    "binomial": ("binomial", ""),
    "sync": ("linear", "linear, the first part of every message asked for in turn: the asking is not modelled"),
    "nb": ("linear", "linear with all messages under way at once"),
}
GATHER: Classes = [
    (
        4,
        (
            (2, "sync"),
            (4, "linear"),
            (32 * KIB, "binomial"),
            (64 * KIB, "linear"),
            (128 * KIB, "binomial"),
            (END, "sync"),
        ),
    ),
    (8, ((KIB, "binomial"), (8 * KIB, "linear"), (32 * KIB, "binomial"), (256 * KIB, "linear"), (END, "sync"))),
    (256, ((END, "binomial"),)),
    (512, ((2 * KIB, "binomial"), (8 * KIB, "linear"), (END, "binomial"))),
    (END, ((END, "binomial"),)),
]
SCATTER: Classes = [
    (4, ((2, "nb"), (128 * KIB, "linear"), (256 * KIB, "nb"), (END, "linear"))),
    (
        8,
        (
            (2 * KIB, "binomial"),
            (4 * KIB, "linear"),
            (8 * KIB, "binomial"),
            (32 * KIB, "linear"),
            (MIB, "nb"),
            (END, "linear"),
        ),
    ),
    (16, ((16 * KIB, "binomial"), (MIB, "nb"), (END, "linear"))),
    (32, ((16 * KIB, "binomial"), (32 * KIB, "linear"), (END, "nb"))),
    (64, ((512, "binomial"), (8 * KIB, "nb"), (16 * KIB, "binomial"), (END, "nb"))),
    (END, ((512, "binomial"), (END, "nb"))),
]

BARRIER_NAMES: Names = {
    "doubling": ("recursive_doubling", ""),
    "bruck": ("dissemination", ""),
    "linear": ("dissemination", f"to the root and back: {NEAREST}"),
    "tree": ("dissemination", f"up and down a tree: {NEAREST}, half its steps"),
}
BARRIER: Classes = [
    (4, ((END, "doubling"),)),
    (8, ((END, "linear"),)),
    (64, ((END, "doubling"),)),
    (256, ((END, "bruck"),)),
    (512, ((END, "tree"),)),
    (1024, ((END, "bruck"),)),
    (4096, ((END, "tree"),)),
    (END, ((END, "bruck"),)),
]
