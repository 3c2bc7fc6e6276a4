"""What a call takes besides its messages: the first waits for the partner to come, the others find it there.

It knows the number of messages of a call, and no algorithm.
"""

from __future__ import annotations

from dataclasses import replace

from fabric.predict.constants import Constants, Line


def share(again: float, messages: int) -> float:
    """Return what a message of a call of so many takes on average, over the first: (1 + (n - 1) again) / n."""
    return (1 + (messages - 1) * again) / messages


def in_a_call(constants: Constants, messages: int) -> Constants:
    """Return constants whose lines hold for every message of a call of so many."""
    lines = {level: tuple(_of(line, messages) for line in own) for level, own in constants.lines.items()}
    return replace(constants, lines=lines)


def _of(line: Line, messages: int) -> Line:
    part = share(line.again, messages)
    beta = None if line.beta is None else part * line.beta
    return replace(line, alpha=part * line.alpha, beta=beta, again=1.0)
