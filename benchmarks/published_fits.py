"""Laws of time over size, fitted to some sizes of one table: lines by protocol, curves in log space. They see no other size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.float64]
Law = Callable[[Floats], Floats]
Fit = Callable[[Floats, Floats], Law]
ROUNDS = 15
FEWEST_IN_LINE = 3


def line(sizes: Floats, seconds: Floats) -> tuple[float, float]:
    """Return alpha, beta >= 0 of least sum |log((alpha + beta S) / t)|, by reweighted least squares."""
    weight = 1 / seconds
    alpha, beta = float(seconds.min()), 0.0
    for _ in range(ROUNDS):
        a, b, y = weight, weight * sizes, weight * seconds
        aa, ab, bb, ay, by = a @ a, a @ b, b @ b, a @ y, b @ y
        determinant = aa * bb - ab * ab
        inside = determinant > 1e-12 * aa * bb
        alpha, beta = ((ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant) if inside else (-1.0, 0.0)
        if alpha < 0 or beta < 0:
            alpha, beta = (ay / aa, 0.0) if alpha >= 0 or not inside else (0.0, by / bb)
        said = np.maximum(alpha + beta * sizes, 1e-3 * seconds)
        weight = 1 / np.sqrt(said * seconds * (np.abs(np.log(said / seconds)) + 1e-4))
    return alpha, beta


def one_line(sizes: Floats, seconds: Floats) -> Law:
    """Return alpha + beta S: the simple baseline."""
    alpha, beta = line(sizes, seconds)
    return lambda s: alpha + beta * s


def lines(count: int) -> Fit:
    """Return the fit of so many protocol lines; borders by least leave-one-out error inside the runs."""

    def fit(sizes: Floats, seconds: Floats) -> Law:
        n, known = len(sizes), {}

        def cost(a: int, b: int) -> float:
            if (a, b) not in known:
                known[a, b] = left_out(one_line, sizes[a:b], seconds[a:b]).sum()
            return known[a, b]

        cuts = [(0, *inner, n) for inner in combinations(range(FEWEST_IN_LINE, n - FEWEST_IN_LINE + 1), count - 1)]
        cuts = [cut for cut in cuts if all(b - a >= FEWEST_IN_LINE for a, b in pairwise(cut))] or [(0, n)]
        best = min(cuts, key=lambda cut: sum(cost(a, b) for a, b in pairwise(cut)))
        parts = [line(sizes[a:b], seconds[a:b]) for a, b in pairwise(best)]
        borders = np.sqrt([sizes[b - 1] * sizes[b] for b in best[1:-1]])
        return lambda s: _by_part(s, borders, parts)

    return fit


def _by_part(s: Floats, borders: Floats, parts: Sequence[tuple[float, float]]) -> Floats:
    alpha, beta = np.array(parts).T
    which = np.searchsorted(borders, s)
    return np.maximum(alpha[which] + beta[which] * s, 1e-9)


def curve(sizes: Floats, seconds: Floats) -> Law:
    """Return straight pieces through the points in log-log space; beyond the ends by the end piece, slope 0 to 1."""
    x, y = np.log(sizes), np.log(seconds)
    return lambda s: np.exp(_beyond(np.log(s), x, y, np.interp(np.log(s), x, y)))


def smooth_curve(sizes: Floats, seconds: Floats) -> Law:
    """Return the monotone cubic through the points in log-log space, beyond the ends as `curve`."""
    x, y = np.log(sizes), np.log(seconds)
    if len(x) < FEWEST_IN_LINE:
        return curve(sizes, seconds)
    through = PchipInterpolator(x, y)
    return lambda s: np.exp(_beyond(np.log(s), x, y, through(np.clip(np.log(s), x[0], x[-1]))))


def _beyond(at: Floats, x: Floats, y: Floats, inside: Floats) -> Floats:
    first, last = (float(np.clip((y[b] - y[a]) / (x[b] - x[a]), 0, 1)) for a, b in ((0, 1), (-2, -1)))
    return np.where(at < x[0], y[0] + first * (at - x[0]), np.where(at > x[-1], y[-1] + last * (at - x[-1]), inside))


def with_shape(shape: Law, fit: Fit) -> Fit:
    """Return the fit of the ratio to a given shape (a model's uncalibrated time), multiplied back."""

    def fitted(sizes: Floats, seconds: Floats) -> Law:
        ratio = fit(sizes, seconds / shape(sizes))
        return lambda s: ratio(s) * shape(s)

    return fitted


def saturating(sizes: Floats, seconds: Floats) -> Law:
    """Return alpha + beta S + gamma S^(1/2): bandwidth that saturates slowly; coefficients >= 0."""
    from scipy.optimize import nnls

    scale = sizes.max()
    matrix = np.stack([np.ones(len(sizes)), np.sqrt(sizes / scale), sizes / scale], axis=1)
    weight = 1 / seconds
    for _ in range(ROUNDS):
        found, _ = nnls(matrix * weight[:, None], seconds * weight)
        said = np.maximum(matrix @ found, 1e-3 * seconds)
        weight = 1 / np.sqrt(said * seconds * (np.abs(np.log(said / seconds)) + 1e-4))
    return lambda s: found[0] + found[1] * np.sqrt(s / scale) + found[2] * s / scale


def left_out(fit: Fit, sizes: Floats, seconds: Floats) -> Floats:
    """Return |log(said / measured)| of every point under the law fitted without it."""
    keep = ~np.eye(len(sizes), dtype=bool)
    said = [float(fit(sizes[k], seconds[k])(sizes[i : i + 1])[0]) for i, k in enumerate(keep)]
    return np.abs(np.log(np.maximum(said, 1e-12) / seconds))


def blended(fits: dict[str, Fit], sizes: Floats, seconds: Floats) -> tuple[str, Law]:
    """Return the name of the best fit and the geometric mean of all, weighted by 1 / leave-one-out error squared.

    The errors are those on these points alone. Weights by inverse squared error are what independent errors would ask for.
    """
    error = {name: max(left_out(fit, sizes, seconds).mean(), 1e-4) for name, fit in fits.items()}
    laws = [fit(sizes, seconds) for fit in fits.values()]
    weights = np.array([1 / error[name] ** 2 for name in fits])

    def law(s: Floats) -> Floats:
        logs = np.log([np.maximum(one(s), 1e-12) for one in laws])
        return np.exp(np.average(logs, axis=0, weights=weights))

    return min(error, key=lambda name: error[name]), law
