"""What Slurm tells of now without accounting: squeue's jobs in sacct's columns, sinfo's nodes. It knows no jobs that are over.

Formats as collect.sh asks for them, checked against Slurm 22.05: squeue -o '%A|%a|%u|%V|%S|%e|%T|%b|%D|%N|%Q' (its own heads),
sinfo -N -h -o '%N|%T|%G'. Devices are gres named gpu, npu, dcu or mlu: `gres:gpu:h100:8` (a node's, times nodes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fabric.formats.hostlist import expand
from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.errors import InputError

COLUMNS = ("JOBID", "ACCOUNT", "USER", "SUBMIT_TIME", "START_TIME", "END_TIME", "STATE", "TRES_PER_NODE", "NODES", "NODELIST")
SACCT = "JobIDRaw|Account|Submit|Start|End|State|AllocTRES|ReqTRES|NodeList"
GRES = re.compile(r"(?:^|,)(?:gres[:/])?(?:gpu|npu|dcu|mlu)(?:[:=][^,:=(]*[A-Za-z][^,:=(]*)?(?:[:=]([0-9]+))?(?=[,(]|$)")
"""One kind of device: its name, maybe a type, maybe a count (1 where there is none)."""
NOT_THERE = (
    "down",
    "drained",
    "draining",
    "drain",
    "fail",
    "failing",
    "maint",
    "unknown",
    "error",
    "inval",
    "perfctrs",
    "reboot",
)
"""States of nodes that take no job; what stands behind them (`down*`, `idle~`) is cut off."""


@dataclass(frozen=True)
class NodesNow:
    """Nodes as the scheduler sees them. devices: node -> its devices, where it has any; down: those that take no job."""

    devices: dict[str, int] = field(default_factory=dict)
    down: frozenset[str] = frozenset()


def as_sacct(text: str, where: str) -> str:
    """Return squeue's jobs as lines of sacct's columns: those that run or wait; the devices of a node times its nodes.

    Raises:
        InputError: another header than collect.sh asks for.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines[0].split("|") if lines else []
    absent = [name for name in COLUMNS if name not in head]
    if absent:
        raise InputError(
            f"{where}: must be squeue as collect.sh asks it, with {absent[0]}, got {shown(lines[0] if lines else '')}"
        )
    found = [SACCT]
    for line in lines[1:]:
        cells = line.split("|")
        if len(cells) != len(head):
            found.append(line)  # counted by who reads it
            continue
        row = dict(zip(head, cells, strict=True))
        tres = f"gres/gpu={devices_of(row['TRES_PER_NODE']) * (natural(row['NODES']) or 0)}"
        tenant = row["USER"] if row["ACCOUNT"] in ("", "(null)") else row["ACCOUNT"]
        times = (row["SUBMIT_TIME"], row["START_TIME"], row["END_TIME"])
        found.append("|".join((row["JOBID"], tenant, *times, row["STATE"], tres, tres, row["NODELIST"])))
    return "\n".join(found) + "\n"


def devices_of(gres: str) -> int:
    """Return the devices in a list of gres such as `gres:gpu:h100:8`, `gpu:8(S:0-1)` or `gres/gpu=8`; 0 for none."""
    return sum(natural(count) or 0 if count else 1 for count in GRES.findall(re.sub(r"\([^)]*\)", "", gres)))


def nodes_now(text: str, where: str) -> NodesNow:
    """Return the nodes that sinfo names; a node of several partitions stands once."""
    devices, down = dict[str, int](), set[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        names, _, rest = line.partition("|")
        state, _, gres = rest.partition("|")
        for name in expand(names, where, number) if names.strip() else ():
            count = devices_of(gres)
            devices |= {name: count} if count else {}
            if state.strip().lower().rstrip("*~#!%$@^-+") in NOT_THERE:
                down.add(name)
    return NodesNow(devices, frozenset(down))
