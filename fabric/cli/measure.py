"""`measure`: real collectives on the devices that are there, as one of the ranks or as the process that starts them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import read_params
from fabric.cli.nccl_table import Bounds, key_of, row_of, tables
from fabric.cli.output import emit, formats, warn
from fabric.collectives.catalog import COLLECTIVES
from fabric.errors import EnvironmentFault
from fabric.measure import run_file, start
from fabric.measure.backends.catalog import backend
from fabric.measure.job import Cell, Job
from fabric.measure.launch import Launch, detect
from fabric.measure.machine import gpus, usable_cores
from fabric.measure.session import check_launch, run
from fabric.measure.settle import leave_quietly, settle, started_by_us
from fabric.measure.supervise import Ending, supervise
from fabric.records.pool import pooled
from fabric.records.result import Result
from fabric.records.store import append, read
from fabric.units import counts, show_size, sizes
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric

EXAMPLE = "Example: fabricbench measure --backend mpi --min 8 --max 64MiB --ranks 1,2 -o results.jsonl"


@dataclass(frozen=True)
class Output:
    """Where results go. kept: whether the user named the file; before: records that it already had."""

    path: Path
    kept: bool
    before: int

    def results(self) -> list[Result]:
        """Return the results of this run."""
        return read(self.path)[0][self.before :]


@click.command("measure", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--backend", "backends", metavar="B", help="gloo, nccl or mpi.")
@click.option("--collective", metavar="LIST", help="What to measure, e.g. all_gather,broadcast, or all; all_reduce.")
@click.option("--op", metavar="OP", help="sum, max, min or prod, of what reduces; sum.")
@click.option("--root", type=int, metavar="N", help="Root of rooted collectives; 0.")
@click.option("--param", multiple=True, metavar="KEY=VALUE", help="skew, seed (all_to_all_v), fan_in (incast); repeatable.")
@click.option("--mode", metavar="MODE", help="blocking, or of mpi nonblocking or persistent; blocking.")
@click.option("--barrier", metavar="MODE", help="before each sample, excluded from it, or back_to_back; before.")
@click.option("--min", "--minbytes", "low", metavar="SIZE", help="Smallest size; 8.")
@click.option("--max", "--maxbytes", "high", metavar="SIZE", help="Largest size; 64MiB. torchrun takes --max for its own.")
@click.option("--factor", type=int, metavar="N", help="From one size to the next; 2.")
@click.option("--sizes", "size_list", metavar="SIZES", help="Exactly these sizes, e.g. 8,64KiB; instead of --min and --max.")
@click.option("--iters", type=int, metavar="N", help="Iterations; by default until the interval is within 2 %.")
@click.option("--warmup", type=int, metavar="N", help="Iterations before, kept apart; 5.")
@click.option("--budget", type=float, metavar="SECONDS", help="Most seconds for a case without --iters; 0.6.")
@click.option("--visits", type=int, metavar="N", help="Come back to each case so often, at other moments of the run; 1.")
@click.option("--check/--no-check", default=None, help="Compare with the exact sum; on.")
@click.option("--dtype", metavar="D", help="f16, bf16, f32, f64, i32 or i8; f32.")
@click.option("--ranks", metavar="LIST", help="World sizes, measured in one launch, e.g. 1,2,4; all cores or GPUs.")
@click.option("--timeout", type=float, metavar="SECONDS", help="A rank that is silent for so long is dead; 60.")
@click.option("--topo", metavar="TOPO", help="Show busbw as a share of this fabric's bound.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Append results to this JSON Lines file.")
@formats
@click.pass_context
def command(ctx: click.Context, /, file: Path | None, output: Path | None, *, as_json: bool, as_csv: bool, **given: Any) -> int:
    """Measure collectives under torchrun, mpirun or srun; started plainly, it starts one of them and shows how.

    RUN is the YAML of a run; options override it. Prints nccl-tests' columns, the interval and the share of the bound.
    Exit 0 good, 1 wrong results, 2 bad input, 3 missing backend or lost rank, 130 Ctrl-C.
    """
    launch = detect()
    settle(launch)
    try:
        request = override(run_file.load(file) if file else run_file.Run(), given)
        jobs = _jobs(request, launch, str(file) if file else None)
        fabric = _fabric(request.topo, jobs) if launch.rank == 0 else None
        results = _as_rank(jobs, launch, output) if launch.started else _as_parent(jobs, output, _arguments(ctx))
    except (InputError, EnvironmentFault) as error:
        leave_quietly(launch, 2 if isinstance(error, InputError) else 3)
        raise
    if launch.rank or started_by_us():
        return 0
    show(results, _bounds(results, fabric), as_json=as_json, as_csv=as_csv)
    return int(any(result.wrong for result in results))


def override(request: run_file.Run, given: dict[str, Any]) -> run_file.Run:
    """Return the run with the options that were given in place of the file's values."""
    names = ("iters", "warmup", "budget", "check", "dtype", "timeout", "topo", "visits", "op", "root", "mode", "barrier")
    changes = {name: given[name] for name in names if given[name] is not None}
    if given["backends"] is not None:
        changes["backends"] = tuple(given["backends"].split(","))
    if given["collective"] is not None:
        changes["collectives"] = tuple(given["collective"].split(","))
    if given["param"]:
        changes["params"] = {**request.params, **read_params(given["param"])}
    if given["ranks"] is not None:
        changes["world_sizes"] = tuple(counts(given["ranks"], "ranks"))
    swept = {key: given[name] for key, name in (("min", "low"), ("max", "high"), ("factor", "factor"))}
    swept = {key: value for key, value in swept.items() if value is not None}
    if given["size_list"] is not None:
        changes["sizes"] = tuple(sizes(given["size_list"]))
    elif swept:
        base = request.sizes if isinstance(request.sizes, run_file.Sweep) else run_file.Sweep()
        changes["sizes"] = base.model_copy(update=swept)
    return request.model_copy(update=changes)


def _jobs(request: run_file.Run, launch: Launch, file: str | None) -> list[Job]:
    cores = len(usable_cores())
    devices = len(gpus()) if "nccl" in (request.backends or ("nccl",)) else 0
    default = "mpi" if launch.under_mpirun else "nccl" if devices else "gloo"
    ranks = launch.world_size if launch.started else devices if devices else cores
    try:
        return run_file.jobs(request, default, ranks, launch.world_size if launch.started else cores)
    except InputError as error:
        raise InputError(f"{file}: {error}" if file else str(error)) from None


def _only(jobs: Sequence[Job], launch: Launch) -> Job:
    if len(jobs) > 1:
        names = ",".join(job.backend for job in jobs)
        raise InputError(f"backend: must be one under {launch.name}, got {names}; add --backend {jobs[-1].backend}")
    return jobs[0]


def _as_rank(jobs: Sequence[Job], launch: Launch, path: Path | None) -> list[Result]:
    """Measure as one rank of a launch; return the results on rank 0."""
    job = _only(jobs, launch)
    check_launch(backend(job.backend), job, launch)
    results: list[Result] = []

    def keep(result: Result) -> None:
        results.append(result)
        if path is not None:
            append(path, [result])

    if launch.rank == 0 and path is not None:
        append(path, [])
    if launch.rank == 0:
        _say(job.notes())
    try:
        run(job, launch, keep, Progress(job.backend))
    except KeyboardInterrupt:
        if launch.rank == 0 and path is not None:
            warn(f"interrupted; {len(results)} results kept in {path}")
        raise SystemExit(130) from None
    return results


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(f"# {line}", err=True)


def _as_parent(jobs: Sequence[Job], path: Path | None, arguments: Sequence[str]) -> list[Result]:
    """Start a launcher for each job, one after the other; return all results."""
    for job in jobs:
        check_launch(backend(job.backend), job, Launch(world_size=job.ranks))
    output = _open(path)
    try:
        for job in jobs:
            ranks = ",".join(str(count) for count in job.world_sizes)
            own = [*arguments, "--backend", job.backend, "--ranks", ranks, "--output", str(output.path)]
            line = start.command_line(job.backend, job.ranks, own)
            click.echo(f"# {' '.join(line)}", err=True)
            _judge(supervise(line, start.environment()), job, output)
        return output.results()
    finally:
        if not output.kept:
            output.path.unlink(missing_ok=True)


def _open(path: Path | None) -> Output:
    if path is None:
        with tempfile.NamedTemporaryFile(prefix="fabricbench-", suffix=".jsonl", delete=False) as file:
            return Output(Path(file.name), kept=False, before=0)
    append(path, [])
    results, torn = read(path)
    if torn is not None:
        warn(torn)
    return Output(path, kept=True, before=len(results))


def _judge(ending: Ending, job: Job, output: Output) -> None:
    """Raise unless the launch ended well; say where its results are."""
    if ending.code == 0 and ending.stopped is None:
        return
    count = len(output.results())
    kept = f"{count} results kept in {output.path}" if output.kept else f"{count} results lost: no -o FILE was given"
    if ending.stopped is not None:
        warn(f"interrupted; {kept}")
        raise SystemExit(128 + ending.stopped)
    reason = ending.reason.removeprefix(f"{job.backend}: ")
    raise EnvironmentFault(f"{job.backend}: {reason}; {kept}")


def _arguments(ctx: click.Context) -> list[str]:
    """Return the arguments that the user gave, but for those that the starting process decides or needs itself."""
    words, kept_back = ["measure"], {"as_json", "as_csv", "output", "backends", "ranks", "topo"}
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if param.name in kept_back or value is None:
            continue
        if isinstance(param, click.Argument):
            words.append(str(value))
        elif isinstance(value, bool):
            words.append(param.opts[0] if value else param.secondary_opts[0])
        elif isinstance(value, tuple):
            words += [word for item in value for word in (param.opts[-1], str(item))]
        else:
            words += [param.opts[-1], str(value)]
    return words


class Progress:
    """Where a run is, on standard error; at most every five seconds."""

    def __init__(self, name: str) -> None:
        """Start the clock."""
        self._name, self._start, self._last = name, monotonic(), monotonic()

    def __call__(self, done: int, total: int, cell: Cell) -> None:
        """Print one line: cells done, the next one, the time left."""
        now = monotonic()
        if not done or now - self._last < 5:
            return
        self._last = now
        left = (now - self._start) / done * (total - done)
        what = f"{cell.collective} {show_size(cell.nbytes)} on {cell.world_size}"
        click.echo(f"# {self._name}: {done}/{total} cases, {left:.0f} s left, now {what}", err=True)


def _fabric(topo: str | None, jobs: Sequence[Job]) -> Fabric | None:
    """Return the fabric of --topo, if any; InputError where it is smaller than a world size, before anything runs."""
    if topo is None or started_by_us():
        return None
    from fabric.cli.answers import load

    fabric, ranks = load(topo), max(job.ranks for job in jobs)
    devices = fabric.topology.devices
    if ranks > devices and not fabric.carriers:  # more ranks than slots of a local machine is a flag, not a refusal
        raise InputError(f"ranks: must be <= {devices}, the devices of {topo}, got {ranks}")
    return fabric


def _bounds(results: Sequence[Result], fabric: Fabric | None) -> Bounds:
    """Return the bound of every case on the fabric, where one was named and is large enough."""
    if fabric is None:
        return {}
    from fabric.predict.bounds import bound

    found = {}
    for result in results:
        limit = bound(result.case, fabric, backend=result.source.split(":")[0])
        if limit is not None:
            found[key_of(result.case)] = (limit.busbw, limit.level)
    return found


def show(results: Sequence[Result], bounds: Bounds, *, as_json: bool, as_csv: bool) -> None:
    """Print the results in the form that was asked for."""
    names = list(COLLECTIVES)

    def place(r: Result) -> tuple[Any, ...]:
        return (r.source, names.index(r.case.collective), r.case.world_size, r.case.nbytes, r.case.in_place)

    ordered = sorted(pooled(results), key=place)
    rows = [row_of(result, bounds) for result in ordered]
    if not emit("measure", rows, as_json=as_json, as_csv=as_csv):
        click.echo(tables(ordered, bounds))
    sys.stdout.flush()
