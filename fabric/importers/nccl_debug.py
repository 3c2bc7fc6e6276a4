"""What a log of NCCL_DEBUG=INFO says for certain: ranks, channels, rings, trees, NICs, transports. It is context, no result.

The format is documented nowhere and changes: a line is taken only where its form leaves no doubt, and nothing is concluded
from a line that is missing. Facts: logs in NVIDIA/nccl's issues 226, 302, 952, 1189, 1412, 1814, read 2026-11-29.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from fabric.text.numbers import whole

LINE = re.compile(r"(\S+?):\d+:\d+ \[[^\]]*\] NCCL INFO (.*)")
VERSION = re.compile(r"\bNCCL version (\d[\w.+-]*)")
RANKS = re.compile(r"\b[nN][rR]anks (\d{1,7})(?: nNodes (\d{1,6}))?")
COUNTS = re.compile(r"(\d{1,3}) coll channels")
RING = re.compile(r"Channel (\d{1,3})/(\d{1,3}) :((?:\s+\d{1,7})+)\s*$")
TREE = re.compile(r"\[(\d{1,3})\] (?:-?\d{1,7}/){2}-?\d{1,7}->(\d{1,7})->(-?\d{1,7})")
VIA = re.compile(
    r"(?:Channel|Ring) \d{1,3}(?:/\d{1,3})? : (\d{1,7})(?:\[\w+\])? -> (\d{1,7})(?:\[\w+\])?( \[send\]| \[receive\])? via (\S+)"
)
NET = re.compile(r"NET/([\w-]+)/(\d{1,3})(?:\(\w*\))?(/GDRDMA)?")
USING = re.compile(r"NET/(?:IB|Socket) : Using (.*)")
NIC = re.compile(r"\[(\d{1,3})\]([\w.-]+)(?::\d+)?")
MOST = 64
"""Ranks up to which rings and trees are kept whole: a result carries its context."""


def context(text: str) -> dict[str, Any]:
    """Return what the log says, {} where it has no line of NCCL; ranks, nodes, version only where all lines say one."""
    said = [(found[1], found[2]) for line in text.splitlines() if "NCCL INFO" in line and (found := LINE.search(line))]
    if not said:
        return {}
    ranks = {(whole(found[1], "rank"), found[2]) for _, line in said if (found := RANKS.search(line))}
    facts: dict[str, Any] = {
        "version": _one({found[1] for line in text.splitlines() if "NCCL version" in line and (found := VERSION.search(line))}),
        "ranks": _one({count for count, _ in ranks}),
        "nodes": _one({whole(nodes, "rank") for _, nodes in ranks if nodes}),
        "channels": _one({whole(found[1], "rank") for _, line in said if (found := COUNTS.search(line))}),
        "rings": _rings(said),
        "tree_parents": _parents(said),
        "transports": _transports(said),
        "nic_of_rank": _nics(said),
    }
    return {name: value for name, value in facts.items() if value}


def _one(values: set[Any]) -> Any:
    return next(iter(values)) if len(values) == 1 else None


def _rings(said: list[tuple[str, str]]) -> dict[str, list[int]]:
    """Return each channel's ranks in order; {} where two lines of a channel differ (several communicators) or it is long."""
    rings: dict[str, list[int]] = {}
    for _, line in said:
        if found := RING.search(line):
            order = [whole(rank, "rank") for rank in found[3].split()]
            if rings.setdefault(found[1], order) != order or len(order) > MOST:
                return {}
    return rings


def _parents(said: list[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return per channel the rank above each rank, -1 of a root; {} where lines differ."""
    parents: dict[str, dict[str, int]] = {}
    for _, line in said:
        for channel, rank, parent in TREE.findall(line) if line.startswith("Trees ") else ():
            own = parents.setdefault(channel, {})
            if own.setdefault(rank, whole(parent, "rank", -1)) != whole(parent, "rank", -1) or len(own) > MOST:
                return {}
    return parents


def _transports(said: list[tuple[str, str]]) -> dict[str, int]:
    """Return how many connections go by each transport, NICs' numbers left open."""
    counted: Counter[str] = Counter()
    for _, line in said:
        if found := VIA.search(line):
            net = NET.match(found[4])
            counted[f"NET/{net[1]}{net[3] or ''}" if net else found[4]] += 1
    return dict(sorted(counted.items()))


def _nics(said: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the NICs that each rank sends or receives through, by the names of the host that printed the line."""
    names: dict[tuple[str, str], str] = {}
    found: dict[str, set[str]] = {}
    for host, line in said:
        if using := USING.search(line):
            names.update({(host, index): name for index, name in NIC.findall(using[1])})
    for host, line in said:
        via = VIA.search(line)
        net = NET.match(via[4]) if via else None
        if via and net and via[3]:
            rank = via[1] if "send" in via[3] else via[2]
            found.setdefault(rank, set()).add(names.get((host, net[2]), f"device {net[2]}"))
    return {rank: sorted(nics) for rank, nics in sorted(found.items(), key=lambda item: whole(item[0], "rank"))[:MOST]}
