"""What a search knows as it goes on: what was asked, and how probably each suspect is slow. It asks nothing itself.

What a healthy test takes, and its noise, it learns from the tests' own times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, log, log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.slow.belief import FIRST_NOISE, LEAST_NOISE, Scale, marginals, ratio, scale_of
from fabric.slow.plan import Belief, Test, filled, undecided, visible
from fabric.slow.plan_pairs import ACCUSED, Known, rounds_of
from fabric.slow.tree import Tree
from fabric.slow.verdicts import Verdict
from fabric.statistics import median

Floats = NDArray[np.float64]
Why = Literal["search", "between", "with", "without", "part"]
"""Between: a test of pairs of groups, which runs beside the others."""

EXPECTED = 8
"""Slow ones that are expected: the prior of a suspect is this over all, within LIKELY."""
LIKELY = (0.003, 0.05)
SURELY_GONE = 2
"""Tests without an end that a node counts as that never answered: one could be a heavy tail."""
FULLER = 0.02
"""By which a test must fill an open suspect more than the healthy ones did, to be asked."""
DECIDED = 20.0
"""Odds from which on a test needs not be asked again."""
CLEARED_PAIR = 0.2
"""Of the prior: below it a pair of groups is cleared."""
PAIR_ROUNDS = 6
"""Rounds that pairs of groups get by themselves where nobody accuses one, unless all of them are asked for.

Twice as many where rings go from neighbour to neighbour: one leaves pairs behind that no ring of the next can join.
"""


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
    odds: dict[int, list[float]] = field(default_factory=dict)
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
        """Return which suspects a search owes an answer: all but pairs of groups that nothing accuses, or that cannot be told.

        Those lie behind a way out that is known to be slow.
        """
        tree, pairs = self.tree, self.tree.pairs
        owed = np.arange(tree.suspects) < tree.first_pair
        accused = np.flatnonzero(probability[tree.first_pair :] > ACCUSED * self.of_pair)
        for pair in accused.tolist():
            at, ends = int(pairs.layer[pair]), (int(pairs.one[pair]), int(pairs.other[pair]))
            hidden = not tree.layers[at].direct and any(tree.boundary(at, end) in self.factors for end in ends)
            owed[tree.first_pair + pair] = not hidden
        return owed

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
            told = self.tree.suspects if self.tree.walked else self.tree.first_pair  # walks are planned by pairs too
            columns = np.array(self.rows)[slow > quiet, :told] > 0
            own[:told] = np.unique(columns, axis=1, return_inverse=True)[1].ravel() + 1
            own[:told][~columns.any(axis=0)] = 0
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
        most = max(PAIR_ROUNDS, ceil(log2(self.tree.nodes)) - bool(self.factors)) * (1 + self.tree.walked)
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

    @property
    def tests(self) -> list[Test]:
        """The tests that logs and rows end with, in their order: nodes that never answered were noted before them."""
        return [one.test for one in self.asked if one.why != "part"]

    def accusing(self, suspect: int) -> float:
        """Return how full slow tests made what they cover of a suspect, at most."""
        quiet, slow = self.densities()
        full = np.array(self.fills)[:, suspect] * np.array(self.covers)[:, suspect]
        return float(np.where(slow > quiet, full, 0.0).max())

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
