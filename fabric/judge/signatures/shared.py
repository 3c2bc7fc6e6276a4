"""Shared and congested: the same case takes another time in every run, over several nodes only. It sees no other job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table, is_large

NAME = "shared and congested"
SPREAD, FEWEST_RUNS, FEWEST_SIZES = 1.3, 3, 3
CAUSES = (
    "other jobs on the same links",
    "another set of nodes in every run, one of them slow",
)


def find(tables: Sequence[Table], _nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per number of nodes where three runs or more of the same large cases spread by more than 1.3."""
    times = defaultdict[tuple[str, str, int], dict[int, list[float]]](lambda: defaultdict(list))
    for table in tables:
        for row in table.rows:
            if table.nodes > 1 and is_large(row.result):
                times[table.collective, table.algorithm, table.nodes][row.result.case.nbytes].append(row.result.time)
    for (collective, algorithm, nodes), by_size in times.items():
        spreads = [max(t) / min(t) for t in by_size.values() if len(t) >= FEWEST_RUNS]
        if len(spreads) >= FEWEST_SIZES and median(spreads) > SPREAD:
            yield Signature(
                NAME,
                f"runs of {collective} ({algorithm}) on {nodes} nodes differ by {median(spreads):.2f} times in the middle of "
                f"{len(spreads)} sizes",
                CAUSES,
                "the same nodes again at another hour, then other nodes at the same hour: time or place moves it",
                files=tuple(dict.fromkeys(table.file for table in tables if table.nodes == nodes)),
                nodes=nodes,
            )
