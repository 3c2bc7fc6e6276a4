"""Training steps on the twin: waits instead of arithmetic, real gloo calls on real links, predicted beside measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.launch.start import environment
from fabric.twin.bring_up import running
from fabric.twin.launch import FIRST_PORT, Starter, starter
from fabric.twin.plan import TwinPlan
from fabric.workload.layout import groups
from fabric.workload.step import TrainingStep

ENTRY, MODULES = "benchmarks.twin_step_rank:main", ("torch.distributed", "benchmarks.twin_step_rank")
LOOK_EVERY, TIMEOUT = 0.05, 240.0
Operation = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """What every rank does in a step, in order; how often it is repeated, after how many steps that are thrown away."""

    ranks: tuple[tuple[Operation, ...], ...]
    steps: int = 3
    warmup: int = 1

    def text(self) -> str:
        """Return it as JSON for the ranks; groups: each once, in an order that all ranks share."""
        groups = {tuple(one["group"]) for rank in self.ranks for one in rank if "group" in one}
        content = {"groups": sorted(groups), "ranks": self.ranks, "steps": self.steps, "warmup": self.warmup}
        return json.dumps(content)


def program_of(step: TrainingStep, *, steps: int = 3) -> Program:
    """Return a step as its ranks do it: a wait for all that is no communication, then every call that the plan emits.

    Of plans without PP and without overlap, whose step is the sum of both.
    """
    wait = step.seconds - step.part("communication")
    tables = {one.dimension: groups(step.plan, one.dimension) for one in step.communications}
    ranks = []
    for rank in range(step.ranks):
        own: list[Operation] = [{"op": "wait", "seconds": wait}]
        for one in step.communications:
            group = next(row for row in tables[one.dimension].tolist() if rank in row)
            call = {"what": one.case.collective, "group": group, "nbytes": one.case.nbytes, "key": one.what}
            own += [{"op": "start", **call}, {"op": "join", "key": one.what}] * one.count
        ranks.append(tuple(own))
    return Program(tuple(ranks), steps)


def measure(plan: TwinPlan, programs: Sequence[Program]) -> list[list[float]]:
    """Return the seconds of every repeated step of every program on one twin, each of its slowest rank.

    Raises:
        EnvironmentFault: the twin or a rank failed.
    """
    with running(plan) as (holder, _), starter(holder, plan, MODULES, ENTRY) as made:
        return [_measured(made, plan, program) for program in programs]


def _measured(made: Starter, plan: TwinPlan, program: Program) -> list[float]:
    inside, outside = made.new_folder()
    (outside / "program.json").write_text(program.text())
    made.start([_rank(plan, program, rank, inside) for rank in range(len(program.ranks))])
    _wait(made, outside, len(program.ranks))
    seconds = [json.loads((outside / f"{rank}.json").read_text()) for rank in range(len(program.ranks))]
    return [max(step) for step in zip(*seconds, strict=True)]


def _rank(plan: TwinPlan, program: Program, rank: int, folder: Path) -> dict[str, Any]:
    """Return a rank as twin/ranks.py wants it: rank r is device r."""
    return {
        "namespace": plan.host_of(rank),
        "arguments": [str(folder / "program.json"), str(folder / f"{rank}.json")],
        "environment": {
            **environment(),
            "TMPDIR": str(folder),
            "WORLD_SIZE": str(len(program.ranks)),
            "RANK": str(rank),
            "MASTER_ADDR": plan.address_of(0),
            "MASTER_PORT": str(FIRST_PORT),
            "GLOO_SOCKET_IFNAME": plan.interface_of(rank),
        },
        "log": str(folder / f"{rank}.log"),
    }


def _wait(made: Starter, folder: Path, ranks: int) -> None:
    """Return when all ranks have ended.

    Raises:
        EnvironmentFault: one failed, or they did not end in time.
    """
    before = monotonic()
    while True:
        exits = made.ask(do="look")["exits"]
        if len(exits) == ranks and not any(exits.values()):
            return
        if any(exits.values()) or monotonic() - before > TIMEOUT:
            made.ask(do="end")
            logs = [(folder / f"{rank}.log").read_text(errors="replace").strip() for rank in range(ranks)]
            said = next((log.splitlines()[-1] for log in logs if log), "they said nothing")
            raise EnvironmentFault(f"twin: a step did not end well: {said}")
        sleep(LOOK_EVERY)
