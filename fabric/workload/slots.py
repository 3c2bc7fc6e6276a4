"""The order in which a pipeline stage works on its micro batches: 1F1B, plain and interleaved. It knows no seconds.

As in Megatron-LM: a stage warms up with forward passes, then takes one forward and one backward in turn, then drains. With v
chunks a stage, forward pass k is of chunk (k // p) mod v and of micro batch k // (p v) p + k mod p; backward passes take the
chunks the other way round.
"""

from __future__ import annotations

from typing import NamedTuple


class Turn(NamedTuple):
    """One pass of a stage: forward or backward, of a chunk (virtual stage, counted on the stage) and a micro batch."""

    forward: bool
    chunk: int
    micro_batch: int


def turns(stages: int, chunks: int, micro_batches: int, stage: int) -> list[Turn]:
    """Return a stage's passes in order."""
    total = chunks * micro_batches
    ahead = stages - stage - 1 if chunks == 1 else 2 * (stages - stage - 1) + (chunks - 1) * stages
    ahead = min(ahead, total)
    forward = [_turn(stages, chunks, k, forward=True) for k in range(total)]
    backward = [_turn(stages, chunks, k, forward=False) for k in range(total)]
    found = forward[:ahead]
    for k in range(total - ahead):
        found += [forward[ahead + k], backward[k]]
    return found + backward[total - ahead :]


def _turn(stages: int, chunks: int, k: int, *, forward: bool) -> Turn:
    if chunks == 1:
        return Turn(forward, 0, k)
    chunk = k // stages % chunks
    return Turn(forward, chunk if forward else chunks - 1 - chunk, k // (stages * chunks) * stages + k % stages)


def before(stages: int, chunks: int, stage: int, turn: Turn) -> tuple[int, Turn] | None:
    """Return the stage and the pass whose message a pass waits for; None where it waits for nothing of another stage.

    The first chunk's forward pass on stage 0 waits for nothing, the last chunk's backward pass on the last stage for its own
    forward pass, which comes before it anyway.
    """
    virtual = turn.chunk * stages + stage + (-1 if turn.forward else 1)
    if not 0 <= virtual < stages * chunks:
        return None
    return virtual % stages, turn._replace(chunk=virtual // stages)
