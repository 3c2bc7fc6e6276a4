"""What crosses from one half of the ranks to the other, in every order asked for. It does not know what should cross."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from fabric.measure.backends.backend import Group
from fabric.measure.cells.orders import ranks_in_order
from fabric.measure.launch.watchdog import Watchdog
from fabric.slow.blocks import calls_for
from fabric.slow.search import Report, Search
from fabric.slow.search_ranks import Bench
from fabric.statistics import interval, median
from topologies.errors import InputError


def bisection(bench: Bench) -> Report:
    """Let every rank of one half exchange with its partner in the other half, all at once, for every order."""
    rows = []
    for number, order in enumerate(bench.search.orders):
        bench.progress(number, len(bench.search.orders))
        rows.append(_cut(bench, order))
    worst = min(rows, key=lambda row: row["bytes_per_second"])
    both = f"{worst['bytes_per_second'] / 1e9:.3g} GB/s each way across {worst['pairs']} pairs"
    return bench.report(f"bisection: {both} in the worst of {len(rows)} cuts, {worst['order']}", [], rows)


def _cut(bench: Bench, order: str) -> dict[str, Any]:
    """Return one cut: rank i of the order exchanges with rank i + p // 2; of an odd p the last one is idle."""
    search, world, p = bench.search, bench.world, bench.launch.world_size
    if p < 2:
        raise InputError(f"ranks: a bisection needs 2 or more, got {p}")
    ranks, half = ranks_in_order(bench.placement.node, p, order), p // 2
    made = [world.group([ranks[i], ranks[i + half]]) for i in range(half)]
    mine = next((group for group in made if group is not None), None)
    together = world.group(range(p))
    assert together is not None  # noqa: S101  # it has all ranks
    seconds, wrong = _exchange(search, mine, together, bench.watchdog)
    bench.wrong += wrong
    world.wait()
    for group in (mine, together):
        if group is not None:
            group.close()
    nbytes = search.case(2, "sendrecv").nbytes
    rates = [half * nbytes / took for took in seconds]
    low, high = interval(rates) or (None, None)
    return {
        "order": order,
        "pairs": half,
        "idle_ranks": p - 2 * half,
        "first_half": list(ranks[:half]),
        "second_half": list(ranks[half : 2 * half]),
        "nbytes": nbytes,
        "bytes_per_second": median(rates),
        "low": low,
        "high": high,
        "samples": len(seconds),
    }


def _exchange(search: Search, pair: Group | None, together: Group, watchdog: Watchdog) -> tuple[list[float], int]:
    """Return (seconds of one exchange of all pairs, the maximum over all ranks, per sample; wrong elements)."""
    case = search.case(2, "sendrecv")
    operation = pair.operation(case, pair.rank) if pair is not None else None
    if operation is not None:
        operation.fill()
    own = calls_for(pair, operation, search.block) if pair is not None and operation is not None else 0
    calls = int(together.maximum([own])[0])
    seconds = []
    for _ in range(search.count):
        watchdog.alive()
        together.barrier()
        start = perf_counter()
        for _ in range(calls if operation is not None else 0):
            operation.run()  # type: ignore[union-attr]
        seconds.append(together.maximum([perf_counter() - start])[0] / calls)
    wrong = 0 if pair is None or operation is None else int(operation.wrong())
    if operation is not None:
        operation.release()
    return seconds, together.total(wrong)
