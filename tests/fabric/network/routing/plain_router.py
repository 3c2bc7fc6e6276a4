"""A plain router for the tests to compare with: networkx and dictionaries, one message at a time, no speed."""

from collections import defaultdict
from dataclasses import replace
from functools import cache

import networkx as nx
import numpy as np

from topologies import catalog


def links_of(topology, *, inside):
    """Return per vertex its (neighbour, link, ways): of the scale-up graphs (a way per lane), or of the network."""
    links = defaultdict(list)
    for cable, (low, high) in enumerate(topology.ends.tolist()):
        if (topology.level[cable] == topology.scale_up_level) == inside:
            ways = int(topology.lanes[cable]) if inside else 1
            links[low].append((high, 2 * cable, ways))
            links[high].append((low, 2 * cable + 1, ways))
    return links


def way_graph(topology, source, target):
    """Return (links, distance to the target by vertex) in the network that carries this pair; None where none does."""
    for inside in (True, False):
        if inside and topology.node[source] != topology.node[target]:
            continue
        links = links_of(topology, inside=inside)
        graph = nx.DiGraph((a, b) for a, ways in links.items() for b, *_ in ways)
        crossed = (topology.tier == topology.scale_up_tier) if inside else topology.forwards
        allowed = [v for v in graph if v in (source, target) or crossed[v]]
        graph = graph.subgraph(allowed)
        if source in graph and target in graph and nx.has_path(graph, source, target):
            return links, nx.single_source_shortest_path_length(graph, target)
    return None


def plain_loads(topology, source, target, policy="spray"):
    """Return crossings by link of messages split over all shortest ways: evenly per hop (spray) or per way (ideal)."""
    loads = np.zeros(2 * len(topology.ends))
    for s, t in zip(source.tolist(), target.tolist(), strict=True):
        if s == t:
            continue
        links, distance = way_graph(topology, s, t)
        paths = {t: 1.0}
        for v in sorted(distance, key=distance.get)[1:]:
            nearer = [(n, ways) for n, _, ways in links[v] if distance.get(n) == distance[v] - 1]
            counted = sum(paths[n] * (1 if n == t else ways) for n, ways in nearer)  # the last hop's lanes make no ways
            paths[v] = counted if policy == "ideal" else 1.0
        held = {s: 1.0}
        while set(held) != {t}:
            spread = defaultdict(float)
            for v, amount in held.items():
                nearer = [(n, link, ways * paths[n]) for n, link, ways in links[v] if distance.get(n) == distance[v] - 1]
                for n, link, part in nearer:
                    loads[link] += amount * part / sum(part for *_, part in nearer)
                    spread[n] += amount * part / sum(part for *_, part in nearer)
            held = spread
    return loads


def shortest(topology, source, target):
    """Return the links of a shortest way."""
    return way_graph(topology, source, target)[1][source]


@cache
def topology_of(spec):
    return catalog.parse(spec)


def cut(topology, *cables):
    fields = {name: np.delete(getattr(topology, name), cables, axis=0) for name in ("ends", "level", "lanes")}
    return replace(topology, **fields)


def messages(topology, seed=0, count=40):
    rng = np.random.default_rng(seed)
    return rng.integers(0, topology.devices, count), rng.integers(0, topology.devices, count)
