"""What the switches and the library of a fabric use: NVLS in a domain, the protocol LL128, adding in the network (SHARP).

A key of a TOPO wins over the node's entry in the catalogue, that over what the architecture has. It times nothing, and does not
know which algorithms need what (predict).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fabric.hardware.uses import ABLE, USES, on_or_off
from fabric.text.escape import shown
from topologies.base import Topology
from topologies.errors import InputError

NVLS: Final = "nvls"
SHARP: Final = "sharp"
ADDING = ("nvswitch", "nvswitch_chips", "nvl72")
"""Graphs inside nodes whose switches can add and copy."""


def taken(params: dict[str, str]) -> dict[str, bool]:
    """Take the keys out of the parameters of a short form and return what they say.

    Raises:
        InputError: a value that is neither on nor off.
    """
    return {key: _said(key, params.pop(key)) for key in USES if key in params}


def read(content: Mapping[str, object]) -> dict[str, bool]:
    """Return what the mapping `uses` of a fabric's YAML file says; InputError for another key or value."""
    for key in content:
        if key not in USES:
            raise InputError(f"uses: must be of {', '.join(USES)}, got {shown(str(key))}")
    return {key: _said(key, value) for key, value in content.items()}


def _said(key: str, value: object) -> bool:
    found = on_or_off(value)
    if found is None:
        raise InputError(f"{key}: must be on or off, got {shown(str(value))}")
    return found


def check(topology: Topology, uses: Mapping[str, bool]) -> None:
    """Raise InputError where NVLS is said to be on and nothing inside the nodes could do it."""
    kind = topology.params.get("scale_up", "none")
    if uses.get(NVLS) and kind not in ADDING:
        raise InputError(f"{NVLS}: on needs switches inside nodes that add, scale_up={', '.join(ADDING)}, got scale_up={kind}")


def assumptions(uses: Mapping[str, bool]) -> list[str]:
    """Return a line for every one that is said, nothing for the others."""
    return [f"{key}: {'on' if uses[key] else 'off'} ({ABLE[key]})" for key in USES if key in uses]
