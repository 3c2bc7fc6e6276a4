"""DCell: cells of servers on one switch, joined server to server, level by level. It does not know speeds or routes.

t_0 = n servers on a switch; DCell_l is t_(l-1) + 1 copies of DCell_(l-1) with one cable between any two copies, so
t_l = t_(l-1) (t_(l-1) + 1). t_k servers, which forward; t_k / n switches of n ports; t_k (1 + k / 2) cables; diameter
below 2^(k+1) server to server.
Source: Guo et al., "DCell: a scalable and fault-tolerant network structure for data centers", SIGCOMM 2008.
"""

from __future__ import annotations

import numpy as np

from topologies.base import MAX_CABLES, Ints, Topology, assemble, check_size, check_whole, uplinks
from topologies.direct import all_pairs, forwarding

FAMILY = "dcell"


def dcell(n: int, k: int) -> Topology:
    """Return DCell_k of n-port switches.

    Raises:
        InputError: n below 2, k below 0, or too large for memory.
    """
    check_whole(FAMILY, least=2, n=n)
    check_whole(FAMILY, least=0, k=k)
    cells = _cells(n, k)
    servers = cells[-1]
    check_size(FAMILY, servers + servers * (len(cells) - 1) // 2)
    server = np.arange(servers)
    own = {"host-switch": uplinks(server, servers + (server // n)[:, None])}
    between = [_between(cell, servers) for cell in cells[:-1]]
    levels = own | {"host-host": np.concatenate(between)} if between else own
    return forwarding(assemble(FAMILY, {"n": n, "k": k}, {"host": servers, "switch": servers // n}, levels))


def _cells(n: int, k: int) -> list[int]:
    """Return the servers of a cell t_0 ... t_k, cut short where no memory holds them."""
    cells = [n]
    while len(cells) <= k and cells[-1] <= MAX_CABLES:
        cells.append(cells[-1] * (cells[-1] + 1))
    return cells


def _between(cell: int, servers: int) -> Ints:
    """Return the cables between cells of `cell` servers: server j - 1 of cell i meets server i of cell j, for i < j."""
    i, j = all_pairs(cell + 1).T.astype(np.int64)
    pairs = np.stack([i * cell + j - 1, j * cell + i], axis=1)
    first = np.arange(0, servers, cell * (cell + 1))
    cables: Ints = (first[:, None, None] + pairs).reshape(-1, 2).astype(np.int32)
    return cables
