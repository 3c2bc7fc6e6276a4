"""Shared links in plain Python: loads, max-min speeds in whole numbers. It knows no time and no queue.

All jobs' rates rise together; the link with the lowest equal share (the lowest number of equals) is full first and its jobs
keep that share, rounded down. A job whose communication takes c thousandths of its step alone and gets x of FULL of its rate
runs at FULL 1000 x // ((1000 - c) x + c FULL).
"""

from __future__ import annotations

from collections.abc import Sequence

from fabric.fleet.job import WHOLE
from fabric.fleet.outcome import FULL
from fabric.fleet.ready import Ready
from fabric.fleet.tree import UNIT

Loads = list[tuple[int, int]]


def speed(rate: int, communication: int) -> int:
    """Return a job's speed of FULL where its communication gets `rate` of FULL."""
    return FULL * WHOLE * rate // ((WHOLE - communication) * rate + communication * FULL)


class SharedLinks:
    """Which running job loads which link by how much, and what every link is asked to carry."""

    def __init__(self, ready: Ready) -> None:
        """Start with empty links."""
        self.ready = ready
        self.communication = ready.jobs.columns()["communication"].tolist()
        self.group = [tier.tolist() for tier in ready.group]
        self.capacity = ready.capacity.tolist()
        self.load = [0] * len(self.capacity)
        self.on: dict[int, Loads] = {}

    def loads(self, job: int, pool: int, nodes: Sequence[int]) -> Loads:
        """Return (link, load) of every link that a job on these nodes crosses; none inside one group or where it is silent."""
        return self.loads_of(nodes, int(self.ready.each[pool, job]), int(self.ready.size[pool]), self.communication[job])

    def loads_of(self, nodes: Sequence[int], each: int, size: int, share: int) -> Loads:
        """Return the loads of `each` devices on nodes of `size`, which communicate `share` thousandths of a step."""
        if self.ready.links is None or share == 0 or len(nodes) < 2:
            return []
        whole = UNIT * each // size
        if self.ready.links.load == "mean":
            whole = whole * share // WHOLE
        ring, count = self.ready.links.pattern == "ring", len(nodes)
        found: Loads = []
        for tier, group in enumerate(self.group):
            inside: dict[int, int] = {}
            for node in nodes:
                inside[group[node]] = inside.get(group[node], 0) + 1
            if len(inside) == 1:
                break
            first = int(self.ready.link_first[tier])
            for number in sorted(inside):
                crossing = whole if ring else whole * inside[number] * (count - inside[number]) // (count - 1)
                found.append((first + number, max(crossing, 1)))
        return found

    def alone(self, loads: Loads) -> int:
        """Return the rate of FULL that loads alone on their links get."""
        return max(1, min([FULL, *(int(self.capacity[link] << 18) // load for link, load in loads)]))

    def overload(self, job: int, pool: int, nodes: Sequence[int]) -> int:
        """Return by how much a job there would add to what links are asked to carry beyond their capacity."""
        grown = 0
        for link, load in self.loads(job, pool, nodes):
            over = self.load[link] - self.capacity[link]
            grown += max(over + load, 0) - max(over, 0)
        return grown

    def add(self, job: int, loads: Loads) -> None:
        """Put a job on its links."""
        self.on[job] = loads
        for link, load in loads:
            self.load[link] += load

    def remove(self, job: int) -> bool:
        """Take a job off its links; return whether it was on any."""
        loads = self.on.pop(job, [])
        for link, load in loads:
            self.load[link] -= load
        return bool(loads)

    def rates(self) -> dict[int, int]:
        """Return the max-min rate of FULL of every job on links."""
        rate = dict.fromkeys(self.on, FULL)
        rising: dict[int, dict[int, int]] = {}
        for job, loads in self.on.items():
            for link, load in loads:
                if self.load[link] > self.capacity[link]:
                    rising.setdefault(link, {})[job] = load
        room = {link: self.capacity[link] << 18 for link in rising}
        asked = {link: sum(jobs.values()) for link, jobs in rising.items()}
        while rising:
            level, link = min((room[link] // asked[link], link) for link in rising)
            level = max(level, 1)
            for job in list(rising[link]):
                rate[job] = min(level, FULL)
                for other, load in self.on[job]:
                    if other in rising and rising[other].pop(job, None) is not None:
                        room[other] -= load * rate[job]
                        asked[other] -= load
            rising = {link: jobs for link, jobs in rising.items() if jobs}
        return rate
