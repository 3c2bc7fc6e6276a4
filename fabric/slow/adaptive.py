"""The search for all that is slow at once: tests in rounds, until every suspect is accused and confirmed, or cleared.

It asks for tests and is told their times; it starts no rank, and predicts no time: what a healthy test takes, and its noise, it
learns from the tests themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import exp, isfinite, log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.slow.belief import FIRST_NOISE, LEAST_NOISE, Scale, log_odds, marginals, ratio, scale_of
from fabric.slow.confirm import COMPANY, check
from fabric.slow.parts import Part, parts_of, rails_of_groups, slow_rails
from fabric.slow.plan import SURE, Belief, Test, filled, plan, undecided, visible
from fabric.slow.tree import Tree
from fabric.slow.verdicts import Kind, Verdict, merged, on_rails
from fabric.statistics import median

Floats = NDArray[np.float64]
Ask = Callable[[Sequence[Test]], Sequence[Sequence[float]]]
"""Runs tests that share nothing, at once, and returns the seconds of every block of each; none where a test never ended."""


class Ended(Exception):  # no fault: the search says what it knows by then
    """Raised by an Ask where no more can be asked: the budget is used up, or somebody never answers."""


EXPECTED = 8
"""Slow ones that are expected: the prior of a suspect is this over all, within LIKELY."""
LIKELY = (0.003, 0.05)
LIKELIEST = 0.3
"""Probability from which on a suspect is confirmed where nothing else is left to test."""
AGAIN = 3
"""Times that the very same test is asked, at most: more tell nothing new."""
PLAINLY = 0.7
"""How probably a test must show a suspect to be asked again for it."""
RETRIES = 3
"""Confirmations of one suspect, at most."""
SURELY_GONE = 2
"""Tests without an end that a node counts as that never answered: one could be a heavy tail."""
FULLER = 0.02
"""By which a test must fill an open suspect more than the healthy ones did, to be asked."""
UPHELD = 0.5
"""The probability that a confirmed suspect must have after all tests."""
DECIDED = 20.0
"""Odds from which on a test needs not be asked again."""
SURELY = 2.0
"""Logarithm of the odds from which on a confirmation confirms."""


@dataclass(frozen=True)
class Asked:
    """One test as it was: in which round, why, and its seconds."""

    test: Test
    round: int
    why: Literal["search", "with", "without", "part"]
    seconds: float | None


@dataclass(frozen=True)
class Found:
    """What a search found.

    cleared: suspects that are not slow; open: those that it could not settle; contended: those that tests accused and
    confirmations did not. noise: of the logarithm of one test's time.
    """

    verdicts: tuple[Verdict, ...]
    cleared: tuple[int, ...]
    open: tuple[int, ...]
    contended: tuple[int, ...]
    probability: Floats
    asked: tuple[Asked, ...]
    rounds: int
    noise: float

    @property
    def searched(self) -> int:
        """Tests but for confirmations."""
        return sum(a.why == "search" for a in self.asked)


@dataclass
class Search:
    """A search as it goes on; every rank of a launch that is told the same times takes the same steps."""

    tree: Tree
    least: float = 0.1
    most_rounds: int = 40
    floor: float | Callable[[], float] = 0.0
    asked: list[Asked] = field(default_factory=list)
    logs: list[float] = field(default_factory=list)
    rows: list[Floats] = field(default_factory=list)
    fills: list[Floats] = field(default_factory=list)
    covers: list[Floats] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    tried: dict[int, int] = field(default_factory=dict)
    factors: dict[int, list[float]] = field(default_factory=dict)
    acquitted: set[int] = field(default_factory=set)
    once: set[int] = field(default_factory=set)
    rounds: int = 0
    _known: tuple[float, ...] = ()
    _scale: Scale = field(default_factory=lambda: Scale(0.0, FIRST_NOISE))

    @property
    def prior(self) -> float:
        """The probability that a suspect is slow, before anything is known."""
        return min(LIKELY[1], max(LIKELY[0], EXPECTED / self.tree.suspects))

    @property
    def scale(self) -> Scale:
        """What a healthy test takes, and its noise; worked out once for so many tests."""
        floor = self.floor() if callable(self.floor) else self.floor
        known = (len(self.logs), len(self.spreads), floor)
        if known != self._known:
            noise = 1.5 * median(self.spreads) if self.spreads else FIRST_NOISE
            found = scale_of(np.array(self.logs), max(noise, floor))
            self._known, self._scale = known, Scale(found.centre, max(found.noise, floor))
        return self._scale

    def probability(self) -> Floats:
        """Return the probability of every suspect after all that was asked."""
        prior = np.full(self.tree.suspects, self.prior)
        if not self.logs:
            return prior
        scale, logs = self.scale, np.array(self.logs)
        return marginals(np.array(self.fills), np.array(self.covers), logs - scale.centre, scale.noise, self.least, prior)

    def belief(self, probability: Floats) -> Belief:
        """Return what a plan needs to know."""
        accused = np.zeros(self.tree.suspects, dtype=np.int64)
        if self.logs:
            quiet, slow = self.densities()
            columns = np.array(self.rows)[slow > quiet] > 0
            accused = np.unique(columns, axis=1, return_inverse=True)[1].ravel() + 1
            accused[~columns.any(axis=0)] = 0
        return Belief(probability, self.prior, accused, first=not self.asked)

    def tells(self, test: Test, probability: Floats) -> bool:
        """Return whether a test can tell what no healthy one has: of a suspect that is open, or fuller."""
        if not self.logs:
            return True
        quiet, slow = self.densities()
        full, cover = filled(self.tree, test)
        well = np.array(self.fills) * np.array(self.covers)
        best = np.where((slow * DECIDED < quiet)[:, None], well, 0.0).max(axis=0)
        open_ = undecided(self.tree, probability, self.prior)
        return bool((open_ & (full / full.max() * cover > np.where(probability > self.prior, 0.0, best + FULLER))).any())

    def slow_tests(self) -> NDArray[np.int64]:
        """Return how many slow tests every suspect was in."""
        quiet, slow = self.densities()
        return np.asarray((np.array(self.rows)[slow > quiet] > 0).sum(axis=0))

    def densities(self) -> tuple[Floats, Floats]:
        """Return the densities of every test's time without and with something slow in it."""
        scale = self.scale
        return ratio(np.array(self.logs) - scale.centre, scale.noise, self.least)

    def take(self, test: Test, blocks: Sequence[float], why: Literal["search", "with", "without", "part"]) -> float:
        """Take the times of one test; return the logarithm of its time."""
        seconds = median(blocks) if len(blocks) else None
        self.asked.append(Asked(test, self.rounds, why, seconds))
        value = log(seconds / filled(self.tree, test)[0].max()) if seconds else float("inf")
        if len(blocks) > 2:
            logs = np.log(np.asarray(blocks))
            self.spreads.append(max(LEAST_NOISE, 1.4826 * float(np.median(np.abs(logs - np.median(logs))))))
        if why != "part":
            self.note(test, value)
        return value

    def miss(self, node: int) -> None:
        """Take it that a node never answers."""
        for _ in range(SURELY_GONE):
            self.note(Test((node,)), float("inf"))

    def note(self, test: Test, value: float) -> None:
        """Take the logarithm of a test's time over what its links alone let expect; infinite where it never ended."""
        full, cover = filled(self.tree, test)
        self.logs.append(value)
        self.rows.append(visible(full, cover, self.least))
        self.fills.append(full / full.max())
        self.covers.append(cover)


def search(
    tree: Tree,
    ask: Ask,
    *,
    least: float = 0.1,
    most_rounds: int = 40,
    over: Callable[[], bool] | None = None,
    floor: float | Callable[[], float] = 0.0,
    gone: Sequence[int] = (),
) -> Found:
    """Return who is slow. least: name what is slower by more. over: whether the budget is used up, asked before every round.

    floor: the least noise that a test's time has, where its blocks do not show all of it, or what tells it.
    gone: nodes that never answered.
    """
    state = Search(tree, least, most_rounds, floor)
    for node in gone:
        state.miss(node)
    with suppress(Ended):
        while state.rounds < most_rounds and not (over and over()):
            probability = state.probability()
            tests, checks = next_tests(state, probability)
            if not tests and not checks:
                break
            _round(state, ask, tests, checks)
    return _found(state, ask)


def next_tests(state: Search, probability: Floats) -> tuple[list[Test], list[tuple[int, Test, Test]]]:
    """Return the tests of the next round and its confirmations: (suspect, with it, without it); they share no node.

    Where no test would tell more, the likeliest are confirmed as well.
    """
    tests, checks = _at(state, probability, SURE)
    if not tests and not checks:
        tests, checks = _at(state, probability, LIKELIEST)
    return (tests, checks) if tests or checks else (_again(state, probability), checks)


def _again(state: Search, probability: Floats) -> list[Test]:
    """Return for suspects that are left open, though tests showed them, the smallest test that does, to be asked again.

    One time too long or too short by a burst leaves them so.
    """
    asked = [one.test for one in state.asked if one.why != "part"]  # nodes that never answered were noted before
    if not asked:
        return []
    shown = np.array(state.rows)[-len(asked) :]
    clean = np.logical_not((shown[:, [*state.factors]] > 0).any(axis=1))
    left = [s for s in np.flatnonzero(probability > state.prior / 2) if s not in state.factors and s not in state.acquitted]
    often, used, found = Counter(asked), set[int](), list[Test]()
    for suspect in left:
        able = np.flatnonzero(clean & (shown[:, suspect] > max(PLAINLY, 0.9 * shown[:, suspect].max())))
        test = min((asked[at] for at in able), key=lambda test: len(test.nodes), default=None)
        if test and often[test] < AGAIN and not used & {*test.nodes}:
            found.append(test)
            used |= {*test.nodes}
    return found


def _at(state: Search, probability: Floats, sure: float) -> tuple[list[Test], list[tuple[int, Test, Test]]]:
    waiting = [
        int(s)
        for s in np.flatnonzero(probability >= sure)
        if s not in state.factors and state.tried.get(int(s), 0) < RETRIES + (s in state.once) and s not in state.acquitted
    ]
    checks: list[tuple[int, Test, Test]] = []
    used: set[int] = set()
    slow = state.slow_tests() if waiting else np.zeros(0, dtype=np.int64)
    for suspect in waiting:
        pair = check(state.tree, suspect, probability, slow, used, state.prior)
        if pair is not None:
            with_it, without = (_without(state.tree, test) for test in pair)
            checks.append((suspect, with_it, without))
            used |= {*pair[0].nodes, *pair[1].nodes}
    often = Counter(a.test for a in state.asked)
    belief = state.belief(probability)
    tests = _planned(state, belief, used, mildest=False)
    if tests and all(often[test] for test in tests):
        tests = _planned(state, belief, used, mildest=True) or tests
    return [test for test in tests if often[test] < AGAIN], checks


def _planned(state: Search, belief: Belief, used: set[int], *, mildest: bool) -> list[Test]:
    """Return the planned tests that tell something, each without the rails that are known to be slow."""
    planned = (_without(state.tree, test) for test in plan(state.tree, belief, used, mildest=mildest))
    return [test for test in planned if len(test.without) < state.tree.rails and state.tells(test, belief.probability)]


def _without(tree: Tree, test: Test) -> Test:
    out = tree.left_out(test.nodes)
    return replace(test, without=out) if out else test


def _round(state: Search, ask: Ask, tests: Sequence[Test], checks: Sequence[tuple[int, Test, Test]]) -> None:
    """Ask one round, and judge the confirmations by the scale that all tests gave."""
    having = [test for _, test, _ in checks]
    lacking = [test for *_, test in checks]
    shared = any({*a.nodes} & {*b.nodes} for a, b in zip(having, lacking, strict=True))
    times = [*ask([*tests, *having, *([] if shared else lacking)])]
    times += ask(lacking) if shared else []
    state.rounds += 1
    for test, blocks in zip(tests, times, strict=False):
        state.take(test, blocks, "search")
    taken = []
    for at, (suspect, with_it, without) in enumerate(checks):
        blocks, others = times[len(tests) + at], times[len(tests) + len(checks) + at]
        taken.append((suspect, with_it, state.take(with_it, blocks, "with"), state.take(without, others, "without")))
    for suspect, with_it, seen, other in taken:
        _judge(state, suspect, with_it, seen, other)
    _narrow(state, ask, [s - state.tree.first_switch for s, *_ in taken if s >= state.tree.first_switch and s in state.factors])


def _judge(state: Search, suspect: int, with_it: Test, seen: float, other: float) -> None:
    """Confirm a suspect by the logarithms of the times of a test with it and one without it, or acquit it.

    What leads out of a group is confirmed twice, in rounds of their own: others' traffic through it comes and goes.
    """
    scale = state.scale
    full, _ = filled(state.tree, with_it)
    share = float(full[suspect] / full.max())
    accused = log_odds(seen - scale.centre, scale.noise, state.least, share)
    others = log_odds(other - scale.centre, scale.noise, state.least, 1.0)
    state.tried[suspect] = state.tried.get(suspect, 0) + 1
    if accused > SURELY and others < 0:
        if suspect >= state.tree.nodes and suspect not in state.once:
            state.once.add(suspect)
            return
        usual = min(other, scale.centre + scale.noise)
        state.factors[suspect] = [exp(seen - usual) / share if isfinite(seen) else seen]
    elif accused < -SURELY:
        state.acquitted.add(suspect)


def _narrow(state: Search, ask: Ask, groups: Sequence[int]) -> None:
    """Find by which rails the switches of these groups are slow, each alone and twice, and leave those out from now on."""
    if not groups:
        return
    tests = rails_of_groups(state.tree, groups)
    logs = [_both(state, ask, [test for *_, test in tests])] if state.tree.rails > 1 else []
    limit = max(log(1 + state.least / 2), 3 * state.scale.noise)
    factors = {g: log(state.factors[state.tree.first_switch + g][0]) for g in groups}
    slow = slow_rails(tests, logs[0], factors, limit, state.scale.noise) if logs else dict.fromkeys(groups, (0,))
    before = state.tree.out or ((),) * len(state.tree.layers[0].names)
    state.tree = replace(state.tree, out=tuple(slow.get(g, rails) for g, rails in enumerate(before)))


def _both(state: Search, ask: Ask, tests: Sequence[Test]) -> list[float]:
    """Ask tests of parts twice; return the logarithms of the shorter times: a burst in one is no slow part."""
    times = [ask(tests) for _ in range(2)]
    state.rounds += len(times)
    logs = [[state.take(test, blocks, "part") for test, blocks in zip(tests, one, strict=True)] for one in times]
    return [min(pair) for pair in zip(*logs, strict=True)]


def _found(state: Search, ask: Ask) -> Found:
    """Return the findings: parts of confirmed nodes told apart, nodes of one switch merged."""
    probability = state.probability()
    noise = state.scale.noise if state.logs else FIRST_NOISE
    confirmed = sorted(s for s in state.factors if probability[s] > UPHELD)
    parts: dict[int, Part] = {}
    with suppress(Ended):
        parts = _parts(state, ask, [s for s in confirmed if s < state.tree.nodes], probability) if confirmed else {}
    verdicts = [_verdict(state, s, float(probability[s]), noise, *parts.get(s, ("node", ()))) for s in confirmed]
    contended = sorted(s for s in state.acquitted if s not in confirmed and s < state.tree.first_switch)  # of one its nodes are
    blind = noise > log(1 + state.least)  # what is to be found is within the noise: nobody is cleared by that
    named = {s for v in verdicts for s in v.suspects}
    cleared = [int(s) for s in np.flatnonzero(probability < state.prior / 2) if s not in named and not blind]
    known = {*named, *cleared, *contended}
    left = tuple(s for s in range(state.tree.suspects) if s not in known)
    return Found(
        tuple(merged(state.tree, verdicts)),
        tuple(cleared),
        left,
        tuple(contended),
        probability,
        tuple(state.asked),
        state.rounds,
        noise,
    )


def _verdict(state: Search, suspect: int, probability: float, noise: float, kind: Kind, parts: tuple[int, ...]) -> Verdict:
    factor = float(median(state.factors[suspect]))
    wide = exp(2.8 * noise)  # of a ratio of two tests, 95 %
    name = state.tree.word(suspect)
    suspects: tuple[int, ...] = (suspect,)
    if suspect >= state.tree.first_switch:
        kind, parts, name, suspects = _of_switch(state.tree, suspect)
    elif suspect >= state.tree.nodes:
        kind = "boundary"
    elif factor == float("inf"):
        kind = "hung"
    return Verdict(kind, name, suspects, factor, factor / wide, factor * wide, probability, parts)


def _of_switch(tree: Tree, suspect: int) -> tuple[Kind, tuple[int, ...], str, tuple[int, ...]]:
    """Return kind, rails, name and suspects of what a group hangs on: all its nodes are slow by it."""
    group = suspect - tree.first_switch
    rails = tree.out[group] if tree.out and 0 < len(tree.out[group]) < tree.rails else ()
    nodes = np.flatnonzero(tree.layers[0].group == group).tolist()
    return "switch", rails, on_rails(rails, tree.word(suspect)), (suspect, *nodes)


def _parts(state: Search, ask: Ask, nodes: Sequence[int], probability: Floats) -> dict[int, Part]:
    """Return what of each slow node is slow: every rail with a healthy node's, then its devices alone, all twice."""
    well = [n for n in range(state.tree.nodes) if probability[n] < COMPANY * state.prior and n not in nodes]
    parts = parts_of(state.tree, [n for n in nodes if isfinite(state.factors[n][0])], well)
    if not parts.rails:
        return {}
    network, home = (_both(state, ask, tests) for tests in (parts.over_network, parts.at_home))
    limit = max(log(1 + state.least / 2), 3 * state.scale.noise)
    return parts.judged(network, home, {n: log(state.factors[n][0]) for n in nodes}, limit, state.scale.noise)
