"""The constants of NCCL's tuning model, microseconds and GB/s, as facts. It holds no formula (nccl.py).

Source: NVIDIA/nccl 2.30.7, src/graph/tuning.cc; columns of the tables per channel: one node, two nodes, more nodes.
"""

from __future__ import annotations

from collections.abc import Mapping

Protocols = Mapping[str, float]
PerNodes = tuple[float, float, float]


def _protocols(ll: float, ll128: float, simple: float) -> Protocols:
    return {"LL": ll, "LL128": ll128, "Simple": simple}


BASE_LATENCY: Mapping[str, Protocols] = {
    "tree": _protocols(6.8, 14.0, 8.4),
    "ring": _protocols(6.6, 14.0, 8.4),
    "pat": _protocols(8.0, 8.0, 8.0),
}
HARDWARE_LATENCY: Mapping[str, Mapping[str, Protocols]] = {
    "nvlink": {
        "tree": _protocols(0.6, 1.25, 4.0),
        "ring": _protocols(0.6, 1.9, 3.4),
        "nvls": _protocols(0, 0, 25),
        "nvls_tree": _protocols(0, 0, 25),
        "pat": _protocols(0, 0, 4.0),
    },
    "network": {
        "tree": _protocols(5.0, 8.5, 14),
        "ring": _protocols(2.7, 4.0, 14.0),
        "nvls": _protocols(0, 0, 18),
        "nvls_tree": _protocols(0, 0, 20.9),
        "pat": _protocols(0, 0, 14),
    },
}
LL_ONE_NODE: Mapping[str, float] = {"volta": 39.0, "ampere": 87.7, "hopper": 141.0, "blackwell": 282.0}
LL_NODES: Mapping[str, tuple[float, float]] = {"intel": (39.0, 20.4), "amd": (22.5, 19.0)}
"""Bandwidth limit of LL: on one node by GPU, on two and on more nodes by the host's CPU."""
RING_LL128: Mapping[str, PerNodes] = {
    "volta": (20.0, 20.0, 20.0),
    "ampere": (20.0, 20.0, 20.0),
    "hopper": (36.7, 36.7, 36.7),
    "blackwell": (40.0, 40.0, 40.0),
}
TREE_LL128: Mapping[str, PerNodes] = {
    "volta": (20.0, 20.0, 20.0),
    "ampere": (20.0, 20.0, 20.0),
    "hopper": (36.7, 36.7, 29.0),
    "blackwell": (55.6, 31.67, 20.0),
}
TREE: Mapping[str, PerNodes] = {
    "volta": (26.5, 18.5, 10.0),
    "ampere": (24.0, 23.6, 17.8),
    "hopper": (38.7, 41.4, 36.0),
    "blackwell": (70.0, 42.8, 24.0),
}
NVLS_TREE: Mapping[str, PerNodes] = {
    "volta": (26.5, 18.5, 10.0),
    "ampere": (24.0, 23.6, 17.8),
    "hopper": (0.0, 57.7, 45.5),
    "blackwell": (0.0, 96.0, 80.0),
}
NVLS_EFFICIENCY: Mapping[str, float] = {"volta": 0.0, "ampere": 0.0, "hopper": 0.85, "blackwell": 0.74}
PLATEAU, PLATEAU_FROM = 1.4, 64
"""A ring with Simple over several nodes: latency times 1.4 from 64 B per channel and rank on (Ampere and newer)."""
TREE_CORRECTION: Mapping[str, tuple[float, ...]] = {
    "LL": (1, 1, 1, 1, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.6, 0.5, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1, 1, 1, 1),
    "LL128": (1, 1, 1, 1, 1, 0.9, 0.8, 0.8, 0.8, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.8, 0.9, 0.9, 0.9, 0.9, 1, 1, 1),
    "Simple": (
        *(0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.7, 0.6, 0.6, 0.5),
        *(0.5, 0.5, 0.5, 0.6, 0.7, 0.8, 0.7, 0.7, 0.8, 0.9, 0.9, 0.9),
    ),
}
"""Protocol -> factor on a tree's bandwidth, one per power of two from 64 B."""
