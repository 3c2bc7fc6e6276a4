"""PolarFly: Erdos-Renyi polarity graphs, diameter 2, close to the Moore bound. It does not know speeds or routes.

For a prime power q: q^2 + q + 1 switches, the points of the projective plane over GF(q); two meet where their vectors
are orthogonal. Degree q + 1, except q for the q + 1 points orthogonal to themselves; q (q + 1)^2 / 2 cables; switch
diameter 2; one shortest path between any two. hosts = ceil((q + 1) / 2) by default.
Source: Lakhotia et al., "PolarFly: a cost-effective and flexible low-diameter topology", SC 2022.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Ints, Topology, check_whole
from topologies.direct import check_graph, half_of, wire
from topologies.errors import InputError
from topologies.finite_field import Elements, Field, field, nearest_prime_powers, prime_power

FAMILY = "polarfly"


def polarfly(q: int, hosts: int | None = None) -> Topology:
    """Return the PolarFly of order q.

    hosts: devices a switch, ceil((q + 1) / 2) by default; 0 makes the vertices devices that forward.

    Raises:
        InputError: q is no prime power (the nearest are named), or hosts below 0.
    """
    check_whole(FAMILY, least=2, q=q)
    own = half_of(q + 1, hosts)
    points = q * q + q + 1
    check_graph(FAMILY, points, own, q * (q + 1) ** 2 // 2)
    if prime_power(q) is None:
        nearest = " and ".join(map(str, nearest_prime_powers(q)))
        raise InputError(f"{FAMILY}: q must be a prime power, got {q}; the nearest are {nearest}")
    params = {"q": q} if hosts is None else {"q": q, "hosts": hosts}
    return wire(FAMILY, params, points, own, _cables(field(q)))


def _cables(gf: Field) -> Ints:
    """Return each pair of different orthogonal points once: all q + 1 points on the line orthogonal to every point."""
    first, second = _line(gf, _points(gf.q))
    scale = np.arange(gf.q)
    on_line = [gf.add(a[:, None], gf.multiply(scale, b[:, None])) for a, b in zip(first, second, strict=True)]
    there = np.concatenate([_index(gf, *on_line), _index(gf, *second)[:, None]], axis=1)
    here = np.broadcast_to(np.arange(len(there))[:, None], there.shape)
    return np.stack([here[here < there], there[here < there]], axis=1).astype(np.int32)


def _points(q: int) -> Elements:
    """Return the points (3, q^2 + q + 1) by number: (1, y, z), then (0, 1, z), then (0, 0, 1)."""
    y, z = np.divmod(np.arange(q * q), q)
    plane = np.stack([np.ones_like(y), y, z])
    line = np.stack([np.zeros(q, dtype=int), np.ones(q, dtype=int), np.arange(q)])
    return np.concatenate([plane, line, [[0], [0], [1]]], axis=1).astype(np.int32)


def _line(gf: Field, points: Elements) -> tuple[Elements, Elements]:
    """Return two different vectors (3, points) orthogonal to every point (a, b, c).

    They are (c, 0, -a) and (0, c, -b) where c is not 0, else (b, -a, 0) and (0, 0, 1), for (1, 0, 0) the other two axes.
    """
    a, b, c = points
    zero, one = np.zeros_like(a), np.ones_like(a)
    minus_a, minus_b = gf.negative(a), gf.negative(b)
    axis = np.where(b == 0, np.stack([zero, one, zero]), np.stack([b, minus_a, zero]))
    first = np.where(c == 0, axis, np.stack([c, zero, minus_a]))
    second = np.where(c == 0, np.stack([zero, zero, one]), np.stack([zero, c, minus_b]))
    return first, second


def _index(gf: Field, x: Elements, y: Elements, z: Elements) -> Elements:
    """Return the number of the point that a vector other than 0 stands for."""
    lead = np.where(x != 0, x, np.where(y != 0, y, z))
    scale = gf.inverse(lead)
    y, z = gf.multiply(y, scale), gf.multiply(z, scale)
    return np.where(x != 0, y * gf.q + z, gf.q * gf.q + np.where(y != 0, z, gf.q)).astype(np.int32)
