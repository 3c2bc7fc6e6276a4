"""Reads and writes htsim's .topo of a fat-tree of two or three tiers: sizes, speeds and latencies per tier. It knows no flows.

Layout checked against Broadcom/csg-htsim, sim/datacenter/fat_tree_topology.cpp and topologies/*.topo: all numbers are
whole; Oversubscribed is a tier's downlinks per uplink, Bundle how many cables join two switches; htsim counts the
switches itself, and what it would count differently is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fabric.formats.faults import fault, lines, number
from fabric.formats.named import Cable, Named, Vertex, Written, scale_out
from fabric.formats.observe import observed
from fabric.text.numbers import natural
from topologies.base import check_size
from topologies.errors import InputError


@dataclass(frozen=True)
class _Tier:
    """One tier of switches: its name, how many, lanes down and up of each, lanes between it and one below, Gb/s, ns."""

    name: str
    count: int
    down: int
    up: int
    bundle: int
    speed: int
    latency: int


def write(named: Named) -> Written:
    """Return Nodes, Tiers, Podsize and per tier speed, radix, oversubscription, bundle and latency.

    Raises:
        InputError: other than two or three tiers of equal switches, or a fabric that htsim would wire differently.
    """
    topology = named.topology
    names = list(topology.switches_by_tier)
    if len(names) not in (2, 3) or "switch" in names:
        raise InputError(
            f"htsim: expected two or three tiers of switches, got {topology.name} with {', '.join(names) or 'none'}"
        )
    levels = [name for name in named.fabric.levels if name in topology.cables_by_level]
    tiers = [_tier(named, name, level) for name, level in zip(names, levels, strict=False)]
    if len(tiers) < len(names):
        raise InputError(f"htsim: expected cables below every tier, got {', '.join(levels) or 'none'}")
    pods = 1 if len(tiers) == 2 else _pods(named)
    over = _oversubscribed(topology.devices, pods, tiers)
    rows = [f"Nodes {topology.devices}", f"Tiers {len(tiers)}", f"Podsize {topology.devices // pods}"]
    for index, tier in enumerate(tiers):
        top = index == len(tiers) - 1
        rows += ["", f"Tier {index}", f"Downlink_speed_Gbps {tier.speed}", f"Radix_Down {tier.down}"]
        rows += [] if top else [f"Radix_Up {tier.up}", f"Oversubscribed {over[index]}"]
        rows += [f"Bundle {tier.bundle}"] * (index > 0) + [f"Downlink_Latency_ns {tier.latency}"]
    told = "names, nodes, and which cable goes where are left out: htsim wires it itself"
    rounded = "speeds are rounded to Gb/s and latencies to ns, of which htsim reads whole ones"
    return Written("\n".join(rows) + "\n", (told, rounded))


def read(text: str, where: str) -> Named:
    """Return the fat-tree that htsim wires from a .topo file: hosts on leaves, leaves on their pod's spines, these on cores.

    Raises:
        InputError: a missing or broken line, or sizes that do not divide each other.
    """
    head, tiers = _parse(text, where)
    hosts, podsize = _whole(head, "nodes", where), _whole(head, "podsize", where, head.get("nodes", ""))
    if len(tiers) not in (2, 3):
        raise fault(where, 1, "two or three tiers, each behind a line such as Tier 0", f"{len(tiers)}")
    down, up = _whole(tiers[0], "radix_down", where), _whole(tiers[0], "radix_up", where)
    bundle = _whole(tiers[1], "bundle", where, "1")
    if hosts % podsize or podsize % down or up % bundle:
        sizes = f"Nodes {hosts}, Podsize {podsize}, Radix_Down {down}, Radix_Up {up}, Bundle {bundle}"
        raise fault(where, 1, "Podsize to divide Nodes, Radix_Down to divide Podsize, Bundle to divide Radix_Up", sizes)
    leaves, wide = podsize // down, up // bundle
    check_size("htsim", hosts * (2 + up))
    speeds = [number(tier.get("downlink_speed_gbps"), where, 1, "Downlink_speed_Gbps") * 125e6 for tier in tiers]
    cables = [Cable(f"host{h}", f"leaf{h // down}", speed=speeds[0]) for h in range(hosts)]
    pods = hosts // podsize if len(tiers) == 3 else 1
    per_pod = leaves if len(tiers) == 3 else hosts // down
    for pod in range(pods):
        for leaf in range(per_pod):
            spines = [f"spine{pod * wide + s}" for s in range(wide) for _ in range(bundle)]
            cables += [Cable(f"leaf{pod * per_pod + leaf}", spine, speed=speeds[1]) for spine in spines]
    cables += _to_cores(tiers, pods, wide, speeds, where) if len(tiers) == 3 else []
    names = dict.fromkeys(name for cable in cables for name in (cable.a, cable.b))
    vertices = [Vertex(name, name.startswith("host"), tier=name.rstrip("0123456789")) for name in names]
    losses = ["latencies are left out", "which cable goes where is not in the file; they are as htsim wires them"]
    return observed(vertices, cables, where, losses)


def _to_cores(tiers: list[dict[str, str]], pods: int, wide: int, speeds: list[float], where: str) -> list[Cable]:
    """Return the cables from every pod's spines to their share of the cores."""
    up, bundle = _whole(tiers[1], "radix_up", where), _whole(tiers[2], "bundle", where, "1")
    if up % bundle:
        raise fault(where, 1, "Bundle to divide the Radix_Up of the tier below", f"{bundle} and {up}")
    share = up // bundle
    check_size("htsim", pods * wide * up)
    return [
        Cable(f"spine{pod * wide + s}", f"core{s * share + c}", speed=speeds[2])
        for pod in range(pods)
        for s in range(wide)
        for c in range(share)
        for _ in range(bundle)
    ]


def _parse(text: str, where: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the words before the first tier and those of every tier, keys in lower case."""
    head: dict[str, str] = {}
    tiers: list[dict[str, str]] = []
    for line_number, line in lines(text, where):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise fault(where, line_number, "a word and its value, such as Podsize 16", line)
        key = words[0].lower()
        if key == "tier":
            tiers.append({})
        elif key != "tiers":
            (tiers[-1] if tiers else head)[key] = words[1]
    return head, tiers


def _whole(row: dict[str, str], key: str, where: str, usual: str = "") -> int:
    value = row.get(key, usual)
    found = natural(value)
    if found is None or not 0 < found < 10**8:
        raise fault(where, 1, f"{key}: a whole number above zero", value)
    return found


def _tier(named: Named, name: str, level: str) -> _Tier:
    topology = named.topology
    down, up = _ports(named, topology.tiers.index(name), name)
    found = named.fabric.levels[level]
    speed, latency = round(found.speed * 8 / 1e9), max(1, round(found.latency * 1e9))
    if speed < 1:
        raise InputError(f"htsim: expected at least 1 Gb/s, {level} has {found.speed * 8 / 1e9:g}")
    return _Tier(name, topology.switches_by_tier[name], down, up, _bundle(named, level), speed, latency)


def _oversubscribed(nodes: int, pods: int, tiers: list[_Tier]) -> list[int]:
    """Return what htsim takes for each tier's oversubscription, after counting the switches as it does.

    Raises:
        InputError: it would count others than there are.
    """
    found = []
    for low, high in pairwise(tiers):
        over, rest = divmod(low.down * low.speed, max(1, low.up * high.speed))
        if rest or over < 1:
            ratio = f"{low.down} x {low.speed} down, {low.up} x {high.speed} Gb/s up"
            raise InputError(f"htsim: a tier's downlinks must be a whole multiple of its uplinks, {low.name} has {ratio}")
        found.append(over)
    leaf, second = tiers[0], tiers[1]
    ways = leaf.up // second.bundle
    counted = [nodes // leaf.down, pods * ways, *([ways * second.up // tiers[2].bundle] if len(tiers) == 3 else [])]
    right = nodes % (leaf.down * pods) == 0 and leaf.bundle == 1 and leaf.down // leaf.up == found[0]
    if not right or counted != [tier.count for tier in tiers]:
        told = ", ".join(f"{tier.count} {tier.name}" for tier in tiers)
        raise InputError(f"htsim: it would wire {' + '.join(map(str, counted))} switches with one cable per host, not {told}")
    return found


def _bundle(named: Named, level: str) -> int:
    """Return the lanes between two vertices of a level, which must be the same everywhere."""
    topology = named.topology
    mine = topology.level == topology.levels.index(level)
    pairs, place = np.unique(topology.ends[mine], axis=0, return_inverse=True)
    lanes = np.unique(np.bincount(place.reshape(-1), weights=topology.lanes[mine], minlength=len(pairs)).astype(int))
    if len(lanes) > 1:
        raise InputError(f"htsim: as many cables must join any two switches, {level} has {lanes[0]} to {lanes[-1]}")
    return int(lanes[0])


def _pods(named: Named) -> int:
    from fabric.formats.tree import groups  # noqa: PLC0415  # scipy is paid only by three tiers

    second = list(named.topology.switches_by_tier)[1]
    return sum(group.tier == second for group in groups(named))


def _ports(named: Named, tier: int, name: str) -> tuple[int, int]:
    """Return the lanes down and up of a switch of the tier, which must all be alike."""
    topology = named.topology
    kept = scale_out(topology)
    low, high = topology.ends[kept].T
    lanes = topology.lanes[kept].astype(np.int64)
    mine = np.flatnonzero((topology.tier == tier) & (np.arange(topology.vertices) >= topology.devices))
    found = [np.bincount(ends, weights=lanes, minlength=topology.vertices)[mine].astype(int) for ends in (high, low)]
    if any(len(np.unique(ports)) > 1 for ports in found):
        raise InputError(f"htsim: switches of a tier must be alike, {name} has {found[0].min()} to {found[0].max()} ports down")
    return int(found[0][0]), int(found[1][0])
