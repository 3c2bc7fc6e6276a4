"""Which algorithms need switches that add, and whether a fabric says that it has none. It times none of them."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.network.fabric import Fabric
from fabric.network.uses import NVLS, SHARP
from topologies.errors import InputError

NEEDED: Mapping[str, str] = {"nvls": NVLS, "nvls_tree": NVLS, "sharp": SHARP}
"""Algorithm -> what must not be off."""


def check_used(fabric: Fabric, text: str) -> None:
    """Raise InputError where an algorithm (`nvls_tree:chunks=16`) needs what the fabric says is off."""
    name = text.partition(":")[0]
    key = NEEDED.get(name)
    if key is not None and fabric.uses.get(key) is False:
        raise InputError(f"algorithm: {name} needs {key}=on, and {fabric.name or fabric.topology.name} says off; use ring")
