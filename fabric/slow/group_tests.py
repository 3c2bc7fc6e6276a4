"""Which one of n is slow, from few noisy comparisons of two halves. It does not measure, nor know what a half does.

Everybody is in one of two halves of equal size that do the same at the same time; a slow member slows its half. What is
seen is x = log(seconds of the one / seconds of the other): +log s where the slow one is in the first, -log s in the
second, plus noise. Hypotheses: nobody; one unit, slower by any factor of FACTORS; several, so that x is 0 half of the time
and of either sign in a quarter (two that are as slow as each other, in halves drawn at random). All of them under any noise
of NOISES. They are weighed by Bayes' rule; the next halves are those that share the suspicion best.

Sources: Dorfman, Annals of Mathematical Statistics 14 (1943), on testing groups; Burnashev and Zigangirov, Problems of
Information Transmission 10 (1974), on halving the posterior under noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FACTORS = np.geomspace(1.15, 32, 20)
"""How much slower a slow one may be."""
NOISES = np.array([0.02, 0.04, 0.07, 0.1, 0.14, 0.2])
"""Standard deviations that x may have: sqrt(2) times the relative spread of one half's time."""
SURE, ENOUGH, CLEAR = 0.99, 0.8, 0.95
"""Posterior at which the answer is given at once; with which one is named, and all are cleared, when none is left."""
NOBODY, SEVERAL = 0.5, 0.05
"""Prior of nobody, and of more than one being slow."""
SPARE = 2
"""Comparisons beyond log2 n before `nobody` is an answer: two slow ones in opposite halves look like none, by chance."""
FEWEST = 4
"""With two or three, halves are single ranks: pairs tell more."""


@dataclass(frozen=True)
class Comparison:
    """Two halves and x, the log of the first's seconds over the second's."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    x: float


@dataclass(frozen=True)
class Belief:
    """Posteriors. units: of each being the slow one (n,); nobody, several: of none and of more; factor: of the likeliest."""

    units: Floats
    nobody: float
    several: float
    factor: float

    @property
    def suspect(self) -> int:
        """The likeliest unit."""
        return int(np.argmax(self.units))


@dataclass(frozen=True)
class Answer:
    """kind: `slow`, `none` or `inconclusive`. unit: the slow or the likeliest one; sure: the posterior of the answer."""

    kind: str
    unit: int
    factor: float
    sure: float
    comparisons: int


def check_units(units: int) -> None:
    """Raise InputError where there are too few units for halves."""
    if units < FEWEST:
        raise InputError(f"ranks: groups need {FEWEST} or more, got {units}; use --method pairs")


def belief(units: int, seen: Sequence[Comparison]) -> Belief:
    """Return the posterior after these comparisons; factor and noise are averaged over, each of the grid as likely."""
    signs = np.zeros((units + 1, len(seen)))  # the last row is nobody
    for number, comparison in enumerate(seen):
        signs[list(comparison.first), number] = 1.0
        signs[list(comparison.second), number] = -1.0
    x, logs = np.array([comparison.x for comparison in seen]), np.log(FACTORS)
    squares = (x**2).sum() - 2 * np.outer(signs @ x, logs) + np.outer((signs**2).sum(axis=1), logs**2)
    fit = np.concatenate([-squares[:, :, None] / (2 * NOISES**2), _several(x, logs)[None]]) - len(seen) * np.log(NOISES)
    weight = np.exp(fit - fit.max())
    total = weight.sum(axis=(1, 2)) * np.concatenate([np.full(units, (1 - NOBODY - SEVERAL) / units), [NOBODY, SEVERAL]])
    total /= total.sum()
    by_factor = weight[int(np.argmax(total[:units]))].sum(axis=1)
    return Belief(total[:units], float(total[-2]), float(total[-1]), float(np.exp(logs @ by_factor / by_factor.sum())))


def _several(x: Floats, logs: Floats) -> Floats:
    """Return the log likelihood of x where it is 0 half of the time and +-log s in a quarter each (factors, noises)."""
    centres = np.stack([np.zeros_like(logs), logs, -logs])  # (3, factors)
    deviations = (x - centres[:, :, None]) ** 2  # (3, factors, comparisons)
    densities = np.exp(-deviations[..., None] / (2 * NOISES**2))  # (3, factors, comparisons, noises)
    mixed = np.tensordot([0.5, 0.25, 0.25], densities, axes=1)
    found: Floats = np.log(np.maximum(mixed, 1e-300)).sum(axis=1)
    return found


def halves(suspicion: Floats, rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return two groups of n // 2 units that share the suspicion evenly; of an odd n the least suspected rests."""
    units = len(suspicion)
    order = sorted(rng.permutation(units).tolist(), key=lambda unit: -suspicion[unit])
    sides: tuple[list[int], list[int]] = ([], [])
    mass = [0.0, 0.0]
    for unit in order[: units // 2 * 2]:
        lighter = int(mass[1] < mass[0])
        side = lighter if len(sides[lighter]) < units // 2 else 1 - lighter
        sides[side].append(unit)
        mass[side] += float(suspicion[unit])
    return tuple(sorted(sides[0])), tuple(sorted(sides[1]))


def next_halves(units: int, seen: Sequence[Comparison], seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the halves to compare next, the same for the same comparisons and seed."""
    return halves(belief(units, seen).units, np.random.default_rng([seed, len(seen)]))


def answer(units: int, seen: Sequence[Comparison], most: int) -> Answer | None:
    """Return the answer after these comparisons, None where more are needed; with `most` of them it is given as it stands."""
    found, done = belief(units, seen), len(seen)
    unit, sure = found.suspect, float(found.units.max())
    last = done >= most
    if sure >= (ENOUGH if last else SURE):
        return Answer("slow", unit, found.factor, sure, done)
    if found.nobody >= (CLEAR if last else SURE) and done >= min(most, ceil(log2(units)) + SPARE):
        return Answer("none", unit, found.factor, found.nobody, done)
    return Answer("inconclusive", unit, found.factor, sure, done) if last else None
