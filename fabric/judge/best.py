"""The best published site beside a verdict: the fastest table of the same node type and world size. It judges nothing.

Facts: all-reduce by NCCL, times of a few sizes as their sources state them, read in November 2026. Node type: the devices'
architecture, devices per node, and between nodes the NIC's rate per device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fabric.collectives.catalog import busbw_factor
from fabric.judge.nominal import Nominal
from fabric.records.case import Case

MIB = 1024**2
COLLECTIVE = "all_reduce"
SAME_RATE = 0.02
"""Relative difference up to which two NIC rates are the same."""
AWS = "aws-samples/awsome-distributed-training @7217859, micro-benchmarks/nccl-tests"
ISSUE = "NVIDIA/nccl-tests issue 309"
TOGETHER = "togethercomputer/together-dgxc-benchmarking, 20 April 2026"
PICO = "HLC-Lab/pico @413bc5d"
ALPS = "boeschf/nccl-benchmark-on-alps-2025 @2b9dab8"


@dataclass(frozen=True)
class Published:
    """One table. devices: of a node; nic: bytes per second and device; micros: MiB -> microseconds."""

    site: str
    source: str
    architecture: str
    nodes: int
    devices: int
    nic: float
    micros: Mapping[int, float]

    @property
    def name(self) -> str:
        """The site with its source."""
        return f"{self.site} ({self.source})"

    @property
    def ranks(self) -> int:
        """Ranks that took part."""
        return self.nodes * self.devices

    @property
    def busbw(self) -> dict[int, float]:
        """Bus bandwidth in bytes per second by bytes."""
        factor = busbw_factor(COLLECTIVE, self.ranks)
        return {mib * MIB: factor * mib * MIB / (micros * 1e-6) for mib, micros in self.micros.items()}


TABLES = (
    Published("AWS p5, 8 H100", AWS, "hopper", 1, 8, 50e9, {256: 1121.4, 1024: 4253.0, 4096: 15791.0, 16384: 62239.0}),
    Published("AWS p5, 8 H100", AWS, "hopper", 2, 8, 50e9, {256: 1468.2, 1024: 4607.6, 4096: 17286.0, 16384: 66132.0}),
    Published("8 H100, 400 Gb/s InfiniBand, ring", f"{ISSUE}, 18 June 2025", "hopper", 2, 8, 50e9,
              {256: 1355.9, 1024: 5236.2, 4096: 20575.0}),
    Published("8 H100, ConnectX-7", f"{ISSUE}, 22 May 2025", "hopper", 4, 8, 50e9,
              {256: 1768.0, 1024: 5808.8, 4096: 22890.0, 16384: 90986.0}),
    Published("8 H100, 400 Gb/s InfiniBand, untuned", f"{ISSUE}, 18 June 2025", "hopper", 4, 8, 50e9,
              {256: 2219.3, 1024: 6460.4, 4096: 25605.0}),
    Published("A100 of SuperBench", "microsoft/superbenchmark @700d650", "ampere", 1, 8, 25e9,
              {256: 2112.2, 1024: 8159.5, 4096: 32070.0}),
    Published("8 B200, NVLS", TOGETHER, "blackwell", 1, 8, 50e9, {2048: 4603.3, 8192: 18016.0}),
    Published("8 B200, AWS p6", "stas00/ml-engineering @744d01e, network", "blackwell", 1, 8, 50e9,
              {256: 727.1, 1024: 2597.7, 4096: 10148.2, 16384: 35551.4}),
    Published("8 B200, ring", TOGETHER, "blackwell", 2, 8, 50e9, {2048: 11760.0, 8192: 46766.0}),
    Published("8 B200, ring", TOGETHER, "blackwell", 4, 8, 50e9, {2048: 12647.0, 8192: 49979.0}),
    Published("8 B200, ring", TOGETHER, "blackwell", 8, 8, 50e9, {2048: 13568.0, 8192: 54836.0}),
    Published("MareNostrum 5, 4 H100, ring", PICO, "hopper", 4, 4, 25e9, {128: 2796.0, 512: 11328.0}),
    Published("MareNostrum 5, 4 H100, ring", PICO, "hopper", 8, 4, 25e9, {128: 3092.0, 512: 12625.0}),
    Published("MareNostrum 5, 4 H100, ring", PICO, "hopper", 16, 4, 25e9, {512: 14112.0}),
    Published("Alps, 4 GH200", ALPS, "hopper", 4, 4, 25e9, {256: 5642.0, 512: 11152.0, 1024: 22164.0, 4096: 88247.0}),
    Published("Alps, 4 GH200", ALPS, "hopper", 8, 4, 25e9, {256: 5774.0, 512: 11528.0, 1024: 22880.0, 4096: 91191.0}),
    Published("Alps, 4 GH200", ALPS, "hopper", 16, 4, 25e9, {256: 5885.0, 512: 11657.0, 1024: 23233.0, 4096: 92564.0}),
)  # fmt: skip


def best_of(case: Case, nominal: Nominal) -> Published | None:
    """Return the fastest published table of a case's node type and world size, by its highest busbw; None: there is none."""
    hardware = nominal.hardware
    if hardware is None or case.collective != COLLECTIVE:
        return None
    found = [
        table
        for table in TABLES
        if (table.architecture, table.nodes, table.ranks) == (hardware.architecture, case.nodes, case.world_size)
        and (table.nodes == 1 or abs(nominal.fabric.nic_speed / table.nic - 1) < SAME_RATE)
    ]
    return max(found, key=lambda table: max(table.busbw.values()), default=None)


def beside(cases: Iterable[Case], nominal: Nominal) -> tuple[Published, ...]:
    """Return the best published table of every world size in some cases, without those that have none."""
    one_each = {(case.collective, case.world_size, case.nodes): case for case in cases if case.world_size > 1}
    return tuple(found for _, case in sorted(one_each.items()) if (found := best_of(case, nominal)) is not None)


def lines_of(tables: Sequence[Published], worlds: Iterable[int]) -> list[str]:
    """Return one line per world size that names its table, or says that none is known."""
    named = {table.ranks: f"{table.name}, up to {max(table.busbw.values()) / 1e9:.4g} GB/s" for table in tables}
    unknown = "unknown: no published all-reduce of this node type and world size at hand"
    return [f"{ranks} ranks: {named.get(ranks, unknown)}" for ranks in sorted(set(worlds))]
