"""What the links of a running twin counted: bytes, packets, drops. It does not know who sent them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fabric.network.fabric import Fabric
from fabric.twin.holder import Holder
from fabric.twin.plan import TwinPlan

COUNTERS = ("bytes", "packets", "drops")
Counted = Mapping[int, Mapping[str, int]]
"""Link -> counters of its token bucket."""


def counted(holder: Holder, plan: TwinPlan) -> Counted:
    """Return bytes, packets and drops of every link since it came up.

    Raises:
        EnvironmentFault: tc gives no answer.
    """
    said = holder.run("\n".join(f"tc -n {box.name} -s -j qdisc show; echo" for box in plan.boxes), "reading tc's counters")
    answers = [json.loads(line) for line in said.splitlines() if line.strip()]
    buckets = {
        (box.name, row["dev"]): {key: int(row[key]) for key in COUNTERS}
        for box, rows in zip(plan.boxes, answers, strict=True)
        for row in rows
        if row["kind"] == "tbf"
    }
    return {link: buckets[end.box, end.interface] for link, end in plan.links()}


@dataclass(frozen=True)
class Links:
    """What happened on the links between two readings: bytes of every link, drops of all."""

    crossed: Mapping[int, int]
    drops: int

    @classmethod
    def between(cls, before: Counted, after: Counted) -> Links:
        """Return the difference of two readings."""
        crossed = {link: after[link]["bytes"] - before[link]["bytes"] for link in after}
        return cls(crossed, sum(after[link]["drops"] - before[link]["drops"] for link in after))

    def slowdown(self, fabric: Fabric) -> float:
        """Return how long the fullest link was in use, over the fullest one of a device: the collisions that really were."""
        seconds = {link: count / fabric.link_speed[link] for link, count in self.crossed.items()}
        own = [value for link, value in seconds.items() if fabric.topology.ends[link // 2, 0] < fabric.topology.devices]
        return float(max(seconds.values()) / max(own))
