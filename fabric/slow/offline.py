"""Who is slow by tests that were run already: the same inference as the search's, and what to test next. It runs no test.

The search confirms an accusation by a ring with the suspect and one without it; here logs do where they can: a suspect is slow
where it is SURE as there, two times say so, and one slow test had it with nobody else but cleared ones. Else it is open. Nobody
is cleared, nor a boundary, that no test shows: it is untested. Of pairs of groups those are open that slow tests accuse.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.names import given_names, vertex_name
from fabric.slow.adaptive import next_tests
from fabric.slow.belief import FIRST_NOISE, LEAST_NOISE, scale_of
from fabric.slow.drawn import LARGEST, drawn
from fabric.slow.findings import counted, rows_of, said, ways_out
from fabric.slow.layers import only_in_network, told
from fabric.slow.logs import Layer
from fabric.slow.plan import SURE, Test
from fabric.slow.plan_pairs import accused
from fabric.slow.search import Report, Row
from fabric.slow.state import Found, Search
from fabric.slow.tree import Tree, tree_of
from fabric.slow.verdicts import RATIO, Kind, Verdict, merged
from fabric.statistics import median
from fabric.text.numbers import natural
from topologies.errors import InputError

TIMES = 2
"""Slow times that confirm, at least: one can be a heavy tail."""
FEWEST = 4
"""Groups of one size that tell what a healthy one of that size takes; fewer are compared with those of other sizes."""
SHOWN = 0.5
"""A suspect is tested where a test shows it with this probability or more, were it slow."""
SAID = 4


@dataclass(frozen=True)
class Known:
    """What the tests of one layer say. untested: suspects that no test shows. next: groups to test."""

    layer: Layer
    found: Found
    untested: tuple[int, ...]
    next: tuple[Test, ...]
    logs: tuple[tuple[Test, int, float], ...]
    """Of every group: the test, how many times it has, and its time / the healthy ones'."""


def hosts_tree(layers: Sequence[Layer], fabric: Fabric | None) -> tuple[Tree, dict[str, int]]:
    """Return the suspects, and the number of every host's node: of the fabric, else the hosts themselves.

    Raises:
        InputError: a host that the fabric does not have, or a group larger than it.
    """
    hosts = list(dict.fromkeys(host for layer in layers for one in layer.tests for host in one.hosts))
    if fabric is None:
        hosts.sort(key=_natural)
        return Tree(tuple(hosts), tuple((n,) for n in range(len(hosts)))), {host: n for n, host in enumerate(hosts)}
    tree, names = tree_of(fabric), node_names(fabric)
    largest = max((one for layer in layers for one in layer.tests), key=lambda one: len(one.hosts))
    if len(largest.hosts) > tree.nodes:
        raise InputError(
            f"topo: must have {len(largest.hosts)} nodes or more, as the group of {largest.file.name} has, got {tree.nodes}"
        )
    number = {host: _node(host, names, layers) for host in hosts}
    called = {node: host for host, node in number.items()}
    if len(called) < len(number):
        twice = next(host for host, node in number.items() if called[node] != host)
        raise InputError(f"from: hosts must be different nodes of the fabric, {twice} and {called[number[twice]]} are one")
    given, word = given_names(fabric.topology), "host" if any(host.startswith("host") for host in hosts) else "node"
    others = given.nodes if given is not None else [f"{word}{n}" for n in range(tree.nodes)]
    own = tuple(called.get(n, others[n]) for n in range(tree.nodes))
    return replace(tree, names=own, switches=False), number


def node_names(fabric: Fabric) -> dict[str, int]:
    """Return the node of every name that a host may be called by: the file's, else node3, host3."""
    topology, found = fabric.topology, dict[str, int]()
    node = topology.node[: topology.devices]
    given = given_names(topology)
    for number in range(topology.nodes):
        found |= {f"node{number}": number, f"host{number}": number}
    if given is not None:
        single = topology.nodes == topology.devices
        found |= {name: number for number, name in enumerate(given.nodes[: topology.nodes])}
        found |= {vertex_name(topology, device): int(node[device]) for device in range(topology.devices) if single}
    return found


def _node(host: str, names: Mapping[str, int], layers: Sequence[Layer]) -> int:
    for name in (host, host.split(".", maxsplit=1)[0]):
        if name in names:
            return names[name]
    file = next(one.file.name for layer in layers for one in layer.tests if host in one.hosts)
    near = ", ".join(difflib.get_close_matches(host, names, 3, 0.6) or list(names)[:3])
    raise InputError(f"topo: must have the host {host!r} of {file}, it has names such as {near}")


def _natural(name: str) -> tuple[str, int, str]:
    digits = "".join(c for c in name if c.isascii() and c.isdigit())
    return "".join(c for c in name if not c.isdigit()), natural(digits[:18]) or 0, name


def known(tree: Tree, number: Mapping[str, int], layer: Layer, least: float) -> Known:
    """Return what the tests of one layer say of every suspect."""
    state = Search(tree, least)
    timed = [(Test(tuple(number[host] for host in one.hosts)), one.blocks) for one in layer.tests]
    groups: dict[Test, list[float]] = {}
    for test, blocks in timed:
        groups.setdefault(test, []).append(log(median(blocks)))
    usual = _usual(groups)
    for test, blocks in timed:  # a group run again is a test of its own: another visit
        state.take(test, [seconds / usual.get(len(test.nodes), 1.0) for seconds in blocks], "search")
    state.spreads += [max(LEAST_NOISE, spread_of(logs)) for logs in groups.values() if len(logs) > 2]
    shown = np.array(state.rows).max(axis=0)
    found = _found(state, layer)
    untested = tuple(int(s) for s in np.flatnonzero(shown < SHOWN))
    there = {*untested}
    found = replace(
        found,
        cleared=tuple(s for s in found.cleared if s not in there),
        open=tuple(s for s in found.open if s not in there),
        rounds=1,
    )
    scale = state.scale
    each = {test: [v for (t, _), v in zip(timed, state.logs, strict=True) if t == test] for test in groups}
    logs = tuple((test, len(values), exp(min(median(values) - scale.centre, LARGEST))) for test, values in each.items())
    return Known(layer, found, untested, _next(state), logs)


def spread_of(logs: Sequence[float]) -> float:
    """Return the spread of logarithms of one group's times: a standard deviation, by their median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(np.asarray(logs) - np.median(logs))))


def _usual(groups: Mapping[Test, Sequence[float]]) -> dict[int, float]:
    """Return what a healthy group of so many nodes takes over one of any, where FEWEST groups or more tell.

    groups: the logarithms of their times.
    """
    logs = {test: median(times) for test, times in groups.items()}
    all_ = scale_of(np.array(list(logs.values()))).centre
    sizes: dict[int, list[float]] = {}
    for test, value in logs.items():
        sizes.setdefault(len(test.nodes), []).append(value)
    return {size: exp(scale_of(np.array(own)).centre - all_) for size, own in sizes.items() if len(own) >= FEWEST}


def _found(state: Search, layer: Layer) -> Found:
    """Return the findings, each confirmed by the logs; the state then knows whom they confirm."""
    tree, probability, scale = state.tree, state.probability(), state.scale
    quiet, slow = state.densities()
    blind = scale.noise > log(1 + state.least)
    well = probability < state.clear
    asked_about = state.asked_about(probability)
    cleared = [] if blind else [int(s) for s in np.flatnonzero(well)]
    for suspect in np.flatnonzero(probability >= SURE).tolist():
        others = np.flatnonzero(np.logical_not(well) & asked_about)
        others = others[others != suspect]
        mine = [t for t in np.flatnonzero(slow > quiet) if state.rows[t][suspect] >= SHOWN]
        alone = [t for t in mine if not (state.rows[t][others] > 0).any()]
        factors = [exp(state.logs[t] - scale.centre) for t in alone]
        if alone and len(mine) >= TIMES and not blind and log(median(factors)) > RATIO * scale.noise:
            state.factors[suspect] = factors
    wide = exp(RATIO * scale.noise)
    verdicts = []
    for suspect, factors in state.factors.items():
        factor = median(factors)
        name, kind, parts = tree.word(suspect), _kind(tree, suspect, layer), _rail(layer)
        verdicts.append(
            Verdict(kind, name, (suspect,), factor, factor / wide, factor * wide, float(probability[suspect]), parts)
        )
    settled = {*cleared, *state.factors}
    left = tuple(s for s in np.flatnonzero(asked_about).tolist() if s not in settled)
    asked = tuple(state.asked)
    noise = scale.noise if state.logs else FIRST_NOISE
    return Found(tuple(merged(tree, verdicts)), tuple(cleared), left, (), probability, asked, 1, noise)


def _kind(tree: Tree, suspect: int, layer: Layer) -> Kind:
    if (what := tree.kind(suspect)) != "node":
        return what
    return "rail" if layer.tests[0].device else "node"


def _rail(layer: Layer) -> tuple[int, ...]:
    """Return the number at the end of the NIC's name."""
    digits = layer.tests[0].device[len(layer.tests[0].device.rstrip("0123456789")) :]
    number = natural(digits[:9])
    return () if number is None else (number,)


def _next(state: Search) -> tuple[Test, ...]:
    """Return the groups that would tell most next, confirmations of open accusations first."""
    probability = state.probability()
    tests, between, checks = next_tests(state, probability)
    between = between if accused(state.tree, state.known(probability)).any() else []
    return tuple(dict.fromkeys([test for _, *pair in checks for test in pair] + [*tests, *between]))


def report(
    layers: Sequence[Layer], fabric: Fabric | None, least: float, commands: Callable[[Tree, Known], list[str]], source: str
) -> Report:
    """Return the report of all layers. commands: the lines that run what is next of a layer.

    Raises:
        InputError: as hosts_tree().
    """
    tree, number = hosts_tree(layers, fabric)
    every = [known(tree, number, layer, least) for layer in layers]
    rows: list[Row] = [*rows_of(tree, [(one.layer.name, one.found) for one in every])]
    untested = {s for s in range(tree.first_pair) if all(s in one.untested for one in every)}
    rows += [_untested(tree, s) for s in sorted(untested)]
    slow = sorted({s for row in rows if row["state"] == "slow" for s in row["suspects"]})
    open_ = {s for row in rows if row["state"] == "open" for s in row["suspects"]}
    wrong = sum(one.wrong for layer in layers for one in layer.tests)
    network = only_in_network(tree, [(one.layer.in_network, one.found) for one in every])
    line = _verdict(tree, every, len(open_), len(untested)) + told(network)
    if wrong:
        line = f"{line}; {wrong} wrong elements: the data itself is damaged"
    context = {
        "source": f"logs of {source}",
        "from": source,
        "launch_ranks": max(one.ranks for layer in layers for one in layer.tests),
        "tests": sum(len(one.logs) for one in every),
        "noise": max(one.found.noise for one in every),
        "undecided": bool(open_ or untested) and not slow,
        "in_network_only": network,
        "next": [line for one in every for line in commands(tree, one)],
        "evidence": [_evidence(tree, one.layer.name, *test) for one in every for test in one.logs],
        **drawn(tree),
    }
    return Report("search", "node", line, tuple(slow), wrong, rows, context)


def _evidence(tree: Tree, layer: str, test: Test, times: int, factor: float) -> dict[str, object]:
    return {"layer": layer, "nodes": [tree.names[n] for n in test.nodes], "why": "log", "times": times, "factor": factor}


def _untested(tree: Tree, suspect: int) -> Row:
    kind = tree.kind(suspect)
    row = {"layer": "-", "state": "untested", "kind": kind, "name": tree.word(suspect), "suspects": [suspect], "parts": []}
    return {**row, "factor": None, "low": None, "high": None, "probability": None, "tests": 0}


def _verdict(tree: Tree, every: Sequence[Known], open_: int, untested: int) -> str:
    """Return one line: who is slow, else who is undecided, and from how many logs."""
    found = [f"{said(v)}{f' [{one.layer.name}]' if len(every) > 1 else ''}" for one in every for v in one.found.verdicts]
    logs = sum(times for one in every for _, times, _ in one.logs)
    cost = f"{counted(sum(len(one.logs) for one in every), 'group')}, {counted(logs, 'time')}"
    left = "".join(f"; {n} of {tree.suspects} {what}" for n, what in ((open_, "undecided"), (untested, "untested")) if n)
    if found:
        more = f"; and {len(found) - SAID} more" if len(found) > SAID else ""
        return f"slow: {'; '.join(found[:SAID])}{more}{left} ({cost})"
    if left:
        return f"inconclusive: nobody named{left} ({cost})"
    return f"none: {tree.nodes} cleared, and {ways_out(tree)} ({cost})"
