"""The twin's evidence: 2-32 hosts, 2 families, 3 oversubscriptions, predicted beside measured; it fits no constant.

`python -m benchmarks.twin -o results/twin-DATE [--slice NAME]`; what was measured already is not measured again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.twin_summary import summary
from fabric.answers.twin import RUN, emulated, points
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from fabric.predict.constants import constants_of
from fabric.records.result import Result
from fabric.records.store import append, read
from fabric.report.twin.page import write
from fabric.twin.experiment import Ask, check_ask, session
from fabric.twin.plan import TwinPlan, payload_fabric, plan_of

KIB, MIB = 1 << 10, 1 << 20
RATE = 94e6
"""Bits per second of hosts' links: 8 hosts at 256 KiB, 16 at 1 MiB and 32 at 4 MiB are just within the bandwidth regime."""
ORDERS = ("contiguous", "interleaved")
LEAF_SPINE = [f"leaf_spine:leaves=4,spines={spines},hosts_per_leaf=8" for spines in (8, 4, 2)]
CLOS = [
    "clos:radix=8,endpoints=32,oversubscription=1",
    "clos:radix=6,endpoints=32,oversubscription=2",
    "clos:radix=5,endpoints=32,oversubscription=4",
]
"""Folded Clos: two tiers at 1:1, three at 2:1 and 4:1."""
CONTRAST = [f"leaf_spine:leaves=2,spines={spines},hosts_per_leaf=4" for spines in (4, 2, 1)]
COLLIDING = "leaf_spine:leaves=4,spines=2,hosts_per_leaf=2"
NAMES = ("all_gather", "reduce_scatter", "all_to_all")
SECONDS_UP, SECONDS_A_LAUNCH = 4.0, {"gloo": 1.5, "mpi": 3.0}
"""Of a bring-up with its import of torch, and of starting ranks; for the estimate only."""
FIRST_CALLS, SECONDS, FEWEST = 2, 1.0, 9
"""Calls before the samples, the budget of a case, and over how many samples `measure` shares it (measure/plan.py)."""


@dataclass(frozen=True)
class Part:
    """What ranks of one launch measure: world sizes, sizes, samples of a case."""

    ranks: tuple[int, ...]
    sizes: tuple[int, ...]
    iters: int
    collective: str = "all_reduce"
    backend: str = "gloo"
    algorithm: str = "default"
    orders: tuple[str, ...] = ORDERS


@dataclass(frozen=True)
class Unit:
    """One bring-up: what is done as a whole or not at all."""

    slice: str
    topo: str
    parts: tuple[Part, ...]
    number: int = 1
    routing: str = "dmodk"
    rate: float = RATE

    @property
    def key(self) -> str:
        """Its name in the files."""
        return f"{self.slice}|{self.topo}|{self.routing}|{self.number}"


MATRIX = (Part((2, 4, 8), (256 * KIB, MIB), 3), Part((16,), (MIB,), 2), Part((32,), (4 * MIB,), 2))
LARGE = (Part((2, 4, 8, 16), (4 * MIB,), 2, orders=ORDERS[:1]),)
UNSCORED = (Part((16,), (256 * KIB,), 3, orders=ORDERS[:1]), Part((32,), (MIB,), 2, orders=ORDERS[:1]))
RING = (Part((8,), (256 * KIB, MIB), 2, backend="mpi", algorithm="ring"),)
OTHERS = {
    backend: tuple(Part((8,), (MIB,), 2, collective=name, backend=backend) for name in NAMES) for backend in SECONDS_A_LAUNCH
}


def units() -> list[Unit]:
    """Return all bring-ups, the most important first."""
    three = (1, 2, 3)
    matrix = [
        Unit(f"gloo-{topo.partition(':')[0]}", topo, MATRIX, n) for topos in (LEAF_SPINE, CLOS) for topo in topos for n in three
    ]
    contrast = [Unit("contrast", topo, (Part((8,), (512 * KIB,), 3),), n) for topo in CONTRAST for n in three]
    interleaved = (Part((8,), (512 * KIB,), 4, orders=ORDERS[1:]),)
    collisions = [Unit("ecmp", COLLIDING, interleaved, routing=f"kernel_ecmp:{seed}") for seed in range(1, 12)]
    rings = [Unit("mpi-ring", CONTRAST[2], RING, n) for n in three]
    others = [Unit(f"others-{backend}", CONTRAST[0], parts) for backend, parts in OTHERS.items()]
    more = [*others, *(Unit("gloo-large", LEAF_SPINE[0], LARGE, n) for n in three)]
    return [*matrix, *contrast, *collisions, *rings, *more, Unit("unscored", LEAF_SPINE[0], UNSCORED)]


def ask_of(part: Part) -> Ask:
    """Return what the twin is asked."""
    modules = ("torch.distributed", "fabric.cli.measure") if part.backend == "gloo" else ()
    return Ask(
        entry="fabric.cli.main:main",
        modules=modules,
        collective=part.collective,
        sizes=part.sizes,
        world_sizes=part.ranks,
        orders=part.orders,
        backend=part.backend,
        algorithm=part.algorithm,
        iters=part.iters,
        seconds=SECONDS,
    )


def plan(unit: Unit) -> TwinPlan:
    """Return the plan of a bring-up, checked: no point of it is CPU-bound."""
    made = plan_of(load(unit.topo), unit.rate, unit.routing)
    for part in unit.parts:
        check_ask(made, ask_of(part))
    return made


def seconds(unit: Unit) -> float:
    """Return about how long a bring-up takes: predicted calls, warm-up and starts."""
    made = plan(unit)
    fabric, total = payload_fabric(made), SECONDS_UP
    routing = "ideal" if unit.routing.startswith("kernel") else unit.routing
    for part in unit.parts:
        forms = 2 if part.backend == "mpi" else 1
        for order in part.orders:
            asked = cases(fabric, part.collective, sizes=part.sizes, ranks=part.ranks, order=order)
            answers = predict(asked, fabric, constants_of("none", "gloo"), routing=routing)
            total += SECONDS_A_LAUNCH[part.backend]
            total += sum(forms * answer.time * (FIRST_CALLS + part.iters * _calls(answer.time, part)) for answer in answers)
    return total


def _calls(each: float, part: Part) -> int:
    """Return how many calls a sample holds: what fits the budget of the fewest samples, 2 to 20."""
    budget = SECONDS / (0.4 if part.backend == "gloo" else 1)
    return max(2, min(20, int(budget / FEWEST / each)))


def run(unit: Unit, folder: Path) -> None:
    """Measure one bring-up and append results, predictions and rows; a bring-up that is cut off leaves nothing."""
    made, results, answers, rows = plan(unit), [], [], []
    first = next((ask_of(part) for part in unit.parts if part.backend == "gloo"), ask_of(unit.parts[0]))
    with session(made, first, lambda line: print(f"#   {line}", flush=True)) as live:
        for part in unit.parts:
            for order in part.orders:
                found = live.measure(made, ask_of(part), order)
                both = emulated(made, found, unit.number)
                own = {"slice": unit.slice, "bring_up": unit.number}
                results += [replace(one, context={**one.context, **own}) for one in found.results]
                answers += [one.predicted for one in both]
                rows += [RUN.row(one) for one in both]
    append(folder / "measured.jsonl", results)
    append(folder / "predicted.jsonl", answers)
    with (folder / "rows.jsonl").open("a") as file:
        file.writelines(json.dumps({"unit": unit.key, "slice": unit.slice, **row}) + "\n" for row in rows)


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """Return all rows so far."""
    file = folder / "rows.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def page(folder: Path) -> None:
    """Write page and picture of the fastest bring-ups of the gloo slices."""
    chosen: dict[tuple[object, ...], tuple[Result, Result]] = {}
    pairs = zip(read(folder / "measured.jsonl")[0], read(folder / "predicted.jsonl")[0], strict=True)
    for result, predicted in pairs:
        if result.context["slice"].startswith("gloo-"):
            key, found = (result.fabric, result.case), (result, predicted)
            chosen[key] = min(chosen.get(key, found), found, key=lambda one: one[0].time)
    made: dict[str, list[tuple[Result, Result]]] = {}
    for result, predicted in chosen.values():
        made.setdefault(str(result.fabric), []).append((result, predicted))
    every = [point for topo, own in made.items() for point in points(own, plan_of(load(topo), RATE))]
    if every:
        made_at = max(point.measured.made_at for point in every)
        write(folder / "page.html", every, made_at, ["python -m benchmarks.twin"], folder / "page.png")


def main() -> None:
    """Measure what is asked for and not there yet, then print and write the summary."""
    names = list(dict.fromkeys(unit.slice for unit in units()))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--slice", action="append", choices=names, help="only these; by default all")
    parser.add_argument("--bring-ups", type=int, default=3, help="of every fabric, at most 3")
    parser.add_argument("--estimate", action="store_true", help="only say how long it takes")
    given = parser.parse_args()
    done = {row["unit"] for row in rows_in(given.output)}
    chosen = [unit for unit in units() if unit.slice in (given.slice or names) and unit.number <= given.bring_ups]
    left = [unit for unit in chosen if unit.key not in done]
    for name in dict.fromkeys(unit.slice for unit in left):
        own = [unit for unit in left if unit.slice == name]
        print(f"# {name}: {len(own)} bring-ups, about {sum(map(seconds, own)):.0f} s", flush=True)
    if given.estimate:
        return
    given.output.mkdir(parents=True, exist_ok=True)
    for number, unit in enumerate(left, start=1):
        before = monotonic()
        run(unit, given.output)
        print(f"# {number} of {len(left)}: {unit.key} in {monotonic() - before:.0f} s", flush=True)
    text = "\n".join(summary(rows_in(given.output)))
    page(given.output)
    (given.output / "summary.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
