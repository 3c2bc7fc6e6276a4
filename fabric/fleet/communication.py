"""How much of a step jobs communicate between nodes: measured, assumed within a range, or of a training step. It has no links.

Shares are of the step of a job alone at full rate. Of a training step the low end is what nothing hides, the high end what
computing hides too: on slower links it comes to light.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from fabric.fleet.asked import devices_of_nodes, nodes_of, with_ratio
from fabric.fleet.communication_text import ENDS, OTHER, ShareText, shares, sizes, tenants
from fabric.fleet.figures import SIZES, class_name
from fabric.fleet.fleet import Fleet
from fabric.fleet.job import WHOLE, Ints, Jobs
from fabric.text.escape import shown
from fabric.workload.job import JobStep, job_step, step_of
from topologies.errors import InputError
from topologies.guess import did_you_mean


def resolved(text: Any, fleet: Fleet) -> Any:
    """Return what a file says with the shares of training steps worked out on the fleet's network, at full rate.

    A step without its own number of devices is asked of for every size class above a node, at the most devices that the class
    has and the fleet holds: a node's, times a power of two.

    Raises:
        InputError: a step that cannot be predicted there, or jobs of a size that the fleet has not.
    """
    if isinstance(text, str):
        return _by_size(text, fleet)
    if not isinstance(text, Mapping):
        return text
    found: dict[str, Any] = {}
    for key, one in sorted(text.items(), key=lambda item: item[0] != OTHER):
        own = sizes(key)
        new = _of_size(one, fleet, *own) if isinstance(one, str) and own else resolved(one, fleet)
        found |= new if key == OTHER and isinstance(new, Mapping) else {key: new}
    return found


def _by_size(text: str, fleet: Fleet) -> ShareText | dict[str, ShareText]:
    """Return a training step's share by size class, the largest as that of all others; one where it has its own devices."""
    if job_step(text, "communication").devices is not None:
        return _of_size(text, fleet, 0, 0)
    classes = [one for one in SIZES if _most(fleet, *one)]
    if not classes:
        raise InputError(f"communication: {text} needs jobs larger than a node, the fleet has {fleet.devices_on:,} devices on")
    *smaller, largest = classes
    others = _of_size(text, fleet, *largest)
    return {OTHER: others, **{class_name(*one): _of_size(text, fleet, *one) for one in smaller}} if smaller else others


def _of_size(text: str, fleet: Fleet, low: int, high: int) -> ShareText:
    asked = job_step(text, "communication")
    devices = asked.devices or _most(fleet, low, high)
    if not devices:
        raise InputError(
            f"communication: {text}: no job of {class_name(low, high)} devices is whole nodes times a power of two, more than "
            f"one, on the {fleet.devices_on:,} devices that are on"
        )
    return _of_step(replace(asked, devices=devices), text, fleet)


def _most(fleet: Fleet, low: int, high: int) -> int:
    """Return the most devices of a class of sizes, a node's times a power of two; 0 where none is above a node."""
    node, most = max(pool.devices for pool in fleet.pools), min(high, fleet.devices_on)
    found = node << max((most // node).bit_length() - 1, 0)
    return found if low <= found <= most and found > node else 0


@lru_cache(maxsize=64)
def _of_step(asked: JobStep, text: str, fleet: Fleet) -> ShareText:
    """Return the two ends of a training step's share on the fleet's first nodes."""
    if fleet.fabric is None or asked.devices is None:
        raise InputError(f"communication: {text} needs a fleet with a network")
    try:
        count, each = nodes_of(fleet, asked.devices)
        own = devices_of_nodes(fleet, fleet.fabric)[:count]
        given = np.concatenate([node[:each] for node in own])[: asked.devices]
        step = step_of(asked, with_ratio(fleet.fabric, 1.0), given=given)
    except InputError as error:
        raise InputError(f"communication: {text} on {asked.devices:,} devices: {error}") from None
    between = [one for one in step.communications if one.nics > 0]
    bare = sum(one.exposed for one in between)
    whole = sum(max(one.exposed, one.seconds) for one in between)
    said = f"{asked.model}:{step.plan.text()}:{step.batch}:{step.ranks}"
    return ShareText(low=min(bare / step.seconds, 1.0), high=min(whole / step.seconds, 1.0), step=said)


def check_tenants(key: str, named: Iterable[str], known: Sequence[str]) -> None:
    """Return nothing where all tenants that a key of the file names have jobs; InputError with the first that has none."""
    for name in named:
        if name not in known:
            names = ", ".join(map(shown, known[:10]))
            raise InputError(f"{key}: no job is of the tenant {shown(name)}{did_you_mean(name, known)}; there are {names}")


def thousandths(jobs: Jobs, fleet: Fleet, text: Any, end: str) -> Ints:
    """Return the share of every job larger than a node, at one end of its range; 0 of the others. text: resolved.

    Raises:
        InputError: a tenant that has no job.
    """
    found = np.zeros(len(jobs))
    tenant, known = jobs.columns()["tenant"].astype(np.int64), list(jobs.tenants)
    check_tenants("communication", tenants(text), known)
    for share in shares(text):
        own = (jobs.devices >= share.devices[0]) & (jobs.devices <= share.devices[1])
        if share.tenant is not None:
            own &= tenant == known.index(share.tenant)
        found[own] = share.high if end == ENDS[1] else share.low
    several = jobs.devices > max(pool.devices for pool in fleet.pools)
    return np.where(several, np.round(found * WHOLE), 0).astype(np.int32)
