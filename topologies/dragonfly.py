"""Dragonfly: groups of fully meshed switches, joined group to group. It does not know which cable is long or light.

p hosts, a - 1 local and h global ports a switch; g groups of a switches, canonical g = a h + 1 (one cable per pair of
groups). endpoints g a p; switches g a; local cables g a (a - 1) / 2; global cables g a h / 2; switch diameter 3 at
most. With fewer groups every pair has floor(a h / (g - 1)) cables; the ports left over go, in turn, to the nearest
groups on either side (one port a group stays free where that leaves an odd number of ports in an odd number of groups).
Sources: Kim, Dally, Scott, Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008; the arrangements
by name: Camarero, Vallejo, Beivide, "Topological characterization of Hamming and dragonfly networks", ACM TACO 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from topologies.base import Ints, Topology, check_whole
from topologies.direct import all_pairs, check_graph, wire
from topologies.errors import InputError

FAMILY = "dragonfly"
Places = NDArray[np.integer]


def dragonfly(p: int, a: int, h: int, groups: int = 0, arrangement: str = "absolute") -> Topology:
    """Return the dragonfly of `a` switches a group, each with `p` hosts and `h` global ports.

    groups: 0 for a h + 1. arrangement: which global port goes to which group: absolute (in the order of group numbers;
    also called consecutive), relative (in the order of the distance forwards) or circulant (1 forwards, 1 backwards,
    2 forwards, ...).

    Raises:
        InputError: a count below 1, more than a h + 1 groups, or an unknown arrangement.
    """
    check_whole(FAMILY, p=p, a=a, h=h)
    count = check_groups(FAMILY, groups, a * h, "a*h+1")
    check_arrangement(FAMILY, arrangement)
    check_graph(FAMILY, count * a, p, count * a * (a - 1 + h) // 2)
    params: dict[str, object] = {"p": p, "a": a, "h": h}
    params |= ({} if count == a * h + 1 else {"groups": count}) | named_arrangement(arrangement)
    local = (np.arange(count)[:, None, None] * a + all_pairs(a)).reshape(-1, 2)
    ends = global_cables(count, a * h, arrangement)
    return wire(FAMILY, params, count * a, p, np.concatenate([local, ends[..., 0] * a + ends[..., 1] // h]))


def check_groups(family: str, groups: int, ports: int, most: str) -> int:
    """Return the number of groups: 0 stands for as many as the global ports of a group reach, itself included.

    Raises:
        InputError: fewer than two groups, or more than can be reached.
    """
    if groups and not 2 <= groups <= ports + 1:
        raise InputError(f"{family}: groups must be a whole number from 2 to {most} = {ports + 1}, got {groups}")
    return groups or ports + 1


def check_arrangement(family: str, arrangement: str) -> None:
    """Return nothing when the arrangement is known.

    Raises:
        InputError: it is not; the message lists those that exist.
    """
    if arrangement not in ARRANGEMENTS:
        raise InputError(f"{family}: unknown arrangement {arrangement!r}; there are: {', '.join(ARRANGEMENTS)}")


def named_arrangement(arrangement: str) -> dict[str, object]:
    """Return the parameter for the short form, nothing for the default."""
    return {} if ARRANGEMENTS[arrangement] is _absolute else {"arrangement": arrangement}


def global_cables(groups: int, ports: int, arrangement: str) -> Ints:
    """Return the cables between groups (n, 2 ends, [group, port]); `ports` global ports a group, port 0 first."""
    here, there = all_pairs(groups).T
    place = ARRANGEMENTS[arrangement]
    rounds, left = divmod(ports, groups - 1)
    turn = (np.arange(rounds) * (groups - 1))[:, None]
    full = _ends(here, turn + place(here, there, groups), there, turn + place(there, here, groups))
    near = _nearest(here, there, groups, left)
    here, there = here[near], there[near]
    first = rounds * (groups - 1)
    more = _ends(here, first + _rank(here, there, groups, left), there, first + _rank(there, here, groups, left))
    return np.concatenate([full, more]).astype(np.int32)


def _ends(here: Places, here_port: Places, there: Places, there_port: Places) -> Places:
    """Return the cables (n, 2, 2) from groups and ports that are broadcast against each other."""
    return np.stack(np.broadcast_arrays(here, here_port, there, there_port), axis=-1).reshape(-1, 2, 2)


def _nearest(here: Places, there: Places, groups: int, left: int) -> NDArray[np.bool_]:
    """Return which pairs of groups get one more cable: left / 2 on either side, and the opposite group if left is odd."""
    distance = np.minimum((there - here) % groups, (here - there) % groups)
    opposite = left % 2 == 1 and groups % 2 == 0
    near: NDArray[np.bool_] = (distance <= left // 2) | (opposite & (2 * distance == groups))
    return near


def _rank(here: Places, there: Places, groups: int, left: int) -> Places:
    """Return which of its left-over ports a group uses: nearest first, the opposite group last."""
    return np.minimum(_circulant(here, there, groups), max(left - 1, 0))


def _absolute(here: Places, there: Places, groups: int) -> Places:
    """Return the port of group `here` to group `there`, in the order of group numbers."""
    del groups  # the order does not depend on how many there are
    return there - (there > here)


def _relative(here: Places, there: Places, groups: int) -> Places:
    """Return the port of group `here` to group `there`, in the order of the distance forwards."""
    return (there - here) % groups - 1


def _circulant(here: Places, there: Places, groups: int) -> Places:
    """Return the port of group `here` to group `there`: nearest first, forwards before backwards."""
    ahead = (there - here) % groups
    return np.where(2 * ahead <= groups, 2 * ahead - 2, 2 * (groups - ahead) - 1)


ARRANGEMENTS: Mapping[str, Callable[[Places, Places, int], Places]] = {
    "absolute": _absolute,
    "consecutive": _absolute,
    "relative": _relative,
    "circulant": _circulant,
}
