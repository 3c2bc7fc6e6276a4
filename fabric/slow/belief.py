"""How probable it is that each suspect is slow, from tests of sets of them. It does not measure, nor choose what to test.

A test takes as long as the slowest that it loads. Suspects are slow independently, with a prior each; a test t shows a slow
suspect u with probability w[t, u] (how full the test makes it). x, the logarithm of a test's time over that of a healthy one,
is then noise around 0, or around the logarithm of a factor drawn evenly from 1 + least to MOST. Marginals by belief
propagation on the graph of tests and suspects (noisy-or), exact where that graph is a tree; not a proof elsewhere, which
is why accusations are confirmed by tests of their own.

Sources: Dorfman, Annals of Mathematical Statistics 14 (1943); Pearl, Probabilistic Reasoning (1988), on noisy-or; Sejdinovic
and Johnson, Allerton 2010, on belief propagation for noisy group testing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST = 10.0
"""The largest factor that a slow suspect is taken to slow by; more looks the same."""
OUTLIER = 0.004
"""Tests that are slow although nothing in them is: a heavy tail."""
ITERATIONS = 60
DAMPING = 0.6
TAIL = 4.0
"""Degrees of freedom of the noise (Student's t)."""
LEAST_NOISE = 0.004
FIRST_NOISE = 0.03
"""Noise of a test where too few tests tell it."""
WEIGHT = 6
CLUSTER = 3.0
"""Noises within which tests are one cluster."""


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
    centre = float(logs[company >= company.max() / 2].min())  # the fastest alone may be a fluke
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


def marginals(shown: Floats, quiet: Floats, slow: Floats, prior: Floats) -> Floats:
    """Return the probability that each suspect is slow. shown: w[test, suspect]; quiet, slow: densities per test."""
    base = np.log(prior / (1 - prior))
    if not len(shown):
        return prior.copy()
    shown, same = np.unique(shown, axis=0, return_inverse=True)  # a test asked twice is one with two times
    quiet, slow = (np.exp(np.bincount(same.ravel(), np.log(np.maximum(d, 1e-300)))) for d in (quiet, slow))
    largest = np.maximum(quiet, slow)
    quiet, slow = quiet / largest, slow / largest
    test, suspect = np.nonzero(shown)
    weight = shown[test, suspect]
    message = np.zeros(len(test))  # log-odds from test to suspect
    for _ in range(ITERATIONS):
        total = base + np.bincount(suspect, message, minlength=len(base))
        into = 1 / (1 + np.exp(-np.clip(total[suspect] - message, -40, 40)))
        free = np.log1p(-np.minimum(into * weight, 1 - 1e-12))
        others = np.exp(np.bincount(test, free, minlength=len(shown))[test] - free)
        well = slow[test] + (quiet - slow)[test] * others
        ill = slow[test] + (quiet - slow)[test] * others * (1 - weight)
        message = DAMPING * message + (1 - DAMPING) * np.log(np.maximum(ill, 1e-300) / np.maximum(well, 1e-300))
    total = base + np.bincount(suspect, message, minlength=len(base))
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -40, 40))))


def entropy_bits(suspects: int, slow: int) -> float:
    """Return the bits that tell which `slow` of so many suspects are slow: log2 of the ways; what no yes-no tests undercut."""
    ways = sum(log(suspects - k) - log(k + 1) for k in range(slow))
    return ways / log(2)
