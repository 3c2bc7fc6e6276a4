"""What nominal hardware lets expect of a row: NCCL's tuning model at the fabric's own NIC rate and tightest cut.

It speaks only where that model was held against tables of healthy sites: blocks of 4 MiB and messages of 256 MiB on. It knows
no other row and no cause. W = ranks per node times the NIC's rate: what a node sends and receives at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from fabric.collectives.catalog import busbw_factor
from fabric.judge.judgement import Expected
from fabric.network.fabric import Fabric
from fabric.predict.bounds import bound
from fabric.predict.constants import Constants
from fabric.predict.laws import library
from fabric.predict.libraries.nccl import Choice, tuning
from fabric.predict.libraries.nccl_hardware import Hardware, graph
from fabric.predict.names import name_of
from fabric.predict.tuned import hardware_on, is_nccl, library_on
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.base import SCALE_UP

MIB = 1024**2
BLOCK_FROM, BYTES_FROM = 4 * MIB, 256 * MIB
JUDGED = ("all_reduce", "all_gather", "reduce_scatter")
WATCH_FROM, BAD_FROM, ONE_NODE_BAD = 1.2, 1.55, 1.25
"""Measured / expected: untuned queue pairs, channels and adaptive routing stay below the second, on one node the third."""
FASTER = 0.75
"""The least that healthy rows took of the model's time."""
TWO_NODES_FASTER = 0.5
"""The same of an all-reduce on two nodes by a free choice: 1.8 times the NICs' rate was seen."""
IN_NETWORK = ("collnet", "collnet_direct", "collnet_chain", "collnetdirect", "collnetchain", "sharp")
NAMED = ("default", "ring", "tree", "nvls", "nvls_tree", "pat", *IN_NETWORK)
"""What NCCL calls its algorithms, and its free choice."""
SHARP = 1.30
"""Busbw / W of in-network reduction on healthy fabrics."""
MOST_OF_NICS = (2.05, 1.5)
"""Busbw / W that no fabric of this NIC rate gives: on two nodes, on more (in-network reduction is below)."""
ONE_DOMAIN = ("nvl72", "cloudmatrix")
"""Scale-up graphs that join several servers."""


@dataclass(frozen=True)
class Nominal:
    """A fabric's nominal hardware. hardware: NCCL's, None where the fabric does not say which it is."""

    fabric: Fabric
    hardware: Hardware | None

    @cached_property
    def domain(self) -> int:
        """The devices that scale-up joins: those of a server, or of a rack."""
        topology = self.fabric.topology
        return max(1, topology.devices // max(1, topology.domains))

    @cached_property
    def _cuts(self) -> dict[tuple[str, int, int], float | None]:
        return {}

    def rate(self, case: Case) -> float:
        """Return W of a case's nodes in bytes per second."""
        return case.ranks_per_node * self.fabric.nic_speed

    def placed(self, case: Case) -> Case:
        """Return the case with the nodes that the fabric makes of its ranks, where the log says none or names trays of a rack.

        A log that does not list its ranks counts as one node; more ranks than a node holds are then spread over nodes.
        """
        rack = self.fabric.topology.params.get("scale_up") in ONE_DOMAIN
        nodes = ceil(case.world_size / self.domain)
        if (case.nodes == 1 and nodes > 1) or (rack and nodes < case.nodes):
            return replace(case, nodes=nodes, ranks_per_node=ceil(case.world_size / nodes))
        return case

    def taper(self, case: Case) -> float | None:
        """Return the busbw of the tightest cut above the nodes in bytes per second; None where the nodes are the tightest."""
        key = (case.collective, case.world_size, case.nodes)
        if key not in self._cuts:
            fits = case.world_size <= self.fabric.topology.devices
            found = bound(replace(case, order="contiguous"), self.fabric) if fits and case.nodes > 1 else None
            self._cuts[key] = found.busbw if found and found.level not in ("device", "node") else None
        return self._cuts[key]

    def choices(self, case: Case, *, without: str | None = None) -> Mapping[str, Choice]:
        """Return NCCL's algorithms with the best protocol of each; without: a protocol that is not in use."""
        best: dict[str, Choice] = {}
        for choice in tuning(case, self.hardware) if self.hardware else ():
            kept = best.get(choice.algorithm)
            if choice.protocol != without and (kept is None or choice.seconds < kept.seconds):
                best[choice.algorithm] = choice
        return best

    def ring_rate(self, case: Case) -> float | None:
        """Return the busbw of rings inside one node in bytes per second, None without NCCL's hardware."""
        return graph(self.hardware, 1, case.ranks_per_node).total * 1e9 if self.hardware else None

    def expected(self, result: Result, algorithm: str) -> Expected | str:
        """Return what the row should take on this hardware, or why nothing can be said of it."""
        case, name = result.case, name_of(algorithm)
        return _refused(self, result) or _of_model(self, case, name)


def nominal_of(fabric: Fabric, constants: Constants) -> Nominal:
    """Return a fabric's nominal hardware: the constants' where they are NCCL's, else what its scale-up part says.

    The NIC's rate is always the fabric's.

    Raises:
        InputError: constants that name hardware that does not exist.
    """
    known = constants.name if is_nccl(constants) else library_on("nccl", fabric)
    if library_on(known, fabric) == "nccl":
        return Nominal(fabric, None)
    hardware = hardware_on(known, fabric)
    inside = fabric.levels.get(SCALE_UP)
    network = len(fabric.levels) > (inside is not None)
    nic = fabric.nic_speed / 1e9 if network else hardware.nic
    return Nominal(fabric, replace(hardware, nic=nic, pcie=max(hardware.pcie, nic)))


def _refused(nominal: Nominal, result: Result) -> str | None:
    """Return why a row cannot be held against nominal hardware, None where it can."""
    case, whose = result.case, library(result.source)
    if case.world_size < 2:
        return "one rank moves nothing"
    if whose != "nccl":
        return f"no law from hardware for {whose}: host copies and cores decide; hold it against a floor of this site"
    if case.collective not in JUDGED:
        return f"no law from hardware for {case.collective}; known are {', '.join(JUDGED)}"
    if case.nbytes < BYTES_FROM or case.nbytes / case.world_size < BLOCK_FROM:
        return "S < 256 MiB or S/p < 4 MiB: the model is up to 3 times off there; hold it against a floor of this site"
    return _elsewhere(nominal, case) or _impossible(nominal, result)


def _impossible(nominal: Nominal, result: Result) -> str | None:
    """Return why a rate cannot be true on this fabric, None where it can."""
    case = result.case
    if case.nodes < 2:
        return None
    share, most = result.busbw / nominal.rate(case), MOST_OF_NICS[case.nodes > 2]
    if share <= most:
        return None
    return f"busbw is over {most:g} x the NICs' rate, more than they can: another fabric, or fewer nodes than stated"


def _elsewhere(nominal: Nominal, case: Case) -> str | None:
    """Return why a case cannot be of this fabric, None where it can."""
    devices = nominal.fabric.topology.devices
    if case.world_size > devices:
        return f"{case.world_size} ranks, the fabric has {devices} devices: another fabric, or a larger one (--topo)"
    if case.nodes > 1 and nominal.domain > 1 and case.ranks_per_node > nominal.domain:
        return f"{case.ranks_per_node} ranks per node, the fabric's nodes hold {nominal.domain} devices: another fabric"
    if case.nodes > 1 and not nominal.fabric.nic_speed > 0:
        return "the fabric has no network between nodes"
    return None


def _of_model(nominal: Nominal, case: Case, name: str) -> Expected | str:
    if name in IN_NETWORK:
        return _of_rate(nominal, case, name, SHARP, "in-network reduction") if case.nodes > 1 else "in-network on one node"
    times = {known: choice.seconds for known, choice in nominal.choices(case).items()}
    if not times:
        if case.nodes > 1 and name in ("ring", "default"):
            return _of_rate(nominal, case, name, 1.0, "the NICs' rate, for NCCL's hardware is not known")
        return "NCCL's hardware is not known: name it, such as --constants nccl:h100"
    if name != "default" and name not in times:
        return f"NCCL's model has no {name} for {case.collective} on {case.nodes} nodes; known are {', '.join(times)}"
    fastest, slowest = (times[name],) * 2 if name != "default" else (min(times.values()), _plain(times))
    by = f"NCCL's {name}" if name != "default" else f"NCCL's own choice, {min(times, key=times.__getitem__)} or ring"
    return _banded(nominal, case, name, (fastest, slowest), f"{by} at nominal hardware")


def _plain(times: Mapping[str, float]) -> float:
    """Return the time of a free choice that took the ring: what any site can have that forbids the rest."""
    return max(min(times.values()), times.get("ring", 0.0))


def _of_rate(nominal: Nominal, case: Case, name: str, share: float, why: str) -> Expected:
    factor = busbw_factor(case.collective, case.world_size, case.params)
    seconds = factor * case.nbytes / (share * nominal.rate(case))
    return _banded(nominal, case, name, (seconds, seconds), why)


def _banded(nominal: Nominal, case: Case, name: str, times: tuple[float, float], why: str) -> Expected:
    """Return the band around the fastest and the slowest time that a healthy fabric may show, stretched by a tighter cut."""
    cut = nominal.taper(case)
    least = busbw_factor(case.collective, case.world_size, case.params) * case.nbytes / cut if cut else 0.0
    fast, slow = max(times[0], least), max(times[1], least)
    bad = (BAD_FROM if case.nodes > 1 else ONE_NODE_BAD) * slow
    faster = TWO_NODES_FASTER if case.nodes == 2 and name == "default" else FASTER
    return Expected(fast, faster * fast, WATCH_FROM * fast, bad, "nominal", name, why)
