"""Which algorithms need switches that add, and whether a fabric has such. It times none of them."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.network.fabric import Fabric
from fabric.network.uses import NVLS, SHARP
from topologies.base import NIC
from topologies.errors import InputError

NEEDED: Mapping[str, str] = {"nvls": NVLS, "nvls_tree": NVLS, "sharp": SHARP}
"""Algorithm -> what must not be off."""
FORWARDING = ("pcie_tree", "host_memory", "cloudmatrix")
"""Graphs inside nodes whose switches pass on what they get, or of which nothing else is known."""


def check_used(fabric: Fabric, text: str) -> None:
    """Raise InputError where an algorithm (`nvls_tree:chunks=16`) needs what the fabric says is off."""
    name = text.partition(":")[0]
    key = NEEDED.get(name)
    if key is not None and fabric.uses.get(key) is False:
        raise InputError(f"algorithm: {name} needs {key}=on, and {fabric.name or fabric.topology.name} says off; use ring")
    if key == SHARP and NIC in fabric.topology.tiers:
        raise InputError("algorithm: sharp is not known where devices share a NIC, which does not add; use ring")
    inside = str(fabric.topology.params.get("scale_up", "none"))
    if key == NVLS and inside in FORWARDING:
        raise InputError(
            f"algorithm: {name} needs switches inside nodes that add, such as scale_up=nvswitch; those of {inside} only forward"
        )
