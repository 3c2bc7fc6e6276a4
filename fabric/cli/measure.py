"""`measure`: real collectives on the devices that are there. It says what is asked, and leaves doing and showing to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli import ranks
from fabric.cli.kinds import CALLS, FACTOR, MORE_SIZES, RANK, SAMPLES, SECONDS, TIMEOUT, TIMES, WARM_UP
from fabric.cli.measure_run import DECIDED, Asked, as_parent, as_rank
from fabric.cli.measure_show import named_fabric, show
from fabric.cli.options import read_params
from fabric.cli.output import formats
from fabric.measure.cells import run_file
from fabric.measure.cells.job import Job
from fabric.measure.host.machine import gpus, usable_cores
from fabric.measure.launch.launcher import Launch, detect
from fabric.measure.launch.settle import settle, started_by_us
from fabric.units import counts, sizes
from topologies.errors import InputError

EXAMPLE = "Example: fabricbench measure --backend mpi --min 8 --max 64MiB --ranks 1,2 -o results.jsonl"


@click.command("measure", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--backend", "backends", metavar="B", help="gloo, nccl or mpi.")
@click.option("--collective", metavar="LIST", help="E.g. all_gather,latency; all collectives, p2p: point to point; all_reduce.")
@click.option("--op", metavar="OP", help="sum, max, min or prod, of what reduces; sum.")
@click.option("--root", type=RANK, metavar="N", help="Root of rooted collectives; 0.")
@click.option("--param", multiple=True, metavar="KEY=VALUE", help="skew, seed (all_to_all_v), fan_in (incast), window (p2p).")
@click.option("--mode", metavar="MODE", help="blocking, or of mpi nonblocking or persistent; blocking.")
@click.option("--device", metavar="D", help="Where the buffers are: cpu or cuda; gloo cpu, nccl cuda.")
@click.option("--graph", type=CALLS, metavar="N", help="Capture N calls in a CUDA graph and time its replays; nccl only.")
@click.option("--barrier", metavar="MODE", help="before each sample, excluded from it, or back_to_back; before.")
@click.option("--min", "--minbytes", "low", metavar="SIZE", help="Smallest size; 8.")
@click.option("--max", "--maxbytes", "high", metavar="SIZE", help="Largest size; 64MiB. torchrun takes --max for its own.")
@click.option("--factor", type=FACTOR, metavar="N", help="From one size to the next; 2.")
@click.option("--sizes", "size_list", metavar="SIZES", help="Exactly these sizes, e.g. 8,64KiB; instead of --min and --max.")
@click.option("--iters", type=SAMPLES, metavar="N", help="Iterations; by default until the interval is within 2 %.")
@click.option("--warmup", type=WARM_UP, metavar="N", help="Iterations before, kept apart; 5.")
@click.option("--budget", type=SECONDS, metavar="SECONDS", help="Most seconds for a case without --iters; 0.6.")
@click.option("--visits", type=TIMES, metavar="N", help="Come back to each case so often, at other moments of the run; 1.")
@click.option("--loop", metavar="LOOP", help="native, where the library has one, or python; native.")
@click.option("--per-rank/--no-per-rank", default=None, help="Keep every rank's seconds in the results; off.")
@click.option("--check/--no-check", default=None, help="Compare with the exact sum; on.")
@click.option("--dtype", metavar="D", help="f16, bf16, f32, f64, i32 or i8; f32.")
@click.option("--orders", metavar="LIST", help="contiguous, interleaved, scattered:SEED: who is which rank; contiguous.")
@click.option("--refine", type=MORE_SIZES, metavar="N", help="Add up to N sizes to a curve where it bends; 0.")
@click.option("--ranks", metavar="LIST", help="World sizes, measured in one launch, e.g. 1,2,4; all cores or GPUs.")
@click.option("--timeout", type=TIMEOUT, metavar="SECONDS", help="A rank that is silent for so long is dead; 60.")
@click.option("--topo", metavar="TOPO", help="Show busbw as a share of this fabric's bound; this machine's. none: no bound.")
@click.option("--launches", type=TIMES, metavar="N", help="Start the ranks so often, for the launch is a factor of its own; 1.")
@click.option("--force", is_flag=True, help="Start more ranks than 8 a core all the same.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Append results to this JSON Lines file.")
@click.option("--resume", is_flag=True, help="Go on with the run in FILE: measure only what it lacks.")
@formats
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path | None,
    output: Path | None,
    *,
    resume: bool,
    force: bool,
    as_json: bool,
    as_csv: bool,
    **given: Any,
) -> int:
    """Measure collectives under torchrun, mpirun or srun; started plainly, it starts one of them and shows how.

    RUN is the YAML of a run; options override it. Prints nccl-tests' columns, the interval and the share of the bound.
    Exit 0 good, 1 wrong results, 2 bad input, 3 missing backend or lost rank, 130 Ctrl-C.
    """
    launch = detect()
    settle(launch)
    with ranks.one_voice(launch):
        request = override(run_file.load(file) if file else run_file.Run(), given)
        jobs = _jobs(request, launch, str(file) if file else None)
        speaks = launch.rank == 0 and not started_by_us()
        fabric = named_fabric(request.topo, jobs) if speaks else None
        asked = Asked(output, request.launches, resume, force)
        results = as_rank(jobs, launch, asked) if launch.started else as_parent(jobs, asked, ranks.arguments_of(ctx, DECIDED))
    if not speaks:
        return 0
    return show(results, request.topo, fabric, as_json=as_json, as_csv=as_csv)


def override(request: run_file.Run, given: dict[str, Any]) -> run_file.Run:
    """Return the run with the options that were given in place of the file's values."""
    names = [name for name in run_file.Run.model_fields if name in given and name not in ("orders", "params")]
    changes = {name: given[name] for name in names if given[name] is not None}
    if given["backends"] is not None:
        changes["backends"] = tuple(given["backends"].split(","))
    if given["collective"] is not None:
        changes["collectives"] = tuple(given["collective"].split(","))
    if given["orders"] is not None:
        changes["orders"] = tuple(given["orders"].split(","))
    if given["param"]:
        changes["params"] = {**request.params, **read_params(given["param"])}
    if given["ranks"] is not None:
        changes["world_sizes"] = tuple(counts(given["ranks"], "ranks"))
    swept = {key: given[name] for key, name in (("min", "low"), ("max", "high"), ("factor", "factor"))}
    swept = {key: value for key, value in swept.items() if value is not None}
    if given["size_list"] is not None and swept:
        raise InputError(f"sizes: names every size, {', '.join(swept)} would be without effect; leave one of them out")
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
    most = launch.world_size if launch.started else devices if devices else cores
    try:
        return run_file.jobs(request, default, most, launch.world_size if launch.started else cores)
    except InputError as error:
        raise InputError(f"{file}: {error}" if file else str(error)) from None
