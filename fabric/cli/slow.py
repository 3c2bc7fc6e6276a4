"""`slow`: which rank or node is slow, and what crosses between two halves; asks, starts ranks where nobody did, prints."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.answers.slow import answer_of, check_fabric, from_logs, write_page
from fabric.cli import ranks
from fabric.cli.kinds import BLOCK, LEAST, NAMED_PATH, PROCESSES, REPEATS, SECONDS, TIMEOUT
from fabric.cli.options import refuse_unused
from fabric.cli.output import PAGE, Progress, check_writable, formats, give, tell, warn
from fabric.errors import EnvironmentFault
from fabric.measure.backends.catalog import backend
from fabric.measure.host.machine import gpus, usable_cores
from fabric.measure.launch import start
from fabric.measure.launch.connected import check_backend
from fabric.measure.launch.launcher import Launch, detect
from fabric.measure.launch.settle import settle, started_by_us
from fabric.measure.launch.supervise import supervise_ranks
from fabric.measure.launch.watchdog import EXIT_ENVIRONMENT
from fabric.network.names import given_names
from fabric.slow.find import Told, check_units, run
from fabric.slow.findings import drains
from fabric.slow.kept import check, opened
from fabric.slow.rings import tree_for
from fabric.slow.search import Report, Search
from fabric.slow.search_ranks import units_of
from fabric.text.json_file import read_json
from fabric.units import size
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric

EXAMPLE = "Example: fabricbench slow --backend mpi --ranks 4"
UNDECIDED = 4
FEWEST_LEFT = 3
"""Ranks that are left when others fall silent, with which a search goes on."""
OF_RANKS = {
    "method": "method", "backend": "backend", "ranks_wanted": "ranks", "collective": "collective", "unit": "unit",
    "alone": "one-rank-a-node", "batch": "batch", "repeats": "repeats", "most": "rounds", "block": "block", "orders": "orders",
    "layers": "layers", "budget": "budget", "force": "force", "timeout": "timeout", "keep": "keep",
    "routing": "routing", "group_pairs": "group-pairs",
}  # fmt: skip
"""Parameter -> option, of those that --from has no use for."""
KEPT_BACK = frozenset({"as_json", "as_csv", "report", "output", "keep", "backend", "ranks_wanted", "force"})


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
@click.option(
    "--routing", default="ideal", show_default=True, metavar="POLICY",
    help="Of the search on --topo: how its switches send (docs/routing.md); ideal: evenly over all ways.",
)  # fmt: skip
@click.option(
    "--group-pairs", default="auto", show_default=True, metavar="W",
    help="Of the search, each pair of leaves, pods or groups: auto (as its rounds allow), all, none.",
)  # fmt: skip
@click.option("--layers", metavar="LIST", help="Of the search: collective (all groups), pairs (every rank sends to the next).")
@click.option(
    "--from", "logs", type=NAMED_PATH, metavar="DIR", help="Run nothing: judge logs of groups and pairs (of --topo's nodes)."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PAGE", help="Of a search and of --from: an HTML page too."
)
@click.option("--budget", type=SECONDS, metavar="SECONDS", help="Most that the search may take for each layer.")
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="FILE", help="Keep every test; go on with a search that is in FILE."
)
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
    page, keep = given.pop("output"), given.pop("keep")
    if given.pop("logs") is not None:
        return _from_logs(ctx, topo, page, as_json=as_json, as_csv=as_csv)
    launch = detect()
    settle(launch)
    if not started_by_us():
        _refuse_unused(given["method"])
        if launch.rank == 0:
            check_writable("output", page, *PAGE)
            check_writable("keep", keep)
    with ranks.one_voice(launch):
        search = _asked(launch, given)
        speaks = not started_by_us()
        fabric = _fabric(topo, search) if topo and (speaks or search.method == "search") else None
        shown = Shown(search, fabric, page, report, keep, as_json, as_csv)
        if launch.started:
            found = _as_rank(shown, launch)
        else:
            found = _start(search, fabric, given["ranks_wanted"], ranks.arguments_of(ctx, KEPT_BACK), keep, force=force)
    return shown.end(found) if launch.rank == 0 else 0


@dataclass(frozen=True)
class Shown:
    """How a report is shown: printed and drawn, or, by ranks that we started, written for the process that did."""

    search: Search
    fabric: Fabric | None
    page: Path | None
    report: Path | None
    keep: Path | None
    as_json: bool
    as_csv: bool

    def end(self, found: Report) -> int:
        """Show a report; return the exit code."""
        if started_by_us():
            if self.report is not None:
                self.report.write_text(json.dumps(asdict(found)))
            return 0
        drain = _drain(found, self.fabric) if self.search.method == "search" else ()
        if self.page is not None:
            write_page(self.page, found, drain)
        give(answer_of(found, self.fabric, self.search.backend, drain), as_json=self.as_json, as_csv=self.as_csv)
        sys.stdout.flush()
        return 1 if found.slow or found.wrong else UNDECIDED if found.context.get("undecided") else 0

    def cut_short(self, found: Report) -> int:
        """Show what is known when ranks fall silent; return the exit code of a rank that cannot leave in good order."""
        code = self.end(found)
        if started_by_us():
            return EXIT_ENVIRONMENT
        gone = ", ".join(found.context["silent"])
        there = f"{_kept_in(self.keep)}, with {gone} or without" if self.keep else f"{_kept_in(self.keep)}"
        warn(f"{gone}: no sign of life for {self.search.timeout:g} s, so the search ended; {there}")
        return code


def _as_rank(shown: Shown, launch: Launch) -> Report:
    """Search as one rank of a launch."""
    told = Told(_progress(shown.search), lambda line: ranks.say([line]), shown.cut_short, shown.keep)
    try:
        return run(shown.search, launch, told, shown.fabric)
    except KeyboardInterrupt:
        if launch.rank == 0 and not started_by_us():
            warn(f"interrupted; {_kept_in(shown.keep)}")
        raise SystemExit(130) from None


def _kept_in(keep: Path | None) -> str:
    """Return what an ended search leaves, in words."""
    if keep is None:
        return "a search keeps nothing without --keep FILE"
    count = opened(keep).count
    return f"{count} test{'' if count == 1 else 's'} kept in {keep}, and the same command goes on"


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
    scheduler, given = _scheduler(), given_names(fabric.topology) if fabric is not None else None
    if not scheduler or given is None:
        return ()
    known = {*given.nodes, *given.vertices}  # several nodes of one scale-up domain have no name of one
    return tuple(drains([row for row in found.rows if row["name"] in known], scheduler))


def _scheduler() -> str:
    return "slurm" if "SLURM_JOB_ID" in os.environ else "kubernetes" if "KUBERNETES_SERVICE_HOST" in os.environ else ""


def _refuse_unused(method: str) -> None:
    """Refuse options of another method; InputError naming the first of them."""
    own_options = (
        ("groups", "most"),
        ("bisection", "orders"),
        *(("search", name) for name in ("layers", "budget", "output", "keep", "routing")),
        ("search", "group_pairs"),
    )
    if method not in ("search", "pairs"):
        refuse_unused({"batch": "batch"}, "is of --method search and pairs")
    for own, name in own_options:
        option = "rounds" if name == "most" else name.replace("_", "-")
        if method != own:
            refuse_unused({name: option}, f"is of --method {own}")


def _asked(launch: Launch, given: dict[str, Any]) -> Search:
    names = (
        "method",
        "collective",
        "unit",
        "alone",
        "batch",
        "repeats",
        "most",
        "block",
        "least",
        "timeout",
        "budget",
        "routing",
        "group_pairs",
    )
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


def _progress(search: Search) -> Callable[[int, int], None]:
    """Return what tells how far a search is; its clock starts when the ranks are connected."""
    unit = {"search": "rounds", "pairs": "rounds", "groups": "comparisons at most", "lateness": "blocks", "bisection": "cuts"}[
        search.method
    ]
    begun: list[Progress] = []

    def progress(done: int, total: int) -> None:
        if not begun:
            begun.append(Progress(f"slow {search.method}", unit))
        begun[0](done, total)

    return progress


def _start(
    search: Search, fabric: Fabric | None, wanted: int | None, arguments: Sequence[str], keep: Path | None, *, force: bool
) -> Report:
    """Start the ranks and return what their rank 0 reports; where ranks fall silent, start again and go on without those."""
    count = wanted if wanted is not None else max(4, len(gpus()) if search.backend == "nccl" else len(usable_cores()))
    if count < 2:
        raise InputError(f"ranks: must be 2 or more, got {count}")
    start.check_crowd(count, force=force)
    units = units_of(search, [0] * count)  # this and the next refuse what the ranks would: they all are of this node
    check_units(search, len(units))
    if search.method == "search":
        tree_for(units, count, search.unit, fabric)
    check_backend(backend(search.backend), Launch(world_size=count))
    check(keep, search, count)
    with tempfile.TemporaryDirectory(prefix="fabricbench-") as folder:
        path, tests = Path(folder) / "report.json", keep or Path(folder) / "tests.jsonl"
        own = [*arguments, "--backend", search.backend, "--report", str(path)]
        own += ["--keep", str(tests)] if search.method == "search" else []
        line = start.command_line(search.backend, count, own)
        tell(f"# {' '.join(line)}", err=True)
        known: Report | None = None
        while True:
            try:
                found = _launched(search, line, count, path, keep)
            except EnvironmentFault as fault:
                if known is None:
                    raise
                warn(str(fault))
                return known  # who is silent stays found, whatever became of the others
            if not found.context.get("cut") or count - len(found.context["silent"]) < FEWEST_LEFT:
                return found
            tell(f"# {', '.join(found.context['silent'])}: no sign of life; the search goes on without", err=True)
            path.unlink()
            known = found


def _launched(search: Search, line: Sequence[str], count: int, path: Path, keep: Path | None) -> Report:
    """Run one launch to its end and return what it reports; of one that silent ranks ended, too."""
    ending = supervise_ranks(line, start.environment(), count, search.timeout)
    kept = f"; {_kept_in(keep)}" if search.method == "search" else ""
    if ending.stopped is not None:
        warn(f"interrupted{kept or '; a search keeps nothing'}")
        raise SystemExit(128 + ending.stopped)
    found = Report(**read_json(path, "report")) if path.exists() else None
    if found is None or (ending.code and not found.context.get("cut")):
        raise _fault(search, ending.code, ending.reason, kept if keep else "")
    return found


def _fault(search: Search, code: int, reason: str, kept: str) -> Exception:
    """Return the ranks' own error: bad input stays bad input. kept: what is said of the file of tests."""
    if code == 2:  # the exit code of bad input
        return InputError(reason)
    return EnvironmentFault(f"{search.backend}: {reason.removeprefix(f'{search.backend}: ')}{kept}")


def _fabric(topo: str, search: Search) -> Fabric:
    from fabric.cli.topo import load

    check_fabric(search)
    return load(topo)
