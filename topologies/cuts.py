"""How few cables can part two halves of the devices: a bracket for any wiring. It knows no formulas and no speeds.

At most: the best of some real cuts, each with its switches on their cheapest sides (maximum flow). At least: what traffic
between all pairs of devices must carry across any half split, and the spectrum of the network.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, maximum_flow
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from topologies.base import Topology
from topologies.hops import Indices, SwitchNetwork, scale_out_ends, shortest_paths, switch_network

LOAD_WORK = 60_000_000
"""Sources times cable ends over which all-to-all loads are computed."""
MOST_CABLES = 1_000_000
"""Larger networks get no bracket."""
FLOW_CABLES = 30_000
"""Up to here switches take their cheapest sides by maximum flow; above, each the side of most of its neighbours."""
DENSE, SPECTRUM = 400, 20_000
"""Up to so many switches the spectrum is computed: all of it, its slow end."""
WAVES = 6
"""How many eigenvectors suggest halves."""
Floats = NDArray[np.float64]


def bracket(topology: Topology) -> tuple[int, int] | None:
    """Return (at least, at most) as many cables between two halves of the devices; None for more than MOST_CABLES."""
    if len(topology.ends) > MOST_CABLES:
        return None
    if not len(scale_out_ends(topology)):
        return 0, 0
    network = switch_network(topology)
    at_least = max(_climbing_at_least(topology), _at_least(network, own=bool(topology.forwards[0])))
    at_most = min(_cut(topology, side) for side in _halves(topology, network))
    return at_least, at_most


def _climbing_at_least(topology: Topology) -> int:
    """Return a lower bound for tiers: half of the devices, divided by the most that a cable carries when all climb.

    Every device climbs, split evenly at each switch, to the top. Where all of them reach the top switches in the same
    shares, the way down is the way up of the other half mirrored: each device of one half sends 1 to one of the other, no
    cable carries more in one direction than when all climb, and so a half split cuts at least that many. 0 where shares
    differ or cables do not join neighbouring tiers.
    """
    low, high = scale_out_ends(topology).T
    tier = topology.tier
    if topology.forwards[0] or not (tier[high] == tier[low] + 1).all():
        return 0
    ways = np.bincount(low, minlength=topology.vertices)
    steps = [np.flatnonzero(tier[low] == t) for t in range(int(tier[low].max()) + 1)]
    share = np.random.default_rng(1).random((topology.vertices, 2))
    for step in reversed(steps):
        a, b = low[step], high[step]
        sums = [np.bincount(a, share[b, i], topology.vertices) for i in (0, 1)]
        share[a] = (np.stack(sums, axis=1) / np.maximum(ways, 1)[:, None])[a]
    if np.ptp(share[: topology.devices], axis=0).max() > 1e-9:
        return 0
    return int(np.ceil(topology.devices // 2 / _climbing_load(topology.devices, steps, low, high, ways) - 1e-6))


def _climbing_load(devices: int, steps: list[Indices], low: Indices, high: Indices, ways: Indices) -> float:
    """Return the most that one cable carries when every device sends 1 up to the top, split evenly."""
    held, most = np.zeros(len(ways)), 0.0
    held[:devices] = 1
    for step in steps:
        flow = held[low[step]] / ways[low[step]]
        most = max(most, float(flow.max()))
        held += np.bincount(high[step], flow, len(ways))
    return most


def _at_least(network: SwitchNetwork, *, own: bool) -> int:
    """Return a lower bound: the sum over connected parts that carry every device equally often.

    A device with r cables into a part counts there as r devices of one cable each. Of such a part every half split cuts
    a set of switch cables, and the own cables of devices that stand apart from their switch. All-to-all traffic needs
    a (D - a) / L switch cables where a of D devices follow their switch to one side and L is the largest load; this is
    concave in a, so that only the ends count: nobody apart from their switch, or one whole half.
    """
    part = connected_components(network.cables, directed=False)[1]
    total = 0
    for label in np.unique(part[network.homes.indices]):
        inside = np.flatnonzero(part == label)
        homes = network.homes[:, inside]
        cables = homes.sum(axis=1)
        if cables.min() != cables.max():
            continue
        each, devices = int(cables[0]), homes.shape[0]
        half, other = each * (devices // 2), each * (devices - devices // 2)
        across = _part_at_least(network.cables[inside][:, inside].tocsr(), np.asarray(homes.sum(axis=0)), half * other)
        total += across if own else min(half, across)
    return total


def _part_at_least(cables: sparse.csr_array, bears: Floats, pairs: int) -> int:
    """Return how many switch cables part two sets of devices with so many pairs between them, at least."""
    if np.count_nonzero(bears) == 1:
        return pairs
    bounds = [1.0]
    if cables.shape[0] * cables.nnz <= LOAD_WORK:
        bounds.append(pairs / _largest_load(cables, bears))
    if bears.min() == bears.max() and cables.shape[0] <= SPECTRUM:
        bounds.append(pairs * _second_eigenvalue(cables) / (bears[0] ** 2 * cables.shape[0]))
    return int(np.ceil(max(bounds) - 1e-6))


def _second_eigenvalue(cables: sparse.csr_array) -> float:
    """Return the second smallest eigenvalue of the Laplacian, a trifle less than it is, so that rounding cannot lift it."""
    values, _ = _slow_waves(cables)
    return max(0.0, float(values[0]) - 1e-6 * float(cables.sum(axis=1).max())) if len(values) else 0.0


def _slow_waves(cables: sparse.csr_array) -> tuple[Floats, Floats]:
    """Return the smallest eigenvalues of the Laplacian above the first and their vectors; none where they do not converge.

    They are the largest of `2 x most cables - Laplacian`, which the Lanczos method finds in few products.
    """
    count, degree = cables.shape[0], np.asarray(cables.sum(axis=1))
    if count <= DENSE:
        values, vectors = np.linalg.eigh(np.diag(degree) - cables.toarray())
        return values[1 : 1 + WAVES], vectors[:, 1 : 1 + WAVES]
    top = 2 * float(degree.max())
    turned = sparse.diags_array(top - degree) + cables
    start = np.random.default_rng(1).random(count)
    try:
        values, vectors = eigsh(turned, k=1 + WAVES, which="LA", v0=start, maxiter=300)
    except ArpackNoConvergence:
        return np.empty(0), np.empty((count, 0))
    order = np.argsort(-values)[1:]
    return top - values[order], vectors[:, order]


def _largest_load(cables: sparse.csr_array, bears: Floats) -> float:
    """Return the most that one cable carries in one direction when all pairs of devices exchange 1 over all shortest ways."""
    network = SwitchNetwork(np.arange(cables.shape[0]), cables, sparse.csr_array(cables.shape))
    tail = np.repeat(np.arange(cables.shape[0]), np.diff(cables.indptr))
    load = np.zeros(cables.nnz)
    for sources, distance, paths in shortest_paths(network, np.flatnonzero(bears)):
        hops, ways = distance.T, np.maximum(paths.T, 1)
        share = _passed_on(cables, hops, ways, bears) / ways
        ahead = hops[cables.indices] == hops[tail] + 1
        load += (np.where(ahead, ways[tail] * share[cables.indices], 0) * bears[sources]).sum(axis=1)
    return float(load.max())


def _passed_on(cables: sparse.csr_array, hops: NDArray[np.int16], ways: Floats, bears: Floats) -> Floats:
    """Return what each switch receives for itself and for all beyond it, per source (switches, sources)."""
    received = np.repeat(bears[:, None], hops.shape[1], axis=1)
    for far in range(int(hops.max()), 1, -1):
        back = cables @ np.where(hops == far, received / ways, 0)
        nearer = hops == far - 1
        received[nearer] += (ways * back)[nearer]
    return received


def _halves(topology: Topology, network: SwitchNetwork) -> Iterator[NDArray[np.bool_]]:
    """Yield halves of the devices that few cables may part: in their own order, by rail, by every direction of slow waves."""
    orders = [np.arange(topology.devices), np.argsort(topology.rail[: topology.devices], kind="stable")]
    orders += [np.argsort(wave, kind="stable") for wave in _waves(network)]
    for order in orders:
        side = np.zeros(topology.devices, dtype=bool)
        side[order[: topology.devices // 2]] = True
        yield side


def _waves(network: SwitchNetwork) -> list[Floats]:
    """Return the slowest eigenvectors of the network as numbers of the devices (sum over their switches)."""
    if not 3 < len(network.vertices) <= SPECTRUM:
        return []
    return [network.homes @ wave for wave in np.round(_slow_waves(network.cables)[1], 9).T]


def _cut(topology: Topology, side: NDArray[np.bool_]) -> int:
    """Return how many cables part the devices of one side from the others, every switch on a good side."""
    ends = scale_out_ends(topology)
    if len(ends) <= FLOW_CABLES:
        return _smallest_cut(ends, side, topology.vertices)
    return _cut_by_majority(ends, side, topology.vertices)


def _smallest_cut(ends: NDArray[np.int32], side: NDArray[np.bool_], vertices: int) -> int:
    """Return the fewest cables that part the two sets of devices: a maximum flow from the one to the other."""
    name = np.arange(vertices)
    name[: len(side)] = np.where(side, 0, 1)
    low, high = name[ends].T
    both = np.concatenate([low, high]), np.concatenate([high, low])
    capacity = sparse.coo_array((np.ones(2 * len(low), dtype=np.int32), both), shape=(vertices, vertices)).tocsr()
    capacity.setdiag(0)
    capacity.eliminate_zeros()
    return int(maximum_flow(sparse.csr_matrix(capacity, dtype=np.int32), 0, 1).flow_value)


def _cut_by_majority(ends: NDArray[np.int32], side: NDArray[np.bool_], vertices: int) -> int:
    """Return the cables between two sides where every switch, in a few rounds, joins the side of most neighbours."""
    low, high = ends.T
    value = np.zeros(vertices)
    value[: len(side)] = np.where(side, 1.0, -1.0)
    for _ in range(8):
        pull = np.bincount(low, value[high], vertices) + np.bincount(high, value[low], vertices)
        value[len(side) :] = np.sign(pull[len(side) :])
    placed = np.where(value == 0, 1.0, value)
    return int((placed[low] != placed[high]).sum())
