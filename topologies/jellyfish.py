"""Jellyfish: a random regular graph of switches, drawn from a seed. It does not know speeds or routes.

`switches` switches of `degree` switch ports and `hosts` hosts each; switches degree / 2 switch cables. The graph is
networkx's random_regular_graph(degree, switches, seed), so that figures published for one of its seeds can be checked;
with more than half of all possible cables its complement is, because drawing those takes too many tries.
Source: Singla, Hong, Popa, Godfrey, "Jellyfish: networking data centers randomly", NSDI 2012.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Ints, Topology, check_whole
from topologies.direct import all_pairs, check_graph, wire
from topologies.errors import InputError

FAMILY = "jellyfish"


def jellyfish(switches: int, degree: int, hosts: int, seed: int = 1) -> Topology:
    """Return a random graph of `switches` switches with `degree` cables to others and `hosts` devices each.

    Raises:
        InputError: degree below 1 or not below switches, an odd number of switch ports in all, or hosts below 0.
    """
    check_whole(FAMILY, switches=switches, degree=degree)
    check_whole(FAMILY, least=0, seed=seed)
    if degree >= switches:
        raise InputError(f"{FAMILY}: degree must be below switches ({switches}), got {degree}")
    if switches * degree % 2:
        nearest = _nearest(switches, degree)
        raise InputError(f"{FAMILY}: switches times degree must be even, got {switches} * {degree}; the nearest are {nearest}")
    check_graph(FAMILY, switches, hosts, switches * degree // 2)
    params = {"switches": switches, "degree": degree, "hosts": hosts, "seed": seed}
    return wire(FAMILY, params, switches, hosts, _cables(switches, degree, seed))


def _nearest(switches: int, degree: int) -> str:
    """Return what can be built instead of an odd number of switches with an odd degree."""
    counts = [n for n in (switches - 1, switches + 1) if n > degree]
    degrees = [d for d in (degree - 1, degree + 1) if 0 < d < switches]
    return f"switches={' or '.join(map(str, counts))}, degree={' or '.join(map(str, degrees))}"


def _cables(switches: int, degree: int, seed: int) -> Ints:
    """Return the cables in order; of a graph denser than half, what is left out is drawn."""
    left_out = switches - 1 - degree
    if degree <= left_out:
        return _drawn(switches, degree, seed)
    every = all_pairs(switches)
    chosen = np.ones((switches, switches), dtype=np.bool_)
    chosen[tuple(_drawn(switches, left_out, seed).T)] = False
    return every[chosen[every[:, 0], every[:, 1]]]


def _drawn(switches: int, degree: int, seed: int) -> Ints:
    """Return the cables of networkx's random regular graph, lower number first, in order."""
    import networkx as nx  # noqa: PLC0415  # 0.2 s, paid only by the family that needs it

    edges = list(nx.random_regular_graph(degree, switches, seed=seed).edges)
    pairs = np.sort(np.array(edges, dtype=np.int32).reshape(-1, 2), axis=1)
    return pairs[np.lexsort(pairs.T[::-1])]
