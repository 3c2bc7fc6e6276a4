"""Matching of small networks whose switches look alike nearby, as in a dragonfly or a random graph. It knows no speeds.

One observed switch is taken for one designed one (an anchor). Every anchor is evidence for all other pairs: the same
number of walks of one, two and three hops to it, and the same colour after a few rounds in which switches hear their
neighbours' colours (colour refinement). Evidence is weighted by how rare it is and added up, so that a wrong cable only
weakens what lies near it. The surest pair is the next anchor; where several are equally likely, a few are tried and the
one that makes all the others surest is kept. It is a search: a wrong first anchor is noticed by what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from topologies.skeleton import Skeleton, polished

MOST_SWITCHES = 2_500
"""Larger networks are left to votes alone: the evidence is a few tables of switches x switches."""
MOST_ANCHORS = 40
MODELS = 8
"""Designed switches that are tried as the first anchor."""
ROUNDS = 5
FEW_TRIED = 8
TRIED = 8_000_000
"""Cells of evidence per anchor: small networks can try FEW_TRIED equally likely anchors, large ones two."""
SURE = 0.95
"""With so many switches that have one best place no more anchors are needed."""
UNFIT = 1e6
EVEN = (1e-3, 5.0, 12.0)
"""Evidence within which pairs count as equally likely, in turn: wrong cables make small differences where none is."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Words = NDArray[np.uint64]


class AnchorSearch:
    """Two wirings with what is the same for every run: walks between switches, and what never fits."""

    def __init__(self, observed: Skeleton, designed: Skeleton, random: np.random.Generator) -> None:
        self.observed, self.designed, self.random = observed, designed, random
        self._runs = 0
        self._walks = [_walks(bones) for bones in (observed, designed)]
        self._cables = [_inner(bones) for bones in (observed, designed)]
        apart = np.abs(observed.total[:-1, None] - designed.total[None, :-1])
        self._base = np.float32(-0.5) * np.minimum(apart, 4).astype(np.float32)
        self._base[observed.tier[:, None] != designed.tier[None, :]] = -UNFIT
        self._tried = int(np.clip(TRIED // max(1, self._base.size), 2, FEW_TRIED))

    def starts(self) -> Iterator[tuple[int, int]]:
        """Yield first anchors (observed, designed), likely ones first: those whose walks to all others are most alike."""
        width = min(self._base.shape)
        ordered = [[np.sort(walks, axis=1)[:, -width:] for walks in side[1:]] for side in self._walks]
        ranking = []
        for model in self.random.permutation(self.designed.size)[:MODELS].tolist():
            apart = sum(np.abs(mine - theirs[model]).sum(axis=1) for mine, theirs in zip(*ordered, strict=True))
            apart = apart - self._base[:, model] + self.random.random(self.observed.size) / 2
            best = np.argsort(apart)
            clear = float(apart[best[0]]) / max(1.0, float(apart[best[min(1, len(best) - 1)]]))
            ranking.append((clear, model, best.tolist()))
        ranking.sort()
        for rank in range(self.observed.size):
            yield from ((best[rank], model) for _, model, best in ranking)

    def run(self, start: tuple[int, int]) -> Ints:
        """Return the places found from a first anchor, with misfits exchanged."""
        anchors, even = [start], EVEN[self._runs % len(EVEN)]
        self._runs += 1
        heard = self._base + self._evidence(*start)
        table = heard + self._colours(anchors)
        while len(anchors) < MOST_ANCHORS:
            options = self._next(table, anchors, even)
            if not options:
                break
            chosen = [self._with(heard, anchors, option) for option in options]
            best = max(range(len(options)), key=lambda k: float(chosen[k][1].max(axis=0).sum()))
            heard, table = chosen[best]
            anchors.append(options[best])
        placed = np.full(self.observed.size, -1)
        rows, columns = linear_sum_assignment(table, maximize=True)
        fits = table[rows, columns] > -UNFIT / 2
        placed[rows[fits]] = columns[fits]
        return polished(placed, self.observed, self.designed)

    def _next(self, table: Floats, anchors: list[tuple[int, int]], slack: float) -> list[tuple[int, int]]:
        """Return the next anchors to choose from: equally likely observed switches for the surest designed one."""
        top = table.max(axis=0)
        even = table >= top - slack
        count = even.sum(axis=0)
        open_ = top > -UNFIT / 2
        open_[[designed for _, designed in anchors]] = False
        if not open_.any() or (len(anchors) > 4 and (count[open_] == 1).mean() > SURE):
            return []
        least = np.flatnonzero(open_ & (count == count[open_].min()))
        lead = top[least] - np.where(even[:, least], -np.inf, table[:, least]).max(axis=0)
        model = int(least[np.argmax(lead + self.random.random(len(lead)) / 100)])
        likely = self.random.permutation(np.flatnonzero(even[:, model]))[: self._tried]
        return [(int(vertex), model) for vertex in likely]

    def _with(self, heard: Floats, anchors: list[tuple[int, int]], option: tuple[int, int]) -> tuple[Floats, Floats]:
        more = heard + self._evidence(*option)
        return more, more + self._colours([*anchors, option])

    def _evidence(self, observed: int, designed: int) -> Floats:
        """Return what an anchor says for every pair: agreement of the walks to it."""
        walks = zip(*self._walks, strict=True)
        found = _agreement([(mine[observed], theirs[designed]) for mine, theirs in walks])
        found[observed], found[:, designed] = -UNFIT, -UNFIT
        found[observed, designed] = UNFIT
        return found

    def _colours(self, anchors: list[tuple[int, int]]) -> Floats:
        """Return what colour refinement says for every pair, a round at a time, where the anchors have own colours."""
        sides = zip((self.observed, self.designed), self._cables, zip(*anchors, strict=True), strict=True)
        return _agreement(list(zip(*(_refined(*side) for side in sides), strict=True)))


def _inner(bones: Skeleton) -> sparse.csr_array:
    """Return the weights between switches, without the hosts' column."""
    return sparse.csr_array(bones.weight[: bones.size, : bones.size])


def _walks(bones: Skeleton) -> list[NDArray[np.int32]]:
    """Return how many walks of one, two and three hops lead from each switch to each; wrapping does no harm."""
    cables = _inner(bones)
    found = [cables.toarray()]
    for _ in range(2):
        found.append(cables @ found[-1])
    return [walks.astype(np.int32) for walks in found]


def _agreement(channels: list[tuple[NDArray[np.generic], NDArray[np.generic]]]) -> Floats:
    """Return for every (observed, designed) the sum of agreeing channels; a value says more the rarer the design has it."""
    found = np.zeros((len(channels[0][0]), len(channels[0][1])), dtype=np.float32)
    for mine, theirs in channels:
        inverse, counts = np.unique(theirs, return_inverse=True, return_counts=True)[1:]
        says = np.log((len(theirs) + 1) / counts)[inverse.ravel()].astype(np.float32)
        found += (mine[:, None] == theirs[None, :]) * says
    return found


def _refined(bones: Skeleton, cables: sparse.csr_array, anchors: tuple[int, ...]) -> list[Words]:
    """Return colours per round; equal colours mean equal surroundings so far, in either wiring."""
    colour = bones.tier.astype(np.uint64)
    colour[list(anchors)] = np.arange(len(anchors), dtype=np.uint64) + np.uint64(1000)
    found = []
    for _ in range(ROUNDS):
        colour = _mixed(_mixed(colour) * np.uint64(3) + (cables @ _mixed(colour).astype(np.int64)).astype(np.uint64))
        found.append(colour)
    return found


def _mixed(words: Words) -> Words:
    """Return the words with their bits well mixed, so that sums of different sets differ (splitmix64)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
