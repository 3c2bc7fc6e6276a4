"""Per-step time growing at equal block: a ring's step takes longer on more nodes. Busbw at equal S falls by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log2
from statistics import median

from fabric.judge.judgement import Signature
from fabric.judge.nominal import JUDGED, MIB, Nominal
from fabric.judge.table import Table
from fabric.predict.names import steps

NAME = "steps grow with nodes"
BLOCK, PER_DOUBLING, FEWEST = 8 * MIB, 1.15, 3
CAUSES = (
    "collisions of flows above the leaves (hashing without adaptive routing)",
    "a taper above the leaves that the named fabric does not have",
    "one slow node or rail that only the larger sets hold",
)


def find(tables: Sequence[Table], _nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per collective and algorithm whose step at equal block grows by more than 15 % per doubling."""
    for (collective, algorithm), found in _steps(tables).items():
        for few, many in pairwise(sorted(found)):
            common = sorted(set(found[few]) & set(found[many]))
            growth = [median(found[many][x]) / median(found[few][x]) for x in common]
            per = median(growth) ** (1 / log2(many / few)) if growth else 0.0
            if per > PER_DOUBLING:
                yield Signature(
                    NAME,
                    f"a step of {collective} ({algorithm}) at equal block takes {median(growth):.2f} times as long on {many} "
                    f"nodes as on {few}",
                    CAUSES,
                    "fabricbench slow --topo T on these nodes; the same sizes with adaptive routing or NCCL_IB_SL on and off",
                    files=tuple(dict.fromkeys(t.file for t in tables if t.nodes in (few, many))),
                    nodes=many,
                )


def _steps(tables: Sequence[Table]) -> dict[tuple[str, str], dict[int, dict[float, list[float]]]]:
    """Return seconds of a step by collective and algorithm, nodes and block, of more than two nodes."""
    found: dict[tuple[str, str], dict[int, dict[float, list[float]]]] = {}
    for table in tables:
        if table.nodes < FEWEST or table.library != "nccl" or table.algorithm not in ("ring", "default"):
            continue
        if table.collective not in JUDGED:
            continue
        by_nodes = found.setdefault((table.collective, table.algorithm), defaultdict(lambda: defaultdict(list)))
        for row in table.rows:
            block = row.result.case.nbytes / table.ranks
            if block >= BLOCK:
                by_nodes[table.nodes][block].append(row.result.time / steps(table.collective, table.ranks))
    return found
