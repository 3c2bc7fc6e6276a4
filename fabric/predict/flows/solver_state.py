"""The state of flows that move, as the arrays that compiled kernels work on. It solves nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fabric.network.routing.ways import Flags, Floats, Ints, Paths
from fabric.predict.flows.kernels import Small, Web, limits, web

BLOCK = 128
"""Flows whose earliest end is kept together."""


class Moving(NamedTuple):
    """Flows that move bytes, and the links they load.

    place: where each entry stands in web.lists. limit: a flow's rate were it alone. load: per link what its flows move, would
    move at their limits, and carry at rate 1. left: bytes at the time since; end: when a flow ends if nothing changes,
    infinite where it does not move. old: rates before this solve. low: earliest end per block of flows, stale: not up to date.
    reached, queue: flows and links found in this solve; seen, listed: flags of links. level: the lowest rate that can change.
    tally: flows moving, reached, links in queue, flows that left, solves, work done (in flows reached), solves that shall not
    search.
    """

    web: Web
    place: Small
    limit: Floats
    load: Floats
    left: Floats
    since: Floats
    end: Floats
    old: Floats
    low: Floats
    stale: Flags
    reached: Small
    queue: Small
    seen: Flags
    listed: Flags
    level: Floats
    tally: Ints


MOVE, REACH, QUEUE, LEFT, SOLVES, WORK, WIDE = range(7)


def moving(paths: Paths, capacity: Floats, share: Floats | None = None) -> Moving:
    """Return a state in which no flow moves; paths are those of all flows that may."""
    net, flows, links = web(paths, capacity, share), len(paths.first) - 1, len(capacity)
    net.rate[:] = 0.0
    blocks = -(-flows // BLOCK)
    return Moving(
        web=net,
        place=np.zeros(len(net.links), np.uint32),
        limit=limits(net),
        load=np.zeros((links, 4)),
        left=np.zeros(flows),
        since=np.zeros(flows),
        end=np.full(flows, np.inf),
        old=np.zeros(flows),
        low=np.full(blocks, np.inf),
        stale=np.zeros(blocks, np.bool_),
        reached=np.zeros(flows + 1, np.uint32),
        queue=np.zeros(links, np.uint32),
        seen=np.zeros(links, np.bool_),
        listed=np.zeros(links, np.bool_),
        level=np.full(1, np.inf),
        tally=np.zeros(7, np.int64),
    )
