"""NCCL's own tuning model: latency and bandwidth of every algorithm and protocol, and the fastest. It routes nothing.

time = latency + bytes / bandwidth, per algorithm and protocol, from constants per GPU generation. Sources: NVIDIA/nccl
2.30.7, src/graph/tuning.cc (formulas, constants), src/graph/search.cc (speeds tried per channel, doubling of channels).
Environment variables, CollNet (SHARP), user buffers and mixed GPU generations are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fabric.hardware.catalog import exists, names
from fabric.hardware.node import node
from fabric.predict.libraries import nccl_constants as constants
from fabric.predict.libraries.nccl_hardware import PRESETS, Channels, Hardware, graph, nvls_graph, of_node
from fabric.predict.libraries.table import NO_LIBRARY
from fabric.records.case import Case
from topologies.errors import InputError
from topologies.guess import did_you_mean

LL, LL128, SIMPLE = "LL", "LL128", "Simple"
PROTOCOLS = (LL, LL128, SIMPLE)
TUNED = ("all_reduce", "all_gather", "reduce_scatter", "broadcast", "reduce")
POINT_TO_POINT = {"all_to_all": "direct", "all_to_all_v": "direct", "gather": "linear", "scatter": "linear"}
OURS = {
    ("all_reduce", "tree"): "tree",
    ("all_reduce", "nvls"): "nvls",
    ("all_reduce", "nvls_tree"): "nvls_tree",
    ("all_gather", "pat"): "pat",
    ("reduce_scatter", "pat"): "pat",
    ("broadcast", "ring"): "chain",
    ("reduce", "ring"): "chain",
}
"""(collective, NCCL's algorithm) -> ours; ring where nothing is named."""
SMALLEST, MOST = 32 * 1024, 16
"""Bytes of NCCL's smallest chunk (2.30.7, src/enqueue.cc, trees with Simple); the most chunks that a default is cut in."""
STEADY = 16
"""Chunks per slot of filling and draining where those shall be a small part of the time, as NCCL's model takes them to be."""


@dataclass(frozen=True)
class Choice:
    """One algorithm and protocol: NCCL's name, our text, latency s, bandwidth bytes/s (algbw), busbw limit, seconds."""

    algorithm: str
    protocol: str
    text: str
    latency: float
    bandwidth: float
    busbw: float
    seconds: float


@dataclass(frozen=True)
class Job:
    """A case in NCCL's terms: p ranks on k nodes, g = p / k, steps of a ring, of which `between` cross nodes."""

    collective: str
    p: int
    k: int
    hardware: Hardware

    @property
    def g(self) -> int:
        """Ranks per node, rounded down as NCCL does for latencies."""
        return self.p // self.k

    @property
    def steps(self) -> int:
        """Steps of a ring: 2(p-1) for all-reduce, p-1 for its halves, p for rooted collectives."""
        return {"all_reduce": 2 * (self.p - 1), "broadcast": self.p, "reduce": self.p}.get(self.collective, self.p - 1)

    @property
    def between(self) -> int:
        """Steps of a ring that wait for the network."""
        return 0 if self.k == 1 else 2 * (self.k - 1) if self.collective == "all_reduce" else self.k - 1

    @property
    def size_class(self) -> int:
        """0 for one node, 1 for two, 2 for more: the column of NCCL's tables."""
        return min(self.k, 3) - 1

    def between_latency(self, algorithm: str, protocol: str) -> float:
        """Return microseconds of a step between nodes: one rank per node exposes the tree's; Simple pays the NIC twice."""
        known = constants.HARDWARE_LATENCY["network"]["tree" if self.g == 1 else algorithm][protocol]
        return known + self.hardware.nic_latency * (2 if protocol == SIMPLE else 1)


def hardware_of(backend: str) -> Hardware:
    """Return the hardware of `nccl:NAME`, a short name or a node of the catalogue; for `nccl` that of `h100`.

    `nccl:NAME:ll128=off:nvls=off`: with what a site's NCCL does not use switched off; `on` is what NAME has anyway.

    Raises:
        InputError: a name that is none, or a key that is no such switch.
    """
    name, _, keys = backend.partition(":")[2].lower().partition(":")
    known = _named(name or "h100")
    for key in filter(None, keys.split(":")):
        known = known.switched(key)
    return known


def _named(name: str) -> Hardware:
    if name in PRESETS:
        return PRESETS[name]
    if not exists("nodes", name):
        hint = did_you_mean(name, [*PRESETS, *names("nodes")])
        raise InputError(
            f"backend: nccl's hardware must be one of {', '.join(PRESETS)} or a node that `fabricbench hardware` lists, "
            f"got {name!r}{hint}"
        )
    return of_node(node(name), name)


def tuning(case: Case, hardware: Hardware) -> list[Choice]:
    """Return every algorithm and protocol that NCCL would consider for a case, with its predicted time.

    Raises:
        InputError: a collective that NCCL does not tune; fewer than 2 ranks.
    """
    if case.collective not in TUNED:
        raise InputError(f"tuning: NCCL tunes {', '.join(TUNED)}, got {case.collective}")
    if case.world_size < 2:
        raise InputError(f"tuning: world_size must be >= 2, got {case.world_size}")
    job = Job(case.collective, case.world_size, max(1, case.nodes), hardware)
    found = (*_rings(job), *_trees(job), *_pats(job), *_nvls(job))
    return [_timed(case, job, *one) for one in found if one[3] > 0 and (hardware.ll128 or one[1] != LL128)]


def choose(case: Case, hardware: Hardware) -> Choice:
    """Return the choice with the least predicted time, the first of equals in NCCL's order."""
    order = {"tree": 0, "ring": 1, "nvls": 2, "nvls_tree": 3, "pat": 4}
    return min(tuning(case, hardware), key=lambda choice: (choice.seconds, order[choice.algorithm]))


def nccl_seconds(case: Case, hardware: Hardware) -> float:
    """Return the time of NCCL's own model for its best choice, seconds: a baseline that knows no fabric."""
    return choose(case, hardware).seconds


def default(case: Case, backend: str = "nccl", *, multicast: bool | None = None) -> str:
    """Return the text of our algorithm for NCCL's choice. multicast: whether the switches in a node add and copy.

    None: as the hardware named in the backend; plain `nccl` names none and is taken without, so that its answer can be
    routed on every fabric. Collectives that NCCL does not tune are plain messages; its barrier is an all-reduce.
    """
    hardware = hardware_of(backend)
    if multicast is None:
        multicast = hardware.multicast and backend != "nccl"
    name = case.collective
    if name in POINT_TO_POINT:
        return POINT_TO_POINT[name]
    if name == "barrier":
        return "recursive_doubling"
    if name in NO_LIBRARY:
        return NO_LIBRARY[name]
    if case.world_size < 2:
        return OURS.get((name, "ring"), "ring")
    return choose(case, hardware if multicast else hardware.without_multicast()).text


def text_of(case: Case, algorithm: str, *, steady: bool = False) -> str:
    """Return our text: one ring, chain or pair of trees per rail where the ranks fill several nodes evenly.

    Trees and chains are cut in chunks of NCCL's smallest size or more, 16 at most; steady: in so many chunks that filling
    and draining takes no more than 1/16 of the messages.
    """
    named, p, k, g = OURS.get((case.collective, algorithm), "ring"), case.world_size, max(1, case.nodes), case.ranks_per_node
    rails = g if k > 1 and p == k * g else 1
    channels = f"channels={rails}" if rails > 1 else ""
    if named == "ring":
        return f"ring:{channels}" if channels else "ring"
    if named == "chain":
        chunks = _chunks(case, rails, 2 * max(1, p - 2), steady=steady)  # twice: a NIC may have no speed to spare
        return f"chain:chunks={chunks}" + (f",{channels}" if channels else "")
    if named == "tree":
        even = p == k * g
        fill = g + k.bit_length() if even else p.bit_length()
        chunks = _chunks(case, 2 * g if even else 2, fill, steady=steady)
        return f"{'tree' if even else 'double_binary_tree'}:chunks={chunks}"
    return f"{named}:chunks={4 * STEADY}" if steady and named == "nvls_tree" else named


def _chunks(case: Case, parts: int, fill: int, *, steady: bool) -> int:
    """Return how many chunks a pipeline of so many parts side by side is cut in; fill: its slots until the first is through."""
    return STEADY * fill if steady else min(MOST, max(1, case.nbytes // (parts * SMALLEST)))


Found = tuple[str, str, float, float]
"""Algorithm, protocol, latency us, bus bandwidth GB/s (algorithm bandwidth times steps / ranks for rings)."""


def _timed(case: Case, job: Job, algorithm: str, protocol: str, latency: float, busbw: float) -> Choice:
    ratio = _ratio(job, algorithm)
    bandwidth = busbw * ratio * _correction(case, job, algorithm, protocol)
    if algorithm == "ring" and protocol == SIMPLE and job.k > 1 and case.collective == "all_reduce":
        channels = graph(job.hardware, job.k, job.g).count
        latency *= constants.PLATEAU if case.nbytes // (channels * job.p) >= constants.PLATEAU_FROM else 1
    seconds = latency * 1e-6 + case.nbytes / (bandwidth * 1e9)
    text = text_of(case, algorithm)
    return Choice(algorithm, protocol, text, latency * 1e-6, bandwidth * 1e9, busbw * 1e9, seconds)


def _ratio(job: Job, algorithm: str) -> float:
    """Return algorithm bandwidth / bus bandwidth."""
    if algorithm != "ring" and job.collective in ("all_gather", "reduce_scatter"):
        return 1.0
    return 0.5 if algorithm == "tree" else job.p / job.steps


def _correction(case: Case, job: Job, algorithm: str, protocol: str) -> float:
    """Return the factor on the bandwidth of trees by size: column floor(log2(bytes / 64)), from 64 B to 256 MiB."""
    column = (case.nbytes >> 6).bit_length() - 1
    tree = algorithm == "tree" and column < 23
    switched = algorithm == "nvls_tree" and job.hardware.architecture == "blackwell" and column < 24
    return constants.TREE_CORRECTION[protocol][column] if column >= 0 and (tree or switched) else 1.0


def _rings(job: Job) -> Iterator[Found]:
    channels = graph(job.hardware, job.k, job.g)
    cap = constants.RING_LL128[job.hardware.architecture][job.size_class]
    limits = {
        LL: min(job.hardware.ll_limit(job.k), channels.total / 2),
        LL128: min(0.92 * channels.total, channels.count * cap),
        SIMPLE: channels.total,
    }
    for protocol in PROTOCOLS:
        yield "ring", protocol, _ring_latency(job, protocol), limits[protocol]


def _ring_latency(job: Job, protocol: str) -> float:
    base = constants.BASE_LATENCY["ring"][protocol]
    inside = constants.HARDWARE_LATENCY["nvlink"]["ring"][protocol]
    if job.collective in ("broadcast", "reduce"):
        return base + (inside if job.k == 1 else constants.HARDWARE_LATENCY["network"]["ring"][protocol])
    overhead = 0.0 if job.k == 1 else job.hardware.net_overhead * (3 if protocol == SIMPLE else 1)
    return base + (job.steps - job.between) * max(inside, overhead) + job.between * job.between_latency("ring", protocol)


def _trees(job: Job) -> Iterator[Found]:
    if job.collective != "all_reduce":
        return
    channels = graph(job.hardware, job.k, job.g)
    architecture, column = job.hardware.architecture, job.size_class
    simple = min(0.92 * channels.total, channels.count * constants.TREE[architecture][column])
    share = 7 / 9 if job.k == 1 else 120 / 128
    limits = {
        LL: min(simple / 3.8, job.hardware.ll_limit(job.k)),
        LL128: min(simple * share, channels.count * constants.TREE_LL128[architecture][column]),
        SIMPLE: simple,
    }
    for protocol in PROTOCOLS:
        inside = constants.HARDWARE_LATENCY["nvlink"]["tree"][protocol]
        hops = (job.g - 1) * inside + _log2(job.k) * job.between_latency("tree", protocol)
        yield "tree", protocol, constants.BASE_LATENCY["tree"][protocol] + 2 * hops, limits[protocol]


def _pats(job: Job) -> Iterator[Found]:
    """One rank per node only."""
    if job.collective in ("all_gather", "reduce_scatter") and job.k == job.p:
        channels = graph(job.hardware, job.k, 1)
        log = _log2(job.k) * job.between_latency("pat", SIMPLE) / 3.5
        yield "pat", SIMPLE, constants.BASE_LATENCY["pat"][SIMPLE] + log + job.p * 2.8, 0.75 * channels.total


def _nvls(job: Job) -> Iterator[Found]:
    """NVLS inside one node, NVLSTree over several; only where the switches add and copy."""
    if not job.hardware.multicast or job.g < 2 or job.collective in ("broadcast", "reduce"):
        return
    channels = nvls_graph(job.hardware, job.k, job.g)
    if channels.count < 2:
        return
    inside = constants.HARDWARE_LATENCY["nvlink"]["nvls"][SIMPLE]
    if job.k == 1:
        yield "nvls", SIMPLE, inside, channels.count * _nvls_channel(job, channels)
    elif job.collective == "all_reduce":
        latency = inside + 2 * _log2(job.k) * job.between_latency("nvls_tree", SIMPLE)
        cap = constants.NVLS_TREE[job.hardware.architecture][job.size_class]
        yield "nvls_tree", SIMPLE, latency, channels.count * min(_nvls_channel(job, channels), cap)


def _nvls_channel(job: Job, channels: Channels) -> float:
    """Return GB/s of one NVLS channel: an all-reduce pipelines both halves, one half alone leaves its own part out."""
    both = 2.0 if job.collective == "all_reduce" else (job.g - 1) / job.g
    efficiency = constants.NVLS_EFFICIENCY[job.hardware.architecture]
    inside = channels.inside * efficiency * (channels.count - 1) / channels.count * both
    return min(inside, channels.between * (2 if job.k == 2 else 1))


def _log2(value: int) -> int:
    return value.bit_length() - 1
