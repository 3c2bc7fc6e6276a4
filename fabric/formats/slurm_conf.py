"""Reads and writes Slurm's topology.conf (tree; blocks are read). It does not know slurm.conf, states or partitions.

`SwitchName=s1 Nodes=n[1-4]` and `SwitchName=top Switches=s[1-2]`, or `BlockName=b1 Nodes=n[1-4]`; spaces around `=`, quotes
and `Include FILE` (of the same folder) as Slurm reads them; what `scontrol show topology` prints is read as well. A file of
ours starts with its counts, so that a cut one is found; a foreign one that is cut between two lines looks whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fabric.formats.defects import MISSING, NOISE, Defect, left_out
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.hostlist import compress, expand
from fabric.formats.named import Named, Written
from fabric.formats.tree import Branch, apart, from_tree, to_branches
from fabric.text.files import read_text
from fabric.text.numbers import maybe_whole
from topologies.errors import InputError

STAMP = re.compile(r"# fabricbench\.tree/1 switches=(\d+) nodes=(\d+)")
WORD = re.compile(r'([A-Za-z]+)\s*=\s*(?:"([^"]*)"|(\S+))(?=\s|$)')
INCLUDE = re.compile(r"include\s+(\S+)", re.IGNORECASE)
ABOVE = {"switchname": "switches", "blockname": "", "aggregatedblock": "blocks"}
"""What a line is about -> the key of what stands below it, beside nodes."""
LEFT_OUT = {
    "linkspeed": "LinkSpeed",
    "blocksizes": "BlockSizes",
    "level": "Level",
    "blockindex": "BlockIndex",
    "blocksize": "BlockSize",
}
NOTHING_ABOVE = (
    "Slurm's blocks have nothing above them in the file; ask within one block (--ranks), or describe what joins them: "
    "SwitchName=top Switches=BLOCK,BLOCK"
)
MOST_INCLUDED = 8


@dataclass
class _Read:
    """What has been read so far of a file and those that it includes."""

    branches: list[Branch] = field(default_factory=list)
    blocks: set[str] = field(default_factory=set)
    losses: set[str] = field(default_factory=set)
    defects: list[Defect] = field(default_factory=list)
    included: int = 0


def read(text: str, where: str) -> Named:
    """Return the fabric of a topology.conf, or of what scontrol shows of one.

    Raises:
        InputError: no line that describes a switch or a block, a switch below itself, fewer lines than the file says.
    """
    found = _Read()
    _read_lines(text, where, found, 0)
    check_stamp(text, found.branches, where)
    below = {name for branch in found.branches for name in branch.switches}
    if found.blocks - below:
        found.losses.add("blocks are read as switches without anything above")
    because = NOTHING_ABOVE if found.blocks - below else ""
    return from_tree(found.branches, where, sorted(found.losses), found.defects, apart=because)


def _read_lines(text: str, where: str, found: _Read, at: int) -> None:
    """Read every line; at: the line that included this text, 0 for the file itself."""
    for number, line in _logical(text, where):
        include = INCLUDE.fullmatch(line)
        if include:
            _include(include[1], where, at or number, found)
            continue
        try:
            _read_line(line, where, at or number, found)
        except InputError as error:
            found.defects.append(left_out(NOISE, error, where, at or number))


def _include(name: str, where: str, number: int, found: _Read) -> None:
    """Read a file that another one names, from the folder of that one; a defect where it is not there."""
    path = Path(where).parent / Path(name).name
    found.included += 1
    try:
        text = read_text(path, "include") if found.included <= MOST_INCLUDED else ""
    except InputError:
        text = ""
    if not text.strip():
        told = f"Include {shortened(name)!r}: no such file with content beside this one; it is left out"
        found.defects.append(Defect(MISSING, number, told))
        return
    _read_lines(text, where, found, number)


def check_stamp(text: str, branches: Sequence[Branch], where: str) -> None:
    """Return nothing where the counts on the first line, if there are any, are those of the tree."""
    stamp = STAMP.match(text)
    if not stamp:
        return
    told = f"{stamp[1]} switches and {stamp[2]} nodes"
    counted = (len(branches), sum(len(b.nodes) for b in branches))
    if (maybe_whole(stamp[1]), maybe_whole(stamp[2])) != counted:
        raise fault(where, 1, f"{told}, as the file says of itself (it may be cut)", f"{counted[0]} and {counted[1]}")
    if not text.endswith("\n"):
        raise fault(where, text.count("\n") + 1, f"a line end after the last of {told} (the file may be cut)")


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


def _read_line(line: str, where: str, number: int, found: _Read) -> None:
    """Add what a line describes.

    Raises:
        InputError: words of another form, or a broken list of names.
    """
    keys = _keys(line, number, where, found)
    found.losses |= {f"{LEFT_OUT[key]} is left out" for key in keys if key in LEFT_OUT}
    if set(keys) <= {"blocksizes"}:
        return
    kind = next((kind for kind in ABOVE if kind in keys), None)
    if kind is None:
        raise fault(where, number, "SwitchName=NAME with Switches=LIST or Nodes=LIST, or BlockName=NAME Nodes=LIST", line)
    unknown = sorted(set(keys) - {*LEFT_OUT, kind, "nodes", ABOVE[kind]})
    if unknown:
        found.losses.add(f"{', '.join(unknown)}: not known of topology.conf, left out")
    names = expand(keys[kind], where, number)
    members = {key: tuple(expand(keys[key], where, number)) if key in keys else () for key in ("switches", "nodes")}
    if kind == "aggregatedblock":
        members["switches"], names = tuple(names), ["+".join(names)]
    if len(names) != 1:
        raise fault(where, number, "one switch per line", keys[kind])
    found.blocks |= set(names) - {""} if kind != "switchname" else set()
    found.branches.append(Branch(names[0], members["switches"], members["nodes"], number))


def _keys(line: str, number: int, where: str, found: _Read) -> Mapping[str, str]:
    """Return the words of a line by key; a word that is none of KEY=VALUE is a defect, a line without any an error."""
    words = list(WORD.finditer(line))
    rest = " ".join(WORD.sub(" ", line).split())
    if not words:
        raise fault(where, number, "KEY=VALUE words such as SwitchName=s1 Nodes=n[1-4]", line)
    if rest:
        found.defects.append(Defect(NOISE, number, f"{shortened(rest)!r} is no KEY=VALUE; it is left out"))
    return {word[1].lower(): (word[2] if word[3] is None else word[3]).strip() for word in words}


def write(named: Named) -> Written:
    """Return the topology.conf of the fabric's tree, top first; losses say what a tree leaves out."""
    branches, losses = to_branches(named)
    branches = apart(branches)
    body = [f"SwitchName={b.name}{_list(' Switches', b.switches)}{_list(' Nodes', b.nodes)}" for b in branches]
    return Written(stamp(branches) + "".join(line + "\n" for line in body), tuple(losses))


def _list(key: str, names: Sequence[str]) -> str:
    return f"{key}={compress(names)}" if names else ""
