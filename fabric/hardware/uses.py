"""Words of what a node's library and switches may use: their keys, and how on and off are written. It knows no fabric."""

from __future__ import annotations

from collections.abc import Mapping

ABLE: Mapping[str, str] = {
    "nvls": "switches of a scale-up domain add and copy for NCCL",
    "ll128": "NCCL's protocol LL128",
    "sharp": "switches of the network add",
}
"""Key -> what is on or off."""
USES = tuple(ABLE)
WORDS: Mapping[str, bool] = {"on": True, "true": True, "off": False, "false": False}
"""How it is written; YAML reads a bare on or off as true or false."""


def on_or_off(value: object) -> bool | None:
    """Return whether a value says on; None where it says neither."""
    return WORDS.get(str(value).strip().lower())
