"""One bring-up of a twin: every order, size and world size measured on it, as ordinary records. It predicts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fabric.errors import EnvironmentFault
from fabric.measure.backends.catalog import backend
from fabric.network.placement import given_order, place, spread
from fabric.records.result import Result
from fabric.twin.bring_up import running
from fabric.twin.holder import Holder
from fabric.twin.launch import NOT_OF_A_TWIN, Group, Measured, Starter, launch, starter
from fabric.twin.links import Links, counted
from fabric.twin.mpi import check as check_algorithm
from fabric.twin.next_hops import KERNEL_ECMP
from fabric.twin.paths import Flow, look_up, ring_flows
from fabric.twin.plan import TwinPlan, groups, host_speed
from fabric.twin.regime import check
from fabric.twin.script import change
from topologies.errors import InputError

LATENCY = ("barrier", "latency", "message_rate")
"""What is bound by the processor at any size, or by turns in which token buckets fill up."""
Tell = Callable[[str], None]
Seen = Callable[[], object]
"""Called at every result."""


@dataclass(frozen=True)
class Ask:
    """What to measure. seconds: budget of a case; timeout: of silence; mode: of the holder (rootless, root, auto).

    entry: the program of a rank, `module:function`, which takes the arguments of `measure`; modules: imported once, before
    ranks are forked. failures: what the plan's fabric lacks, for the record. iters: a fixed number of samples a case, None
    for as many as the budget holds. jobs: into how many process groups the ranks are cut, which run at once.
    """

    entry: str
    modules: tuple[str, ...]
    collective: str
    sizes: tuple[int, ...]
    world_sizes: tuple[int, ...]
    orders: tuple[str, ...] = ("contiguous",)
    seconds: float = 3.0
    timeout: float = 120.0
    mode: str = "auto"
    backend: str = "gloo"
    algorithm: str = "default"
    failures: str = ""
    iters: int | None = None
    jobs: int = 1


@dataclass(frozen=True)
class Order:
    """What one order of ranks gave. devices: of every process group; paths: links of flows, where the kernel chose them."""

    name: str
    devices: tuple[tuple[int, ...], ...]
    results: tuple[Result, ...]
    paths: Mapping[Flow, tuple[int, ...]]


def check_ask(plan: TwinPlan, ask: Ask) -> None:
    """Return nothing where every point can be measured.

    Raises:
        InputError: a CPU-bound size, too many ranks, or what one launch cannot do.
        EnvironmentFault: the library is not installed.
    """
    missing = backend(ask.backend).missing()
    if missing is not None:
        raise EnvironmentFault(f"{ask.backend}: {missing}")
    if ask.collective in LATENCY:
        raise InputError(f"collective: must not be one of {', '.join(LATENCY)}, latency is no twin's; got {ask.collective}")
    check_algorithm(ask.backend, ask.algorithm, ask.collective)
    if _by_kernel(plan):
        _step(ask)
    rails = len(groups(plan.fabric.topology, range(plan.fabric.topology.devices)))
    _check_worlds(plan, ask, rails)
    for ranks in ask.world_sizes:
        for nbytes in ask.sizes:
            check(nbytes, ranks // rails // ask.jobs, host_rate(plan))
    for order in ask.orders:
        place(plan.fabric.topology, max(ask.world_sizes), order)


def _check_worlds(plan: TwinPlan, ask: Ask, rails: int) -> None:
    """Refuse numbers of ranks that rails, jobs or the kernel's routing do not allow.

    Raises:
        InputError: which, and what would be right.
    """
    worlds, name = ask.world_sizes, plan.fabric.topology.name
    if len(worlds) > 1 and (rails > 1 or ask.jobs > 1 or _by_kernel(plan)):
        why = "rails" if rails > 1 else "jobs" if ask.jobs > 1 else KERNEL_ECMP
        raise InputError(f"ranks: must be one number of ranks with {why}, got {','.join(map(str, worlds))}")
    if ask.jobs > 1 and (worlds[0] % ask.jobs or worlds[0] < 2 * ask.jobs):
        raise InputError(f"jobs: {ask.jobs} jobs need ranks that they share evenly, 2 or more each, got {worlds[0]} ranks")
    for ranks in worlds:
        if ranks < 2 * rails or ranks % rails:
            raise InputError(f"ranks: must be a multiple of {rails} and at least {2 * rails} on {name}, got {ranks}")


def _step(ask: Ask) -> int:
    """Return to which rank after it every rank of a ring sends: gloo's to the one before, MPI's to the next.

    Source: gloo/allreduce.cc; the rings of Open MPI's coll_base_allreduce.c and MPICH's allreduce_intra_ring.c.

    Raises:
        InputError: no ring is run, so that there are many flows to look up at unknown moments.
    """
    step = {("gloo", "default"): -1, ("mpi", "ring"): 1}.get((ask.backend, ask.algorithm))
    if ask.collective != "all_reduce" or step is None:
        raise InputError(
            f"routing: {KERNEL_ECMP} looks up the flows of a ring: all_reduce with gloo, or with mpi and --algorithm ring; "
            f"got {ask.collective} with {ask.backend}, {ask.algorithm}"
        )
    return step


def host_rate(plan: TwinPlan) -> float:
    """Return the bits per second of a host's link on the twin."""
    return 8 * plan.scale * host_speed(plan.fabric)


@dataclass(frozen=True)
class Session:
    """A twin that is up, with the process that forks its ranks."""

    holder: Holder
    made: Starter

    def change(self, before: TwinPlan, after: TwinPlan) -> None:
        """Turn the live twin of one plan into that of another: links, rates, seeds and routes.

        Raises:
            EnvironmentFault: a command failed.
        """
        self.holder.run(change(before, after), "the change")

    def measure(self, plan: TwinPlan, ask: Ask, name: str, *, alone: bool = False, seen: Seen = lambda: None) -> Order:
        """Return what one order of ranks measures; the ranks live through all its sizes. alone: only the first job runs.

        Raises:
            EnvironmentFault: a rank failed.
        """
        ranks = place(plan.fabric.topology, max(ask.world_sizes), name).tolist()
        devices = tuple(_cut(groups(plan.fabric.topology, ranks), ask.jobs))[: 1 if alone else None]
        before = counted(self.holder, plan)
        found, paths = _measure(self.made, self.holder, plan, ask, devices, seen)
        links = Links.between(before, counted(self.holder, plan))
        return Order(name, devices, tuple(_record(plan, ask, name, devices, one, links) for one in found), paths)


@contextmanager
def session(plan: TwinPlan, ask: Ask, tell: Tell) -> Iterator[Session]:
    """Give a twin that is up, ready to measure; it is gone after the block.

    Raises:
        EnvironmentFault: the bring-up failed.
    """
    with running(plan, ask.mode) as (holder, seconds), starter(holder, plan, ask.modules, ask.entry) as made:
        tell(f"up in {seconds:.1f} s: {len(plan.boxes)} namespaces, {len(plan.wires)} links")
        yield Session(holder, made)


def count_results(plan: TwinPlan, ask: Ask) -> int:
    """Return how many results one bring-up gives: orders, world sizes, sizes, forms, and rails that run at once."""
    forms = len(backend(ask.backend).ways[ask.collective].forms)
    rails = len(groups(plan.fabric.topology, range(plan.fabric.topology.devices)))
    return len(ask.orders) * len(set(ask.world_sizes)) * len(set(ask.sizes)) * forms * rails


def experiment(plan: TwinPlan, ask: Ask, tell: Tell, seen: Seen = lambda: None) -> Iterator[Order]:
    """Yield what one bring-up measures, order by order.

    Raises:
        InputError: as check_ask.
        EnvironmentFault: the bring-up or a rank failed.
    """
    check_ask(plan, ask)
    with session(plan, ask, tell) as live:
        for name in ask.orders:
            found = live.measure(plan, ask, name, seen=seen)
            tell(f"{name}: {len(found.results)} results")
            yield found


def _cut(whole: Sequence[Sequence[int]], jobs: int) -> Iterator[tuple[int, ...]]:
    """Yield the process groups: every group cut into so many of neighbouring ranks."""
    for group in whole:
        size = len(group) // jobs
        yield from (tuple(group[start : start + size]) for start in range(0, size * jobs, size))


def _by_kernel(plan: TwinPlan) -> bool:
    return plan.routing.startswith(KERNEL_ECMP)


def _measure(
    made: Starter, holder: Holder, plan: TwinPlan, ask: Ask, devices: Sequence[tuple[int, ...]], seen: Seen
) -> tuple[list[Measured], dict[Flow, tuple[int, ...]]]:
    """Return the records of process groups that run at once, and the paths of their rings where the kernel chose them."""
    paths: dict[Flow, tuple[int, ...]] = {}

    def look() -> bool:
        if not _by_kernel(plan):
            return True
        found = [ring_flows(holder, plan, group, _step(ask), min(ask.sizes)) for group in devices]
        if any(flows is None for flows in found):
            return False
        paths.update(look_up(holder, plan, [flow for flows in found for flow in flows or ()]))
        return True

    asked = [Group(group, _arguments(ask, len(group)), ask.backend, ask.algorithm) for group in devices]
    found = []
    for one in launch(made, plan, asked, ask.timeout, look):
        found.append(one)
        seen()
    if _by_kernel(plan) and not paths:
        raise EnvironmentFault("twin: the ranks ended before the ways of their flows were looked up; take larger --sizes")
    return found, paths


def _arguments(ask: Ask, ranks: int) -> tuple[str, ...]:
    """Return measure's arguments: samples of several calls back to back, so that no full token bucket flatters a call."""
    worlds = ask.world_sizes if len(ask.world_sizes) > 1 else (ranks,)
    # gloo's ranks see that they share cores, for which measure cuts its budget to less than half
    words = {
        "--collective": ask.collective,
        "--sizes": ",".join(map(str, ask.sizes)),
        "--ranks": ",".join(map(str, worlds)),
        "--barrier": "back_to_back",
        "--budget": f"{ask.seconds / (0.4 if ask.backend == 'gloo' else 1):g}",
        "--timeout": f"{ask.timeout:g}",
    }
    if ask.iters is not None:
        words |= {"--iters": str(ask.iters), "--warmup": "1"}
    return tuple(word for pair in words.items() for word in pair)


def _record(plan: TwinPlan, ask: Ask, order: str, devices: Sequence[tuple[int, ...]], one: Measured, links: Links) -> Result:
    """Return measure's record as one of the twin: where its ranks really sat, over what, how undisturbed."""
    topology, found = plan.fabric.topology, one.result
    own = np.array(devices[one.group][: found.case.world_size])
    nodes, per_node = spread(topology, own)
    name = order if len(devices) == 1 and ask.jobs == 1 else given_order(own)
    regime = check(found.case.nbytes, found.case.world_size, host_rate(plan))
    context: dict[str, Any] = {key: value for key, value in found.context.items() if key not in NOT_OF_A_TWIN}
    context |= {
        "regime": regime.name,
        "quotient": round(regime.quotient, 2),
        "host_bits_per_second": round(host_rate(plan)),
        "scale": plan.scale,
        **({"failures": ask.failures} if ask.failures else {}),
        "groups_at_once": len(devices),
        "counted_slowdown": round(links.slowdown(plan.fabric), 3),
    }
    return replace(
        found,
        case=replace(found.case, nodes=nodes, ranks_per_node=per_node, order=name),
        source=f"twin:{found.source}",
        algorithm=ask.algorithm,
        routing=plan.routing,
        fabric=plan.fabric.name or topology.name,
        fingerprint=plan.fabric.fingerprint,
        fidelity={**one.fidelity, "drops_of_launch": links.drops},
        context=context,
    )
