"""Swing all-reduce: halving-doubling whose partners swing from side to side, so that on tori messages stay near.

In step s rank r meets r + rho(s) (r even) or r - rho(s) (odd), rho(s) = (1 - (-2)^(s+1)) / 3 = 1, -1, 3, -5, ...; on a torus
step s goes along dimension s mod D. 2D lanes of S/2D each, beginning on every dimension and mirrored, use all 2D ports:
2 log2 p alpha + 2(p-1)/p S beta / (ports in use) + (p-1)/p S gamma, without the torus's congestion. Other p: the ranks
beyond 2^m fold as in recursive doubling (the paper drops repeated blocks instead). Source: De Sensi, Bonato, Saam, Hoefler,
Swing, NSDI 2024. It never sees a Fabric.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.grid import dimensions
from fabric.collectives.recursive import fold
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step
from topologies.errors import InputError

Peers = NDArray[np.int64]
"""(steps, ranks): whom every rank meets in every step."""


def swing(groups: Groups, nbytes: int, *, dims: str = "") -> Schedule:
    """Return the bandwidth-optimal Swing; dims such as 8x8 (default one ring), rank 0 first, the last dimension fastest.

    Raises:
        InputError: dims that are no torus of these ranks, or one of them no power of two.
    """
    p = groups.world_size
    sizes = dimensions("swing", dims, p)
    if dims and any(size & (size - 1) for size in sizes):
        raise InputError(f"swing: dims must be powers of two, got {dims!r}")
    core_sizes = sizes if dims else (1 << (p.bit_length() - 1),)
    lanes = [(begin, sign) for begin in range(len(core_sizes)) for sign in (1, -1)]
    peers = [_peers(core_sizes, begin, sign) for begin, sign in lanes]
    blocks = len(peers[0][0]) * len(lanes) if len(peers[0]) else len(lanes)
    core, before, after = fold(p, blocks)
    scatter = [_step(core, peers, s, reduces=True) for s in range(len(peers[0]))]
    gather = [_step(core, peers, s, reduces=False) for s in reversed(range(len(peers[0])))]
    return Schedule("swing", p, blocks, (*before, *scatter, *gather, *after))


def _peers(sizes: tuple[int, ...], begin: int, sign: int) -> Peers:
    """Return one lane's peers: dimensions in turn from `begin` on, each until its log2 steps are done; sign -1 mirrored."""
    ranks = int(np.prod(sizes))
    place = np.stack(np.unravel_index(np.arange(ranks), sizes))
    rounds = max(size.bit_length() - 1 for size in sizes)
    found = []
    for turn in range(rounds):
        for axis in (*range(begin, len(sizes)), *range(begin)):
            if turn < sizes[axis].bit_length() - 1:
                rho = sign * (1 - (-2) ** (turn + 1)) // 3
                there = place.copy()
                there[axis] = (place[axis] + np.where(place[axis] % 2 == 0, rho, -rho)) % sizes[axis]
                found.append(np.ravel_multi_index(tuple(there), sizes))
    return np.array(found, dtype=np.int64).reshape(-1, ranks)


def _reached(peers: Peers, step: int) -> NDArray[np.int64]:
    """Return (ranks, 2^(steps - step)): whose parts a rank is still in charge of before this step: its own and onwards'."""
    reached = np.arange(peers.shape[1])[:, None]
    for later in peers[step:][::-1]:
        reached = np.concatenate([reached, reached[later]], axis=1)
    return reached


def _step(core: Ranks, lanes: Sequence[Peers], step: int, *, reduces: bool) -> Step:
    """Return step `step` of all lanes: a rank hands its peer what the peer is in charge of next; back, what it has itself."""

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        moved = []
        for number, peers in enumerate(lanes):
            kept = _reached(peers, step + 1)
            moved += list((kept[peers[step]] if reduces else kept) * len(lanes) + number)
        return moved

    source = np.tile(core, len(lanes))
    target = np.concatenate([core[peers[step]] for peers in lanes])
    return Step(source, target, Fraction(1, len(lanes) * (2 << step)), 1, reduces, blocks)
