"""What-ifs on a live twin: the same fabric with a failure, slower cables, another seed, order or job beside. It runs nothing.

The whole fabric is brought up once. A scenario sets links down, changes token buckets or seeds and replaces routes; the
next one undoes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures, draw, without
from fabric.twin.next_hops import KERNEL_ECMP
from fabric.twin.plan import TwinPlan, host_speed, plan_of
from topologies.errors import InputError

WHOLE = "whole"


@dataclass(frozen=True)
class Scenario:
    """One what-if: what fails, which cables are slower (cable -> bytes per second), order, routing and jobs at once."""

    name: str
    order: str
    routing: str
    failures: Failures = field(default_factory=Failures)
    degraded: Mapping[int, float] = field(default_factory=dict)
    jobs: int = 1


def scenarios(
    plan: TwinPlan,
    order: str,
    *,
    fail: Sequence[str] = (),
    fail_seed: int = 0,
    degraded: Mapping[str, Mapping[int, float]] | None = None,
    oversubscribe: Sequence[float] = (),
    orders: Sequence[str] = (),
    seeds: Sequence[int] = (),
    jobs: int = 1,
) -> list[Scenario]:
    """Return the whole fabric and then every what-if alone. degraded: name -> cables and their bytes per second.

    Raises:
        InputError: a failure or a seed that there is none of, or seeds without the kernel's own routing.
    """
    if seeds and not plan.routing.startswith(KERNEL_ECMP):
        raise InputError(f"seeds: only {KERNEL_ECMP} has any, got routing {plan.routing}; add --routing {KERNEL_ECMP}:0")
    whole = Scenario(WHOLE, order, plan.routing)
    found = [whole]
    found += [replace(whole, name=f"fail {text}", failures=draw(plan.fabric.topology, text, fail_seed)) for text in fail]
    found += [replace(whole, name=f"degrade {text}", degraded=cables) for text, cables in (degraded or {}).items()]
    found += [replace(whole, name=f"network at 1/{n:g}", degraded=slower_network(plan.fabric, n)) for n in oversubscribe]
    found += [replace(whole, name=f"order {name}", order=name) for name in orders]
    found += [replace(whole, name=f"seed {seed}", routing=f"{KERNEL_ECMP}:{seed}") for seed in seeds]
    if jobs > 1:
        found += [replace(whole, name=f"{jobs} jobs at once", jobs=jobs)]
    return found


def slower_network(fabric: Fabric, times: float) -> dict[int, float]:
    """Return the speed of every cable between switches at 1/times of what it is: a fabric as much oversubscribed.

    Raises:
        InputError: less than once.
    """
    if not times >= 1:
        raise InputError(f"oversubscribe: must be 1 or more, got {times:g}")
    between = np.flatnonzero(fabric.topology.ends[:, 0] >= fabric.topology.devices)
    return {int(cable): float(fabric.link_speed[2 * cable]) / times for cable in between}


def changed(plan: TwinPlan, scenario: Scenario) -> TwinPlan:
    """Return the plan of a scenario on a plan's twin: the same boxes and interfaces, the toolkit's routes over what is left.

    Raises:
        InputError: a fabric that falls apart.
    """
    interfaces = [(wire.lower.interface, wire.upper.interface) for wire in plan.wires]
    alive = np.flatnonzero(scenario.failures.alive(plan.fabric.topology)).tolist()
    slower = replace(plan.fabric, degraded={**plan.fabric.degraded, **scenario.degraded})
    rate = 8 * plan.scale * host_speed(plan.fabric)
    left = without(slower, scenario.failures) if scenario.failures != Failures() else slower
    return plan_of(left, rate, scenario.routing, [interfaces[cable] for cable in alive])
