"""`slow`: which rank or node is slow, and what crosses between two halves; asks, starts ranks where nobody did, prints."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.answers.slow import answer_of, check_fabric, from_logs, write_page
from fabric.cli import ranks
from fabric.cli.kinds import BLOCK, LEAST, NAMED_PATH, PROCESSES, REPEATS, SECONDS, TIMEOUT
from fabric.cli.options import refuse_unused
from fabric.cli.output import Progress, formats, give, tell, warn
from fabric.errors import EnvironmentFault
from fabric.measure.backends.catalog import backend
from fabric.measure.host.machine import gpus, usable_cores
from fabric.measure.launch import start
from fabric.measure.launch.connected import check_backend
from fabric.measure.launch.launcher import Launch, detect
from fabric.measure.launch.settle import settle, started_by_us
from fabric.measure.launch.supervise import supervise_ranks
from fabric.network.names import given_names
from fabric.slow.find import run
from fabric.slow.findings import drains
from fabric.slow.rings import expected
from fabric.slow.search import Report, Search
from fabric.text.json_file import read_json
from fabric.units import show_duration, size
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric

EXAMPLE = "Example: fabricbench slow --backend mpi --ranks 4"
UNDECIDED = 4
OF_RANKS = {
    "method": "method", "backend": "backend", "ranks_wanted": "ranks", "collective": "collective", "unit": "unit",
    "alone": "one-rank-a-node", "batch": "batch", "repeats": "repeats", "most": "rounds", "block": "block", "orders": "orders",
    "layers": "layers", "budget": "budget", "force": "force", "timeout": "timeout",
}  # fmt: skip
"""Parameter -> option, of those that --from has no use for."""
KEPT_BACK = frozenset({"as_json", "as_csv", "report", "output", "backend", "ranks_wanted", "force"})


@click.command("slow", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option(
    "--method", default="search", show_default=True, metavar="M", help="search, pairs, groups, lateness or bisection."
)
@click.option("--backend", metavar="B", help="gloo, nccl or mpi.")
@click.option("--ranks", "ranks_wanted", type=PROCESSES, metavar="N", help="Ranks to start; all cores or GPUs, at least 4.")
@click.option("--collective", default="all_reduce", show_default=True, metavar="C", help="What is run.")
@click.option("--size", "nbytes", default="1MiB", show_default=True, metavar="SIZE", help="Its S.")
@click.option("--unit", default="rank", show_default=True, metavar="U", help="What is slow or not: rank or node.")
@click.option("--one-rank-a-node", "alone", is_flag=True, help="Only the first rank of every node takes part.")
@click.option("--batch", type=REPEATS, metavar="K", help="K pairs or groups at a time instead of all that are disjoint.")
@click.option(
    "--repeats", type=REPEATS, metavar="N", help="Blocks a test or comparison (5), tournaments (5), blocks (20), samples (10)."
)
@click.option("--rounds", "most", type=REPEATS, default=12, show_default=True, metavar="N", help="Most comparisons of groups.")
@click.option("--block", type=BLOCK, default=0.1, show_default=True, metavar="SECONDS", help="Of calls that make one sample.")
@click.option("--least", type=LEAST, default=0.1, show_default=True, metavar="SHARE", help="Name what is slower by more.")
@click.option("--orders", default="contiguous", show_default=True, metavar="LIST", help="Cuts of the bisection.")
@click.option("--topo", metavar="TOPO", help="Search along this fabric; of a bisection, what it can carry.")
@click.option("--layers", metavar="LIST", help="Of the search: collective (all groups), pairs (every rank sends to the next).")
@click.option(
    "--from", "logs", type=NAMED_PATH, metavar="DIR", help="Run nothing: judge logs of groups and pairs (of --topo's nodes)."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PAGE", help="Of a search and of --from: an HTML page too."
)
@click.option("--budget", type=SECONDS, metavar="SECONDS", help="Most that the search may take for each layer.")
@click.option("--force", is_flag=True, help="Start more than 8 ranks a core all the same.")
@click.option("--timeout", type=TIMEOUT, default=60.0, show_default=True, metavar="SECONDS", help="A silent rank is dead.")
@click.option("--report", type=click.Path(path_type=Path), hidden=True)
@formats
@click.pass_context
def command(
    ctx: click.Context, /, report: Path | None, topo: str | None, *, force: bool, as_json: bool, as_csv: bool, **given: Any
) -> int:
    """Find what is slow under torchrun, mpirun or srun; started plainly, it starts one of them itself.

    search: all that is slow at once, by groups that follow the fabric, each accusation confirmed. pairs: every pair meets.
    groups: two halves compared, about log2 n times. lateness: who keeps the others waiting. bisection: bandwidth between
    two halves. Exit 0 nobody, 1 somebody is named or data was wrong, 2 bad input, 3 missing backend or lost rank, 4 a search
    that is undecided, 130 Ctrl-C.
    """
    page = given.pop("output")
    if given.pop("logs") is not None:
        return _from_logs(ctx, topo, page, as_json=as_json, as_csv=as_csv)
    launch = detect()
    settle(launch)
    if not started_by_us():
        _refuse_unused(given["method"])
    with ranks.one_voice(launch):
        search = _asked(launch, given)
        speaks = launch.rank == 0 and not started_by_us()
        fabric = _fabric(topo, search) if topo and (speaks or search.method == "search") else None
        if launch.started:
            if speaks:
                _say_how_long(search, launch.world_size)
            found = run(search, launch, _progress(search), fabric)
        else:
            found = _start(search, given["ranks_wanted"], ranks.arguments_of(ctx, KEPT_BACK), force=force)
    if launch.rank == 0 and report is not None:
        report.write_text(json.dumps(asdict(found)))
    if not speaks:
        return 0
    drain = _drain(found, fabric) if search.method == "search" else ()
    if page is not None:
        write_page(page, found, drain)
    give(answer_of(found, fabric, search.backend, drain), as_json=as_json, as_csv=as_csv)
    sys.stdout.flush()
    return 1 if found.slow or found.wrong else UNDECIDED if found.context.get("undecided") else 0


def _from_logs(ctx: click.Context, topo: str | None, page: Path | None, *, as_json: bool, as_csv: bool) -> int:
    """Print what the logs of a folder say; nothing is run."""
    from fabric.cli.topo import load

    given = ctx.params
    unused = {name: option for name, option in OF_RANKS.items() if name in given}
    refuse_unused(unused, "is of ranks that run, and --from runs none")
    asked = ctx.get_parameter_source("nbytes") is click.core.ParameterSource.COMMANDLINE
    found = from_logs(
        given["logs"],
        load(topo) if topo else None,
        least=given["least"],
        nbytes=size(given["nbytes"]) if asked else None,
        tell=warn,
    )
    drain = tuple(drains(found.rows, _scheduler())) if _scheduler() else ()
    if page is not None:
        write_page(page, found, drain)
    give(answer_of(found, drain=drain), as_json=as_json, as_csv=as_csv)
    return 1 if found.slow or found.wrong else UNDECIDED if found.context["undecided"] else 0


def _drain(found: Report, fabric: Fabric | None) -> tuple[str, ...]:
    """Return the lines that take slow nodes out of service, where their names and a scheduler are known."""
    scheduler = _scheduler()
    if not scheduler or fabric is None or given_names(fabric.topology) is None:
        return ()
    return tuple(drains(found.rows, scheduler))


def _scheduler() -> str:
    return "slurm" if "SLURM_JOB_ID" in os.environ else "kubernetes" if "KUBERNETES_SERVICE_HOST" in os.environ else ""


def _say_how_long(search: Search, ranks_: int) -> None:
    """Say on standard error about how long a search takes, before it starts."""
    if search.method == "search":
        rounds, seconds = expected(ranks_, search.block, search.count, len(search.layers))
        tell(f"# about {rounds} rounds, {show_duration(seconds)}: fewer where nothing is slow", err=True)


def _refuse_unused(method: str) -> None:
    """Refuse options of another method; InputError naming the first of them."""
    own_options = (("groups", "most"), ("bisection", "orders"), *(("search", name) for name in ("layers", "budget", "output")))
    if method not in ("search", "pairs"):
        refuse_unused({"batch": "batch"}, "is of --method search and pairs")
    for own, name in own_options:
        option = "rounds" if name == "most" else name
        if method != own:
            refuse_unused({name: option}, f"is of --method {own}")


def _asked(launch: Launch, given: dict[str, Any]) -> Search:
    names = ("method", "collective", "unit", "alone", "batch", "repeats", "most", "block", "least", "timeout", "budget")
    wanted = given["ranks_wanted"]
    if wanted is not None and launch.started and wanted != launch.world_size:
        raise InputError(f"ranks: {launch.name} started {launch.world_size}, all of them take part, got {wanted}")
    default = "mpi" if launch.under_mpirun else "nccl" if gpus() else "gloo"
    return Search(
        backend=default if given["backend"] is None else given["backend"],
        nbytes=size(given["nbytes"]),
        orders=tuple(given["orders"].split(",")),
        layers=("collective",) if given["layers"] is None else tuple(given["layers"].split(",")),
        **{name: given[name] for name in names},
    )


def _progress(search: Search) -> Progress:
    unit = {"search": "rounds", "pairs": "rounds", "groups": "comparisons at most", "lateness": "blocks", "bisection": "cuts"}[
        search.method
    ]
    return Progress(f"slow {search.method}", unit)


def _start(search: Search, wanted: int | None, arguments: Sequence[str], *, force: bool) -> Report:
    """Start the ranks and return what their rank 0 reports."""
    count = wanted if wanted is not None else max(4, len(gpus()) if search.backend == "nccl" else len(usable_cores()))
    if count < 2:
        raise InputError(f"ranks: must be 2 or more, got {count}")
    start.check_crowd(count, force=force)
    check_backend(backend(search.backend), Launch(world_size=count))
    with tempfile.TemporaryDirectory(prefix="fabricbench-") as folder:
        path = Path(folder) / "report.json"
        own = [*arguments, "--backend", search.backend, "--report", str(path)]
        line = start.command_line(search.backend, count, own)
        tell(f"# {' '.join(line)}", err=True)
        _say_how_long(search, count)
        ending = supervise_ranks(line, start.environment(), count, search.timeout)
        if ending.stopped is not None:
            warn("interrupted; a search keeps nothing")
            raise SystemExit(128 + ending.stopped)
        if ending.code or not path.exists():
            raise _fault(search, ending.code, ending.reason)
        return Report(**read_json(path, "report"))


def _fault(search: Search, code: int, reason: str) -> Exception:
    """Return the ranks' own error: bad input stays bad input."""
    if code == 2:  # the exit code of bad input
        return InputError(reason)
    return EnvironmentFault(f"{search.backend}: {reason.removeprefix(f'{search.backend}: ')}")


def _fabric(topo: str, search: Search) -> Fabric:
    from fabric.cli.topo import load

    check_fabric(search)
    return load(topo)
