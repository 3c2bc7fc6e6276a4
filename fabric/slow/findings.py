"""What a search found as rows and one line, and the lines that take a node out of service. It searches and runs nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from fabric.slow.plan import filled
from fabric.slow.state import Found
from fabric.slow.tree import Tree
from fabric.slow.verdicts import RATIO, Verdict

WORDS: Mapping[str, str] = {
    "device": "slow device",
    "rail": "slow rail of a node",
    "node": "slow node",
    "switch": "slow switch",
    "boundary": "slow boundary",
    "pair": "slow between two groups",
    "hung": "never answers",
    "software": "slow, its software differs",
}
DRAINED = ("device", "rail", "node", "hung", "software")
"""Kinds of findings on one node, which can be taken out of service."""
MET = 0.5
"""How full a test makes a pair of groups that it counts for."""
SAID = 4
"""Findings that the one line names."""


def rows_of(tree: Tree, found: Sequence[tuple[str, Found]]) -> list[dict[str, Any]]:
    """Return a row per finding, per undecided and contended suspect, then one per cleared suspect, layer by layer."""
    rows = []
    for layer, one in found:
        rows += [_slow(layer, v) | {"tests": _evidence(tree, one, v.suspects)} for v in one.verdicts]
        states = (("open", one.open), ("contended", one.contended), ("untested", one.untested), ("cleared", one.cleared))
        for state, suspects in states:
            rows += [
                {
                    "layer": layer,
                    "state": state,
                    "kind": tree.kind(s),
                    "name": tree.word(s),
                    "suspects": [s],
                    "parts": [],
                    "factor": None,
                    "low": None,
                    "high": None,
                    "probability": float(one.probability[s]),
                    "tests": _evidence(tree, one, (s,)),
                }
                for s in suspects
            ]
    return rows


def _slow(layer: str, v: Verdict) -> dict[str, Any]:
    ended = v.kind != "hung"
    return {
        "layer": layer,
        "state": "slow",
        "kind": v.kind,
        "name": v.name,
        "suspects": list(v.suspects),
        "parts": list(v.parts),
        "factor": v.factor if ended else None,
        "low": v.low if ended else None,
        "high": v.high if ended else None,
        "probability": v.probability,
    }


def _evidence(tree: Tree, found: Found, suspects: Sequence[int]) -> int:
    """Return how many tests the suspects' own nodes took part in; that confirmed a boundary; that met a pair of groups."""
    nodes = {s for s in suspects if s < tree.nodes}
    if (pairs := [s for s in suspects if s >= tree.first_pair]) and not nodes:
        return sum(bool((filled(tree, a.test)[0][pairs] >= MET).any()) for a in found.asked)
    return sum(bool(nodes & {*a.test.nodes}) if nodes else a.why == "with" for a in found.asked)


def verdict(tree: Tree, found: Sequence[tuple[str, Found]], least: float = 0.1) -> str:
    """Return one line: what is slow and by how much, else how many are cleared or undecided, and at what cost.

    least: what was looked for is slower by more. Where nobody is, the factor from which on somebody would have been named:
    1 + least, or what the noise of two tests hides.
    """
    slow = [f"{said(v)}{_of_layer(layer, found)}" for layer, one in found for v in one.verdicts]
    rounds, tests = sum(one.rounds for _, one in found), sum(one.searched for _, one in found)
    cost = f"{counted(tests, 'test')} in {counted(rounds, 'round')}, confirmations apart"
    undecided = max((len(one.open) for _, one in found), default=0)
    left = f"; {undecided} of {tree.suspects} undecided" if undecided else ""
    untested = max((len(one.untested) for _, one in found), default=0)
    noise = max((one.noise for _, one in found), default=0.0)
    pairs = f"; {untested} of {len(tree.pairs)} pairs of groups not told" if untested else ""
    left += pairs
    if slow:
        more = f"; and {len(slow) - SAID} more" if len(slow) > SAID else ""
        return f"slow: {'; '.join(slow[:SAID])}{more}{left} ({cost})"
    if undecided:
        why = f"a test's time varies by {100 * noise:.1f} % of itself; raise --block, --repeats or --least"
        return f"inconclusive: {undecided} of {tree.suspects} suspects undecided, nobody named ({cost}); {why}"
    factor = max(1 + least, exp(RATIO * noise))
    limit = f"nobody takes over {factor:.2f}x the others' time, a test's own varies by {100 * noise:.1f} %"
    return f"none: {tree.nodes} cleared, and {ways_out(tree, untested)}{pairs} ({cost}); {limit}"


def counted(count: int, word: str) -> str:
    """Return how many there are of what a word names, in words."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def ways_out(tree: Tree, untested: int = 0) -> str:
    """Return how many boundaries there are, what smallest groups hang on, and pairs of groups but for the untested."""
    switches = tree.first_pair - tree.first_switch
    boundaries = f"{tree.first_switch - tree.nodes} boundaries{f', {switches} of their switches' if switches else ''}"
    return f"{boundaries}, {len(tree.pairs) - untested} pairs of groups" if len(tree.pairs) else boundaries


def _of_layer(layer: str, found: Sequence[tuple[str, Found]]) -> str:
    return f" [{layer}]" if len(found) > 1 else ""


def said(v: Verdict) -> str:
    """Return a finding in words, with its factor and interval."""
    parts = f" {', '.join(map(str, v.parts))}" if v.parts else ""
    if v.kind == "hung":
        return f"{v.name} never answers"
    what = {"device": f"device{parts} of {v.name}", "rail": f"rail{parts} of {v.name}", "boundary": f"boundary {v.name}"}
    what["pair"] = f"what goes between {v.name.replace(' | ', ' and ')}"
    return f"{what.get(v.kind, v.name)} takes {v.factor:.2f}x the others' time ({v.low:.2f}-{v.high:.2f})"


def drains(rows: Sequence[Mapping[str, Any]], scheduler: str) -> list[str]:
    """Return the command lines that take the slow nodes out of service: of Slurm, else of Kubernetes; nothing runs them."""
    names = {row["name"]: row for row in rows if row["state"] == "slow" and row["kind"] in DRAINED}
    if scheduler == "slurm":
        return [
            f"scontrol update NodeName={shlex.quote(name)} State=DRAIN Reason={shlex.quote(f'fabricbench: {_reason(row)}')}"
            for name, row in names.items()
        ]
    return [f"kubectl cordon {shlex.quote(name)}" for name in names]


def _reason(row: Mapping[str, Any]) -> str:
    return WORDS[row["kind"]] if row["factor"] is None else f"{WORDS[row['kind']]}, {row['factor']:.2f}x"
