"""The shares of detours that make the fullest link least full: a convex problem, solved to a stated gap. It knows no wiring.

Every commodity i sends a share x_i of its messages by detour, the rest minimally; the load of every link is linear in x.
Sought: min over x of the fullest link. The maximum is replaced by log(sum(exp(b load))) / b, whose slope prices the links, and
lowered by accelerated projected gradients (Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM
J. Imaging Sciences 2009, with restarts) while b grows. Prices also bound the answer from below: no x beats the sum over
commodities of the cheaper way, since the prices add up to 1. It stops within GAP of that bound, or when rounds are up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fabric.network.routing.ways import Flags, Floats

GAP = 0.01
"""The fullest link is at most so much above the best that there is, where rounds do not run out first."""
SHARPNESS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
"""How far, relatively, the smoothed fullest link may lie above the true one, stage by stage."""
ROUNDS, HALVED = 25, 40
"""Rounds of a stage, and how often a step is halved at most."""
SAME = 1e-9


@dataclass(frozen=True)
class Choice:
    """A problem: amount of every commodity, its lowest and highest share, loads of all links, and what each way costs.

    loads: of shares, already divided by the links' speeds. costs: of prices (one per link), of all of a commodity's messages
    minimally, and by detour. floor: the load below which no link matters, since others that shares leave alone have it.
    """

    amount: Floats
    low: Floats
    high: Floats
    loads: Callable[[Floats], Floats]
    costs: Callable[[Floats], tuple[Floats, Floats]]
    floor: float = 0.0

    @property
    def free(self) -> Flags:
        """Which commodities have a choice."""
        return self.high > self.low


class Balanced(NamedTuple):
    """Shares, the fullest link under them, and what no shares beat."""

    share: Floats
    fullest: float
    bound: float


def balanced(choice: Choice) -> Balanced:
    """Return the shares that make the fullest link least full: never fuller than with all lowest or all highest shares.

    Of shares that do equally well, those nearer to the lowest: no message takes a detour for nothing.
    """
    if not choice.free.any():
        return Balanced(choice.low, float(choice.loads(choice.low).max(initial=0.0)), 0.0)
    ends = [(choice.loads(share), share) for share in (choice.low, choice.high)]
    load, share = min(ends, key=lambda end: float(end[0].max(initial=0.0)))
    best, bound = Balanced(share, float(load.max(initial=0.0)), 0.0), 0.0
    links = float(np.log(1 + np.count_nonzero(ends[1][0] + ends[0][0])))
    for sharpness in SHARPNESS:
        best, bound = _stage(choice, best, bound, links / sharpness)
        if _enough(choice, best.fullest, bound):
            break
    return _least(choice, Balanced(best.share, best.fullest, bound))


def _enough(choice: Choice, fullest: float, bound: float) -> bool:
    return fullest <= max(bound * (1 + GAP), choice.floor) + SAME * fullest


class _Priced(NamedTuple):
    """The smoothed fullest link, its slope per message of every commodity, and the bound that its prices give."""

    value: float
    slope: Floats
    bound: float


def _smoothed(load: Floats, sharp: float) -> tuple[float, Floats]:
    """Return log(sum(exp(sharp load))) / sharp, and each link's part of that sum: prices that add up to 1."""
    most = float(load.max(initial=0.0))
    part = np.exp(sharp * (load - most))
    total = float(part.sum())
    return most + float(np.log(total)) / sharp, part / total


def _priced(choice: Choice, load: Floats, sharp: float) -> _Priced:
    value, price = _smoothed(load, sharp)
    near, far = choice.costs(price)
    cheaper = np.where(choice.free, np.minimum(near, far), np.where(choice.low > 0, far, near))
    slope = np.divide(far - near, choice.amount, out=np.zeros_like(near), where=choice.free)
    return _Priced(value, slope, float(cheaper.sum()))


def _stage(choice: Choice, best: Balanced, bound: float, smooth: float) -> tuple[Balanced, float]:
    """Return the best shares and bound after the rounds of one sharpness; smooth: sharpness times the fullest link."""
    here = ahead = best.share
    sharp, speed, step = smooth / best.fullest, 1.0, 0.0
    for _ in range(ROUNDS):
        at = _priced(choice, choice.loads(ahead), sharp)
        bound = max(bound, at.bound)
        if _enough(choice, best.fullest, bound):
            break
        steepest = float(np.abs(at.slope).max(initial=0.0))
        if steepest == 0:
            break
        then, load, step = _descend(choice, ahead, at, sharp, step or 1 / steepest)
        if (most := float(load.max(initial=0.0))) < best.fullest:
            best = Balanced(then, most, bound)
        turned = (
            float(((ahead - then) * choice.amount * (then - here)).sum()) > 0
        )  # a sum: faster here than BLAS with its threads
        faster = 1.0 if turned else (1 + (1 + 4 * speed**2) ** 0.5) / 2
        onward = then if turned else then + (speed - 1) / faster * (then - here)
        ahead, here, speed, step = np.clip(onward, choice.low, choice.high), then, faster, 1.5 * step
    return best, bound


def _descend(choice: Choice, ahead: Floats, at: _Priced, sharp: float, step: float) -> tuple[Floats, Floats, float]:
    """Return shares downhill, their loads, and the step that was short enough for the smoothed maximum to fall as expected."""
    for _ in range(HALVED):
        then = np.clip(ahead - step * at.slope, choice.low, choice.high)
        load, moved = choice.loads(then), then - ahead
        expected = float((choice.amount * moved * (at.slope + moved / (2 * step))).sum())
        if _smoothed(load, sharp)[0] <= at.value * (1 + SAME) + expected:
            break
        step /= 2
    return then, load, step


def _least(choice: Choice, best: Balanced) -> Balanced:
    """Return the shares nearest to the lowest, on the straight way there, that keep the fullest link as it is."""
    target = max(best.fullest, choice.floor) * (1 + SAME)
    whole, none = 1.0, 0.0
    if float(choice.loads(choice.low).max(initial=0.0)) <= target:
        whole = 0.0
    for _ in range(30 if whole else 0):
        middle = (whole + none) / 2
        fuller = float(choice.loads(choice.low + middle * (best.share - choice.low)).max(initial=0.0)) > target
        whole, none = (whole, middle) if fuller else (middle, none)
    share = choice.low + whole * (best.share - choice.low)
    return Balanced(share, float(choice.loads(share).max(initial=0.0)), best.bound)
