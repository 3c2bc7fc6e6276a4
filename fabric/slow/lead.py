"""`--method search` on the ranks of a launch: rank 0 leads, the others run what they are told. It judges nothing itself.

Rank 0 alone decides what is tested, so that nothing depends on two processors rounding alike. A test that the file of kept ones
has is not run again; a node that fell silent is in no test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from math import ceil, inf, log2
from time import monotonic

from fabric.collectives.catalog import busbw_factor
from fabric.network.fabric import Fabric
from fabric.slow import kept as store
from fabric.slow.adaptive import Ended, search
from fabric.slow.group_pairs import NO_PAIRS
from fabric.slow.kept import Kept
from fabric.slow.layers import check_version, forced
from fabric.slow.plan import Test
from fabric.slow.rings import by_pairs, noise_of, rails_of, ranks_of, tree_for
from fabric.slow.search import Report, Search
from fabric.slow.search_ranks import Bench
from fabric.slow.state import Found
from fabric.slow.told import report_of
from fabric.slow.tree import Tree
from fabric.slow.verdicts import Verdict
from fabric.units import show_duration
from topologies.errors import InputError

START = 0.1
"""Seconds to make the groups of a test, beside its blocks."""
VISITS = 3.0
"""Of a pair, about, where ranks outnumber cores."""
DIFFERS = 1.5
"""Times of what was said, from which on what is measured is said too."""


@dataclass
class Lead:
    """Rank 0's search of one layer. seats: the rank of the file for each rank here. live: whether what is not kept is run.

    quickest, spreads: of all pairs. ran: calls of groups at once that were run, which took `took`.
    """

    bench: Bench
    tree: Tree
    kept: Kept
    seats: Sequence[int]
    layer: str
    live: bool = True
    quickest: float = inf
    spreads: list[float] = field(default_factory=list)
    ran: int = 0
    rounds: int = 0
    took: float = 0.0
    started: float = field(default_factory=monotonic)

    @property
    def collective(self) -> str:
        """What its tests run."""
        return "sendrecv" if self.layer == "pairs" else self.bench.search.collective

    @property
    def algorithm(self) -> str:
        """What NCCL_ALGO must be; empty where the library chooses."""
        launch = self.bench.launch
        return (
            forced(self.bench.search.layers, self.layer, one_node=launch.one_node) if self.bench.world.source == "nccl" else ""
        )

    @property
    def gone(self) -> list[int]:
        """The nodes that never answered."""
        return [n for n, ranks in enumerate(self.tree.devices) if self.kept.silent & {*ranks}]

    def found(self) -> Found:
        """Return what is slow."""
        gone, floor = self.gone, self.noise if self.bench.crowded else 0.0
        asked = self.bench.search
        every = asked.group_pairs == "all"
        tree = replace(self.tree, pairs=NO_PAIRS) if self.layer == "in-network" else self.tree  # its steps are the switches'
        found = search(tree, self.ask, least=asked.least, over=self.over, floor=floor, gone=gone, every_pair=every)
        return with_gone(self.tree, found, gone)

    def noise(self) -> float:
        """Return the noise of a test where ranks outnumber cores, as the visits so far tell."""
        return noise_of(self.spreads)

    def ask(self, tests: Sequence[Test]) -> list[list[float]]:
        """Return the seconds of every block of each test; none of a test that a silent node is in."""
        gone = {*self.gone}
        self.rounds += 1
        times = iter(self.times([test for test in tests if not gone & {*test.nodes}]))
        return [[] if gone & {*test.nodes} else next(times) for test in tests]

    def times(self, tests: Sequence[Test]) -> list[list[float]]:
        """Return the seconds of every block of each test: of one with several rings those of the slowest."""
        rings = [rails_of(self.tree, test) if self.layer == "pairs" else [ranks_of(self.tree, test)] for test in tests]
        each = iter(self.of_rings([ring for own in rings for ring in own]))
        return [[max(block) for block in zip(*islice(each, len(own)), strict=False)] for own in rings]

    def of_rings(self, rings: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return the seconds of every block of disjoint rings: all at once, `--batch` of them, or pair by pair."""
        if self.bench.crowded:
            times = by_pairs(rings, self.run, self.quickest, self.spreads)
            self.quickest = min([self.quickest, *times])
            return [[seconds] for seconds in times]
        at_once = self.bench.search.batch or max(len(rings), 1)
        return [blocks for start in range(0, len(rings), at_once) for blocks in self.run(rings[start : start + at_once])]

    def run(self, groups: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return the seconds of every block of groups, per byte that a rank sends, so that rings of two and of many compare.

        Raises:
            Ended: they would have to be run, and the budget is used up or nothing is run.
        """
        known = [self.kept.next(self.layer, ranks) for ranks in groups]
        new = [ranks for ranks, seconds in zip(groups, known, strict=True) if seconds is None]
        fresh = iter(self._really(new) if new else [])
        times = [seconds if seconds is not None else next(fresh) for seconds in known]
        return [[value / self._bytes(len(ranks)) for value in seconds] for ranks, seconds in zip(groups, times, strict=True)]

    def _bytes(self, ranks: int) -> float:
        """Return what a rank of a group of so many sends, over the search's S."""
        search_ = self.bench.search
        return busbw_factor(self.collective, ranks) * search_.bytes_on(ranks, self.collective) / search_.nbytes

    def _really(self, groups: Sequence[Sequence[int]]) -> list[list[float]]:
        """Run groups at once and keep their times."""
        budget = self.bench.search.budget
        if not self.live or (budget is not None and monotonic() - self.started > budget):
            raise Ended
        self.bench.progress(min(self.rounds - 1, self.likely), self.likely)
        before, wrong = monotonic(), self.bench.wrong
        here = {seat: rank for rank, seat in enumerate(self.seats)}
        told = ([[here[rank] for rank in ranks] for ranks in groups], self.bench.search.count, self.collective, self.algorithm)
        times = self.bench.blocks_side_by_side(*self.bench.world.gather(told)[0])
        self.ran, self.took = self.ran + 1, self.took + monotonic() - before
        for number, (ranks, seconds) in enumerate(zip(groups, times, strict=True)):
            self.kept.keep(self.layer, ranks, seconds, 0 if number else self.bench.wrong - wrong)
        if self.ran == 1:
            self._say_measured()
        return times

    @property
    def likely(self) -> int:
        """Rounds that are likely."""
        return expected(self.tree.nodes, self.bench.search, crowded=self.bench.crowded)[0]

    def _say_measured(self) -> None:
        """Say how long it will take, by the first groups, where that is not what was said."""
        one, said = self.took / self.ran, a_call(self.bench.search)
        if one > DIFFERS * said:
            seconds = expected(self.tree.nodes, self.bench.search, crowded=self.bench.crowded)[1] * one / said
            self.bench.say(f"measured: {show_duration(one)} a test, about {show_duration(seconds)} a layer")

    def over(self) -> bool:
        """Return whether another round would be over the budget."""
        spent, budget = monotonic() - self.started, self.bench.search.budget
        return budget is not None and self.ran > 0 and spent + spent / max(self.rounds, 1) > budget


def a_call(search_: Search) -> float:
    """Return about how many seconds groups take that run at once: their blocks and half as much again."""
    return 1.5 * search_.block * search_.count + START


def expected(units: int, search_: Search, *, crowded: bool) -> tuple[int, float]:
    """Return about how many rounds a layer takes where four are slow, and seconds. crowded: pair by pair, VISITS of each."""
    rounds = ceil(log2(max(units, 2))) + 3
    return rounds, rounds * a_call(search_) * (VISITS * ceil(units / 2) if crowded else 1)


def with_gone(tree: Tree, found: Found, gone: Sequence[int]) -> Found:
    """Return what was found with each node that never answered as a finding, whether or not tests could confirm it."""
    there = {s for verdict in found.verdicts if verdict.kind == "hung" for s in verdict.suspects}
    more = [Verdict("hung", tree.word(n), (n,), inf, inf, inf, 1.0) for n in gone if n not in there]
    kept = tuple(v for v in found.verdicts if v.kind == "hung" or not {*v.suspects} <= {*gone})
    cleared, open_, contended = (
        tuple(s for s in some if s not in gone) for some in (found.cleared, found.open, found.contended)
    )
    return replace(found, verdicts=(*kept, *more), cleared=cleared, open=open_, contended=contended)


def search_all(bench: Bench, fabric: Fabric | None) -> Report:
    """Search layer by layer; every rank calls it and gets the same report.

    Raises:
        InputError: too few units, a fabric that the ranks do not fill, a file of another search.
    """
    check_version(bench.search.layers, str(bench.world.context.get("nccl", "")))
    tree, kept, seats = _seated(bench, fabric)
    started = monotonic()
    bench.watchdog.last_words = partial(_lost, bench, tree, kept, seats, started)
    leads = [Lead(bench, tree, kept, seats, layer) for layer in bench.search.layers]
    if bench.launch.rank == 0:
        _say_how_long(leads[0])
        found = list(_led(bench, leads))
    else:
        found = []
        while (told := bench.world.gather(None)[0]) is not None:
            bench.blocks_side_by_side(*told)
    report = report_of(bench, tree, found, kept, seats, seconds=monotonic() - started) if found else None
    shared: Report = bench.world.gather(report)[0]
    return shared


def _led(bench: Bench, leads: Sequence[Lead]) -> Iterator[tuple[str, Found]]:
    """Yield what each layer's search finds, then let the others go."""
    for lead in leads:
        lead.started = monotonic()
        yield lead.layer, lead.found()
    bench.world.gather(None)


def _seated(bench: Bench, fabric: Fabric | None) -> tuple[Tree, Kept, list[int]]:
    """Return the suspects, the kept tests (rank 0's), and which rank of the file each rank is; the same error on all ranks."""
    kept, line = Kept(), None
    if bench.launch.rank == 0:
        try:
            kept = store.opened(bench.keep)
        except InputError as error:
            line = str(error)
    refused, head = bench.world.gather((line, kept.head))[0]
    if refused:
        raise InputError(refused)
    ranks = int(head["ranks"]) if head else bench.launch.world_size
    units = head["units"] if head else bench.units
    tree = tree_for(units, ranks, bench.word, fabric, bench.search.routing)
    if bench.search.group_pairs == "none" or bench.crowded:  # pair by pair of ranks nothing fills what goes between groups
        tree = replace(tree, pairs=NO_PAIRS)
    own = store.head_of(bench.search, ranks, units, [tree.word(s) for s in range(tree.first_pair)], bench.said)
    seats: list[int] = []
    if bench.launch.rank == 0:
        line = kept.begin(own)
        try:
            seats = store.seats(kept, bench.launch.world_size)
        except InputError as error:
            line = line or str(error)
    refused, seats = bench.world.gather((line, seats))[0]
    if refused:
        raise InputError(refused)
    bench.wrong = kept.wrong
    return tree, kept, seats


def _say_how_long(lead: Lead) -> None:
    """Say about how long it will take, and what is there already."""
    bench, layers = lead.bench, len(lead.bench.search.layers)
    rounds, seconds = expected(lead.tree.nodes, bench.search, crowded=bench.crowded)
    bench.expected_seconds = seconds * layers
    bench.say(f"about {rounds * layers} rounds, {show_duration(seconds * layers)}: fewer where nothing is slow")
    if lead.kept.torn:
        bench.say(f"{lead.kept.path}: its last line is torn ({lead.kept.torn} bytes) and was left out")
    if lead.kept.count:
        bench.say(f"tests in {lead.kept.path} and not taken again: {lead.kept.count}")
    for node in lead.gone:
        bench.say(f"{lead.tree.names[node]} never answered: it is in no test")


def _lost(bench: Bench, tree: Tree, kept: Kept, seats: Sequence[int], started: float, silent: Sequence[int]) -> int | None:
    """Tell what is known when ranks fall silent; called beside the search, which hangs. Return the exit code, if any."""
    if bench.lost is None:
        return None
    if bench.launch.rank:  # rank 0 is silent, and has the tests
        kept = store.opened(bench.keep)
    kept.lose([seats[rank] for rank in silent])
    kept.rewind()
    found = [(layer, Lead(bench, tree, kept, seats, layer, live=False).found()) for layer in bench.search.layers]
    return bench.lost(report_of(bench, tree, found, kept, seats, seconds=monotonic() - started, cut=True))
