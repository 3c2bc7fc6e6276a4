"""What must cross a cut of the ranks, whatever the algorithm: per collective. It knows no fabric and no speed.

With n of p ranks in a group, k groups and S as in Case, in units of S:

    collective       out of a group        into a group          between all groups
    all_reduce       1                     1                     2(k-1)  (as partial sums, then as results)
    reduce_scatter   (p-n)/p               n/p                   k-1
    all_gather       n/p                   (p-n)/p               k-1
    all_to_all       n(p-n)/p              n(p-n)/p              their sum
    broadcast        1, root's only        1, all but root's     k-1
    reduce           1, all but root's     1, root's only        k-1
    gather           n/p, all but root's   (p-n)/p, root's only  (p-n)/p of the root's group
    scatter          (p-n)/p, root's only  n/p, all but root's   (p-n)/p of the root's group
    sendrecv         ranks whose next rank is in another group; into: whose previous one is
    incast           senders in it         senders outside root's group, into that
    latency, bandwidth, bibandwidth, message_rate
                     what the pairs with one end in the group send out of it, latency one way; into: what they send in
    all_to_all_v     the sum of what its ranks send to ranks outside; into: the same for what they receive

A byte of a reduction may travel as part of a sum, and a byte that is copied may be copied inside a group: hence 1 and not n.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.point_to_point import POINT_TO_POINT, pairs
from fabric.collectives.sizes import column_sums, options, senders
from fabric.records.case import Case

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Split:
    """The ranks of a case cut in groups: group of every rank (p,), ranks in every group (k,), and the group of the root."""

    case: Case
    group: Ints
    count: Floats
    root: int

    @property
    def ranks(self) -> int:
        """How many ranks there are."""
        return len(self.group)

    def only_root(self, value: Floats | float) -> Floats:
        """Return the values (k,), 0 for every group but the root's."""
        return np.where(np.arange(len(self.count)) == self.root, value, 0.0)

    def but_root(self, value: Floats | float) -> Floats:
        """Return the values (k,), 0 for the root's group."""
        return np.where(np.arange(len(self.count)) == self.root, 0.0, value)


@dataclass(frozen=True, eq=False)
class Need:
    """What must cross a cut, in units of S: out of and into every group (k,), and between all groups in sum."""

    out: Floats
    into: Floats
    total: float

    def mirrored(self) -> Need:
        """Return the need of the collective that runs backwards in time."""
        return Need(self.into, self.out, self.total)


def _all_reduce(split: Split) -> Need:
    once = np.ones_like(split.count)
    return Need(once, once, 2.0 * (len(once) - 1))


def _all_gather(split: Split) -> Need:
    own = split.count / split.ranks
    return Need(own, 1 - own, len(own) - 1.0)


def _all_to_all(split: Split) -> Need:
    across = split.count * (split.ranks - split.count) / split.ranks
    return Need(across, across, float(across.sum()))


def _broadcast(split: Split) -> Need:
    return Need(split.only_root(1.0), split.but_root(1.0), len(split.count) - 1.0)


def _gather(split: Split) -> Need:
    own = split.count / split.ranks
    into = split.only_root(1 - own)
    return Need(split.but_root(own), into, float(into.sum()))


def _sendrecv(split: Split) -> Need:
    crosses = split.group != np.roll(split.group, -1)
    out: Floats = np.bincount(split.group, crosses, len(split.count)).astype(float)
    into: Floats = np.bincount(np.roll(split.group, -1), crosses, len(split.count)).astype(float)
    return Need(out, into, float(crosses.sum()))


def _incast(split: Split) -> Need:
    """Return the need of an incast: every sender sends S to the root."""
    sending = senders(split.ranks, split.case.root or 0, options(split.case.params).fan_in)
    own = np.bincount(split.group[sending], minlength=len(split.count)).astype(float)
    out = split.but_root(own)
    return Need(out, split.only_root(out.sum()), float(out.sum()))


def _partners(split: Split) -> Need:
    """Return the need of point to point: S one way in every pair, for bibandwidth both ways.

    The halves of a round trip follow each other over cables that are as fast in both directions: one of them is the time.
    """
    first, second = pairs(split.case.collective, split.ranks)
    source, target = split.group[first], split.group[second]
    if split.case.collective == "bibandwidth":
        source, target = np.append(source, target), np.append(target, source)
    crosses = source != target
    out, into = (np.bincount(ends, crosses, len(split.count)).astype(float) for ends in (source, target))
    return Need(out, into, float(crosses.sum()))


def _all_to_all_v(split: Split) -> Need:
    """Return the need of an uneven all-to-all: every rank's buffer is split in the same parts.

    Raises:
        InputError: a skew over too many ranks to hold all pairs.
    """
    how = options(split.case.params)
    if how.skew == 0:
        return _all_to_all(split)
    units = column_sums(split.ranks, how.skew, how.seed)  # all ranks split alike
    own = np.bincount(split.group, units / units.sum(), len(split.count))
    out, into = split.count * (1 - own), (split.ranks - split.count) * own
    return Need(out, into, float(out.sum()))


NEEDS: Mapping[str, Callable[[Split], Need] | None] = {
    "all_reduce": _all_reduce,
    "all_gather": _all_gather,
    "reduce_scatter": lambda split: _all_gather(split).mirrored(),
    "all_to_all": _all_to_all,
    "all_to_all_v": _all_to_all_v,
    "broadcast": _broadcast,
    "reduce": lambda split: _broadcast(split).mirrored(),
    "gather": _gather,
    "scatter": lambda split: _gather(split).mirrored(),
    "sendrecv": _sendrecv,
    "incast": _incast,
    "barrier": None,
    **dict.fromkeys(POINT_TO_POINT, _partners),
}
"""Collective -> what must cross a cut of its ranks; None where no bytes must."""
