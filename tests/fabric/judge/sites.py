"""Miniature tables of real sites: times of a few sizes, carried over as facts with their source; no file is copied.

ALPS: boeschf/nccl-benchmark-on-alps-2025 @2b9dab8, 4 GH200 and 4 x 200 Gb/s a node, setting NCCL_CROSS_NIC_2, free choice.
MARE_NOSTRUM: HLC-Lab/pico @413bc5d, 4 H100 and 4 x 200 Gb/s a node, ring and tree forced.
B200: togethercomputer/together-dgxc-benchmarking, 8 B200 and 8 x 400 Gb/s a node, forced algorithms, four dates, from busbw.
H100_*: aws-samples/awsome-distributed-training @7217859f67 (one and two nodes), NVIDIA/nccl-tests issue 309 (four nodes).
MI325X: hisohara/ai-scripts @7b8b1ec290, ring forced, 8 x 400 Gb/s. A100: microsoft/superbenchmark @700d6501f1, one node.
SOCKETS: openfabric-systems/simllm @9c2672c, two A100 over TCP. All read in November 2026; all-reduce, microseconds.
"""

from fabric.judge.nominal import nominal_of
from fabric.network.spec import from_short_form
from fabric.predict.constants import constants_of
from fabric.records.case import Case
from fabric.records.result import Result

MIB, GIB = 2**20, 2**30
ALPS = {  # nodes -> MiB -> one time a run
    4: {256: (5645, 5642, 5709, 5729), 512: (11152, 11163, 11512, 11284), 1024: (22173, 22164, 22895, 22715),
        4096: (88247, 88466, 91397, 94205)},
    8: {256: (5777, 5774, 5775, 5778), 512: (11534, 11538, 11528, 11529), 1024: (22892, 22909, 22880, 22914),
        4096: (91257, 91191, 91273, 91193)},
    16: {256: (5895, 7493, 5893, 5885), 512: (11683, 15091, 11944, 11657), 1024: (23257, 30256, 24071, 23233),
         4096: (92586, 117201, 97173, 92564)},
}  # fmt: skip
ALPS_CONGESTED = {  # the same site, setting FI_CXI_COMPAT_0, plugin 1.9.2: 16 nodes were slow in two of three runs
    8: {256: (5807, 5800, 5785), 512: (11571, 11417, 11545), 1024: (22853, 22591, 22674), 2048: (46223, 45636, 45385)},
    16: {512: (32719, 12338, 25975), 1024: (43955, 23196, 39805), 2048: (75735, 45954, 55044), 4096: (93519, 92261, 92264)},
}  # fmt: skip
ALPS_SMALL_16 = {1: 350.6, 2: 545.4, 4: 900.4, 8: 958.7, 16: 1167.6, 32: 1546.7}
ALPS_HOLE = {1: (938.2, 982.7), 2: (302.4, 309.9), 4: (496.4, 508.1)}
MARE_NOSTRUM = {
    "ring": {4: {128: 2796, 512: 11328}, 8: {128: 3092, 512: 12625}, 16: {512: 14112}},
    "tree": {4: {128: 3296, 512: 12930}, 8: {128: 3435, 512: 13877}, 16: {512: 14405}},
}
B200 = {
    "ring": {2: {2048: (11760, 11780, 11763), 8192: (46766, 46847, 46779)},
             4: {2048: (12647, 13340, 13422), 8192: (49979, 53618, 53480)},
             8: {2048: (13568, 13880, 13776), 8192: (54836, 55648, 54801)}},
    "tree": {4: {2048: (22515, 22382, 22576), 8192: (88480, 88058, 88763)},
             8: {2048: (22287, 22501, 22585), 8192: (87262, 88172, 88449)}},
    "nvlstree": {4: {2048: (16139, 15456, 15491), 8192: (62287, 57429, 57489)},
                 8: {2048: (16534, 15829, 15776), 8192: (63481, 58782, 58255)}},
}  # fmt: skip
B200_ONE_NODE = {"nvls": {2048: 4603, 8192: 18016}, "ring": {2048: 5636, 8192: 22283}}
H100_ONE_NODE = {256: (1121.4, 1121.2), 512: (2165.3, 2166.4), 1024: (4253.0, 4255.4), 2048: (8463.7, 8466.5)}
H100_TWO_NODES = {256: (1468.2, 1452.7), 512: (2559.2, 2554.9), 1024: (4607.6, 4565.6), 2048: (9074.5, 9108.5)}
H100_FOUR_NODES = {256: (1768.0,), 512: (3109.0,), 1024: (5808.8,), 2048: (11508.0,)}
H100_FOUR_SMALL = {1: 82.17, 2: 191.3, 4: 151.1, 8: 217.3, 16: 259.6}
H100_FOUR_UNTUNED = {256: (2219.3,), 512: (3600.8,), 1024: (6460.4,), 2048: (12893.0,)}
MI325X = {2: {4096: (23192,), 8192: (46123,)}, 4: {4096: (23904,), 8192: (47563,)}}
A100_ONE_NODE = {256: (2112.2,), 512: (4200.3,), 1024: (8159.5,)}
SOCKETS_128_MIB = 83389
TOPOS = {
    "alps": ("rail_only:nodes=16,rails=4,speed=200Gb/s,scale_up=full_mesh", "nccl:h100"),
    "mare_nostrum": ("rail_only:nodes=16,rails=4,speed=200Gb/s,scale_up=full_mesh", "nccl:h100"),
    "b200": ("rail_only:nodes=8,rails=8,speed=400Gb/s,scale_up=nvswitch", "nccl:b200"),
    "h100": ("rail_only:nodes=8,rails=8,speed=400Gb/s,scale_up=nvswitch", "nccl:h100"),
    "a100": ("rail_only:nodes=8,rails=8,speed=200Gb/s,scale_up=nvswitch", "nccl:a100"),
    "mi325x": ("rail_only:nodes=8,rails=8,speed=400Gb/s,scale_up=full_mesh,scale_up_speed=448GB/s", None),
}


def nominal(site):
    topo, constants = TOPOS[site]
    return nominal_of(from_short_form(topo), constants_of(constants))


def row(nodes, per_node, mib, microseconds, algorithm="default", *, file="log", collective="all_reduce", **more):
    """One row as an importer gives it."""
    case = Case(collective, int(mib * MIB), nodes * per_node, nodes, per_node, in_place=more.pop("in_place", False))
    context = {"file": file, **more}
    return Result(case, "import:nccl-tests", (microseconds * 1e-6,), algorithm, "mean", context=context)


def rows(nodes, per_node, times, algorithm="default", *, file="log", factor=1.0):
    """Rows of a table {MiB: one time a run}; every run is a file of its own."""
    return [
        row(nodes, per_node, mib, factor * time, algorithm, file=f"{file}-{run}")
        for mib, runs in times.items()
        for run, time in enumerate(runs if isinstance(runs, tuple) else (runs,))
    ]


def tables():
    """Return (name, site, rows) of every table of several nodes that its site calls healthy."""
    found = [(f"alps {n}", "alps", rows(n, 4, t)) for n, t in ALPS.items()]
    found += [(f"mare {a} {n}", "mare_nostrum", rows(n, 4, t, a)) for a, by in MARE_NOSTRUM.items() for n, t in by.items()]
    found += [(f"b200 {a} {n}", "b200", rows(n, 8, t, a)) for a, by in B200.items() for n, t in by.items()]
    found += [(f"mi325x {n}", "mi325x", rows(n, 8, t, "ring")) for n, t in MI325X.items()]
    return [*found, ("h100 4", "h100", rows(4, 8, H100_FOUR_NODES)), ("h100 untuned", "h100", rows(4, 8, H100_FOUR_UNTUNED))]


def apart():
    """Return (name, site, rows) of healthy tables of one node, and of two with a free choice."""
    return [
        ("h100 1", "h100", rows(1, 8, H100_ONE_NODE)),
        ("h100 2", "h100", rows(2, 8, H100_TWO_NODES)),
        ("a100 1", "a100", rows(1, 8, A100_ONE_NODE)),
        *((f"b200 1 {a}", "b200", rows(1, 8, t, "default" if a == "nvls" else a)) for a, t in B200_ONE_NODE.items()),
    ]
