"""Dragonfly+: groups of leaves and spines, joined spine to spine. It does not know speeds or how traffic is routed.

A group has `leaves` leaves with p hosts each and one cable to each of `spines` spines; a spine has h global ports.
Canonical g = spines h + 1 groups. endpoints g leaves p; leaf-spine cables g leaves spines; global cables g spines h / 2;
two leaves are 3 hops apart at most (leaf, spine, spine, leaf), two hosts 5, two spines 5.
With fewer groups the global ports are shared out as in a dragonfly.
Source: Shpiner et al., "Dragonfly+: low cost topology for scaling datacenters", HiPINEB 2017.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Topology, assemble, check_whole, uplinks
from topologies.direct import check_graph
from topologies.dragonfly import check_arrangement, check_groups, global_cables, named_arrangement

FAMILY = "dragonfly_plus"


def dragonfly_plus(p: int, leaves: int, spines: int, h: int, groups: int = 0, arrangement: str = "absolute") -> Topology:
    """Return groups of `leaves` leaves with `p` hosts each under `spines` spines with `h` global ports each.

    groups: 0 for spines h + 1. arrangement: which global port goes to which group, as in a dragonfly.

    Raises:
        InputError: a count below 1, more than spines h + 1 groups, or an unknown arrangement.
    """
    check_whole(FAMILY, p=p, leaves=leaves, spines=spines, h=h)
    count = check_groups(FAMILY, groups, spines * h, "spines*h+1")
    check_arrangement(FAMILY, arrangement)
    check_graph(FAMILY, count * leaves, p, count * spines * (2 * leaves + h) // 2)
    params: dict[str, object] = {"p": p, "leaves": leaves, "spines": spines, "h": h}
    params |= ({} if count == spines * h + 1 else {"groups": count}) | named_arrangement(arrangement)
    devices = count * leaves * p
    host, leaf = np.arange(devices), np.arange(count * leaves)
    first_spine = devices + count * leaves
    ends = global_cables(count, spines * h, arrangement)
    return assemble(
        FAMILY,
        params,
        {"host": devices, "leaf": count * leaves, "spine": count * spines},
        {
            "host-leaf": uplinks(host, devices + (host // p)[:, None]),
            "leaf-spine": uplinks(devices + leaf, first_spine + (leaf // leaves * spines)[:, None] + np.arange(spines)),
            "spine-spine": first_spine + ends[..., 0] * spines + ends[..., 1] // h,
        },
    )
