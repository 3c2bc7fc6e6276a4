"""pytest's fixture `collective`: real collectives on all ranks of the run, timed by all together. It knows no library by name.

Every pytest run of an environment with fabricbench imports this file, so that it imports nothing but pytest, and does
nothing until a test asks for `collective`. Alone, under mpirun and under torchrun the same test runs one rank or many: all
agree on every count (calibrating per process hangs), a time is the maximum over ranks, and rank 0 alone prints and writes
what pytest-benchmark then reads.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fabric.judge.floor import Floor
    from fabric.measure.backends.backend import Group, World
    from fabric.measure.cells.asked import Asked, OwnAsked
    from fabric.measure.launch.launcher import Launch
    from fabric.measure.timing.loop import Timing
    from fabric.records.case import Case

    Collective = Callable[..., Timing]

FIXTURE = "collective"
LAUNCHED = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")
"""Variables one of which every launcher sets: without any of them nothing of fabric is imported for a run."""
SILENT = ("json", "save", "autosave", "compare_fail", "histogram")
"""What pytest-benchmark's session writes or judges: rank 0's alone."""
BENCHMARK = ("benchmark", "pytest_benchmark.plugin")
"""pytest-benchmark by its entry point's name and by its module's."""
START = "start the ranks with `mpirun -n 2 python -m pytest` or `torchrun --nproc-per-node 2 -m pytest`"
TIMEOUT = 60.0
"""Seconds after which a rank that waits for another one ends the run."""


class FloorWarning(UserWarning):
    """A time that is one to watch, or one of which the floor says nothing."""


def _asks(item: pytest.Item) -> bool:
    """Return whether a test asks for the fixture, and not for a parameter of its own of the same name."""
    own = getattr(getattr(item, "callspec", None), "params", ())
    return FIXTURE in getattr(item, "fixturenames", ()) and FIXTURE not in own


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


class Held:
    """Standard output that is held back until it is known whether this rank may speak."""

    def __init__(self, real: Any) -> None:
        """Stand before the real stream."""
        self._real, self._kept, self.speaks = real, list[str](), None

    speaks: bool | None

    def write(self, text: str) -> None:
        """Keep, pass on or drop the text."""
        if self.speaks is None:
            self._kept.append(text)
        elif self.speaks:
            self._real.write(text)

    def decide(self, *, speaks: bool) -> None:
        """From now on pass everything on, what was held back first, or drop it all."""
        kept, self._kept, self.speaks = self._kept, [], speaks
        self.write("".join(kept))

    def flush(self) -> None:
        """Flush the real stream."""
        self._real.flush()

    def isatty(self) -> bool:
        """Return whether the real stream is a terminal."""
        return bool(self._real.isatty())

    @property
    def encoding(self) -> str:
        """The real stream's encoding."""
        return getattr(self._real, "encoding", None) or "utf-8"


HELD, REPLAY, ALONE = pytest.StashKey[Held](), pytest.StashKey[Replay](), pytest.StashKey[int]()


def rank() -> int:
    """Return this process's rank, 0 where nobody launched it."""
    if not any(name in os.environ for name in LAUNCHED):
        return 0
    from fabric.measure.launch.launcher import detect  # noqa: PLC0415  # a plain run pays nothing

    return detect().rank


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixture, or the word that it needs pytest-benchmark; hold back what ranks other than 0 print."""
    config.stash[REPLAY], config.stash[ALONE] = Replay(), 0
    config.addinivalue_line("markers", "floor(path, algorithm=None): judge `collective` by a floor of `judge --floor`")
    there = any(config.pluginmanager.hasplugin(name) for name in BENCHMARK)
    config.pluginmanager.register(WithBenchmark() if there else WithoutBenchmark(), "fabricbench-collective")
    old = config.pluginmanager.getplugin("terminalreporter")
    if old is not None and rank():
        config.stash[HELD] = held = Held(sys.stdout)
        config.pluginmanager.unregister(old)
        config.pluginmanager.register(pytest.TerminalReporter(config, held), "terminalreporter")  # type: ignore[arg-type]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let benchmarks of all ranks replay their times; where there are any, rank 0 alone prints and writes."""
    together = [item for item in items if _asks(item)]
    for item in together:
        given = item.get_closest_marker("benchmark")
        timer = pytest.mark.benchmark(**(given.kwargs if given else {}), timer=config.stash[REPLAY])
        item.add_marker(timer, append=False)
    held = config.stash.get(HELD, None)
    if held is not None:
        held.decide(speaks=not together)
    if together and rank():
        _write_nothing(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where collectives were timed on one rank: their times are those of a call, for nothing is sent."""
    count = config.stash.get(ALONE, 0)
    if count:
        times = f"{count} collective{'s were' if count > 1 else ' was'} timed on 1 rank"
        from fabric.measure.launch.start import as_root  # noqa: PLC0415

        terminalreporter.write_line(f"fabricbench: {times}, where nothing is sent: {START}{as_root()}")


def _write_nothing(config: pytest.Config) -> None:
    """Take files away from a rank that is not 0: pytest-benchmark's and JUnit's."""
    session = config.pluginmanager.getplugin("pytest-benchmark")
    for name in SILENT if session is not None else ():
        setattr(session, name, None)
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "LogXML":
            plugin.logfile = os.devnull  # pytest itself takes it away at the end, so that it must stay


class WithoutBenchmark:
    """What stands for the fixture where pytest-benchmark is not there."""

    @pytest.fixture
    def collective(self) -> Collective:
        """Fail with the one thing to do."""
        pytest.fail(
            "collective: needs pytest-benchmark; `pip install pytest-benchmark`, without `-p no:benchmark`", pytrace=False
        )


@pytest.fixture(scope="session")
def collective_ranks() -> Iterator[Callable[[str | None], Ranks]]:
    """Return f(backend): all ranks connected by it, once a session; skips the test where that cannot be."""
    connected: dict[str, Ranks] = {}

    def ranks(name: str | None) -> Ranks:
        chosen = name or _default_backend()
        if chosen not in connected:
            connected[chosen] = _connect(chosen)
        return connected[chosen]

    yield ranks
    for one in connected.values():
        one.world.close()


class WithBenchmark:
    """The fixture."""

    @pytest.fixture
    def collective(
        self, request: pytest.FixtureRequest, collective_ranks: Callable[[str | None], Ranks], benchmark: Any
    ) -> Collective:
        """Return f(name, nbytes=, backend=, dtype=, op=, root=, in_place=, mode=, params=, budget=, iters=).

        Or f(callable, backend=, budget=, iters=, warmup=, barrier=): your own code, which all ranks call as often as each
        other. It times it on all ranks, gives the times to pytest-benchmark, and fails the test where an element of a
        collective's result is wrong. It returns the Timing: .median, .p99, .interval and .seconds, one per sample, each the
        maximum over ranks. Once a test.
        """

        def run(*words: object, **given: Any) -> Timing:
            asked = _asked(words, given)
            floor = _floor(request.node, asked)
            ranks = collective_ranks(asked.backend)
            timing = _run(ranks, request.node.nodeid, benchmark, request.config.stash[REPLAY], asked)
            request.config.stash[ALONE] += ranks.launch.world_size == 1
            if floor is not None:
                _judge(ranks, asked, timing, *floor)
            return timing

        return run


class Ranks:
    """All ranks of this run, connected by one library, and what they say about themselves."""

    def __init__(self, name: str, launch: Launch, world: World, group: Group) -> None:
        """Ask the ranks once what is there."""
        from fabric.measure.host.placement import context, gather_placement  # noqa: PLC0415
        from fabric.measure.launch.watchdog import Watchdog  # noqa: PLC0415

        self.name, self.launch, self.world, self.group = name, launch, world, group
        self.placement = gather_placement(world)
        self.context = dict(context(world, launch, self.placement))
        line = f"{name}: no answer from another rank for {TIMEOUT:g} s; it is dead, hangs, or runs another test"
        self.watchdog = Watchdog(TIMEOUT, line)


def _default_backend() -> str:
    """Return what the launcher is for: MPI under mpirun, else nccl where there are GPUs, else gloo."""
    from fabric.measure.host.machine import gpus  # noqa: PLC0415
    from fabric.measure.launch.launcher import detect  # noqa: PLC0415

    return "mpi" if detect().under_mpirun else "nccl" if gpus() else "gloo"


def _connect(name: str) -> Ranks:
    from fabric.errors import EnvironmentFault  # noqa: PLC0415
    from fabric.measure.backends.catalog import backend  # noqa: PLC0415
    from fabric.measure.launch.launcher import detect  # noqa: PLC0415
    from fabric.measure.launch.start import as_root  # noqa: PLC0415
    from topologies.errors import InputError  # noqa: PLC0415

    launch = detect()
    try:
        chosen = backend(name)
        missing = chosen.missing()
        if missing is not None:
            pytest.skip(f"{name}: {missing}")
        if name == "mpi" and launch.world_size == 1:
            pytest.skip(f"{name}: on one rank nothing is sent, so that there is no result; {START}{as_root()}")
        if launch.started and launch.launcher not in chosen.launchers:
            pytest.skip(f"{name}: does not run under {launch.name}")
        world = chosen.connect(launch, TIMEOUT)
    except EnvironmentFault as fault:
        pytest.skip(str(fault))
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
    group = world.group(range(launch.world_size))
    if group is None:
        pytest.fail(f"{name}: this rank is outside its own world", pytrace=False)
    return Ranks(name, launch, world, group)


def _asked(words: tuple[object, ...], given: dict[str, Any]) -> Asked | OwnAsked:
    from fabric.measure.cells.asked import asked  # noqa: PLC0415
    from topologies.errors import InputError  # noqa: PLC0415

    try:
        return asked(words, given)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)


def _floor(item: pytest.Item, asked: Asked | OwnAsked) -> tuple[Floor, str | None] | None:
    """Return the floor that a test is marked with, and the algorithm it names; None where it is not marked."""
    mark = item.get_closest_marker("floor")
    if mark is None:
        return None
    from fabric.judge.marker import marked  # noqa: PLC0415
    from topologies.errors import InputError  # noqa: PLC0415

    if hasattr(asked, "call"):
        pytest.fail(f"floor: holds collectives by name, not a callable: {asked.name}", pytrace=False)
    try:
        return marked(mark.args, mark.kwargs, item.path.parent)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)


def _judge(ranks: Ranks, asked: Any, timing: Timing, floor: Floor, algorithm: str | None) -> None:
    """Fail a test whose time is bad by the floor; warn where it is one to watch, or where the floor says nothing of it."""
    from fabric.judge.marker import by_floor, line  # noqa: PLC0415
    from fabric.records.result import Result  # noqa: PLC0415

    found = by_floor(Result(_case(ranks, asked), ranks.world.source, timing.seconds), floor, algorithm)
    if found.verdict == "bad":
        pytest.fail(line(found), pytrace=False)
    elif found.verdict != "good":
        warnings.warn(FloorWarning(line(found)), stacklevel=3)


def _run(ranks: Ranks, test: str, benchmark: Any, replay: Replay, asked: Asked | OwnAsked) -> Timing:
    from topologies.errors import InputError  # noqa: PLC0415

    try:
        what, facts, timed = _question(ranks, asked)
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
    ranks.watchdog.alive()
    tests = set(ranks.world.gather(f"{test} {what}"))
    if len(tests) > 1:
        ranks.watchdog.rest()
        pytest.fail(f"collective: all ranks must run the same tests in the same order, got {' and '.join(sorted(tests))}")
    try:
        timing = timed()
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
    finally:
        ranks.watchdog.rest()
    replay.load(timing.seconds)
    _label(benchmark, ranks)
    size = ranks.launch.world_size
    benchmark.extra_info.update({"source": ranks.world.source, **facts, "wrong": timing.wrong, **ranks.context})
    benchmark.extra_info.update(world_size=size, statistic="maximum over ranks")
    benchmark.pedantic(lambda: None, rounds=len(timing.seconds), iterations=1)
    if not (benchmark.disabled or replay.used_up()):
        pytest.fail("collective: pytest-benchmark timed with a clock of its own; remove --benchmark-timer", pytrace=False)
    if timing.wrong:
        pytest.fail(f"{asked.name}: {timing.wrong} wrong elements over all {size} ranks", pytrace=False)
    return timing


def _label(benchmark: Any, ranks: Ranks) -> None:
    """Add library and ranks to the names that pytest-benchmark prints and joins by: other ranks are another benchmark."""
    size = ranks.launch.world_size
    label = f" {ranks.world.source}, {size} rank{'s' if size > 1 else ''}"
    benchmark.name, benchmark.fullname = benchmark.name + label, benchmark.fullname + label


def _question(ranks: Ranks, asked: Asked | OwnAsked) -> tuple[str, dict[str, Any], Callable[[], Timing]]:
    """Return (what all ranks must agree on, facts of it, what times it)."""
    from fabric.measure.cells.asked import Asked  # noqa: PLC0415
    from fabric.measure.timing.loop import time_case  # noqa: PLC0415

    plan, alive, group = asked.plan, ranks.watchdog.alive, ranks.group
    if not isinstance(asked, Asked):
        return asked.name, {"callable": asked.name}, lambda: _time_own(ranks, asked)
    case = _case(ranks, asked)
    facts = {"collective": case.collective, "nbytes": case.nbytes}
    return str(case), facts, lambda: time_case(group, case, group.rank, plan, alive)


def _time_own(ranks: Ranks, asked: OwnAsked) -> Timing:
    """Return the timing of the user's callable, called once before on all ranks: where it raises, all of them fail."""
    from fabric.measure.timing.loop import time_own  # noqa: PLC0415

    raised = 1
    try:
        asked.call()
        raised = 0
    finally:
        raised = ranks.group.total(raised)
    if raised:
        pytest.fail(f"collective: {asked.name} raised on {raised} of {ranks.launch.world_size} ranks", pytrace=False)
    return time_own(ranks.group, asked.call, asked.plan, ranks.watchdog.alive)


def _case(ranks: Ranks, asked: Asked) -> Case:
    """Return the case of one cell on all ranks."""
    from fabric.measure.cells.asked import case_of  # noqa: PLC0415

    return case_of(asked, ranks.name, ranks.launch.world_size, ranks.placement)
