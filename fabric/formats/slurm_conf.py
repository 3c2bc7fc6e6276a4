"""Reads and writes Slurm's topology.conf (tree; blocks are read). It does not know slurm.conf, states or partitions.

`SwitchName=s1 Nodes=n[1-4]` and `SwitchName=top Switches=s[1-2]`, or `BlockName=b1 Nodes=n[1-4]`. A file of ours starts
with its counts, so that a cut one is found; a foreign one that is cut between two lines looks whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fabric.formats.faults import fault, lines
from fabric.formats.hostlist import compress, expand
from fabric.formats.named import Named, Written
from fabric.formats.tree import Branch, apart, from_tree, to_branches
from fabric.text.numbers import maybe_whole

STAMP = re.compile(r"# fabricbench\.tree/1 switches=(\d+) nodes=(\d+)")
WORD = re.compile(r"([A-Za-z]+)=(\S+)")
IGNORED = ("LinkSpeed", "BlockSizes")


def read(text: str, where: str) -> Named:
    """Return the fabric of a topology.conf.

    Raises:
        InputError: a line of another form, a broken list of names, a tree that is none, fewer lines than the file says.
    """
    branches, losses = [], set()
    for number, line in _logical(text, where):
        keys = _keys(line, number, where)
        losses |= {f"{key} is left out" for key in IGNORED if key.lower() in keys}
        branches += _branch(keys, number, line, where)
    check_stamp(text, branches, where)
    blocks = ["blocks are read as switches without anything above"] * any(
        "blockname" in line.lower() for _, line in _logical(text, where)
    )
    return from_tree(branches, where, (*sorted(losses), *blocks))


def check_stamp(text: str, branches: Sequence[Branch], where: str) -> None:
    """Return nothing where the counts on the first line, if there are any, are those of the tree."""
    stamp = STAMP.match(text)
    found = (len(branches), sum(len(b.nodes) for b in branches))
    if stamp and (maybe_whole(stamp[1]), maybe_whole(stamp[2])) != found:
        told = f"{stamp[1]} switches and {stamp[2]} nodes"
        raise fault(where, 1, f"{told}, as the file says of itself (it may be cut)", f"{found[0]} and {found[1]}")


def stamp(branches: Sequence[Branch]) -> str:
    """Return the first line of a file of ours."""
    return f"# fabricbench.tree/1 switches={len(branches)} nodes={sum(len(b.nodes) for b in branches)}\n"


def _logical(text: str, where: str) -> list[tuple[int, str]]:
    """Return the lines without comments, continued ones joined, at the number of their first."""
    found: list[tuple[int, str]] = []
    joined = False
    for number, raw in lines(text, where):
        line = raw.partition("#")[0].rstrip()
        if joined:
            found[-1] = (found[-1][0], found[-1][1].removesuffix("\\") + " " + line)
        elif line.strip():
            found.append((number, line.strip()))
        joined = line.endswith("\\")
    if joined:
        raise fault(where, found[-1][0] if found else 1, "a line after the backslash (the file may be cut)")
    return found


def _keys(line: str, number: int, where: str) -> Mapping[str, str]:
    words = [WORD.fullmatch(word) for word in line.split()]
    if not all(words):
        raise fault(where, number, "KEY=VALUE words such as SwitchName=s1 Nodes=n[1-4]", line)
    return {word[1].lower(): word[2] for word in words if word}


def _branch(keys: Mapping[str, str], number: int, line: str, where: str) -> list[Branch]:
    unknown = set(keys) - {"switchname", "switches", "nodes", "blockname", "linkspeed", "blocksizes"}
    if set(keys) == {"blocksizes"}:
        return []
    name = keys.get("switchname", keys.get("blockname"))
    if unknown or name is None or not ({"switches", "nodes"} & set(keys)):
        raise fault(where, number, "SwitchName=NAME with Switches=LIST or Nodes=LIST, or BlockName=NAME Nodes=LIST", line)
    members = {key: tuple(expand(keys[key], where, number)) if key in keys else () for key in ("switches", "nodes")}
    names = expand(name, where, number)
    if len(names) != 1:
        raise fault(where, number, "one switch per line", name)
    return [Branch(names[0], members["switches"], members["nodes"], number)]


def write(named: Named) -> Written:
    """Return the topology.conf of the fabric's tree, top first; losses say what a tree leaves out."""
    branches, losses = to_branches(named)
    branches = apart(branches)
    body = [f"SwitchName={b.name}{_list(' Switches', b.switches)}{_list(' Nodes', b.nodes)}" for b in branches]
    return Written(stamp(branches) + "".join(line + "\n" for line in body), tuple(losses))


def _list(key: str, names: Sequence[str]) -> str:
    return f"{key}={compress(names)}" if names else ""
