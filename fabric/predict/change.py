"""What a prediction is made of, each part made slower or faster by a factor, to see whether it moves the answer.

It knows no answer and no library (sensitivity.py asks, chosen.py says how a library's constants follow).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fabric.predict.constants import Constants, Line


@dataclass(frozen=True)
class Change:
    """Factors on seconds, 1 where nothing is said. bytes, latency: level -> of its links' bytes and of crossing its links.

    message, byte, reduction: of the library's constants: seconds per message, per byte moved and per byte reduced.
    """

    bytes: Mapping[str, float] = field(default_factory=dict)
    latency: Mapping[str, float] = field(default_factory=dict)
    message: float = 1.0
    byte: float = 1.0
    reduction: float = 1.0

    def of_bytes(self, levels: Sequence[str]) -> NDArray[np.float64]:
        """Return the factor on seconds per byte of every level's links (levels,)."""
        return np.array([self.bytes.get(level, 1.0) for level in levels])

    def of_latency(self, levels: Sequence[str]) -> NDArray[np.float64]:
        """Return the factor on seconds to cross a link of every level (levels,)."""
        return np.array([self.latency.get(level, 1.0) for level in levels])


NO_CHANGE = Change()


def changed(constants: Constants, change: Change) -> Constants:
    """Return a library's constants with the change: alpha by its size, where a fit gave one below zero too; beta; gamma."""
    if (change.message, change.byte, change.reduction) == (1.0, 1.0, 1.0):
        return constants
    lines = {level: tuple(_changed(line, change) for line in own) for level, own in constants.lines.items()}
    return replace(constants, lines=lines, gamma=constants.gamma * change.reduction)


def _changed(line: Line, change: Change) -> Line:
    beta = None if line.beta is None else line.beta * change.byte
    return replace(line, alpha=line.alpha + (change.message - 1) * abs(line.alpha), beta=beta)
