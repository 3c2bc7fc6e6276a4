"""The noun of this package: a wiring as flat integer arrays. It knows neither how fast a cable is nor its load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

if TYPE_CHECKING:
    import networkx as nx

Ints = NDArray[np.int32]
SCALE_UP = "scale-up"
"""Name of the tier and of the level of everything inside a node."""
NIC, HOST_NIC = "nic", "host-nic"
"""Name of the tier of NICs that several devices share, and of the level of what joins these to them (nics.py)."""
MAX_CABLES = 20_000_000
"""More cables than this are refused before memory is asked for; the largest 64-port fat-tree has 196,608."""
MOST_PER_NODE = 32_767
"""The most devices of a node, because rails are kept in 16 bits."""

WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
"""A whole number as text."""


@dataclass(frozen=True, eq=False)
class Topology:
    """A wiring: devices first (vertices 0 ... devices - 1), then the switches, then the scale-up switches inside nodes.

    Devices are numbered node by node, leaf by leaf. A cable has two ends, the lower tier first; parallel cables are
    separate rows. Arrays over vertices: tier, node, rail, plane (-1 where it does not apply), forwards. Arrays over
    cables: ends (cables, 2), level, lanes (ports of the smallest lane that the cable takes at each end).

    node is a server: what fails, is bought and stands in a rack as one. domain, over vertices: the scale-up network that
    several servers share; None where every server has its own.
    """

    family: str
    params: Mapping[str, object]
    tiers: tuple[str, ...]
    levels: tuple[str, ...]
    devices: int
    tier: NDArray[np.int8]
    node: Ints
    rail: NDArray[np.int16]
    plane: NDArray[np.int16]
    forwards: NDArray[np.bool_]
    ends: Ints
    level: NDArray[np.int8]
    lanes: NDArray[np.int16]
    domain: Ints | None = None

    @property
    def name(self) -> str:
        """The short form that builds this topology again, e.g. `fat_tree:k=8`."""
        params = ",".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.family}:{params}" if params else self.family

    @property
    def vertices(self) -> int:
        """The number of vertices: devices, switches and scale-up switches."""
        return len(self.tier)

    @cached_property
    def nodes(self) -> int:
        """The number of nodes (servers) that hold the devices."""
        return int(self.node[: self.devices].max()) + 1

    @property
    def together(self) -> Ints:
        """The scale-up domain of every vertex, -1 for switches between them: its node where domains are nodes."""
        return self.node if self.domain is None else self.domain

    @cached_property
    def domains(self) -> int:
        """The number of scale-up domains that hold the devices."""
        return int(self.together[: self.devices].max()) + 1

    @cached_property
    def devices_per_node(self) -> int:
        """The number of devices of the fullest node."""
        return int(np.bincount(self.node[: self.devices]).max())

    @cached_property
    def scale_up_tier(self) -> int:
        """The tier number of switches inside nodes, -1 where there are none."""
        return self.tiers.index(SCALE_UP) if SCALE_UP in self.tiers else -1

    @cached_property
    def scale_up_level(self) -> int:
        """The level number of cables inside nodes, -1 where there are none."""
        return self.levels.index(SCALE_UP) if SCALE_UP in self.levels else -1

    @cached_property
    def is_switch(self) -> NDArray[np.bool_]:
        """Which vertices are switches of the scale-out network: no devices, NICs or switches inside nodes (vertices,)."""
        nic = self.tiers.index(NIC) if NIC in self.tiers else -1
        found: NDArray[np.bool_] = (self.tier != self.scale_up_tier) & (self.tier != nic)
        found[: self.devices] = False
        return found

    @cached_property
    def ports(self) -> NDArray[np.int64]:
        """The vertex at which the network cables of every device end: itself, or the NIC that it shares (devices,)."""
        found: NDArray[np.int64] = np.arange(self.devices)
        if HOST_NIC in self.levels:
            device, nic = self.ends[self.level == self.levels.index(HOST_NIC)].T
            found[device] = nic
        return found

    @cached_property
    def is_cable(self) -> NDArray[np.bool_]:
        """Which cables leave a node: those of the scale-out network but for what joins devices to shared NICs (cables,)."""
        inside = [self.levels.index(level) for level in (SCALE_UP, HOST_NIC) if level in self.levels]
        found: NDArray[np.bool_] = ~np.isin(self.level, inside)
        return found

    @cached_property
    def switches_by_tier(self) -> dict[str, int]:
        """Switches of the scale-out network per tier name, lowest tier first."""
        counts = np.bincount(self.tier[self.devices :], minlength=len(self.tiers))
        return {tier: int(n) for tier, n in zip(self.tiers, counts, strict=True) if n and tier not in (SCALE_UP, NIC)}

    @cached_property
    def cables_by_level(self) -> dict[str, int]:
        """Physical cables of the scale-out network per level name, lowest level first."""
        counts = np.bincount(self.level, minlength=len(self.levels))
        return {level: int(n) for level, n in zip(self.levels, counts, strict=True) if level not in (SCALE_UP, HOST_NIC)}

    def vertex_name(self, vertex: int) -> str:
        """Return a vertex's tier and its number there, such as `host12` or `leaf3`."""
        tier = int(self.tier[vertex])
        return f"{self.tiers[tier]}{int((self.tier[:vertex] == tier).sum())}"

    def graph(self) -> nx.MultiGraph:
        """Return the wiring as a networkx multigraph: vertices with tier and node, cables with level and lanes."""
        import networkx as nx  # noqa: PLC0415  # 0.2 s, paid only by those who ask for this view

        graph = nx.MultiGraph(name=self.name)
        graph.add_nodes_from((v, {"tier": self.tiers[self.tier[v]], "node": int(self.node[v])}) for v in range(self.vertices))
        graph.add_edges_from(
            (int(a), int(b), {"level": self.levels[level], "lanes": int(lanes)})
            for (a, b), level, lanes in zip(self.ends, self.level, self.lanes, strict=True)
        )
        return graph


def check_whole(family: str, *, least: int = 1, most: int | None = None, **values: int) -> None:
    """Return nothing when every named value is a whole number >= least (and <= most).

    Raises:
        InputError: the first value that is not, by its name.
    """
    rule = f">= {least}" if most is None else f"from {least} to {most}"
    for name, value in values.items():
        if value < least or (most is not None and value > most):
            raise InputError(f"{family}: {name} must be a whole number {rule}, got {value}")


def check_size(family: str, cables: int) -> None:
    """Return nothing when a wiring of so many cables fits in memory; families call it before they build arrays.

    Raises:
        InputError: more than MAX_CABLES.
    """
    if cables > MAX_CABLES:
        raise InputError(f"{family}: at most {MAX_CABLES:,} cables can be held in memory, this size needs {cables:,}")


def whole_numbers(family: str, key: str, text: str, *, least: int = 1) -> tuple[int, ...]:
    """Return the whole numbers of a parameter such as `4x4x2`.

    Raises:
        InputError: text of another form, or a number below `least`.
    """
    parts = text.split("x")
    if not all(WHOLE.fullmatch(part) for part in parts) or any(int(part) < least for part in parts):
        raise InputError(f"{family}: {key} must be whole numbers >= {least} joined by x, as 4x4x2, got {text!r}")
    return tuple(map(int, parts))


def tier_names(count: int) -> list[str]:
    """Return the names of `count` switch tiers, lowest first: leaf, spine, core, tier4, tier5, ..."""
    return [*("leaf", "spine", "core")[:count], *(f"tier{n}" for n in range(4, count + 1))]


def uplinks(lower: NDArray[np.integer], upper: NDArray[np.integer], parallel: int = 1) -> Ints:
    """Return the cables (n, 2) from each lower[i] to every upper[i, j]: `parallel` rows per pair."""
    heads = np.repeat(lower, upper.shape[1] * parallel)
    return np.stack([heads, np.repeat(upper.ravel(), parallel)], axis=1).astype(np.int32)


def assemble(
    family: str,
    params: Mapping[str, object],
    tier_sizes: Mapping[str, int],
    cables: Mapping[str, NDArray[np.integer]],
    *,
    node: Ints | None = None,
    rail: NDArray[np.int16] | None = None,
    plane: NDArray[np.int16] | None = None,
    lanes: Mapping[str, int] | None = None,
) -> Topology:
    """Return the Topology of tiers numbered one after the other and of cables (n, 2) per level.

    tier_sizes: vertices per tier, the devices' tier first. node and rail are arrays over the devices; by default every
    device is a node of its own, without a rail. plane is an array over all vertices, -1 for what stands in every plane;
    by default there is one plane, 0. lanes: level -> lanes of each of its cables, 1 where it is not named.

    Raises:
        InputError: an array of another shape, or a cable that ends at no vertex.
    """
    sizes = np.array(list(tier_sizes.values()))
    devices, total = int(sizes[0]), int(sizes.sum())
    _check_over(family, "node", node, "device", devices)
    _check_over(family, "rail", rail, "device", devices)
    _check_over(family, "plane", plane, "vertex", total)
    for level, rows in cables.items():
        _check_cables(family, level, np.asarray(rows), total)
    tier = np.repeat(np.arange(len(sizes), dtype=np.int8), sizes)
    ends = np.concatenate([np.asarray(c, dtype=np.int32).reshape(-1, 2) for c in cables.values()])
    counts = [len(c) for c in cables.values()]
    return Topology(
        family=family,
        params=params,
        tiers=tuple(tier_sizes),
        levels=tuple(cables),
        devices=devices,
        tier=tier,
        node=_over_vertices(np.arange(devices) if node is None else node, total, np.int32),
        rail=_over_vertices(np.full(devices, -1) if rail is None else rail, total, np.int16),
        plane=np.zeros(total, dtype=np.int16) if plane is None else plane.astype(np.int16),
        forwards=tier > 0,
        ends=ends,
        level=np.repeat(np.arange(len(counts), dtype=np.int8), counts),
        lanes=np.repeat(np.array([(lanes or {}).get(level, 1) for level in cables], dtype=np.int16), counts),
    )


def _check_over(family: str, name: str, array: NDArray[np.generic] | None, of: str, count: int) -> None:
    """Return nothing where the array is left out or has one value per device or vertex; InputError where it has not."""
    if array is not None and array.shape != (count,):
        raise InputError(f"{family}: {name} must have one value per {of}, {count} in one row, got shape {array.shape}")


def _check_cables(family: str, level: str, rows: NDArray[np.generic], total: int) -> None:
    """Return nothing where every row is a cable between two vertices that are there; InputError where one is not."""
    if rows.ndim != 2 or rows.shape[1] != 2 or not np.issubdtype(rows.dtype, np.integer):
        raise InputError(
            f"{family}: cables of level {level!r} must be whole numbers, two ends a row, shape (cables, 2), "
            f"got {rows.dtype} of shape {rows.shape}"
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < total:
        wrong = rows.min() if rows.min() < 0 else rows.max()
        raise InputError(f"{family}: cables of level {level!r} must end at vertices 0 to {total - 1}, got {wrong}")


def _over_vertices(devices: NDArray[np.generic], total: int, dtype: type[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Return an array over all vertices: the devices' values, -1 for every switch."""
    values = np.full(total, -1, dtype=dtype)
    values[: len(devices)] = devices
    return values


def copies(one: Topology, devices: NDArray[np.integer]) -> tuple[dict[str, int], dict[str, Ints], NDArray[np.int16]]:
    """Return tier sizes, cables per level and planes (-1 for devices) of independent copies of a network, for assemble.

    devices: (copies, devices of one), the device that each device of a copy is in the whole. Switches are numbered tier
    by tier, inside a tier copy by copy; copy c is plane c.
    """
    own = np.bincount(one.tier)
    total = np.concatenate([[devices.max() + 1], len(devices) * own[1:]])
    place = np.arange(one.vertices) + (np.cumsum(total) - total - np.cumsum(own) + own)[one.tier]
    number = place + np.arange(len(devices))[:, None] * own[one.tier]
    number[:, : one.devices] = devices
    cables = {level: number[:, one.ends[one.level == i]].reshape(-1, 2) for i, level in enumerate(one.levels)}
    planes = [np.full(total[0], -1), *(np.repeat(np.arange(len(devices)), count) for count in own[1:])]
    return dict(zip(one.tiers, total.tolist(), strict=True)), cables, np.concatenate(planes).astype(np.int16)
