"""De Bruijn graph: words of n symbols, cables between a word and its shifts. It does not know speeds or routes.

base^n vertices; a word meets the words that drop its first symbol and append any; direction is ignored, cables from a
word to itself are left out and doubled ones merged. Degree at most 2 base; base^(n+1) - base - base (base - 1) / 2 cables
for n >= 2; diameter n.
Source: de Bruijn, "A combinatorial problem", 1946; as a network: Samatham, Pradhan, IEEE Trans. Computers 38(4), 1989.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Ints, Topology, check_whole
from topologies.direct import all_pairs, check_graph, wire

FAMILY = "de_bruijn"
MOST_SYMBOLS = 24


def de_bruijn(base: int, n: int, hosts: int = 1) -> Topology:
    """Return the graph of all words of n symbols out of `base`.

    hosts: devices a switch; 0 makes every vertex a device that forwards.

    Raises:
        InputError: base below 2, n below 1 or too large for memory, or hosts below 0.
    """
    check_whole(FAMILY, least=2, base=base)
    check_whole(FAMILY, most=MOST_SYMBOLS, n=n)
    check_graph(FAMILY, base**n, hosts, base ** (n + 1))
    return wire(FAMILY, {"base": base, "n": n, "hosts": hosts}, base**n, hosts, _cables(base, n))


def _cables(base: int, n: int) -> Ints:
    """Return every pair of a word and one of its shifts once."""
    if n == 1:
        return all_pairs(base)
    words = base**n
    here = np.repeat(np.arange(words), base)
    there = here * base % words + np.tile(np.arange(base), words)
    back = (there * base % words <= here) & (here < there * base % words + base)
    kept = (here < there) | ((here > there) & ~back)
    return np.stack([here[kept], there[kept]], axis=1).astype(np.int32)
