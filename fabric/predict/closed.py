"""Closed forms of collectives on an uncongested fabric: alpha and beta alone, no routing. They know no link and no library.

Every message has its sender's and its receiver's port for itself. alpha: seconds per message, the library's and the
slowest route's; beta: seconds per byte of a port; gamma: per byte reduced; `up`: the same inside nodes. Sources: Huawei's
HCCL documentation; Thakur, Rabenseifner, Gropp, IJHPCA 2005 (recursive doubling, Bruck, binomial); arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fabric.collectives.algorithms import Algorithm
from fabric.collectives.gloo_ring import segments
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.network.routing.route import route
from fabric.network.routing.routed import distinct
from fabric.predict.constants import Constants
from fabric.predict.cost import fixed_seconds
from fabric.records.case import Case
from fabric.text.numbers import whole
from topologies.errors import InputError


@dataclass(frozen=True)
class Terms:
    """What the forms are made of: p ranks, S bytes, k nodes of g ranks, alpha, beta, gamma, and both inside nodes (up)."""

    p: int
    S: float
    alpha: float
    beta: float
    gamma: float
    k: int
    g: int
    alpha_up: float
    beta_up: float
    params: Mapping[str, object]

    @property
    def steps(self) -> int:
        """Return ceil(log2 p)."""
        return (self.p - 1).bit_length()

    def parameter(self, name: str, default: int = 1) -> int:
        """Return a whole-number parameter of the algorithm."""
        return whole(self.params.get(name, default), name, 1)


Form = Callable[[Terms], float]


def _ring_half(t: Terms) -> float:
    return (t.p - 1) * t.alpha + (t.p - 1) / t.p * t.S * t.beta


def _ring(t: Terms) -> float:
    c = t.parameter("channels")
    return 2 * (t.p - 1) * t.alpha + 2 * (t.p - 1) / t.p * t.S * t.beta / c + (t.p - 1) / t.p * t.S * t.gamma


def _gloo_ring(t: Terms) -> float:
    turns = (t.p - 1) * segments(t.p, int(t.S)) // t.p
    return 2 * turns * t.alpha + 2 * (t.p - 1) / t.p * t.S * t.beta + (t.p - 1) / t.p * t.S * t.gamma


def _fold(t: Terms, core: Form) -> float:
    """Return the form at the largest 2^m <= p, and a fold before and after where p is larger."""
    power = 1 << (t.p.bit_length() - 1)
    fold = 0.0 if power == t.p else 2 * t.alpha + 2 * t.S * t.beta + t.S * t.gamma
    return core(replace(t, p=power)) + fold


def _recursive_doubling(t: Terms) -> float:
    return _fold(t, lambda c: c.steps * (c.alpha + c.S * c.beta + c.S * c.gamma))


def _halving_doubling(t: Terms) -> float:
    return _fold(t, _log_ring)


def _log_ring(t: Terms) -> float:
    moved = (t.p - 1) / t.p * t.S
    return 2 * t.steps * t.alpha + 2 * moved * t.beta + moved * t.gamma


def _full_mesh(t: Terms) -> float:
    """Return reduce-scatter and all-gather in one step each, over one port: (p - 1) blocks through it at once."""
    moved = (t.p - 1) / t.p * t.S
    return 2 * t.alpha + 2 * moved * t.beta + moved * t.gamma


def _rail_aligned(t: Terms) -> float:
    inside = (t.g - 1) * t.alpha_up + (t.g - 1) / t.g * t.S * t.beta_up
    share = t.S / t.g
    rails = 2 * (t.k - 1) * t.alpha + 2 * (t.k - 1) / t.k * share * t.beta
    return 2 * inside + rails + ((t.g - 1) / t.g * t.S + (t.k - 1) / t.k * share) * t.gamma


def _hierarchical(t: Terms) -> float:
    depth = (t.g - 1).bit_length()
    inside = depth * (t.alpha_up + t.S * t.beta_up)
    leaders = 2 * (t.k - 1) * t.alpha + 2 * (t.k - 1) / t.k * t.S * t.beta
    return 2 * inside + leaders + (depth + (t.k - 1) / t.k) * t.S * t.gamma


def _log_half(t: Terms) -> float:
    return t.steps * t.alpha + (t.p - 1) / t.p * t.S * t.beta


def _at_once(t: Terms) -> float:
    """Return p - 1 blocks of S/p through one port at once."""
    return t.alpha + (t.p - 1) / t.p * t.S * t.beta


def _binomial(t: Terms) -> float:
    return t.steps * (t.alpha + t.S * t.beta)


FORMS: Mapping[str, Mapping[str, Form]] = {
    "all_reduce": {
        "ring": _ring,
        "gloo_ring": _gloo_ring,
        "recursive_doubling": _recursive_doubling,
        "halving_doubling": _halving_doubling,
        "full_mesh": _full_mesh,
        "nhr": _log_ring,
        "rail_aligned": _rail_aligned,
        "hierarchical": _hierarchical,
    },
    "all_gather": {"ring": _ring_half, "bruck": _log_half, "nhr": _log_half, "full_mesh": _at_once},
    "reduce_scatter": {
        "ring": lambda t: _ring_half(t) + (t.p - 1) / t.p * t.S * t.gamma,
        "nhr": lambda t: _log_half(t) + (t.p - 1) / t.p * t.S * t.gamma,
        "full_mesh": lambda t: _at_once(t) + (t.p - 1) / t.p * t.S * t.gamma,
    },
    "all_to_all": {"pairwise": _ring_half, "direct": _at_once},
    "broadcast": {"binomial": _binomial},
    "reduce": {"binomial": lambda t: _binomial(t) + t.steps * t.S * t.gamma},
    "gather": {"linear": _at_once},
    "scatter": {"linear": _at_once},
    "sendrecv": {"ring": lambda t: t.alpha + t.S * t.beta},
}
"""Collective -> algorithm -> seconds. p = 1 takes none. The tests hold each against its executed schedule."""


BY_NODES = {"rail_aligned", "hierarchical"}
NEIGHBOURS = {"ring", "gloo_ring", "rail_aligned", "hierarchical", "sendrecv"}


def closed_seconds(case: Case, algorithm: Algorithm, fabric: Fabric, constants: Constants, devices: Devices) -> float:
    """Return the form's seconds with the fabric's port speeds and its slowest route's latency.

    Raises:
        InputError: no form for this algorithm, or parameters that its form does not know.
    """
    form = FORMS.get(case.collective, {}).get(algorithm.name)
    unknown = [key for key in algorithm.params if key != "channels" and algorithm.params[key] != 1]
    if form is None or unknown:
        known = ", ".join(FORMS.get(case.collective, {})) or "none"
        raise InputError(f"fidelity: closed forms of {case.collective} are {known}, got {algorithm.text}; use loaded or auto")
    return form(terms(case, algorithm, fabric, constants, devices)) if case.world_size > 1 else 0.0


def terms(case: Case, algorithm: Algorithm, fabric: Fabric, constants: Constants, devices: Devices) -> Terms:
    """Return the terms of a case; the slowest route is that between neighbours, and where others meet opposite ranks too.

    Neighbours are the next ranks, for algorithms by nodes those of the same place on the next node.
    """
    topology, p = fabric.topology, case.world_size
    nodes = np.unique(topology.together[devices], return_counts=True)[1]
    inside = topology.scale_up_level
    network = [index for index in range(len(topology.levels)) if index != inside]
    g = int(nodes.max())
    apart = g if algorithm.name in BY_NODES and len(nodes) > 1 else 1
    shifts = [apart] if algorithm.name in NEIGHBOURS else [apart, p // 2]
    single = len(nodes) == 1 and inside >= 0
    alpha_up, beta_up = _port(fabric, constants, devices, [inside], case, [1]) if inside >= 0 else (0.0, 0.0)
    alpha, beta = (alpha_up, beta_up) if single else _port(fabric, constants, devices, network, case, shifts)
    if inside < 0:
        alpha_up, beta_up = alpha, beta
    return Terms(p, case.nbytes, alpha, beta, constants.gamma, len(nodes), g, alpha_up, beta_up, algorithm.params)


def _port(
    fabric: Fabric, constants: Constants, devices: Devices, levels: list[int], case: Case, shifts: list[int]
) -> tuple[float, float]:
    """Return alpha and beta of messages over these levels: the slowest way's seconds, and the slowest device's port."""
    topology = fabric.topology
    ends = np.stack([np.roll(devices, -shift) for shift in shifts]).ravel()
    routed = route(topology, np.tile(devices, len(shifts)), ends).hops
    outside = [index for index in range(len(topology.levels)) if index not in levels]
    hops = distinct(routed[(routed[:, outside] == 0).all(axis=1)].astype(np.float64))
    fixed = fixed_seconds(hops, hops @ fabric.level_latency, topology.levels, case.nbytes, constants)
    own = np.isin(topology.level, levels)
    both = np.repeat(fabric.link_speed[::2][own], 2)
    speed = np.bincount(topology.ends[own].ravel(), both, minlength=topology.vertices)[devices]
    said = [constants.line(topology.levels[index], case.nbytes).beta for index in levels]
    fitted = next((beta for beta in said if beta is not None), None)
    alpha = float(fixed.max()) if len(fixed) else 0.0
    if fitted is None:
        return max(alpha, 0.0), float(1 / speed.min()) if speed.min() > 0 else 0.0
    return max(alpha, 0.0), max(fitted + min(alpha, 0.0) / max(case.nbytes, 1), 0.0)  # below zero: bytes take that much less
