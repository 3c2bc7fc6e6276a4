"""Star: every device on one switch. It does not know how fast the switch is.

switches = 1, cables = devices, endpoint diameter 2. Source: definition of the family.
"""

from __future__ import annotations

import numpy as np

from topologies.base import InputError, Topology, assemble


def star(devices: int = 4) -> Topology:
    """Return `devices` devices on one switch.

    Raises:
        InputError: fewer than one device.
    """
    if devices < 1:
        raise InputError(f"star: devices must be a whole number >= 1, got {devices}")
    hosts = np.arange(devices)
    return assemble(
        "star",
        {"devices": devices},
        {"host": devices, "leaf": 1},
        {"host-leaf": np.stack([hosts, np.full(devices, devices)], axis=1)},
    )
