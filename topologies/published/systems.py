"""Huawei, Google and HPE: CloudMatrix384, UB-Mesh, TPU pods, Slingshot, Frontier. It knows no speeds and no jobs."""

from __future__ import annotations

from topologies.published.record import Published

TPU = "Google Cloud documentation, TPU v5p, table of slice shapes"


def _slice(dims: str, chips: int) -> Published:
    """Return a slice of TPU v5p as a torus."""
    return Published(f"tpu-v5p-{dims}", f"torus:dims={dims},hosts=0,cube=4", TPU, "2024", {"endpoints": chips})


SYSTEMS = (
    Published(
        "cloudmatrix384",
        "pgft:h=2,m=8x48,w=7x16,p=2x1,devices_per_node=8",
        "Zuo et al., Serving large language models on Huawei CloudMatrix384, arXiv 2506.12708",
        "2025-06",
        {
            "endpoints": 384,
            "nodes": 48,
            "planes": 7,
            "leaf": 336,
            "spine": 112,
            "leaf_up": 16,
            "spine_down": 48,
            "leaf-spine": 5376,
        },
        note="NPUs only: the 192 CPUs on the same leaves are left out. 5,376 links are 48 x 7 x 16, not printed as a sum. "
        "Two links of every NPU to each of its seven leaves make a leaf's 16 up non-blocking.",
    ),
    Published(
        "ub-mesh-pod",
        "full_mesh:dims=8x8x4x4",
        "Liao et al., UB-Mesh, arXiv 2503.20377",
        "2025-03",
        {"endpoints": 1024},
        note="The 4D full mesh of a pod: 16 racks of 64 NPUs. Its low-radix switches and backup NPUs are left out.",
    ),
    Published(
        "tpu-v4-pod",
        "torus:dims=16x16x16,hosts=0,cube=4",
        "Jouppi et al., TPU v4, ISCA 2023",
        "2023-06",
        {"endpoints": 4096, "cables": 12288, "between-cubes": 3072},
        note="64 cubes of 4x4x4 behind 48 optical switches; 3,072 = 48 x 64 cables leave cubes, which follows from the design.",
    ),
    Published(
        "tpu-v5p-pod",
        "torus:dims=16x20x28,hosts=0,cube=4",
        TPU,
        "2024",
        {"endpoints": 8960},
        note="Printed as 8,960 chips; how its 140 cubes would be arranged as one torus is ours, slices end at 6,144 chips.",
    ),
    _slice("4x4x4", 64),
    _slice("4x4x8", 128),
    _slice("4x8x8", 256),
    _slice("8x8x8", 512),
    _slice("8x8x16", 1024),
    _slice("8x16x16", 2048),
    _slice("16x16x16", 4096),
    _slice("16x16x24", 6144),
    Published(
        "slingshot-largest",
        "dragonfly:p=16,a=32,h=17",
        "glennklockwood.com, Slingshot; arXiv 2407.10290",
        "2024",
        {"endpoints": 278528, "switches": 17440},
        "One page prints 278,528 endpoints; 545 groups of 32 switches with 16 endpoints are 279,040.",
    ),
    Published(
        "frontier",
        "dragonfly:p=16,a=32,h=16,groups=74,devices_per_node=4",
        "Oak Ridge Frontier as described at glennklockwood.com/garden/systems/frontier",
        "2022",
        {"nodes": 9408, "endpoints": 37632, "switches": 2368},
        "74 cabinets of 128 nodes are 9,472 nodes; 9,408 are there, half a cabinet is missing.",
        note="Compute groups only. Groups are joined by 4 cables a pair, which uses 292 of their 512 global ports; "
        "our family gives every port a cable, so cables are not compared.",
    ),
)
