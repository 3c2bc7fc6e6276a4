"""How probable it is that each suspect is slow, from tests of sets of them. It does not measure, nor choose what to test.

A test takes as long as the slowest that it loads. Suspects are slow independently, with a prior each, by a factor drawn evenly
in the logarithm from 1 + least to MOST; a suspect that a test fills by a share only slows it by its factor times that share,
and not at all below 1. x, the logarithm of a test's time over that of a healthy one, is the largest of these, and noise. So
a test in which a slow node takes 1.5 says little of a boundary that is slow by less, and two tests that fill a boundary by the
same share tell the same of it. Marginals of the factors, in bins, by belief propagation on the graph of tests and suspects,
exact (but for the bins) where that graph is a tree; not a proof elsewhere, which is why accusations are confirmed by tests of
their own.

Sources: Dorfman, Annals of Mathematical Statistics 14 (1943); Pearl, Probabilistic Reasoning (1988), on noisy-or; Sejdinovic
and Johnson, Allerton 2010, on belief propagation for noisy group testing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 10.0
"""The largest factor that a slow suspect is taken to slow by; more looks the same."""
OUTLIER = 0.004
"""Tests that are slow although nothing in them is: a heavy tail."""
ITERATIONS = 60
SETTLED = 1e-2
"""Change of every message below which belief propagation ends."""
DAMPING = 0.6
TAIL = 4.0
"""Degrees of freedom of the noise (Student's t)."""
LEAST_NOISE = 0.004
FIRST_NOISE = 0.03
"""Noise of a test where too few tests tell it."""
CERTAIN = 4e-18
"""How unlikely a test can make what a suspect is, at most."""
WEIGHT = 6
CLUSTER, MANY = 3.0, 3
"""Noises within which tests are one cluster; tests that are one, at least, where there are so many."""
UNLIKE = 0.4
"""Of 1 + least (logarithm): by which a slow test's time differs from test to test beside its noise: who meets whom, and how."""
LOW, GROWTH = 3, 1.2
"""Bins of a factor: LOW below 1 + least, and from there on each wider by GROWTH than the last."""


@dataclass(frozen=True)
class Scale:
    """What a healthy test takes (its logarithm, in units of the tests) and the noise of one, measured on the spot."""

    centre: float
    noise: float


def scale_of(logs: Floats, noise: float = FIRST_NOISE) -> Scale:
    """Return the scale of healthy tests among the logarithms of all: the lowest place where many stand, and their spread.

    logs: of seconds over what the fabric lets expect. noise: of one test, as its own blocks tell; it counts as WEIGHT tests.
    """
    near = max(noise, LEAST_NOISE)
    logs = logs[np.isfinite(logs)]
    if not len(logs):
        return Scale(0.0, near)
    company = (np.abs(logs[:, None] - logs[None, :]) <= CLUSTER * near).sum(axis=1)
    centre = float(logs[company >= min(MANY, company.max() / 2)].min())  # the fastest alone may be a fluke
    for _ in range(5):
        cluster = logs[np.abs(logs - centre) <= CLUSTER * near]
        centre = float(np.median(cluster))
    spread = 1.4826 * float(np.median(np.abs(cluster - centre)))
    count = len(cluster) - 1
    return Scale(centre, max(LEAST_NOISE, float(np.sqrt((WEIGHT * near**2 + count * spread**2) / (WEIGHT + count)))))


def ratio(x: Floats, noise: float, least: float) -> tuple[Floats, Floats]:
    """Return (density of x where nothing slow is loaded, density where something is)."""
    low, high = log(1 + least), log(MOST)
    x = np.minimum(x, high)  # slower still, or without an end
    spread = max(noise, LEAST_NOISE)
    slow = (_below((x - low) / spread) - _below((x - high) / spread)) / (high - low) + 1e-12
    z = x / spread
    quiet = 3 / 8 * (1 + z * z / TAIL) ** (-(TAIL + 1) / 2) / spread  # Student's t with 4 degrees of freedom
    return (1 - OUTLIER) * quiet + OUTLIER * slow, slow


def _below(z: Floats) -> Floats:
    """Return the normal distribution function, by a logistic within 0.01 of it."""
    return np.asarray(1 / (1 + np.exp(-np.clip(z * (1.5976 + 0.07056 * z * z), -60, 60))))


def bins(least: float) -> Floats:
    """Return the edges of the bins of a factor's logarithm: edge LOW is 1 + least, and bin 0 lies below the first."""
    low, high = log(1 + least), log(MOST)
    width, edges = low / LOW, [low / LOW * (n + 1) for n in range(LOW)]
    while edges[-1] < high:
        width *= GROWTH
        edges.append(min(high, edges[-1] + width))
    return np.array(edges)


def likelihood(x: Floats, noise: float, edges: Floats) -> Floats:
    """Return the density of each x where the largest of all that slow its test lies in bin 0, 1, ... (in columns)."""
    near = max(noise, LEAST_NOISE)
    x = np.clip(x, -near, edges[-1])[:, None]  # slower still, or without an end; what is faster than healthy is healthy
    spread = (near**2 + (UNLIKE * edges[LOW - 1]) ** 2) ** 0.5
    low, high = edges[:-1], edges[1:]
    slow = (_within((x - low) / spread) - _within((x - high) / spread)) / (high - low) + 1e-9
    z = x / near
    quiet = 3 / 8 * (1 + z * z / TAIL) ** (-(TAIL + 1) / 2) / near
    any_ = slow[:, LOW - 1 :] @ (high - low)[LOW - 1 :, None] / (edges[-1] - edges[LOW - 1])
    return np.asarray((1 - OUTLIER) * np.hstack([quiet, slow]) + OUTLIER * any_)


def _within(z: Floats) -> Floats:
    """Return Student's t distribution function with 4 degrees of freedom."""
    wide = 1 + z * z / TAIL
    return np.asarray(0.5 + 0.375 * z / np.sqrt(wide) * (1 - z * z / (12 * wide)))


def reach(fill: float, cover: float, edges: Floats) -> Floats:
    """Return P[bin of a suspect's factor, bin of what it slows a test by]. fill: the share by which the test fills it.

    cover: with which probability it fills that of it which is slow.
    """
    shift = log(fill)
    low, high = edges[:-1] + shift, edges[1:] + shift
    part = np.maximum(0.0, np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1]))
    part /= (high - low)[:, None]
    found = np.zeros((len(edges), len(edges)))
    found[1:, 1:] = cover * part
    found[:, 0] = 1 - found[:, 1:].sum(axis=1)
    return found


def log_odds(x: float, noise: float, least: float, fill: float) -> float:
    """Return the logarithm of how much likelier a test's time is where a suspect that it fills so far is slow."""
    edges = bins(least)
    factor = np.diff(edges)[LOW - 1 :]
    density = likelihood(np.array([x]), noise, edges)[0]
    slow = factor @ (reach(fill, 1.0, edges)[LOW:] @ density) / factor.sum()
    return float(np.log(slow / density[0]))


@dataclass(frozen=True, eq=False)
class _Graph:
    """Edges of tests and suspects, sorted by test; by_suspect sorts them by suspect, place: of each in that order.

    count: of each edge, how many suspects it stands for. maps: (edges, reach) of each fill and cover.
    """

    test: Ints
    suspect: Ints
    firsts: Ints
    by_suspect: Ints
    starts: Ints
    place: Ints
    count: Floats
    maps: list[tuple[Ints, Floats]]

    def per_test(self, values: Floats) -> Floats:
        """Return the sums over the suspects of each test, for each edge."""
        return np.asarray(np.add.reduceat(values * self.count, self.firsts)[self.test])

    def per_suspect(self, values: Floats) -> Floats:
        """Return the sums over the edges of each suspect that has one, for each edge."""
        return np.asarray(np.add.reduceat(values[self.by_suspect], self.starts)[self.place])


def _graph(fill: Floats, cover: Floats, count: Ints, edges: Floats) -> _Graph:
    test, suspect = np.nonzero(fill)
    order = np.argsort(suspect, kind="stable")
    share, sure = np.maximum(np.round(fill[test, suspect], 3), 1e-3), np.round(cover[test, suspect], 3)
    key = np.round(share * 1e3) * 2e3 + np.round(sure * 1e3)
    maps = [(own := np.flatnonzero(key == k), reach(float(share[own[0]]), float(sure[own[0]]), edges)) for k in np.unique(key)]
    maps = [(own, one) for own, one in maps if not np.allclose(one, np.eye(len(one)))]
    firsts = np.flatnonzero(np.diff(test, prepend=-1))
    starts = np.flatnonzero(np.diff(suspect[order], prepend=-1))
    number, place = (np.unique(of, return_inverse=True)[1].ravel() for of in (test, suspect))
    return _Graph(number, suspect, firsts, order, starts, place, count[suspect].astype(np.float64)[:, None], maps)


def marginals(fill: Floats, cover: Floats, x: Floats, noise: float, least: float, prior: Floats) -> Floats:
    """Return the probability that each suspect is slower by `least` or more.

    fill[test, suspect]: the share by which a test fills a suspect, 0 where it does not load it. cover: with which probability
    that shows it. x: logarithms of the tests' times over healthy ones'; noise: theirs.
    """
    edges = bins(least)
    width = np.diff(edges)
    width[: LOW - 1] = 0.0
    loaded = fill.any(axis=1)
    if not loaded.any():
        return prior.copy()
    fill, cover, likely = _together(fill[loaded], cover[loaded], np.log(likelihood(x[loaded], noise, edges)))
    first, like, count = _alike(fill, cover, prior)
    fill, cover, prior = fill[:, first], cover[:, first], prior[first]
    base = np.log(np.maximum(np.hstack([1 - prior[:, None], prior[:, None] * width / width.sum()]), 1e-30))
    graph = _graph(fill, cover, count, edges)
    each = likely[graph.test]
    message = np.zeros((len(graph.test), len(edges)))
    for _ in range(ITERATIONS):
        total = base[graph.suspect] + graph.per_suspect(message)
        new = _messages(graph, total - message, each)
        change = np.abs(new - message).max()
        message = DAMPING * message + (1 - DAMPING) * new
        if change < SETTLED:
            break
    total = base.copy()
    total[graph.suspect] = base[graph.suspect] + graph.per_suspect(message)
    total = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(total[:, 1:].sum(axis=1) / total.sum(axis=1))[like]


def _alike(fill: Floats, cover: Floats, prior: Floats) -> tuple[Ints, Ints, Ints]:
    """Return one suspect of each kind, the kind of every suspect, and how many are of it: all tests load them alike.

    They get the same messages, so that one stands for all; most of a large fabric's nodes are of few kinds.
    """
    kinds: dict[bytes, int] = {}
    columns = np.vstack([fill, np.where(fill > 0, cover, 0.0), prior]).T.copy()
    like = np.array([kinds.setdefault(column.tobytes(), len(kinds)) for column in columns])
    _, first, count = np.unique(like, return_index=True, return_counts=True)
    return first, like, count


def _together(fill: Floats, cover: Floats, likely: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the tests with those that were asked more than once as one, with the product of their densities (largest 1)."""
    rows: dict[bytes, int] = {}
    both = np.hstack([fill, np.where(fill > 0, cover, 0.0)])  # the same nodes without a rail show less
    at = np.array([rows.setdefault(row.tobytes(), len(rows)) for row in both])
    first = np.unique(at, return_index=True)[1]
    sums = np.zeros((len(rows), likely.shape[1]))
    np.add.at(sums, at, likely)
    return fill[first], cover[first], np.exp(sums - sums.max(axis=1, keepdims=True))


def _messages(graph: _Graph, belief: Floats, likely: Floats) -> Floats:
    """Return the logarithms of what each test says of each of its suspects' factors, over what it says of none."""
    own = np.exp(belief - belief.max(axis=1, keepdims=True))
    own /= own.sum(axis=1, keepdims=True)
    for at, reached in graph.maps:
        own[at] = own[at] @ reached
    below = np.log(np.maximum(own.cumsum(axis=1), 1e-30))
    others = np.exp(graph.per_test(below) - below)  # that all others slow the test by that bin or less
    weight = others * likely
    weight[:, 1:] -= others[:, :-1] * likely[:, 1:]
    more = weight[:, ::-1].cumsum(axis=1)[:, ::-1] - weight
    said = np.maximum(likely * others + more, 1e-30)
    for at, reached in graph.maps:
        said[at] = said[at] @ reached.T
    said /= said[:, :1]
    return np.asarray(np.log(np.minimum(np.maximum(said, CERTAIN), 1 / CERTAIN)))


def entropy_bits(suspects: int, slow: int) -> float:
    """Return the bits that tell which `slow` of so many suspects are slow: log2 of the ways; what no yes-no tests undercut."""
    ways = sum(log(suspects - k) - log(k + 1) for k in range(slow))
    return ways / log(2)
