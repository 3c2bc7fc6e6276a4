"""The search for all that is slow at once: tests in rounds, until every suspect is accused and confirmed, or cleared.

It asks for tests and is told their times; it starts no rank, and predicts no time: what a healthy test takes, and its noise, it
learns from the tests themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import ceil, exp, isfinite, log, log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.slow.belief import FIRST_NOISE, LEAST_NOISE, Scale, log_odds, marginals, ratio, scale_of
from fabric.slow.confirm import COMPANY, check
from fabric.slow.parts import Part, parts_of, rails_of_groups, slow_rails
from fabric.slow.plan import SURE, Belief, Test, filled, plan, undecided, visible
from fabric.slow.plan_pairs import ACCUSED, Known, around, pair_tests, rounds_of
from fabric.slow.tree import Tree
from fabric.slow.verdicts import Kind, Verdict, merged, on_rails
from fabric.statistics import median

Floats = NDArray[np.float64]
Why = Literal["search", "between", "with", "without", "part"]
"""Between: a test of pairs of groups, which runs beside the others."""
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
CLEARED_PAIR = 0.2
"""Of the prior: below it a pair of groups is cleared."""
PAIR_ROUNDS = 6
"""Rounds that pairs of groups get by themselves where nobody accuses one, unless all of them are asked for."""


@dataclass(frozen=True)
class Asked:
    """One test as it was: in which round, why, and its seconds."""

    test: Test
    round: int
    why: Why
    seconds: float | None


@dataclass(frozen=True)
class Found:
    """What a search found.

    cleared: suspects that are not slow; open: those that it could not settle; contended: those that tests accused and
    confirmations did not. noise: of the logarithm of one test's time. untested: pairs of groups that no test filled enough
    and nobody accuses.
    """

    verdicts: tuple[Verdict, ...]
    cleared: tuple[int, ...]
    open: tuple[int, ...]
    contended: tuple[int, ...]
    probability: Floats
    asked: tuple[Asked, ...]
    rounds: int
    noise: float
    untested: tuple[int, ...] = ()

    @property
    def searched(self) -> int:
        """Tests but for confirmations."""
        return sum(a.why in ("search", "between") for a in self.asked)


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
    every_pair: bool = False
    _known: tuple[float, ...] = ()
    _scale: Scale = field(default_factory=lambda: Scale(0.0, FIRST_NOISE))

    @property
    def prior(self) -> float:
        """The probability that a node or boundary is slow, before anything is known."""
        return min(LIKELY[1], max(LIKELY[0], EXPECTED / self.tree.first_pair))

    @property
    def of_pair(self) -> float:
        """The same of a pair of groups: one is expected, at most."""
        return min(self.prior / 2, 1 / max(1, len(self.tree.pairs)))

    @property
    def priors(self) -> Floats:
        """The same of every suspect."""
        return np.where(np.arange(self.tree.suspects) < self.tree.first_pair, self.prior, self.of_pair)

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

    @property
    def clear(self) -> Floats:
        """The probability of every suspect below which it is cleared."""
        return self.priors * np.where(np.arange(self.tree.suspects) < self.tree.first_pair, 0.5, CLEARED_PAIR)

    def asked_about(self, probability: Floats) -> NDArray[np.bool_]:
        """Return which suspects a search owes an answer: all but pairs of groups that nothing accuses."""
        return (np.arange(self.tree.suspects) < self.tree.first_pair) | (probability > ACCUSED * self.of_pair)

    def probability(self) -> Floats:
        """Return the probability of every suspect after all that was asked."""
        prior = self.priors
        if not self.logs:
            return prior
        scale, logs = self.scale, np.array(self.logs)
        return marginals(np.array(self.fills), np.array(self.covers), logs - scale.centre, scale.noise, self.least, prior)

    def belief(self, probability: Floats) -> Belief:
        """Return what a plan needs to know."""
        own = np.zeros(self.tree.suspects, dtype=np.int64)
        if self.logs:
            quiet, slow = self.densities()
            columns = np.array(self.rows)[slow > quiet, : self.tree.first_pair] > 0
            own[: self.tree.first_pair] = np.unique(columns, axis=1, return_inverse=True)[1].ravel() + 1
            own[: self.tree.first_pair][~columns.any(axis=0)] = 0
        return Belief(probability, self.prior, own, first=not self.asked)

    def doubted(self) -> NDArray[np.bool_]:
        """Return which suspects a slow test filled."""
        if not self.logs:
            return np.zeros(self.tree.suspects, dtype=np.bool_)
        quiet, slow = self.densities()
        return np.asarray((np.array(self.rows)[slow > quiet] > 0).any(axis=0))

    def best(self) -> Floats:
        """Return how full healthy tests made each suspect, at most."""
        if not self.logs:
            return np.zeros(self.tree.suspects)
        quiet, slow = self.densities()
        well = np.array(self.fills) * np.array(self.covers)
        return np.asarray(np.where((slow * DECIDED < quiet)[:, None], well, 0.0).max(axis=0))

    def known(self, probability: Floats, *, alone: bool = False) -> Known:
        """Return what a plan of pairs needs to know. alone: they would have a round to themselves."""
        layers = self.tree.pairs.layers
        rounds = sum(rounds_of(self.tree, at) for at in layers)
        at_once = 1 if self.every_pair else -(-rounds // PAIR_ROUNDS)
        most = max(PAIR_ROUNDS, ceil(log2(self.tree.nodes)) - bool(self.factors))
        cover = self.every_pair or not alone or self.rounds < most
        best = self.best()[self.tree.first_pair :]
        each = dict.fromkeys(layers, max(1, at_once))
        return Known(probability, self.prior, self.of_pair, best, each, cover, self.least)

    def tells(self, test: Test, probability: Floats) -> bool:
        """Return whether a test can tell what no healthy one has: of a suspect that is open, or fuller."""
        if not self.logs:
            return True
        full, cover = filled(self.tree, test)
        best = self.best()
        open_ = undecided(self.tree, probability, self.prior)
        open_[self.tree.first_pair :] = False
        return bool((open_ & (full / full.max() * cover > np.where(probability > self.prior, 0.0, best + FULLER))).any())

    def slow_tests(self) -> NDArray[np.int64]:
        """Return how many slow tests every suspect was in."""
        quiet, slow = self.densities()
        return np.asarray((np.array(self.rows)[slow > quiet] > 0).sum(axis=0))

    def densities(self) -> tuple[Floats, Floats]:
        """Return the densities of every test's time without and with something slow in it."""
        scale = self.scale
        return ratio(np.array(self.logs) - scale.centre, scale.noise, self.least)

    def take(self, test: Test, blocks: Sequence[float], why: Why) -> float:
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
    every_pair: bool = False,
) -> Found:
    """Return who is slow. least: name what is slower by more. over: whether the budget is used up, asked before every round.

    floor: the least noise that a test's time has, where its blocks do not show all of it, or what tells it.
    gone: nodes that never answered. every_pair: test each pair of groups at its fullest, however many rounds it takes.
    """
    state = Search(tree, least, most_rounds, floor, every_pair=every_pair)
    most_rounds += sum(rounds_of(tree, at) for at in tree.pairs.layers) if every_pair else 0
    for node in gone:
        state.miss(node)
    with suppress(Ended):
        while state.rounds < most_rounds and not (over and over()):
            probability = state.probability()
            tests, between, checks = next_tests(state, probability)
            if not tests and not between and not checks:
                break
            _round(state, ask, tests, between, checks)
    return _found(state, ask)


def next_tests(state: Search, probability: Floats) -> tuple[list[Test], list[Test], list[tuple[int, Test, Test]]]:
    """Return the tests of the next round, those between groups, and its confirmations: (suspect, with it, without it).

    They share no node.

    Where no test would tell more, the likeliest are confirmed as well.
    """
    tests, checks = _at(state, probability, SURE, SURE)
    if not tests and not checks:
        tests, checks = _at(state, probability, LIKELIEST, SURE)
    others = [*tests, *(test for _, *both in checks for test in both)]
    between = _of_pairs(state, probability, others) if state.asked else []
    if not others and not between:
        tests, checks = _at(state, probability, LIKELIEST, LIKELIEST)
    return (tests, between, checks) if tests or between or checks else (_again(state, probability), [], [])


def _again(state: Search, probability: Floats) -> list[Test]:
    """Return for suspects that are left open, though tests showed them, the smallest test that does, to be asked again.

    One time too long or too short by a burst leaves them so.
    """
    asked = [one.test for one in state.asked if one.why != "part"]  # nodes that never answered were noted before
    if not asked:
        return []
    shown = np.array(state.rows)[-len(asked) :]
    clean = np.logical_not((shown[:, [*state.factors]] > 0).any(axis=1))
    open_ = (probability > state.clear)[: state.tree.first_pair]
    left = [s for s in np.flatnonzero(open_) if s not in state.factors and s not in state.acquitted]
    often, used, found = Counter(asked), set[int](), list[Test]()
    for suspect in left:
        able = np.flatnonzero(clean & (shown[:, suspect] > max(PLAINLY, 0.9 * shown[:, suspect].max())))
        test = min((asked[at] for at in able), key=lambda test: len(test.nodes), default=None)
        if test and often[test] < AGAIN and not used & {*test.nodes}:
            found.append(test)
            used |= {*test.nodes}
    return found


def _of_pairs(state: Search, probability: Floats, others: Sequence[Test]) -> list[Test]:
    """Return tests of pairs of groups that run beside others."""
    known = state.known(probability, alone=not others)
    tests = pair_tests(state.tree, known, others) if len(state.tree.pairs) else []
    often = Counter(a.test for a in state.asked)
    narrowed = [_without(state.tree, test) for test in tests]
    return [test for test in narrowed if len(test.without) < state.tree.rails and often[test] < AGAIN]


def _at(state: Search, probability: Floats, sure: float, sure_pair: float) -> tuple[list[Test], list[tuple[int, Test, Test]]]:
    limit = np.where(np.arange(state.tree.suspects) < state.tree.first_pair, sure, sure_pair)
    waiting = [
        int(s)
        for s in np.flatnonzero(probability >= limit)
        if s not in state.factors and state.tried.get(int(s), 0) < RETRIES + (s in state.once) and s not in state.acquitted
    ]
    checks: list[tuple[int, Test, Test]] = []
    used = {n for n in range(state.tree.nodes) if len(state.tree.left_out([n])) == state.tree.rails}
    slow = state.slow_tests() if waiting else np.zeros(0, dtype=np.int64)
    for suspect in waiting:
        pair = check(state.tree, suspect, probability, slow, used, state.priors, state.doubted())
        if pair is not None:
            with_it, without = (_without(state.tree, test) for test in pair)
            if max(len(with_it.without), len(without.without)) == state.tree.rails:  # two groups have no rail in common
                continue
            checks.append((suspect, with_it, without))
            used |= {*pair[0].nodes, *pair[1].nodes}
    often = Counter(a.test for a in state.asked)
    belief = state.belief(probability)
    tests = _planned(state, belief, used)
    if tests and all(often[test] for test in tests):
        tests = _planned(state, belief, used, mildest=True) or tests
    return [test for test in tests if often[test] < AGAIN], checks


def _planned(state: Search, belief: Belief, used: set[int], *, mildest: bool = False) -> list[Test]:
    """Return the plan's tests that tell anything, over pairs of groups that they can tell of, too.

    Each without the rails that are known to be slow.
    """
    known, tree = state.known(belief.probability), state.tree
    tests = (around(tree, known, test) for test in plan(tree, belief, used, mildest=mildest))
    narrowed = (_without(tree, test) for test in tests if test is not None)
    return [test for test in narrowed if len(test.without) < tree.rails and state.tells(test, belief.probability)]


def _without(tree: Tree, test: Test) -> Test:
    """Return the test without the rails of its groups that are known to be slow."""
    out = tree.left_out(test.nodes)
    return replace(test, without=out) if out else test


def _round(
    state: Search, ask: Ask, tests: Sequence[Test], between: Sequence[Test], checks: Sequence[tuple[int, Test, Test]]
) -> None:
    """Ask one round, and judge the confirmations by the scale that all tests gave."""
    having = [test for _, test, _ in checks]
    lacking = [test for *_, test in checks]
    shared = any({*a.nodes} & {*b.nodes} for a, b in zip(having, lacking, strict=True))
    tests = [*tests, *between]
    times = [*ask([*tests, *having, *([] if shared else lacking)])]
    times += ask(lacking) if shared else []
    state.rounds += 1
    for at, (test, blocks) in enumerate(zip(tests, times, strict=False)):
        state.take(test, blocks, "search" if at < len(tests) - len(between) else "between")
    taken = []
    for at, (suspect, with_it, without) in enumerate(checks):
        blocks, others = times[len(tests) + at], times[len(tests) + len(checks) + at]
        taken.append((suspect, with_it, state.take(with_it, blocks, "with"), state.take(without, others, "without")))
    for suspect, with_it, seen, other in taken:
        _judge(state, suspect, with_it, seen, other)
    first = state.tree.first_switch
    _narrow(state, ask, [s - first for s, *_ in taken if state.tree.kind(s) == "switch" and s in state.factors])


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
        if state.tree.kind(suspect) in ("boundary", "switch") and suspect not in state.once:
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
    blind = noise > log(1 + state.least)  # what is to be found is within the noise: nobody is cleared by that
    named = {s for v in verdicts for s in v.suspects}
    cleared = [int(s) for s in np.flatnonzero(probability < state.clear) if s not in named and not blind]
    told = {*cleared} if any(s >= state.tree.first_pair for s in confirmed) else set()  # it is why they were accused
    told |= {s for s in state.acquitted if state.tree.kind(s) == "switch"}  # of one its nodes are
    contended = sorted(s for s in state.acquitted if s not in named and s not in told)
    known = {*named, *cleared, *contended}
    rest = [s for s in range(state.tree.suspects) if s not in known]
    about = state.asked_about(probability)
    left = tuple(s for s in rest if about[s])
    untested = tuple(s for s in rest if s not in {*left})
    return Found(
        tuple(merged(state.tree, verdicts)),
        tuple(cleared),
        left,
        tuple(contended),
        probability,
        tuple(state.asked),
        state.rounds,
        noise,
        untested,
    )


def _verdict(state: Search, suspect: int, probability: float, noise: float, kind: Kind, parts: tuple[int, ...]) -> Verdict:
    factor = float(median(state.factors[suspect]))
    wide = exp(2.8 * noise)  # of a ratio of two tests, 95 %
    name = state.tree.word(suspect)
    suspects: tuple[int, ...] = (suspect,)
    if (what := state.tree.kind(suspect)) == "switch":
        kind, parts, name, suspects = _of_switch(state.tree, suspect)
    elif what != "node":
        kind = what
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
