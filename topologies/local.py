"""Local: one machine as a fabric of two ways between its slots. It does not know how many cores or devices there are.

Hub 0 (level `memory`) stands for copies inside the machine, as MPI makes them through shared memory; hub 1 (level
`loopback`) stands for the kernel's TCP loopback, as gloo uses it. The hubs are planes 0 and 1: no route goes from one
to the other. switches = 2, cables = 2 * slots, endpoint diameter 2. Source: ours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from topologies.base import MOST_PER_NODE, Topology, assemble, check_whole, uplinks


def local(slots: int) -> Topology:
    """Return one node that holds `slots` devices, each with one cable to the memory hub and one to the loopback hub.

    Raises:
        InputError: fewer than one slot.
    """
    check_whole("local", most=MOST_PER_NODE, slots=slots)
    device = np.arange(slots)
    wiring = assemble(
        "local",
        {"slots": slots},
        {"host": slots, "hub": 2},
        {
            "memory": uplinks(device, np.full((slots, 1), slots)),
            "loopback": uplinks(device, np.full((slots, 1), slots + 1)),
        },
        node=np.zeros(slots, dtype=np.int32),
        rail=device.astype(np.int16),
    )
    plane = np.full(slots + 2, -1, dtype=np.int16)  # a device stands in both planes
    plane[slots:] = 0, 1
    return replace(wiring, plane=plane)
