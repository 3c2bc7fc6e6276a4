"""The noun of routed messages: crossings of every link, hops of every message. It knows no policy, no bytes and no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.network.routing.ways import Floats, Ints, Paths

EXACT = 2**53
"""Whole numbers below this are exact as floats."""


@dataclass(frozen=True, eq=False)
class Routed:
    """Messages routed: crossings of every link (2 cables,), how many links each message crosses per level (m, levels).

    Where only the hops that differ were asked for, m is how many these are.

    Link 2 c is cable c from its lower end up, 2 c + 1 the way down. hops are whole numbers, except where a policy splits a
    message over ways that cross different levels: then they are the mean over its shares.
    """

    per_link: Floats
    hops: NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Entries:
    """The links of every message; share: what part of the message each entry carries, None: all of it."""

    paths: Paths
    share: Floats | None = None


def crossings(entries: Entries, weight: Floats | None, count: int) -> Floats:
    """Return how many messages cross each of `count` links, each message counting its weight."""
    amount = entries.share
    if weight is not None:
        every = weight[entries.paths.flow]
        amount = every if amount is None else amount * every
    return np.bincount(entries.paths.links, amount, minlength=count).astype(np.float64)


def hops_by_level(entries: Entries, level: NDArray[np.integer], levels: int) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return how many links of each level every message crosses (m, levels); level: of every cable."""
    paths = entries.paths
    cell = paths.flow * levels + level[paths.links // 2]
    found = np.bincount(cell, entries.share, minlength=len(paths.hops) * levels).reshape(-1, levels)
    return found if entries.share is None else np.round(found, 9)


def merged(messages: int, pieces: list[tuple[Ints, Entries]]) -> Entries:
    """Return the entries of all messages, from pieces that each hold some messages.

    A message in several pieces goes through them one after the other, in their order.
    """
    pieces = [(index, entries) for index, entries in pieces if len(index)]
    if len(pieces) == 1 and len(pieces[0][0]) == messages and (np.diff(pieces[0][0]) == 1).all():
        return pieces[0][1]
    hops = np.zeros(messages, dtype=np.int64)
    for index, entries in pieces:
        hops[index] += entries.paths.hops
    first = np.concatenate(([0], np.cumsum(hops)))
    links = np.empty(first[-1], dtype=np.int64)
    shares = None if all(entries.share is None for _, entries in pieces) else np.ones(first[-1])
    filled = first[:-1].copy()
    for index, entries in pieces:
        paths = entries.paths
        place = np.arange(len(paths.links)) + np.repeat(filled[index] - paths.first[:-1], paths.hops)
        links[place] = paths.links
        if shares is not None and entries.share is not None:
            shares[place] = entries.share
        filled[index] += paths.hops
    return Entries(Paths(first, links), shares)


def largest(hops: np.ndarray) -> np.ndarray:
    """Return the distinct rows that no other row exceeds in every level: one of them is the slowest, whatever the speeds."""
    rows = distinct(hops)
    beaten = [bool(((rows >= row).all(axis=1) & (rows > row).any(axis=1)).any()) for row in rows]
    return np.asarray(rows[~np.array(beaten, dtype=bool)])


def distinct(rows: NDArray[np.int64] | Floats) -> Floats:
    """Return the different rows of a matrix of small whole numbers (links per level), written as one number each to be fast.

    Shares of messages that are split over unequal ways are no whole numbers: those rows are compared as they are.
    """
    base = int(rows.max(initial=0)) + 1
    if rows.size == 0 or (rows != np.floor(rows)).any() or base ** rows.shape[1] >= EXACT:
        return np.asarray(np.unique(rows, axis=0), dtype=float)
    digits = float(base) ** np.arange(rows.shape[1])
    codes = np.unique(rows @ digits)
    return np.asarray(codes[:, None] // digits % base)
