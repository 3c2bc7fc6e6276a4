"""Star: every device on one switch. It does not know how fast the switch is.

switches = 1, cables = devices, endpoint diameter 2. Source: definition of the family.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, check_whole, uplinks


def star(devices: int = 4) -> Topology:
    """Return `devices` devices on one switch.

    Raises:
        InputError: fewer than one device.
    """
    check_whole("star", devices=devices)
    check_size("star", devices)
    hosts = np.arange(devices)
    return assemble(
        "star",
        {"devices": devices},
        {"host": devices, "leaf": 1},
        {"host-leaf": uplinks(hosts, np.full((devices, 1), devices))},
    )
