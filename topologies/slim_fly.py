"""Slim Fly: McKay-Miller-Siran graphs, diameter 2 with nearly the fewest switches. It does not know speeds or routes.

For a prime power q = 4w + delta, delta in -1, 0, 1: 2 q^2 switches of degree k = (3 q - delta) / 2, so q^2 k cables;
switch diameter 2; hosts = ceil(k / 2) by default.
Sources: Besta, Hoefler, "Slim Fly: a cost effective low-diameter network topology", SC 2014; Hafner, "Geometric
realisation of the graphs of McKay-Miller-Siran", J. Combinatorial Theory B 90, 2004 (the generator sets).
"""

from __future__ import annotations

import numpy as np

from topologies.base import Ints, Topology, check_whole
from topologies.direct import check_graph, half_of, wire
from topologies.errors import InputError
from topologies.finite_field import Elements, Field, field, nearest_prime_powers, prime_power

FAMILY = "slim_fly"


def slim_fly(q: int, hosts: int | None = None) -> Topology:
    """Return the Slim Fly of order q.

    hosts: devices a switch, ceil(degree / 2) by default; 0 makes the vertices devices that forward.

    Raises:
        InputError: q is no prime power >= 3 (the nearest are named), or hosts below 0.
    """
    check_whole(FAMILY, least=3, q=q)
    degree = (3 * q - (0 if q % 4 == 0 else 2 - q % 4)) // 2
    own = half_of(degree, hosts)
    check_graph(FAMILY, 2 * q * q, own, q * q * degree)
    if prime_power(q) is None:
        nearest = " and ".join(map(str, nearest_prime_powers(q, least=3)))
        raise InputError(f"{FAMILY}: q must be a prime power 4w-1, 4w or 4w+1, got {q}; the nearest are {nearest}")
    params = {"q": q} if hosts is None else {"q": q, "hosts": hosts}
    return wire(FAMILY, params, 2 * q * q, own, _cables(field(q)))


def _cables(gf: Field) -> Ints:
    """Return the cables: within the rows of either half by the generator sets, and from (x, y) to (m, y - m x)."""
    q, element = gf.q, np.arange(gf.q)
    even, odd = _generators(gf)
    x, y, m = (axis.ravel() for axis in np.meshgrid(element, element, element, indexing="ij"))
    c = gf.add(y, gf.negative(gf.multiply(m, x)))
    across = np.stack([x * q + y, q * q + m * q + c], axis=1)
    return np.concatenate([_rows(gf, even), q * q + _rows(gf, odd), across]).astype(np.int32)


def _rows(gf: Field, generators: Elements) -> Ints:
    """Return the cables of q rows of q vertices, where two of a row meet if they differ by a generator."""
    here = np.repeat(np.arange(gf.q), len(generators))
    there = gf.add(here, np.tile(generators, gf.q))
    pairs = np.stack([here, there], axis=1)[here < there]
    return np.concatenate([row * gf.q + pairs for row in range(gf.q)]).astype(np.int32)


def _generators(gf: Field) -> tuple[Elements, Elements]:
    """Return the two generator sets: even and odd powers of the primitive element, folded at half for delta = -1."""
    exponent = np.arange(gf.q - 1)
    if gf.q % 4 == 3:
        half = (gf.q - 1) // 2
        first = np.concatenate([exponent[0:half:2], exponent[half::2]])
        second = np.concatenate([exponent[1 : half + 1 : 2], exponent[half + 1 :: 2], [0]])
        return gf.powers[first], gf.powers[second]
    if gf.p == 2:
        return gf.powers[exponent[::2]], gf.powers[np.append(exponent[1::2], 0)]
    return gf.powers[exponent[::2]], gf.powers[exponent[1::2]]
