"""How well `slow --method search` finds what is slow, on simulated sites: faults planted, times as a launcher would see.

A test is a ring of nodes that all send to the next at once, device by device. Its time is that of the fullest link by the
router's own crossings (ideal split), over the link's health, or of the slowest device, times noise: of every block, of every
visit, and now and then a burst. Noise after the spread of collectives of 1 MiB and more at Leonardo, LUMI and MareNostrum 5:
the high end of a cell is 1.4 to 1.9 % above its median in the middle, in a tenth of the cells 10 to 80 %; visits of one cell
differ by a standard deviation of 1 to 4 % (LUMI) (HLC-Lab/pico @413bc5d, MIT; figures only). Congestion by others, where asked
for, halves what leads out of one group for one visit: whoever is named for it is named falsely.

    python -m benchmarks.slow_sites --sites 2000     # the table of docs/slow.md, on all cores
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from math import ceil, exp, log, log2
from time import process_time
from types import MappingProxyType
from typing import Any

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.routing.route import route
from fabric.network.spec import load
from fabric.slow.adaptive import search
from fabric.slow.belief import entropy_bits
from fabric.slow.plan import Test, steps
from fabric.slow.state import Found
from fabric.slow.tree import Tree, tree_of
from fabric.sweep import sweep

BLOCK_NOISE, VISIT_NOISE, BURSTS, BURST = 0.02, 0.02, 0.05, 0.5
"""Of a block, of a visit (Student's t with 4 degrees of freedom), the share of blocks with a burst and its mean size."""
BLOCKS = 5
SLOWEST, LEAST = 4.0, 1.25
KINDS = ("device", "nic", "cable", "switch")
RAIL_KINDS = (*KINDS, "node", "leaf", "pair")
"""A node: all its NICs. A leaf: the switch of one rail of a smallest group, to which all its nodes hang by one NIC each.
A pair: what two groups carry between each other alone (one lost ways towards the other), or the cables between them."""
VERDICTS = {"device": "device", "nic": "rail", "cable": "boundary", "switch": "boundary", "node": "node", "leaf": "switch",
            "pair": "pair"}  # fmt: skip
"""What each kind is to be called, where nodes have several rails; elsewhere a slow device or NIC is a slow node."""
CROWD = 2.0
CHUNK = 20
"""Sites that a process takes at a time."""


@dataclass
class Site:
    """A fabric with what is planted: factors of devices (by number), of cables, and between pairs of groups (by suspect).

    told: what must be named, by kind.

    crowded: share of visits in which others take half of what leads out of one group.
    """

    fabric: Fabric
    tree: Tree
    seed: int
    devices: dict[int, float] = field(default_factory=dict)
    cables: dict[int, float] = field(default_factory=dict)
    between: dict[int, float] = field(default_factory=dict)
    told: list[tuple[str, set[int]]] = field(default_factory=list)
    crowded: float = 0.0

    def __post_init__(self) -> None:
        """Take the generator of its noise."""
        self.random = np.random.default_rng(self.seed)

    def ask(self, tests: Sequence[Test]) -> list[list[float]]:
        """Return the seconds of every block of each test; a launcher would run them at once.

        On direct networks whose rings go by neighbours a test waits for the others of its round on cables that they share.
        """
        crowd = self._crowd()
        beside = [self._load(test) for test in tests] if self.tree.walked else []
        return [self._blocks(self.seconds(test, crowd, sum(beside[:at] + beside[at + 1 :]))) for at, test in enumerate(tests)]

    def _crowd(self) -> dict[int, float]:
        """Return the cables that others load during one round, with the factor of what is left."""
        if not (self.crowded and self.tree.layers) or self.random.random() >= self.crowded:
            return {}
        at = int(self.random.integers(len(self.tree.layers)))
        group = int(self.random.integers(len(self.tree.layers[at].names)))
        if self.tree.layers[at].direct:
            return {}
        return dict.fromkeys(_leads_out(self.fabric, self.tree, at, self.tree.boundary(at, group)).tolist(), CROWD)

    def _blocks(self, seconds: float) -> list[float]:
        visit = VISIT_NOISE * self.random.standard_t(4)
        bursts = np.where(self.random.random(BLOCKS) < BURSTS, self.random.exponential(BURST, BLOCKS), 0.0)
        noise = BLOCK_NOISE * self.random.standard_normal(BLOCKS)
        return [float(v) for v in seconds * np.exp(visit + bursts + noise)]

    def _load(self, test: Test) -> np.ndarray:
        """Return the messages on every link."""
        if test.inside:
            return np.zeros(len(self.fabric.link_speed))
        source, target = (np.array(side, dtype=np.int32) for side in zip(*self.pairs(test), strict=True))
        return np.asarray(route(self.fabric.topology, source, target, each=False).per_link)

    def seconds(self, test: Test, crowd: Mapping[int, float] = MappingProxyType({}), beside: np.ndarray | float = 0.0) -> float:
        """Return how long a test takes without noise. crowd: factors of cables that others load; beside: others' messages."""
        pairs = self.pairs(test)
        devices = {int(d) for pair in pairs for d in pair}
        worst = max(self.devices.get(d, 1.0) for d in devices)
        if test.inside:
            return worst
        load_ = self._load(test)
        load_ = np.where(load_ > 0, load_ + beside, 0.0)
        health = np.ones(len(load_))
        for cable, factor in self.cables.items():
            health[2 * cable : 2 * cable + 2] = 1 / factor
        for cable, factor in crowd.items():
            health[2 * cable : 2 * cable + 2] /= factor
        nic = self.fabric.nic_speed
        slowest = (load_ * nic / (self.fabric.link_speed * health)).max()
        return float(max(worst, slowest, *(self._between(pair, pairs) for pair in self.between), 0.0))

    def _between(self, pair: int, pairs: Sequence[tuple[int, int]]) -> float:
        """Return how long what goes from one group of a slow pair to the other takes, of what leads out of them."""
        at, *ends = self.tree.ends(pair)
        group = {d: int(self.tree.layers[at].group[n]) for n, own in enumerate(self.tree.devices) for d in own}
        mine = [(a, b) for a, b in pairs if {group[a], group[b]} == {*ends}]
        if not mine:
            return 0.0
        source, target = (np.array(side, dtype=np.int32) for side in zip(*mine, strict=True))
        load_ = route(self.fabric.topology, source, target, each=False).per_link
        leads = np.concatenate([_leads_out(self.fabric, self.tree, at, self.tree.boundary(at, end)) for end in ends])
        links = np.concatenate([2 * leads, 2 * leads + 1])
        return self.between[pair] * float((load_[links] * self.fabric.nic_speed / self.fabric.link_speed[links]).max())

    def pairs(self, test: Test) -> list[tuple[int, int]]:
        """Return who sends to whom."""
        devices = self.tree.devices
        if test.inside:
            (node,) = test.nodes
            return [(d, d) for d in devices[node]]
        rails = [r for r in range(len(devices[0])) if r not in test.without] if test.rail is None else [test.rail]
        return [(devices[a][r], devices[b][r]) for a, b in steps(test) for r in rails]


def planted(fabric: Fabric, tree: Tree, faults: int, seed: int, kinds: Sequence[str] = KINDS, crowded: float = 0.0) -> Site:
    """Return a site with so many faults of drawn kinds, places and factors, on different nodes and groups."""
    site, rng = Site(fabric, tree, seed, crowded=crowded), np.random.default_rng([seed, 7])
    taken = set[int]()
    tiered = [at for at, layer in enumerate(tree.layers) if not layer.direct]
    usable = [kind for kind in kinds if _there(tree, kind, tiered)]
    while len(site.told) < faults:
        kind, factor = str(rng.choice(usable)), exp(rng.uniform(log(LEAST), log(SLOWEST)))
        devices: list[int] = []
        if kind in ("device", "nic", "node"):
            node = int(rng.integers(tree.nodes))
            devices = [int(rng.choice(tree.devices[node]))] if kind != "node" else [int(d) for d in tree.devices[node]]
            named = {node}
        elif kind == "leaf":
            layer, rail = tree.layers[0], int(rng.integers(len(tree.devices[0])))
            named = {int(n) for n in np.flatnonzero(layer.group == rng.integers(len(layer.names)))}
            devices = [int(tree.devices[n][rail]) for n in named]
        elif kind == "pair":
            named = {tree.first_pair + int(rng.integers(len(tree.pairs)))}
        else:
            at = int(rng.integers(len(tiered)))
            named = {tree.boundary(at, int(rng.integers(len(tree.layers[at].names))))}
        hides = named | _ways_out(tree, named)
        if hides & taken:
            continue
        taken |= hides
        if kind == "device":
            site.devices |= dict.fromkeys(devices, factor)
        elif kind == "pair":
            _slow_pair(site, *named, factor)
        elif devices:
            site.cables |= dict.fromkeys(_of_devices(fabric, devices), factor)
        else:
            (suspect,) = named
            leads = _leads_out(fabric, tree, at, suspect)
            chosen = [int(rng.choice(leads))] if kind == "cable" else leads.tolist()
            site.cables |= dict.fromkeys(chosen, factor)
        site.told.append((kind, named))
    return site


def _there(tree: Tree, kind: str, tiered: Sequence[int]) -> bool:
    """Return whether a fabric has what a kind of fault is of."""
    if kind in ("device", "nic", "node"):
        return True
    return bool(len(tree.pairs) if kind == "pair" else tree.switches if kind == "leaf" else tiered)


def _ways_out(tree: Tree, named: Collection[int]) -> set[int]:
    """Return what leads out of the groups of a pair, or their one node: where that is slow, the pair cannot be told."""
    ends = [(tree.layers[at], at, g) for s in named if s >= tree.first_pair for at, *both in (tree.ends(s),) for g in both]
    alone = {int(np.flatnonzero(layer.group == g)[0]) for layer, _, g in ends if layer.size[g] == 1}
    return alone | {tree.boundary(at, g) for layer, at, g in ends if not layer.direct}


def _slow_pair(site: Site, pair: int, factor: float) -> None:
    """Slow a pair of groups: its own cables, or what their ways carry between the two."""
    leads = site.tree.pairs.leads[pair - site.tree.first_pair]
    if len(leads):
        site.cables |= dict.fromkeys(leads.tolist(), factor)
    else:
        site.between[pair] = factor


def _of_devices(fabric: Fabric, devices: Sequence[int]) -> list[int]:
    """Return the cables by which devices hang on the network."""
    topology = fabric.topology
    own = np.isin(topology.ends, devices).any(axis=1) & (topology.level != topology.scale_up_level)
    return [int(cable) for cable in np.flatnonzero(own)]


def _leads_out(fabric: Fabric, tree: Tree, at: int, suspect: int) -> np.ndarray:
    """Return the cables that lead out of a group."""
    topology, layer = fabric.topology, tree.layers[at]
    tier = topology.tiers.index(layer.what)
    group = suspect - tree.first[at] if layer.boundaries > 1 else 0
    inside = {d for n in np.flatnonzero(layer.group == group) for d in tree.devices[int(n)]}
    below = (topology.tier[topology.ends] <= tier).all(axis=1)
    members = set(inside)
    for _ in range(tier + 1):
        grown = {int(v) for ends in topology.ends[below] if members & set(ends.tolist()) for v in ends}
        members |= grown
    outer = np.flatnonzero(~below & (topology.level != topology.scale_up_level))
    rows = [int(c) for c in outer if (int(topology.ends[c, 0]) in members) != (int(topology.ends[c, 1]) in members)]
    return np.array(rows)


@dataclass(frozen=True)
class Score:
    """What a search of one site came to. found: of the planted, by kind; called: those that were called what they are.

    false: suspects named and not planted, a switch not beside its nodes.
    """

    planted: tuple[str, ...]
    found: tuple[str, ...]
    called: tuple[str, ...]
    false: int
    settled: bool
    tests: int
    rounds: int
    bound: float
    slowest_plan: float


def score(site: Site, **options: float) -> Score:
    """Search a site and return the score."""
    clock: list[float] = []
    last = process_time()

    def ask(tests: Sequence[Test]) -> list[list[float]]:
        nonlocal last
        clock.append(process_time() - last)
        times = site.ask(tests)
        last = process_time()
        return times

    found = search(site.tree, ask, **options)  # type: ignore[arg-type]
    named = {s for v in found.verdicts for s in v.suspects}
    right = {s for _, names in site.told for s in names}
    return Score(
        tuple(kind for kind, _ in site.told),
        tuple(kind for kind, names in site.told if names <= named),
        tuple(
            kind
            for kind, names in site.told
            if any(v.kind == _verdict(site, kind) and names <= {*v.suspects} for v in found.verdicts)
        ),
        len({s for s in named if site.tree.kind(s) != "switch"} - right),
        not found.open,
        found.searched,
        search_rounds(found),
        entropy_bits(site.tree.suspects, len(site.told)),
        max(clock, default=0.0),
    )


def _verdict(site: Site, kind: str) -> str:
    """Return what a fault of a kind is to be called."""
    return VERDICTS[kind] if len(site.tree.devices[0]) > 1 or VERDICTS[kind] in ("boundary", "pair") else "node"


def search_rounds(found: Found) -> int:
    """Return the rounds that searched: confirmations alone do not count, nor pairs of groups that ran beside them."""
    confirmed = {a.round for a in found.asked if a.why in ("with", "without")}
    between = {a.round for a in found.asked if a.why == "between"} - confirmed
    return len(between | {a.round for a in found.asked if a.why == "search"})


def pairs_tests(nodes: int) -> int:
    """Return the tests of every pair once."""
    return nodes * (nodes - 1) // 2


def bisection_tests(nodes: int, faults: int) -> int:
    """Return the tests of halving, one fault after the other, and of one test that nothing is left."""
    return faults * ceil(log2(max(nodes, 2))) + 1


SETTINGS: Sequence[tuple[str, int, Sequence[str], float]] = (
    ("leaf_spine:leaves=8,spines=29,hosts_per_leaf=29", 5, ("device", "nic"), 0.0),
    ("leaf_spine:leaves=8,spines=29,hosts_per_leaf=29", 0, KINDS, 0.0),
    ("leaf_spine:leaves=8,spines=4,hosts_per_leaf=16", 3, KINDS, 0.0),
    ("fat_tree:k=8", 3, KINDS, 0.0),
    ("rail_optimized:nodes=32,rails=4,radix=16", 2, (*KINDS, "node"), 0.0),
    ("rail_optimized:nodes=32,rails=4,radix=16", 1, ("leaf",), 0.0),
    ("fat_tree:k=16", 8, ("device", "nic"), 0.0),
    ("leaf_spine:leaves=8,spines=4,hosts_per_leaf=16", 0, KINDS, 0.2),
    ("rail_optimized:nodes=32,rails=4,radix=16", 1, (*KINDS, "node"), 0.2),
    ("leaf_spine:leaves=8,spines=4,hosts_per_leaf=16", 1, ("pair",), 0.0),
    ("fat_tree:k=8", 1, ("pair",), 0.0),
    ("dragonfly:p=2,a=4,h=2", 1, ("pair",), 0.0),
    ("leaf_spine:leaves=8,spines=29,hosts_per_leaf=29", 3, ("pair", *KINDS), 0.0),
    ("dragonfly:p=2,a=4,h=2", 3, ("device", "nic", "pair"), 0.0),
    ("dragonfly:p=2,a=4,h=2", 0, (), 0.0),
    ("hyperx:dims=4x4,hosts=4", 1, ("pair",), 0.0),
    ("hyperx:dims=4x4,hosts=4", 3, ("device", "nic", "pair"), 0.0),
    ("hyperx:dims=4x4,hosts=4", 0, (), 0.0),
    ("torus:dims=8x8", 1, ("pair",), 0.0),
    ("torus:dims=8x8", 3, ("device", "nic", "pair"), 0.0),
    ("torus:dims=8x8", 0, (), 0.0),
    ("dragonfly_plus:p=4,leaves=4,spines=4,h=1", 3, (*KINDS, "pair"), 0.0),
    ("slim_fly:q=5", 3, ("device", "nic", "pair"), 0.0),
    ("rail_optimized:nodes=64,rails=4,radix=16,scale_up=nvl72,domain=32", 2, (*KINDS, "node"), 0.0),
)
"""Fabric, faults, their kinds, share of visits that others crowd."""
HEAD = (
    "| fabric | nodes | faults | crowded | found: device | nic | cable | switch | node | leaf | pair "
    "| called what it is | named falsely, a site | settled | tests, mean (90 %) | / bound | pairs | halving "
    "| rounds, mean (90 %) | slowest plan | sites |"
)


@cache
def _fabric(spec: str) -> tuple[Fabric, Tree]:
    fabric = load(spec)
    return fabric, tree_of(fabric, unit="domain")


def scored(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores of the sites of some seeds, as JSON has them."""
    fabric, tree = _fabric(task["spec"])
    sites = (planted(fabric, tree, task["faults"], seed, task["kinds"], task["crowded"]) for seed in task["seeds"])
    return [asdict(score(site)) for site in sites]


def scores_of(
    spec: str, faults: int, kinds: Sequence[str] = KINDS, crowded: float = 0.0, *, sites: int, workers: int | None = None
) -> list[Score]:
    """Return the scores of so many sites of a setting. workers: processes, by default one per core."""
    setting = {"spec": spec, "faults": faults, "kinds": list(kinds), "crowded": crowded}
    tasks = [{**setting, "seeds": list(range(first, min(first + CHUNK, sites)))} for first in range(0, sites, CHUNK)]
    return [
        Score(**{k: tuple(v) if isinstance(v, list) else v for k, v in one.items()})
        for some in sweep(scored, tasks, workers=workers)
        for one in some
    ]


def row(spec: str, faults: int, kinds: Sequence[str], crowded: float, sites: int, workers: int | None = None) -> str:
    """Return one setting's row of the table."""
    tree = _fabric(spec)[1]
    scores = scores_of(spec, faults, kinds, crowded, sites=sites, workers=workers)
    rate: Callable[[str], str] = lambda kind: _rate(  # noqa: E731
        sum(s.found.count(kind) for s in scores), sum(s.planted.count(kind) for s in scores)
    )
    tests, rounds = np.array([s.tests for s in scores]), np.array([s.rounds for s in scores])
    bound = scores[0].bound
    cells = [
        f"`{spec}`", tree.nodes, faults, f"{100 * crowded:.0f} %", *map(rate, RAIL_KINDS),
        _rate(sum(len(s.called) for s in scores), sum(len(s.found) for s in scores)),
        f"{sum(s.false for s in scores) / sites:.3f}",
        f"{100 * sum(s.settled for s in scores) / sites:.1f} %",
        f"{tests.mean():.1f} ({np.quantile(tests, 0.9):.0f})",
        f"{tests.mean() / bound:.2f}" if bound else "-", f"{pairs_tests(tree.nodes):,}", bisection_tests(tree.nodes, faults),
        f"{rounds.mean():.1f} ({np.quantile(rounds, 0.9):.0f})", f"{max(s.slowest_plan for s in scores):.2f} s", f"{sites:,}",
    ]  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _rate(found: int, planted_: int) -> str:
    return f"{100 * found / planted_:.1f} %" if planted_ else "-"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--settings", type=int, nargs="*", default=range(len(SETTINGS)))
    parser.add_argument("--topo", nargs="*", default=(), help="fabrics of your own instead, as other verbs name them")
    parser.add_argument("--faults", type=int, nargs="*", default=(0, 1, 3), help="of --topo")
    parser.add_argument(
        "--kinds", nargs="*", choices=RAIL_KINDS, default=RAIL_KINDS[:-1], help="of --faults, where there are such"
    )
    parser.add_argument("--crowded", type=float, default=0.0, help="share of rounds in which others load a way out, of --topo")
    parser.add_argument("--jobs", type=int, help="processes, by default one per core")
    asked = parser.parse_args()
    own = [(spec, faults, asked.kinds, asked.crowded) for spec in asked.topo for faults in asked.faults]
    print(HEAD)
    print("|" + "---|" * HEAD.count(" | ") + "---|")
    for setting in own or [SETTINGS[number] for number in asked.settings]:
        print(row(*setting, asked.sites, asked.jobs), flush=True)


if __name__ == "__main__":
    main()
