"""How far the closed level of a pipelined step is from the step in time, by how much of it messages between stages are.

    python -m benchmarks.two_levels

288 plans: pipelines of 2 to 16 stages, plain and interleaved, on five small fabrics from 1:1 to 4:1, pipelines beside each
other or one after the other along the hosts, devices from slow (messages are little beside long passes) to so fast that all is
messages. Nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple

from fabric.network.spec import load
from fabric.predict.constants import NONE
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates
from fabric.workload.model import LanguageModel
from fabric.workload.plan import plan_of
from fabric.workload.simulated import simulated_step
from fabric.workload.training import training_step

LONG = LanguageModel(
    "long", layers=16, hidden=128, heads=4, kv_heads=4, head_width=32, mlp_width=512, vocabulary=1024, sequence=1024
)
FABRICS = ((2, 1, 4), (4, 1, 4), (4, 2, 4), (4, 4, 4), (2, 2, 2))
"""Leaves, spines, hosts a leaf."""
STAGES = ("pp=2", "pp=4", "pp=8", "pp=16", "pp=2,vpp=2", "pp=4,vpp=2", "pp=4,vpp=4", "pp=8,vpp=2")
LAYOUTS = ("tp-cp-dp-pp", "tp-cp-pp-dp")
FLOPS = (1e11, 1e12, 1e13, 1e14)
MICRO_BATCHES, SEQUENCES = 16, 8
SHARES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)


class Row(NamedTuple):
    """One plan: the share of the closed step that is exposed messages between stages, and closed over in time, less one."""

    share: float
    error: float
    name: str


def rows() -> Iterator[Row]:
    """Yield every plan's row."""
    for leaves, spines, hosts in FABRICS:
        fabric = load(f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts},speed=1Gb/s")
        ranks = fabric.topology.devices
        costs = Costs(fabric, NONE, ranks)
        for stages, layout, flops in product(STAGES, LAYOUTS, FLOPS):
            plan = plan_of(f"{stages},mb={SEQUENCES},zero=0,overlap=none,layout={layout}")
            if plan.pp > ranks:
                continue
            device = DeviceRates("emulated", "", bf16=flops, fp8=None, memory_rate=flops / 2, memory=1e10)
            batch = SEQUENCES * MICRO_BATCHES * (ranks // plan.pp)
            step = training_step(LONG, plan, fabric, batch=batch, costs=costs, device=device)
            in_time = simulated_step(LONG, plan, fabric, batch=batch, costs=costs, device=device)
            sent = sum(one.exposed for one in step.communications if one.dimension == "pp")
            name = f"{fabric.topology.name} {stages},layout={layout} {flops:.0e} FLOP/s"
            yield Row(sent / step.seconds, step.seconds / in_time.seconds - 1, name)


def main() -> None:
    """Print, by share, how many plans there are and the closed level's lowest and highest error."""
    found = list(rows())
    print(f"{len(found)} plans: closed level over the step in time")
    print(f"{'PP of the step':>16} {'plans':>6} {'lowest':>8} {'highest':>8}")
    for low, high in pairwise(SHARES):
        some = sorted(row for row in found if low <= row.share < high)
        errors = sorted(row.error for row in some)
        print(f"{low:>8.0%} to {min(high, 1):>4.0%} {len(some):6} {errors[0]:+8.1%} {errors[-1]:+8.1%}")
    worst = max(found, key=lambda row: abs(row.error))
    print(f"farthest: {worst.error:+.1%}, {worst.name}")


if __name__ == "__main__":
    main()
