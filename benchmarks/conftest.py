"""pytest-benchmark under several ranks: all ranks agree on every count, rank 0 alone prints and writes, times are rank-max.

Alone, `pytest benchmarks/` runs one rank; `mpirun -n 2 python -m pytest benchmarks/test_all_reduce.py` and
`torchrun --nproc-per-node 2 -m pytest benchmarks/test_all_reduce.py` run two. It does not know what is measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Group, World
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.launch import Launch, detect
from fabric.measure.loop import Timing, time_case
from fabric.measure.machine import gpus
from fabric.measure.placement import context, gather_placement
from fabric.measure.plan import Plan
from fabric.records.case import Case

WRITES = ("benchmark_json", "benchmark_save", "benchmark_autosave", "benchmark_compare", "benchmark_histogram")
"""Options that only rank 0 keeps."""


class Replay:
    """A timer that gives back times which were measured before: two readings per round, one time apart."""

    def __init__(self) -> None:
        """Start with nothing to give back."""
        self._readings: Iterator[float] = iter(())

    def load(self, seconds: tuple[float, ...]) -> None:
        """Give back these times next."""
        self._readings = iter([reading for value in seconds for reading in (0.0, value)])

    def __call__(self) -> float:
        """Return the next reading."""
        return next(self._readings)

    def used_up(self) -> bool:
        """Return whether every time was given back."""
        return next(self._readings, None) is None


REPLAY = Replay()


@dataclass(frozen=True)
class Ranks:
    """All ranks of this run, connected, and what they say about themselves."""

    launch: Launch
    world: World
    group: Group
    context: dict[str, Any]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Switch benchmarks on where nobody switched them off on the command line; let rank 0 alone write files."""
    if "--benchmark-disable" not in config.invocation_params.args:
        config.option.benchmark_disable = False
    if detect().rank:
        for name in WRITES:
            setattr(config.option, name, None)
        config.option.xmlpath = None


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let ranks other than 0 report into nothing."""
    old = config.pluginmanager.getplugin("terminalreporter")
    if detect().rank and old is not None:
        config.pluginmanager.unregister(old)
        silent = open(os.devnull, "w")  # noqa: SIM115  # open as long as the session
        config.pluginmanager.register(pytest.TerminalReporter(config, silent), "terminalreporter")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let benchmarks of all ranks replay their times; leave the other tests to rank 0."""
    together = [item for item in items if "all_ranks_benchmark" in getattr(item, "fixturenames", ())]
    for item in together:
        given = item.get_closest_marker("benchmark")
        item.add_marker(pytest.mark.benchmark(**(given.kwargs if given else {}), timer=REPLAY), append=False)
    if detect().rank:
        config.hook.pytest_deselected(items=[item for item in items if item not in together])
        items[:] = together


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Keep this host's name out of files that are shared."""
    machine_info.pop("node", None)


@pytest.fixture(scope="session")
def ranks() -> Iterator[Ranks]:
    """All ranks, connected by what their launcher is for: MPI under mpirun, else nccl where there are GPUs, else gloo."""
    launch = detect()
    name = "mpi" if launch.under_mpirun else "nccl" if gpus() else "gloo"
    missing = BACKENDS[name].missing()
    if missing is not None:
        pytest.skip(f"{name}: {missing}")
    try:
        world = BACKENDS[name].connect(launch, 60.0)
    except EnvironmentFault as fault:
        pytest.skip(str(fault))
    group = world.group(launch.world_size)
    assert group is not None
    yield Ranks(launch, world, group, dict(context(world, launch, gather_placement(world))))
    world.close()


@pytest.fixture
def all_ranks_benchmark(ranks: Ranks, benchmark: Any) -> Callable[[Case, Plan], Timing]:
    """Return f(case, plan): times the case on all ranks together and hands rank 0's pytest-benchmark the rank-max times."""

    def run(case: Case, plan: Plan) -> Timing:
        timing = time_case(ranks.group, case, ranks.launch.rank, plan, lambda: None)
        REPLAY.load(timing.seconds)
        facts = {"source": ranks.world.source, "nbytes": case.nbytes, "wrong": timing.wrong, **ranks.context}
        benchmark.extra_info.update(facts, world_size=case.world_size, statistic="maximum over ranks")
        benchmark.pedantic(lambda: None, rounds=len(timing.seconds), iterations=1)
        assert benchmark.disabled or REPLAY.used_up(), "pytest-benchmark timed with another timer than REPLAY"
        return timing

    return run
