"""Fits of times to non-negative terms by least relative error. It knows not what the terms are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 12


def least(columns: Sequence[Floats], seconds: Sequence[float], known: Floats | Sequence[float] | float = 0.0) -> list[float]:
    """Return the factors >= 0 of columns of least |log((columns factors + known) / seconds)| in sum, by reweighted squares.

    An outlier moves them no more than any other time.
    """
    from scipy.optimize import nnls  # noqa: PLC0415  # 0.2 s, paid where something is fitted

    y, offset = np.array(seconds), np.asarray(known)
    scale = np.array([float(column.max()) or 1.0 for column in columns])
    matrix = np.stack(columns, axis=1) / scale
    weight = 1 / y
    for _ in range(ROUNDS):
        solution, _ = nnls(matrix * weight[:, None], (y - offset) * weight)
        said = np.maximum(matrix @ solution + offset, 1e-3 * y)
        weight = 1 / np.sqrt(said * y * (np.abs(np.log(said / y)) + 1e-4))
    factors: list[float] = (solution / scale).tolist()
    return factors
