"""Measured cases beside the bound of a fabric: the one that was named, else this machine. It does not measure collectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fabric.cli.nccl_table import Bounds, key_of
from fabric.errors import EnvironmentFault
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.measure.cells.job import Job
    from fabric.network.fabric import Fabric
    from fabric.records.result import Result

NO_TOPO = "none"
"""In place of a TOPO: show no bound, and do not measure this machine for one."""


def named_fabric(topo: str | None, jobs: Sequence[Job]) -> Fabric | None:
    """Return the fabric that was named, if any; InputError where it is smaller than a world size, before anything runs."""
    if topo is None or topo == NO_TOPO:
        return None
    from fabric.cli.answers import load

    fabric, most = load(topo), max(job.ranks for job in jobs)
    devices = fabric.topology.devices
    if most > devices and not fabric.carriers:  # more ranks than slots of a local machine is a flag, not a refusal
        raise InputError(f"ranks: must be <= {devices}, the devices of {topo}, got {most}")
    return fabric


def bounds_of(results: Sequence[Result], topo: str | None, fabric: Fabric | None) -> tuple[Bounds, list[str]]:
    """Return the bound of every case that has one, and notes on cases that have none.

    Without a TOPO it is this machine as a fabric (`build local`), measured now, where all ranks stood on it.
    """
    if topo == NO_TOPO or not any(_asks(result) for result in results):
        return {}, []
    if fabric is None:
        if any(result.case.nodes > 1 for result in results):
            return {}, ["No bound: ranks on several nodes; name their fabric with --topo."]
        try:
            fabric = _this_machine(results)
        except EnvironmentFault as fault:
            return {}, [f"No bound: {fault}."]
        if fabric is None:
            return {}, ["No bound: what links these devices is not known; name it with --topo."]
    return _bounds(results, fabric)


def _asks(result: Result) -> bool:
    return result.case.world_size > 1 and result.case.collective != "barrier"


def _this_machine(results: Sequence[Result]) -> Fabric | None:
    """Return this machine, measured now; None where a library does not use its levels (nccl)."""
    from fabric.cli.build import local_fabric
    from fabric.network.spec import LOCAL_CARRIERS

    if not {_library(result) for result in results} <= set(LOCAL_CARRIERS):
        return None
    return local_fabric()


def _library(result: Result) -> str:
    return result.source.split(":")[0]


def _bounds(results: Sequence[Result], fabric: Fabric) -> tuple[Bounds, list[str]]:
    from fabric.predict.bounds import bound

    found, unplaced = {}, 0
    for result in results:
        if not _placed(result, fabric):
            unplaced += 1
            continue
        limit = bound(result.case, fabric, backend=_library(result))
        if limit is not None:
            found[key_of(result.case)] = (limit.busbw, limit.level)
    words = "the launch does not fill the fabric, so their order names other devices there"
    return found, [f"No bound for {unplaced} cases: {words}."] if unplaced else []


def _placed(result: Result, fabric: Fabric) -> bool:
    """Return whether the case's order names the same devices on the fabric as in the launch; contiguous always does."""
    ranks = result.context.get("launch_ranks")
    return result.case.order == "contiguous" or bool(fabric.carriers) or ranks == fabric.topology.devices
