"""The YAML of a run: what to measure, on which libraries and world sizes. It does not know how anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fabric.measure.cells.ask import What
from fabric.measure.cells.job import Job, Loop, geometric
from fabric.measure.cells.plan import Plan
from fabric.records.case import Mode
from fabric.records.ranges import MOST_TIMES
from fabric.records.result import Barrier
from fabric.text.numbers import whole
from fabric.text.yaml_file import read_mapping
from fabric.units import size
from topologies.errors import InputError

RULES = {
    "collectives": "a list of collectives such as [all_reduce], or [all]",
    "sizes": "a list such as [8, 64KiB] or a mapping with min, max and factor",
    "world_sizes": "a list of whole numbers or `cores` (1 to all cores), or a mapping backend -> such a list",
    "orders": "a list such as [contiguous, interleaved, scattered:7]",
    "refine": "a whole number of sizes that may be added to a curve",
    "loop": "native or python",
    "per_rank": "true or false",
    "launches": "a whole number of launches",
    "backends": "a list such as [gloo, mpi]",
    "dtype": "a dtype such as f32",
    "op": "sum, max, min or prod",
    "root": "a rank",
    "mode": "blocking, nonblocking, persistent or graph",
    "device": "cpu or cuda",
    "graph": "a whole number of calls in a CUDA graph",
    "params": "a mapping such as {skew: 1.2}",
    "barrier": "before, excluded or back_to_back",
    "iters": "a whole number of iterations",
    "warmup": "a whole number of iterations",
    "check": "true or false",
    "budget": "seconds a case, such as 0.5",
    "timeout": "seconds, such as 60",
    "visits": "a whole number of visits to each case",
    "seed": "a whole number",
    "topo": "a topology's short form, the YAML file of a fabric, or none",
}
"""Key -> what its value must be."""


class Sweep(BaseModel):
    """min, min * factor, ... up to max."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    min: str | int = 8
    max: str | int = "64MiB"
    factor: int = 2


WorldSizes = tuple[int | Literal["cores"], ...]


class Run(BaseModel):
    """A run as written; None where the machine or the launcher decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    collectives: tuple[str, ...] = ("all_reduce",)
    sizes: tuple[str | int, ...] | Sweep = Sweep()
    world_sizes: WorldSizes | dict[str, WorldSizes] | None = None
    orders: tuple[str, ...] = ("contiguous",)
    refine: int = 0
    launches: int = 1
    loop: Loop = "native"
    per_rank: bool = False
    backends: tuple[str, ...] | None = None
    dtype: str = "f32"
    op: str = "sum"
    root: int = 0
    mode: Mode = "blocking"
    device: str | None = None
    graph: int = 0
    params: dict[str, float] = {}
    barrier: Barrier = "before"
    iters: int | None = None
    warmup: int = 5
    check: bool = True
    budget: float = 0.6
    timeout: float = 60.0
    visits: int = 1
    seed: int = 0
    topo: str | None = None


def load(path: Path) -> Run:
    """Return the run of a YAML file; InputError naming the file, the key, the rule and the value."""
    content = read_mapping(path, "run", f"of {', '.join(RULES)}")
    return parse(content, str(path))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a run's YAML file."""
    return Run.model_json_schema()


def parse(content: Mapping[str, Any], where: str) -> Run:
    """Return the run of a mapping; where names it in errors."""
    try:
        return Run.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if key not in RULES:
            raise InputError(f"{where}: {key}: unknown key; known are {', '.join(RULES)}") from None
        raise InputError(f"{where}: {key}: must be {RULES[key]}, got {content.get(key)!r}") from None


def jobs(run: Run, default_backend: str, default_ranks: int, cores: int) -> list[Job]:
    """Return one job per backend, in the run's order.

    default_ranks: the one world size where the run names none; cores: what `cores` stands for.
    """
    whole(run.launches, "launches", 1, MOST_TIMES)
    plan = Plan(run.iters, run.warmup, run.check, run.budget, run.timeout, run.visits, run.barrier)
    what = What(run.dtype, run.op, run.root, "graph" if run.graph else run.mode, dict(run.params))
    return [
        Job(
            backend=name,
            sizes=all_sizes(run.sizes),
            world_sizes=_world_sizes(run, name, default_ranks, cores),
            collectives=run.collectives,
            what=what,
            plan=plan,
            seed=run.seed,
            orders=run.orders,
            refine=run.refine,
            device=run.device,
            graph=run.graph,
            loop=run.loop,
            per_rank=run.per_rank,
        )
        for name in run.backends or (default_backend,)
    ]


def all_sizes(given: tuple[str | int, ...] | Sweep) -> tuple[int, ...]:
    """Return the bytes of all sizes, ascending, each once."""
    if isinstance(given, Sweep):
        return geometric(size(str(given.min), "min"), size(str(given.max), "max"), given.factor)
    return tuple(sorted({size(str(text), "sizes") for text in given}))


def _world_sizes(run: Run, backend: str, default_ranks: int, cores: int) -> tuple[int, ...]:
    given = run.world_sizes
    if isinstance(given, dict):
        if backend not in given:
            raise InputError(f"world_sizes: must name every backend of the run, got none for {backend}")
        given = given[backend]
    if given is None:
        return (default_ranks,)
    named = [range(1, cores + 1) if item == "cores" else [item] for item in given]
    return tuple(sorted({int(count) for items in named for count in items}))
