"""ZCube: two groups of switches, every device on one of each, all of one group joined to all of the other. It knows no speeds.

a switches in the first group, b in the second; device d hangs on switch d mod a of the first (like a rail) and d div a of the
second (like a rack), so that no two devices share both:
    endpoints a b; switches a + b; host cables 2 a b; switch cables a b;
    ports: 2 b on a switch of the first group, 2 a on one of the second; half of them lead to devices.
Two devices on a common switch are 2 hops apart over one way, others 3 over two, one from each port of the source: each port
has exactly one best way to every other device. With a = b = R / 2 on switches of R ports: R^2 / 4 endpoints on R switches, one
port between switches for every port of a device, where a two-tier Clos needs two.
Source: Yan et al., "From ATOP to ZCube", SIGCOMM 2025, and Z.ai's description of its cluster (2026), both as others tell of
them: no spine, two groups of switches in a complete bipartite graph, access by rails in one and by servers in the other, two
switches at most on a way. Which device hangs where is ours.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, check_whole, uplinks

FAMILY = "zcube"


def zcube(a: int, b: int) -> Topology:
    """Return the ZCube of `a` and `b` switches with a b devices.

    Raises:
        InputError: a count below 2, or too large for memory.
    """
    check_whole(FAMILY, least=2, a=a, b=b)
    devices = a * b
    check_size(FAMILY, 3 * devices)
    device, first, second = np.arange(devices), devices + np.arange(a), devices + a + np.arange(b)
    homes = np.stack([devices + device % a, devices + a + device // a], axis=1)
    return assemble(
        FAMILY,
        {"a": a, "b": b},
        {"host": devices, "switch": a + b},
        {"host-switch": uplinks(device, homes), "switch-switch": uplinks(first, np.tile(second, (a, 1)))},
    )
