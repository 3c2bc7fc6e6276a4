"""One rank of a search: groups that run side by side, units of ranks, the report. It does not find the slow one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Group, Operation, World
from fabric.measure.host.placement import Placement
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.watchdog import Watchdog
from fabric.measure.timing.loop import count_wrong
from fabric.records.case import Case
from fabric.slow.blocks import calls_for, seconds_a_call
from fabric.slow.search import Report, Row, Search
from fabric.statistics import median
from topologies.errors import InputError

Tell = Callable[[int, int], None]
CHUNK = 0.1
"""Of a block, after which its ranks agree on going on."""


@dataclass
class Bench:
    """What a search has on one rank. units: the ranks of each unit. wrong: elements, as they come in.

    settings: software and settings of every rank. keep: the file of the tests. say(line), of rank 0. lost(report): tells
    what is known when ranks fall silent, and returns the exit code; None where nobody is told.
    """

    search: Search
    launch: Launch
    world: World
    placement: Placement
    units: list[list[int]]
    watchdog: Watchdog
    tell: Tell | None
    wrong: int = 0
    said: Mapping[str, Any] = field(default_factory=dict)
    settings: Sequence[Mapping[str, str]] = ()
    keep: Path | None = None
    say: Callable[[str], None] = lambda _line: None
    lost: Callable[[Report], int] | None = None

    @property
    def word(self) -> str:
        """What a unit is called: rank or node."""
        return "node" if self.search.alone else self.search.unit

    def ranks(self, chosen: Sequence[int]) -> list[int]:
        """Return the ranks of these units, unit by unit."""
        return [rank for unit in chosen for rank in self.units[unit]]

    def report(self, line: str, slow: Sequence[int], rows: Sequence[Row], **more: object) -> Report:
        """Return the report with what is known of the launch."""
        said = {**self.said, "launch_ranks": self.launch.world_size, "source": self.world.source, **more}
        if self.wrong:
            line = f"{line}; {self.wrong} wrong elements: the data itself is damaged"
        return Report(self.search.method, self.word, line, tuple(slow), self.wrong, rows, said)

    def progress(self, done: int, total: int) -> None:
        """Tell how far the search is, on rank 0."""
        if self.tell is not None and self.launch.rank == 0:
            self.tell(done, total)

    def side_by_side(self, groups: Sequence[Sequence[int]], blocks: int = 1) -> list[float]:
        """Return the median seconds of one call in each of these disjoint groups, all running at once."""
        return [median(seconds) for seconds in self.blocks_side_by_side(groups, blocks)]

    def blocks_side_by_side(
        self, groups: Sequence[Sequence[int]], blocks: int = 1, collective: str | None = None, algorithm: str = ""
    ) -> list[list[float]]:
        """Return the seconds of one call in every block, for each of these disjoint groups, all running at once.

        algorithm: NCCL_ALGO of what is timed. What the ranks agree on runs in a group of its own then: not all of it could.
        """
        made = [self.world.group(ranks) for ranks in groups]
        asked = [self.world.group(ranks) for ranks in groups] if algorithm else made
        at = next((number for number, group in enumerate(made) if group is not None), None)
        mine = made[at] if at is not None else None
        self.world.wait()
        seen = None
        if mine is None or at is None:
            self.watchdog.rest()
        else:
            case = self.search.case(mine.size, collective)
            operation = _operation(asked[at], case, algorithm) if algorithm else mine.operation(case, mine.rank)
            seen = (at, *_timed(self.search, mine, operation, case, blocks, self.watchdog))
        self.world.wait()
        for group in {id(own): own for own in (*made, *asked) if own is not None}.values():
            group.close()
        found = {value[0]: value[1:] for value in self.world.gather(seen) if value is not None}
        self.wrong += sum(wrong for _, wrong in found.values())
        return [found[number][0] for number in range(len(groups))]


def _timed(
    search: Search, group: Group, operation: Operation, case: Case, blocks: int, watchdog: Watchdog
) -> tuple[list[float], int]:
    """Return (seconds of a call in every block, wrong elements) of an operation. group: where its ranks agree."""
    watchdog.alive()
    operation.fill()
    calls = calls_for(group, operation, CHUNK * search.block)
    seconds = []
    for _ in range(blocks):
        watchdog.alive()
        seconds.append(seconds_a_call(group, operation, calls, search.block))
    wrong = count_wrong(group, operation, case, group.rank) or 0
    operation.release()
    return seconds, wrong


def _operation(group: Group | None, case: Case, algorithm: str) -> Operation:
    """Return the case's operation on a group of this rank that runs this algorithm of NCCL and no other.

    NCCL reads the variable where a communicator is made, which is at the first call.

    Raises:
        EnvironmentFault: NCCL has no such algorithm here.
    """
    assert group is not None  # noqa: S101  # the caller's own
    before = os.environ.get("NCCL_ALGO")
    os.environ["NCCL_ALGO"] = algorithm
    try:
        operation = group.operation(case, group.rank)
        operation.fill()
        operation.run()
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1][:120]
        raise EnvironmentFault(f"layers: NCCL cannot run {algorithm} here ({said}); leave in-network out of --layers") from None
    finally:
        os.environ.pop("NCCL_ALGO")
        if before is not None:
            os.environ["NCCL_ALGO"] = before
    return operation


def units_of(search: Search, node: Sequence[int]) -> list[list[int]]:
    """Return the ranks of every unit. node: of every rank.

    Raises:
        InputError: nodes are asked for and there is one only, or they hold different numbers of ranks.
    """
    nodes = [[rank for rank, own in enumerate(node) if own == number] for number in sorted(set(node))]
    if search.alone:
        nodes = [ranks[:1] for ranks in nodes]
    if search.unit == "rank" and not search.alone:
        return [[rank] for rank in range(len(node))]
    if len(nodes) < 2:
        raise InputError("unit: node and --one-rank-a-node need 2 nodes or more, got 1; use --unit rank")
    if len({len(ranks) for ranks in nodes}) > 1:
        sizes = ", ".join(str(len(ranks)) for ranks in nodes)
        raise InputError(f"unit: nodes must hold the same number of ranks, got {sizes}; add --one-rank-a-node")
    return nodes
