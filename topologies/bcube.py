"""BCube: servers with k + 1 ports, each on one switch per digit of its number. It does not know speeds or routes.

n^(k+1) servers, which forward; (k + 1) n^k switches of n ports; (k + 1) n^(k+1) cables; endpoint diameter 2 (k + 1) hops,
a switch and a cable between two servers counted as two.
Source: Guo et al., "BCube: a high performance, server-centric network architecture for modular data centers",
SIGCOMM 2009.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_size, check_whole, uplinks
from topologies.direct import forwarding

FAMILY = "bcube"
MOST_LEVELS = 24


def bcube(n: int, k: int) -> Topology:
    """Return BCube_k of n-port switches: k + 1 levels, the server's digit in base n left out at each.

    Raises:
        InputError: n below 2, k below 0, or too large for memory.
    """
    check_whole(FAMILY, least=2, n=n)
    check_whole(FAMILY, least=0, most=MOST_LEVELS, k=k)
    servers = n ** (k + 1)
    check_size(FAMILY, (k + 1) * servers)
    server = np.arange(servers)
    homes = [level * n**k + server // n ** (level + 1) * n**level + server % n**level for level in range(k + 1)]
    return forwarding(
        assemble(
            FAMILY,
            {"n": n, "k": k},
            {"host": servers, "switch": (k + 1) * n**k},
            {"host-switch": uplinks(server, servers + np.stack(homes, axis=1))},
        )
    )
