"""The way that every flow of a running twin really takes, asked of the kernels with its addresses and ports.

It does not know what the flows carry, or how long they take.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.twin.holder import Holder
from fabric.twin.plan import TwinPlan
from topologies.errors import InputError

MOST_HOPS = 32
SENT = re.compile(r"bytes_sent:(\d+)")


@dataclass(frozen=True)
class Flow:
    """One TCP connection in the direction of its data. source, target: devices."""

    source: int
    target: int
    source_port: int
    target_port: int


@dataclass(frozen=True)
class _Walk:
    """A flow on its way: the namespace it is in, the interface it came by, and the links so far."""

    flow: Flow
    box: str
    came_by: str | None
    links: tuple[int, ...]


def ring_flows(holder: Holder, plan: TwinPlan, devices: Sequence[int], step: int, least: int) -> list[Flow] | None:
    """Return the connections of a ring in which rank r sends to rank r + step; None while one has sent too little.

    Libraries open several connections between two ranks; the ring's is the one that has sent most, `least` bytes at least.
    """
    hosts = {plan.host_of(device) for device in devices}
    sent = _sent(holder, sorted(hosts))
    flows = []
    for rank, source in enumerate(devices):
        target = devices[(rank + step) % len(devices)]
        ends = (plan.address_of(source), plan.address_of(target))
        found = [(count, ports) for (pair, ports), count in sent.items() if pair == ends]
        if not found or max(found)[0] < least:
            return None
        flows.append(Flow(source, target, *max(found)[1]))
    return flows


def look_up(holder: Holder, plan: TwinPlan, flows: Iterable[Flow]) -> dict[Flow, tuple[int, ...]]:
    """Return the links of every flow, as `ip route get` in every namespace on the way names them.

    Raises:
        EnvironmentFault: a kernel has no route, or a flow does not arrive.
    """
    ends = dict(plan.links())
    out_of = {(end.box, end.interface): link for link, end in ends.items()}
    done: dict[Flow, tuple[int, ...]] = {}
    going = [_Walk(flow, plan.host_of(flow.source), None, ()) for flow in flows]
    for _ in range(MOST_HOPS):
        if not going:
            return done
        outs = _ask(holder, plan, going)
        moved = []
        for walk, out in zip(going, outs, strict=True):
            link = out_of[walk.box, out]
            far = ends[link ^ 1]
            moved.append(replace(walk, box=far.box, came_by=far.interface, links=(*walk.links, link)))
        done |= {walk.flow: walk.links for walk in moved if walk.box == plan.host_of(walk.flow.target)}
        going = [walk for walk in moved if walk.flow not in done]
    raise EnvironmentFault(f"twin: flows must arrive within {MOST_HOPS} hops, that of device {going[0].flow.source} does not")


def table(plan: TwinPlan, found: Mapping[Flow, Sequence[int]]) -> list[dict[str, str]]:
    """Return the paths as rows of a forwarding table (docs/routing.md), to predict with.

    Raises:
        InputError: two flows to one device part ways, which such a table cannot say.
    """
    ends = plan.fabric.topology.ends
    rows: dict[tuple[int, int], str] = {}
    for flow, links in found.items():
        for link in links:
            at = int(ends[link // 2, link % 2])
            if rows.setdefault((at, flow.target), f"cable:{link // 2}") != f"cable:{link // 2}":
                raise InputError(f"routing: several flows to device {flow.target} take different ways; take a ring, or dmodk")
    return [{"switch": str(at), "destination": str(to), "next": onward} for (at, to), onward in sorted(rows.items())]


def _sent(holder: Holder, hosts: Sequence[str]) -> dict[tuple[tuple[str, str], tuple[int, int]], int]:
    """Return the bytes that every connection of the hosts has sent, by ((own, other address), (own, other port))."""
    lines = (f"ss -N {host} -tinOH state established" for host in hosts)
    sent = {}
    for line in holder.run("\n".join(lines), "listing connections").splitlines():
        words, count = line.split(), SENT.search(line)
        own, other = (word.rpartition(":") for word in words[2:4])
        if count:
            sent[(own[0], other[0]), (int(own[2]), int(other[2]))] = int(count[1])
    return sent


def _ask(holder: Holder, plan: TwinPlan, going: Sequence[_Walk]) -> list[str]:
    """Return the interface by which every flow leaves the namespace it is in."""
    lines = []
    for walk in going:
        flow = walk.flow
        came = f" iif {walk.came_by}" if walk.came_by else ""
        lines.append(
            f"ip -n {walk.box} -j route get {plan.address_of(flow.target)} from {plan.address_of(flow.source)}{came} "
            f"ipproto tcp sport {flow.source_port} dport {flow.target_port}; echo"
        )
    said = holder.run("\n".join(lines), "looking up a path").splitlines()
    answers: list[list[dict[str, Any]]] = [json.loads(line) for line in said if line.strip()]
    return [str(answer[0]["dev"]) for answer in answers]
