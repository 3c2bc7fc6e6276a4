"""The layers of a search: what runs in each, which of them the network's own switches add up. It runs nothing.

A port that is down shows where switches add up (NVLS, SHARP: every port carries its share) and hides on a ring, which goes by
the ports that are left; so what one layer finds and the other clears says where to look.

Sources: NVIDIA, NCCL user guide, NCCL_ALGO and NCCL_COLLNET_ENABLE; NVIDIA/nccl #1670 (an algorithm of one collective from 2.24
on) and #1898 (NVLS adds no i64: what the ranks agree on must not run on it), read 2026-11-29.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fabric.text.numbers import natural
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.slow.state import Found
    from fabric.slow.tree import Tree

LAYERS = ("collective", "in-network", "pairs")
ADDED_UP_BY = frozenset({"nvls", "nvlstree", "collnet", "collnetdirect", "collnetchain", "sharp"})
"""Algorithms of NCCL and of MPI libraries in which switches add up, as `plain` writes them."""
FROM_VERSION = (2, 24)
"""Of NCCL, from which on an algorithm can be asked of one collective alone."""


def plain(algorithm: str) -> str:
    """Return an algorithm's name without what is written one way here and another there: `NVLS_Tree` is nvlstree."""
    return "".join(c for c in algorithm.lower() if c.isalnum())


def in_network(algorithm: str) -> bool:
    """Return whether switches add up in it: `allreduce:nvls` as well as `CollnetDirect`."""
    return any(plain(part.rpartition(":")[2]) in ADDED_UP_BY for part in algorithm.split(";"))


def check_layers(layers: Sequence[str], backend: str, collective: str) -> None:
    """Return nothing where a backend can run these layers of a collective.

    Raises:
        InputError: no such layer, one twice, or switches that add up where nothing can ask for them.
    """
    for layer in layers:
        if layer not in LAYERS:
            raise InputError(f"layers: must be some of {', '.join(LAYERS)}, got {layer!r}")
    if len({*layers}) < len(layers):
        raise InputError(f"layers: must be different, got {','.join(layers)}")
    if "in-network" not in layers:
        return
    if backend != "nccl":
        raise InputError(f"layers: in-network needs nccl and switches that add up (NVLS, SHARP); {backend} cannot ask for them")
    if collective != "all_reduce":
        raise InputError(f"layers: in-network adds up, --collective must be all_reduce, got {collective}")


def check_version(layers: Sequence[str], nccl: str) -> None:
    """Return nothing where this version of NCCL can be asked for the layers' algorithms; InputError where it is too old."""
    version = tuple(natural(part) or 0 for part in nccl.split(".")[:2])
    if "in-network" in layers and version < FROM_VERSION:
        raise InputError(f"layers: in-network needs NCCL {'.'.join(map(str, FROM_VERSION))} or newer, got {nccl}")


def forced(layers: Sequence[str], layer: str, *, one_node: bool, environment: Mapping[str, str] = os.environ) -> str:
    """Return what NCCL_ALGO must be in a layer, empty where the library chooses.

    In-network: SHARP where it is switched on (NCCL_COLLNET_ENABLE=1), else NVLS, between nodes as a tree; the collective layer
    beside it is a ring, so that the two differ.
    """
    if layer == "in-network":
        sharp = environment.get("NCCL_COLLNET_ENABLE") == "1"
        return f"allreduce:{'collnetdirect' if sharp else 'nvls' if one_node else 'nvlstree'}"
    return "allreduce:ring" if layer == "collective" and "in-network" in layers else ""


def only_in_network(tree: Tree, found: Sequence[tuple[bool, Found]]) -> list[str]:
    """Return the names of what is slow where switches add up and cleared by another layer. found: whether they add up in it."""
    slow = {s for adds, one in found if adds for verdict in one.verdicts for s in verdict.suspects}
    cleared = {s for adds, one in found if not adds for s in one.cleared}
    return [tree.word(s) for s in sorted(slow & cleared)]


def told(names: Sequence[str]) -> str:
    """Return that in words; empty where there is none."""
    return f"; {', '.join(names)}: in-network only, which a port that is down would show" if names else ""
