"""The report of a search on ranks: findings, software that differs, evidence, what it took. It runs and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fabric.measure.host.settings import MACHINE
from fabric.slow.drawn import drawn, evidence
from fabric.slow.findings import rows_of, verdict
from fabric.slow.kept import Kept
from fabric.slow.layers import only_in_network
from fabric.slow.layers import told as in_network_told
from fabric.slow.search import Report
from fabric.slow.search_ranks import Bench
from fabric.slow.settings import Difference, differences, lines, reasons
from fabric.slow.state import Found
from fabric.slow.tree import Tree

SOFTWARE = ("device", "rail", "node")
"""Kinds of findings that a setting may be the reason of."""


def report_of(
    bench: Bench,
    tree: Tree,
    found: Sequence[tuple[str, Found]],
    kept: Kept,
    seats: Sequence[int],
    *,
    seconds: float,
    cut: bool = False,
) -> Report:
    """Return what all layers found, in so many seconds. seats: the rank in the tree of each here; cut: by silent ranks."""
    differ = _seated(differences(bench.settings, MACHINE), seats)
    rows = with_reasons(tree, rows_of(tree, found), differ)
    slow = sorted({s for row in rows if row["state"] == "slow" for s in row["suspects"]})
    open_ = any(row["state"] == "open" for row in rows)
    software = {row["name"]: row["differs"] for row in rows if row["kind"] == "software"}
    network = only_in_network(tree, [(layer == "in-network", one) for layer, one in found])
    line = verdict(tree, found, bench.search.least) + in_network_told(network)
    line = "".join([line, *(f"; {name} is software: {', '.join(why)}" for name, why in software.items())])
    times = 1 if bench.crowded else bench.search.count  # crowded: the shortest block stands for all
    return bench.report(
        line,
        slow,
        rows,
        tests=sum(f.searched for _, f in found),
        confirmations=sum(len(f.asked) - f.searched for _, f in found),
        rounds=sum(f.rounds for _, f in found),
        noise=max((f.noise for _, f in found), default=0.0),
        undecided=open_ and not slow,
        silent=[tree.names[n] for n, ranks in enumerate(tree.devices) if kept.silent & {*ranks}],
        cut=cut,
        seconds=seconds,
        expected_seconds=bench.expected_seconds,
        in_network_only=network,
        differs=lines(differ, tree),
        evidence=[row for layer, one in found for row in evidence(tree, layer, one, times)],
        **drawn(tree),
    )


def with_reasons(tree: Tree, rows: Sequence[dict[str, Any]], differ: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return the rows, a slow node whose software differs from all that are not slow as software, with what differs."""

    def ranks_of(row: dict[str, Any]) -> set[int]:
        return {rank for s in row["suspects"] if s < tree.nodes for rank in tree.devices[s]}

    named = [row for row in rows if row["state"] == "slow" and row["kind"] in SOFTWARE]
    slow = {rank for row in named for rank in ranks_of(row)}
    why = {id(row): reasons(differ, ranks_of(row), slow) for row in named}
    return [{**row, "differs": why.get(id(row), []), "kind": "software" if why.get(id(row)) else row["kind"]} for row in rows]


def _seated(found: Sequence[Difference], seats: Sequence[int]) -> list[Difference]:
    """Return the differences by the ranks of the tree."""
    return [
        replace(one, odd={value: tuple(seats[rank] for rank in ranks) for value, ranks in one.odd.items()}) for one in found
    ]
