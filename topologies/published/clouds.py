"""Training clusters of clouds and labs: Alibaba, Meta, ByteDance, DeepSeek, and a sheet of prices. It knows no speeds."""

from __future__ import annotations

from topologies.published.record import Published

SHEET = 'public spreadsheet behind "H100 Freakonomics" (substack.tech-talk-cto.com)'
MPFT = "Zhao et al., Insights into DeepSeek-V3, ISCA 2025, Table 3 (comparison of network topologies)"
PRO_RATA = (
    "The sheet scales 5 switches per 64 nodes and rail; 13,107 nodes need whole leaves (410 a rail), whole pods (13) and cores "
    "that stripe evenly (256 a rail). It prints 104,858 GPUs; 13,107 x 8 = 104,856."
)


def _sheet(nodes: int, gpus: int, switches: int, contradictions: str = "") -> Published:
    """Return a row of the price sheet."""
    return Published(
        f"h100-sheet-{nodes}n",
        f"rail_only:nodes={nodes},rails=8,radix=64",
        SHEET,
        "2024-08",
        {"nodes": nodes, "endpoints": gpus, "switches": switches},
        contradictions,
    )


CLOUDS = (
    Published(
        "alibaba-hpn-7.0",
        "dual_tor:nodes=1920,scale_up=nvswitch",
        "Qian et al., Alibaba HPN, SIGCOMM 2024; counts of links as aliyun/SimAI generates them (-topo AlibabaHPN --dp)",
        "2024-08",
        {
            "endpoints": 15360,
            "leaf": 240,
            "spine": 120,
            "planes": 2,
            "leaf_down": 128,
            "leaf_up": 60,
            "spine_down": 120,
            "host-leaf": 30720,
            "leaf-spine": 14400,
            "scale_up_switches": 1920,
        },
        note="One pod of 15 segments. The 8 ports that each spine keeps for cores are free; SimAI's 60,480 links add NVLink's.",
    ),
    Published(
        "meta-llama3-24k",
        "pgft:h=3,m=16x192x8,w=1x16x1,p=1x1x27",
        "The Llama 3 herd of models, section 3.3.1",
        "2024-07",
        {"endpoints": 24576, "leaf": 1536, "leaf_down": 16, "spine_down": 192},
        "Table 5 prints 30.1 % for faulty GPUs; 148 of 419 interruptions are 35.3 %. The paper calls a pod full bisection; "
        "Meta's RoCE paper (SIGCOMM 2024) says racks have twice the uplinks.",
        note="Printed: 16 GPUs a rack, 192 racks a pod at full bisection, 8 pods, 1:7 above. How many cluster and aggregation "
        "switches stand there is not printed: 16 a pod with 27 uplinks each (192 / 27 = 7.1) is one way.",
    ),
    Published(
        "bytedance-megascale",
        "pgft:h=3,m=64x32x6,w=1x32x4,p=1x1x8",
        "Jiang et al., MegaScale, NSDI 2024, network topology",
        "2024-04",
        {"endpoints": 12288, "leaf_down": 64, "leaf_up": 32, "spine_down": 32, "spine_up": 32},
        note="64-port 400G switches in three tiers, half down and half up; a leaf's 32 ports down are split in 64 of 200G. "
        "Size and cores are ours for the 12,288 GPUs of its largest run. A server's eight rails are not in this numbering.",
    ),
    Published(
        "deepseek-ft2",
        "clos:radix=64,endpoints=2048,tiers=2",
        MPFT,
        "2025-06",
        {"endpoints": 2048, "switches": 96, "leaf-spine": 2048},
    ),
    Published(
        "deepseek-mpft",
        "rail_only:nodes=2048,rails=8,radix=64",
        MPFT,
        "2025-06",
        {"endpoints": 16384, "switches": 768, "leaf-spine": 16384, "planes": 8},
        note="Eight planes, each with one GPU of every node: what we call rail-only.",
    ),
    Published(
        "deepseek-ft3",
        "clos:radix=64,endpoints=65536,tiers=3",
        MPFT,
        "2025-06",
        {"endpoints": 65536, "switches": 5120},
    ),
    Published(
        "deepseek-slim-fly",
        "slim_fly:q=27,hosts=21",
        MPFT,
        "2025-06",
        {"endpoints": 32928, "switches": 1568},
        "1,568 switches are 2 q^2 of q = 28, with 21 endpoints each; 28 is no prime power, so that no such graph exists. The "
        "nearest that do: q = 27 with 1,458 switches and 30,618 endpoints, q = 29 with 1,682.",
    ),
    Published(
        "deepseek-dragonfly",
        "dragonfly:p=16,a=32,h=16,groups=511",
        MPFT,
        "2025-06",
        {"endpoints": 261632, "switches": 16352, "switch-switch": 384272},
        note="511 groups; h=16 global ports on 32 switches would carry 513. Of the 384,272 links 130,816 lead to other groups.",
    ),
    Published(
        "openai-mrc-131k",
        "multi_plane:nodes=131072,rails=1,radix=512,planes=8",
        "Araujo et al., Multipath Reliable Connection, arXiv 2605.04333, as zubnet.ai and edge.ccmdesign.ca tell of it",
        "2026-05",
        {"endpoints": 131072, "planes": 8, "host-leaf": 8 * 131072},
        note="An 800G port is eight of 100G, one a plane; a 64-port 800G switch is one of 512 ports. The paper itself was not "
        "read. Said: 3/5 of a three-tier network's switches; built: 6,144 of 10,240.",
    ),
    Published(
        "zcube-16k",
        "zcube:a=128,b=128",
        "Z.ai's ZCube and the SIGCOMM 2025 paper behind it, as headsupai.io and locsic.com tell of them",
        "2026-05",
        {"endpoints": 16384},
        note="Told: 16,384 NICs of 400G, no spine, two groups of switches in a complete bipartite graph, 2 switches on a way, "
        "60 % fewer switches than three tiers, a third less for switches and optics. Built of 256-port switches of 200G: 256 "
        "against 640, and 4 ports a NIC against 6. Neither paper was read.",
    ),
    _sheet(64, 512, 8),
    _sheet(256, 2048, 96),
    _sheet(1024, 8192, 384),
    _sheet(4096, 32768, 2560),
    _sheet(13107, 104858, 8192, PRO_RATA),
    _sheet(32768, 262144, 20480),
)
