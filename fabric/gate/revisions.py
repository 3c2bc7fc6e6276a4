"""Two sides against each other: pairs of launches, a coin says which goes first. It judges no cell and prints nothing.

Each side measures the same run file with its own code, started plainly, as a user does.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from fabric.errors import EnvironmentFault
from fabric.gate.canary import Canary, look_at, normalised, say
from fabric.gate.interleave import STATISTICS, check_ranks
from fabric.gate.rounds import PAIR_LOOKS, Rounds
from fabric.gate.sides import Side, environment_of
from fabric.gate.slices import same_surroundings
from fabric.measure.cells import run_file
from fabric.measure.host.machine import usable_cores
from fabric.measure.launch.supervise import LINE, supervise
from fabric.records.case import Case
from fabric.records.pool import pooled
from fabric.records.result import Result
from fabric.records.store import append, read
from fabric.statistics import median
from topologies.errors import InputError

CANARY_BYTES = 8
LAUNCH_BUDGET, LAUNCH_VISITS = 0.15, 2
"""Seconds a cell of one launch and how often it is come back to: many short launches say more than few long ones."""


@dataclass
class Duel:
    """The paired launches so far. times: cell -> (A's, B's seconds) of every pair; canary_line: what the canary says."""

    rounds: Rounds
    cases: tuple[Case, ...]
    statistic: str
    canary_case: Case
    context: Mapping[str, Any]
    times: dict[Case, list[tuple[float, float]]] = field(default_factory=dict)
    wrongs: dict[Case, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    canary: str = ""

    @property
    def pairs(self) -> int:
        """How many pairs of launches there are."""
        return len(self.times.get(self.canary_case, []))

    def typical(self, number: int) -> tuple[float, float]:
        """Return the median seconds of a cell over all launches of A and of B."""
        pairs = self.times[self.cases[number]]
        return median([a for a, _ in pairs]), median([b for _, b in pairs])

    def wrong(self, number: int) -> int:
        """Return a cell's wrong elements over all launches."""
        return self.wrongs.get(self.cases[number], 0)

    def add(self, a: Sequence[Result], b: Sequence[Result]) -> None:
        """Take one pair of launches."""
        chosen = STATISTICS[self.statistic]
        left, right = ({r.case: chosen(r.seconds) for r in pooled(results)} for results in (a, b))
        for case in {*self.cases, self.canary_case}:
            if case not in left or case not in right:
                raise InputError(f"gate: both sides must measure {case.collective} of {case.nbytes} bytes, one does not")
            self.times.setdefault(case, []).append((left[case], right[case]))
        for result in (*a, *b):
            self.wrongs[result.case] = self.wrongs.get(result.case, 0) + (result.wrong or 0)

    def look(self) -> None:
        """Judge all open cells on the pairs whose launches were in one host state, normalised by the canary.

        Raises:
            InputError: too many pairs crossed host states.
        """
        seen = look_at(*zip(*self.times[self.canary_case], strict=True))
        self.canary = say(seen)
        if seen.unsteady:
            raise InputError(f"gate: will not compare across host states: {self.canary}; run it on a quieter machine")
        for number, case in enumerate(self.cases):
            self.rounds.units[number] = self._units(case, seen)
        self.rounds.judge(range(len(self.cases)))

    def _units(self, case: Case, canary: Canary) -> list[float]:
        own, common = (_log_ratios(self.times[one])[canary.kept] for one in (case, self.canary_case))
        if canary.own_change or case == self.canary_case:
            return [float(value) for value in own]
        return [float(value) for value in normalised(own, common)[0]]


def _log_ratios(pairs: Sequence[tuple[float, float]]) -> Any:
    import numpy as np

    return np.array([log(b) - log(a) if min(a, b) > 0 else float("nan") for a, b in pairs])


def duel(
    sides: tuple[Side, Side],
    run: Path,
    *,
    backend: str | None = None,
    ranks: int | None = None,
    budget: float,
    tolerance: float,
    statistic: str = "p10",
    keep: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Duel:
    """Launch pair after pair until every cell is decided or the budget (seconds a cell) is used up.

    keep: a file that gets every result, its context saying which side it is.

    Raises:
        InputError: a run file that does not fit, libraries, thread levels or host states that differ.
        EnvironmentFault: a side's launch ended badly.
        SystemExit: somebody ended us by a signal.
    """
    if statistic not in STATISTICS:
        raise InputError(f"statistic: must be one of {', '.join(STATISTICS)}, got {statistic!r}")
    request, limits = _request(run, backend, ranks), Rounds(1, budget, tolerance)
    start, coins = monotonic(), random.SystemRandom()
    with tempfile.TemporaryDirectory(prefix="fabricbench-gate-") as folder:
        launcher = Launcher(Path(folder), request, keep)
        found: Duel | None = None
        while True:
            first = launcher.pair(sides, coins.random() < 0.5)
            if found is None:
                found = _opened(first[0], request, limits, statistic)
                found.notes += _differences(sides, *(results[0].context for results in first))
            found.add(*first)
            _refuse(sides, found.context, *(results[0].context for results in first))
            over = _progress(found, monotonic() - start, tell)
            if over or found.pairs in PAIR_LOOKS:
                found.look()
            if over or (found.rounds.verdicts and not found.rounds.open):
                return found


def _progress(found: Duel, spent: float, tell: Callable[[str], None]) -> bool:
    """Say how far it is; return whether the next pair no longer fits the budget."""
    allowed = found.rounds.budget * found.rounds.cells
    each = spent / found.pairs
    open_cells = len(found.rounds.open)
    tell(f"pair {found.pairs}, {open_cells} of {found.rounds.cells} cells open, at most {max(allowed - spent, 0):.0f} s left")
    return spent + each > allowed


def _opened(results: Sequence[Result], request: run_file.Run, rounds: Rounds, statistic: str) -> Duel:
    """Return an empty duel over the cells that the first launch measured, the canary apart."""
    asked = set(run_file.all_sizes(request.sizes))
    largest = max(result.case.world_size for result in results)
    canary = min((r.case for r in results if r.case.world_size == largest), key=lambda case: case.nbytes)
    extra = CANARY_BYTES not in asked
    cases = tuple(r.case for r in pooled(results) if not (extra and r.case.nbytes == CANARY_BYTES))
    own = Rounds(len(cases), rounds.budget, rounds.tolerance)
    return Duel(own, cases, statistic, canary, results[0].context)


def _request(run: Path, backend: str | None, ranks: int | None) -> run_file.Run:
    """Return the run of the file with the options in place of its values.

    Raises:
        InputError: what no launch could measure, or one rank alone.
    """
    request = run_file.load(run)
    changes: dict[str, Any] = {"topo": None}
    if backend:
        changes["backends"] = (backend,)
    if ranks:
        changes["world_sizes"] = (ranks,)
    request = request.model_copy(update=changes)
    cores = len(usable_cores())
    for job in run_file.jobs(request, "gloo", cores, cores):
        check_ranks(job.ranks)
    return request


def _differences(sides: tuple[Side, Side], a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Return one line for every fact that may differ and does."""
    return [f"{key}: A {a.get(key)}, B {b.get(key)}" for key in sides[0].differs if a.get(key) != b.get(key)]


def _refuse(sides: tuple[Side, Side], first: Mapping[str, Any], a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    """Raise where the two sides differ in what is not compared, or a side changed between launches."""
    may = dict.fromkeys(sides[0].differs)
    same_surroundings({**a, **may}, {**b, **may})
    same_surroundings(first, a)


@dataclass(frozen=True)
class Launcher:
    """Starts one side's `measure` on a run file of its own and reads what it left. folder: for both."""

    folder: Path
    request: run_file.Run
    keep: Path | None

    def pair(self, sides: tuple[Side, Side], a_first: bool) -> tuple[list[Result], list[Result]]:  # noqa: FBT001  # the coin
        """Return (A's results, B's results) of two launches, one right after the other."""
        order = sides if a_first else sides[::-1]
        found = {side.name + str(number): self.launch(side) for number, side in enumerate(order)}
        a, b = list(found.values()) if a_first else list(found.values())[::-1]
        if self.keep is not None:
            append(self.keep, [_marked(r, side, a_first) for side, results in (("A", a), ("B", b)) for r in results])
        return a, b

    def launch(self, side: Side) -> list[Result]:
        """Return the results of one launch of a side."""
        run, output = self.folder / "run.yaml", self.folder / "results.jsonl"
        run.write_text(yaml.safe_dump(self._content()))
        output.unlink(missing_ok=True)
        line = [side.python, "-m", "fabric", "measure", str(run), "--output", str(output), "--json"]
        said = self.folder / "said.txt"
        ending = supervise(_there(side.root or self.folder, said, line), environment_of(side))
        if ending.stopped is not None:
            raise SystemExit(128 + ending.stopped)
        if ending.code:
            raise EnvironmentFault(f"{side.name}: {_reason(said) or ending.reason}")
        results = read(output)[0]
        if not results:
            raise EnvironmentFault(f"{side.name}: its launch left no results")
        return results

    def _content(self) -> dict[str, Any]:
        """Return the run file's content: what was asked for, the canary's size, short visits."""
        sizes = sorted({CANARY_BYTES, *run_file.all_sizes(self.request.sizes)})
        short = {
            "sizes": sizes,
            "budget": LAUNCH_BUDGET,
            "visits": LAUNCH_VISITS,
            "seed": random.SystemRandom().randrange(1 << 31),
        }
        asked = self.request.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        return {**asked, **short}


def _there(folder: Path, said: Path, line: Sequence[str]) -> list[str]:
    """Return the command, run in the folder: `python -m` imports from where it stands first. What it prints goes to a file."""
    return ["/bin/sh", "-c", 'cd "$0" && exec "$@" > "$SAID" 2>&1'.replace("$SAID", str(said)), str(folder), *line]


def _reason(said: Path) -> str:
    """Return the last line of its own that a launch printed, or its very last one."""
    lines = [line.strip() for line in said.read_text(errors="replace").splitlines() if line.strip()] if said.exists() else []
    own = [line.removeprefix(LINE) for line in lines if line.startswith(LINE)]
    return (own or lines or [""])[-1][:200]


def _marked(result: Result, side: str, a_first: bool) -> Result:  # noqa: FBT001  # the coin
    return replace(result, context={**result.context, "gate_side": side, "gate_a_first": a_first})
