"""NVIDIA: DGX SuperPOD reference architectures and the NVL72 rack. It does not know storage or management networks."""

from __future__ import annotations

from topologies.published.record import Published

SITE = "docs.nvidia.com/dgx-superpod"
H100 = f"{SITE}, reference architecture H100, network fabrics, Table 4"
B200 = f"{SITE}, reference architecture B200, architecture, table of larger counts"
B300 = f"{SITE}, reference architecture B300 (Spectrum-X), architecture, Table 3"
XDR = f"{SITE}, reference architecture B300-XDR, architecture, Table 3"
GB200 = f"{SITE}, reference architecture GB200, network fabrics"
UFM = "4 of the printed `compute and UFM` cables go to UFM appliances, not to nodes; they are left out here."
LARGEST_XDR = (
    "18 units x 72 nodes x 8 GPUs = 10,368 GPUs, as many as the node-leaf cables in the same row; printed 9,216. The text "
    "above the table says 72 units with 2,000+ nodes; 72 x 72 = 5,184 nodes."
)


def _h100(units: int, nodes: int, leaf: int, spine: int, compute_and_ufm: int, spine_leaf: int) -> Published:
    """Return a row of the H100 table."""
    counts = {"nodes": nodes, "endpoints": nodes * 8, "leaf": leaf, "spine": spine}
    cables = {"host-leaf": compute_and_ufm - 4, "leaf-spine": spine_leaf}
    return Published(
        f"superpod-h100-{units}su", f"rail_optimized:nodes={nodes},rails=8,radix=64", H100, "2023", counts | cables, note=UFM
    )


def _b200(units: int, nodes: int, gpus: int, leaf: int, spine: int, core: int, cables: int) -> Published:
    """Return a row of the B200 table, which prints one number of cables for all levels."""
    tiers = {"leaf": leaf, "spine": spine} | ({"core": core} if core else {})
    levels = ["host-leaf", "leaf-spine", *(["spine-core"] if core else [])]
    counts = {"nodes": nodes, "endpoints": gpus} | tiers | dict.fromkeys(levels, cables)
    return Published(f"superpod-b200-{units}su", f"rail_optimized:nodes={nodes},rails=8,radix=64", B200, "2025", counts)


def _b300(units: int, nodes: int, gpus: int, leaf: int, spine: int, cables: int) -> Published:
    """Return a row of the B300 table; a printed 800G cable is two 400G cables, one per plane."""
    counts = {"nodes": nodes, "endpoints": gpus, "leaf": leaf, "spine": spine, "planes": 2}
    levels = {"host-leaf": 2 * cables, "leaf-spine": 2 * cables}
    return Published(
        f"superpod-b300-{units}su",
        f"multi_plane:nodes={nodes},rails=8,radix=128,planes=2",
        B300,
        "2025",
        counts | levels,
        note="Printed cables are 800G; each is counted as two of 400G.",
    )


def _xdr(units: int, nodes: int, gpus: int, leaf: int, spine: int, cables: int) -> Published:
    """Return a row of the B300-XDR table."""
    counts = {"nodes": nodes, "endpoints": gpus, "leaf": leaf, "spine": spine, "host-leaf": cables, "leaf-spine": cables}
    return Published(
        f"superpod-b300-xdr-{units}su",
        f"rail_optimized:nodes={nodes},rails=8,radix=144",
        XDR,
        "2025",
        counts,
        LARGEST_XDR if units == 18 else "",
    )


NVIDIA = (
    _h100(1, 31, 8, 4, 252, 256),
    _h100(2, 63, 16, 8, 508, 512),
    _h100(3, 95, 24, 16, 764, 768),
    _h100(4, 127, 32, 16, 1020, 1024),
    _b200(2, 64, 512, 16, 8, 0, 512),
    _b200(4, 128, 1024, 32, 16, 0, 1024),
    _b200(8, 256, 2048, 64, 32, 0, 2048),
    _b200(16, 512, 4096, 128, 128, 64, 4096),
    _b200(32, 1024, 8192, 256, 256, 128, 8192),
    _b200(64, 2048, 16384, 512, 512, 256, 16384),
    _b300(1, 64, 512, 16, 8, 512),
    _b300(2, 128, 1024, 32, 16, 1024),
    _b300(4, 256, 2048, 64, 32, 2048),
    _b300(8, 512, 4096, 128, 64, 4096),
    _b300(16, 1024, 8192, 256, 128, 8192),
    _xdr(1, 72, 576, 8, 4, 576),
    _xdr(2, 144, 1152, 16, 8, 1152),
    _xdr(4, 288, 2304, 32, 18, 2304),
    _xdr(8, 576, 4608, 64, 36, 4608),
    _xdr(18, 1296, 9216, 144, 72, 10368),
    Published(
        "gb200-nvl72",
        "pgft:h=1,m=72,w=18",
        GB200,
        "2025",
        {"endpoints": 72, "switches": 18, "host_up": 18, "leaf_down": 72},
        note="The NVLink network of one rack: 9 trays of 2 chips, one link of every GPU to every chip; 1,296 links follow.",
    ),
)
