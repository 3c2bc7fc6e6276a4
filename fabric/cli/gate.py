"""`gate`: is B slower than A? Interleaved pairs and a verdict per cell, for CI. It computes no verdict itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli import gate_table
from fabric.cli.output import Progress, check_writable, emit, warn

if TYPE_CHECKING:
    from fabric.gate.interleave import Contest, Slice
    from fabric.gate.rounds import Rounds
    from fabric.gate.sides import Side
    from fabric.measure.cells.job import Job
    from fabric.measure.launch.launcher import Launch

EXAMPLE = "Example: fabricbench gate --runs before.yaml after.yaml --ranks 2 --budget 20"
EXIT_INCONCLUSIVE = 4
BUDGETS = {"runs": 20.0, "revs": 60.0, "envs": 60.0}


@click.command("gate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--runs", nargs=2, type=click.Path(path_type=Path), metavar="A B", help="Two run files, interleaved in one launch."
)
@click.option("--revs", nargs=2, metavar="A B", help="Two git revisions, each measuring RUN with its own code.")
@click.option("--envs", nargs=2, metavar="A B", help="Two Python interpreters, each measuring RUN with its own libraries.")
@click.option("--backend", metavar="B", help="gloo, nccl or mpi.")
@click.option("--ranks", type=click.IntRange(min=1), metavar="N", help="World size; the run file's, else all cores or GPUs.")
@click.option("--budget", type=float, metavar="SECONDS", help="Most seconds a cell; 20, of --revs and --envs 60.")
@click.option("--tolerance", type=float, default=2.0, show_default=True, metavar="PERCENT", help="Smaller changes are `same`.")
@click.option("--statistic", default="p10", show_default=True, metavar="S", help="Of a block: p10, median or min.")
@click.option("--markdown", is_flag=True, help="Print Markdown, for the job's summary page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: schema and rows.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Keep every pair in this JSON Lines file."
)
@click.option("--slice", "part", nargs=3, type=str, hidden=True)
def command(  # click's options
    run: Path | None, runs: tuple[Path, Path] | None, *, markdown: bool, as_json: bool, **given: Any
) -> int:
    """Say for every cell whether B is slower than A: regressed, improved, same within the tolerance, or inconclusive.

    Pairs are taken close together in an order drawn by coins; false verdicts are below 0.05 % a cell, 1 % a suite. Exit 0 no
    regression, 1 regression or wrong results, 2 bad input or nothing to compare, 3 environment, 4 inconclusive, 130 Ctrl-C.
    """
    way = _one_way(run, runs, given)
    _check_output(way, [path for path in (run, *(runs or ())) if path], given)
    answer = _of_runs(runs, given) if way == "runs" and runs else _of_launches(run, given)
    if answer is None:
        return 0
    if as_json:
        emit("gate", answer["rows"], as_json=True, **answer["facts"])
    elif markdown:
        click.echo(gate_table.markdown(answer))
    else:
        gate_table.show(answer)
    return _exit_code(answer["rows"])


def _one_way(run: Path | None, runs: object, given: Mapping[str, Any]) -> str:
    """Return which of the three ways was asked for, exactly one."""
    from topologies.errors import InputError

    chosen = [name for name, value in (("runs", runs), ("revs", given["revs"]), ("envs", given["envs"])) if value]
    if len(chosen) != 1:
        got = " and ".join(f"--{name}" for name in chosen) or "none"
        raise InputError(f"gate: takes one of --runs A B, --revs A B, --envs A B; got {got}")
    if chosen[0] != "runs" and run is None:
        raise InputError(f"gate: --{chosen[0]} needs a run file to measure, e.g. `gate --{chosen[0]} A B run.yaml`")
    if chosen[0] == "runs" and run is not None:
        raise InputError(f"gate: --runs names both run files, got a third, {run}")
    return chosen[0]


def _check_output(way: str, runs: Sequence[Path], given: Mapping[str, Any]) -> None:
    """Raise where what is kept could not be written, or would be added to something else; said before anything is measured."""
    from fabric.gate.slices import read_quads
    from fabric.measure.launch.launcher import detect
    from fabric.records.store import read
    from topologies.errors import InputError

    path: Path | None = given["output"]
    if path is None or given["part"] or detect().started:
        return
    if any(path.exists() and run.exists() and path.samefile(run) for run in runs):
        raise InputError(f"output: must be another file than the run file, got {path}")
    check_writable("output", path)
    if path.exists() and path.stat().st_size:
        (read_quads if way == "runs" else read)(path)


def _exit_code(rows: Sequence[Mapping[str, Any]]) -> int:
    if any(row["verdict"] == "regressed" or row["wrong"] for row in rows):
        return 1
    return EXIT_INCONCLUSIVE if any(row["verdict"] == "inconclusive" for row in rows) else 0


def _of_runs(runs: tuple[Path, Path], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer for two run files, on the ranks of this launch or on ranks that are started; None on other ranks."""
    from fabric.cli.ranks import one_voice
    from fabric.gate.interleave import Contest, check_ranks
    from fabric.gate.rounds import Rounds
    from fabric.measure.launch.launcher import detect
    from fabric.measure.launch.settle import settle

    launch = detect()
    settle(launch)
    with one_voice(launch):
        a, b = (_job(path, launch, given) for path in runs)
        contest = Contest(a, b, given["statistic"])
        check_ranks(contest.ranks)
        if given["part"]:
            _one_slice(contest, launch, given)
            return None
        budget = BUDGETS["runs"] if given["budget"] is None else given["budget"]
        rounds = Rounds(len(contest.pairs), budget, given["tolerance"] / 100)
        fought = _fight(contest, launch, rounds, runs, given)
    return _runs_answer(contest, rounds, fought, runs) if launch.rank == 0 else None


def _job(path: Path, launch: Launch, given: Mapping[str, Any]) -> Job:
    """Return the one job of a run file with the options in place of its values."""
    from fabric.measure.cells import run_file
    from fabric.measure.host.machine import usable_cores
    from topologies.errors import InputError

    changes: dict[str, Any] = {}
    if given["backend"]:
        changes["backends"] = (given["backend"],)
    if given["ranks"]:
        changes["world_sizes"] = (given["ranks"],)
    request = run_file.load(path).model_copy(update=changes)
    most = launch.world_size if launch.started else len(usable_cores())
    jobs = run_file.jobs(request, "mpi" if launch.under_mpirun else "gloo", most, most)
    if len(jobs) != 1:
        raise InputError(f"{path}: backends: a gate takes one, got {', '.join(job.backend for job in jobs)}; add --backend")
    return jobs[0]


def _one_slice(contest: Contest, launch: Launch, given: Mapping[str, Any]) -> None:
    from fabric.gate.slices import fight_slice

    progress = Progress("gate", "seconds of this part")
    fight_slice(contest, launch, slice_of(given["part"]), given["output"], tell=lambda at, of: progress(round(at), round(of)))


def slice_of(words: Sequence[str]) -> Slice:
    """Return the slice of three words: cells, seconds, seed; InputError where they are no numbers."""
    from fabric.gate.interleave import Slice
    from fabric.text.escape import shown
    from fabric.text.numbers import real, whole
    from topologies.errors import InputError

    cells, seconds, seed = words
    try:
        own = tuple(whole(cell, "cell") for cell in cells.split(","))
        return Slice(own, real(seconds, "seconds", 0.0), whole(seed, "seed"))
    except InputError as error:
        raise InputError(f"slice: must be CELL,CELL,... SECONDS SEED, got {shown(' '.join(words))}: {error}") from None


def words_of(part: Slice) -> list[str]:
    """Return a slice as three words."""
    return [",".join(map(str, part.cells)), f"{part.seconds:.3f}", str(part.seed)]


def _fight(contest: Contest, launch: Launch, rounds: Rounds, runs: tuple[Path, Path], given: Mapping[str, Any]) -> Any:
    from fabric.gate.slices import fight, fight_here
    from fabric.measure.backends.catalog import backend
    from fabric.measure.launch.launcher import Launch as Planned
    from fabric.measure.timing.session import check_launch

    if launch.started:
        return fight_here(contest, launch, rounds, teller() if launch.rank == 0 else lambda _: None)
    check_launch(backend(contest.a.backend), contest.a, Planned(world_size=contest.ranks))
    same = ["--backend", contest.a.backend, "--statistic", contest.statistic]
    if given["ranks"]:
        same += ["--ranks", str(given["ranks"])]

    def words(part: Slice, path: Path) -> list[str]:
        return ["fabric", "gate", "--runs", *map(str, runs), *same, "--slice", *words_of(part), "--output", str(path)]

    with tempfile.TemporaryDirectory(prefix="fabricbench-gate-") as folder:
        return fight(contest, rounds, words, given["output"] or Path(folder) / "quads.jsonl", teller())


def teller() -> Callable[[Rounds], None]:
    """Return what says on standard error how many cells are open and how long that may take."""

    def tell(rounds: Rounds) -> None:
        left = sum(rounds.shares[rounds.part :]) * rounds.budget * len(rounds.open)
        click.echo(
            f"# gate: part {rounds.part + 1} of {len(rounds.shares)}, {len(rounds.open)} of {rounds.cells} cells open, "
            f"{rounds.seconds():.0f} s, at most {left:.0f} s left",
            err=True,
        )

    return tell


def _runs_answer(contest: Contest, rounds: Rounds, fought: Any, runs: tuple[Path, Path]) -> dict[str, Any]:
    from fabric.statistics import median

    rows = []
    for number, (a, b) in enumerate(contest.pairs):
        quads = [quad for quad in fought.quads if quad.cell == number]
        times = {side: median([value for quad in quads for value in quad.of(side)]) for side in "AB"}
        rows.append(
            {
                "collective": a.collective if a.collective == b.collective else f"{a.collective} / {b.collective}",
                "nbytes": a.nbytes,
                "world_size": a.world_size,
                "place": _place(a.in_place, b.in_place),
                "a_seconds": times["A"],
                "b_seconds": times["B"],
                "wrong": fought.wrong(number),
                **row_of(rounds, number),
            }
        )
    facts = _facts(rounds, str(runs[0]), str(runs[1]), f"quads of blocks in {fought.launches} launches, {contest.statistic}")
    return {"rows": rows, "facts": {**facts, "context": dict(fought.context), "launches": fought.launches}}


def _place(a: bool, b: bool) -> str:  # noqa: FBT001  # a cell's field
    names = {True: "in", False: "out"}
    return names[a] if a == b else f"{names[a]} / {names[b]}"


def row_of(rounds: Rounds, number: int) -> dict[str, Any]:
    """Return a cell's verdict as fields; unknown bounds are null."""
    from math import isfinite

    verdict = rounds.verdicts[number]
    return {
        "verdict": verdict.kind,
        "ratio": verdict.ratio if isfinite(verdict.ratio) else None,
        "ratio_low": verdict.low if verdict.low > 0 else None,
        "ratio_high": verdict.high if isfinite(verdict.high) else None,
        "confidence": verdict.confidence,
        "units": verdict.units,
        "more_units": verdict.more,
    }


def _facts(rounds: Rounds, a: str, b: str, how: str) -> dict[str, Any]:
    from fabric.gate.verdict import cell_alpha

    return {
        "a": a,
        "b": b,
        "how": how,
        "tolerance_percent": 100 * rounds.tolerance,
        "false_verdicts_per_cell": cell_alpha(rounds.cells),
        "looks": rounds.look,
    }


def _of_launches(run: Path | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer for two revisions or two interpreters."""
    from fabric.gate.revisions import duel
    from fabric.gate.sides import check_revision, interpreters, worktrees

    assert run is not None  # noqa: S101  # _one_way saw to it
    kind = "revs" if given["revs"] else "envs"
    budget = BUDGETS[kind] if given["budget"] is None else given["budget"]
    sides = worktrees(given["revs"], Path.cwd()) if kind == "revs" else interpreters(given["envs"])
    with sides as (a, b):
        for side in (a, b) if kind == "revs" else ():
            check_revision(side)
        fought = duel(
            (a, b),
            run,
            backend=given["backend"],
            ranks=given["ranks"],
            budget=budget,
            tolerance=given["tolerance"] / 100,
            statistic=given["statistic"],
            keep=given["output"],
            tell=lambda line: click.echo(f"# gate: {line}", err=True),
        )
    for line in fought.notes:
        warn(line)
    return _launches_answer(fought, a, b)


def _launches_answer(fought: Any, a: Side, b: Side) -> dict[str, Any]:
    rows = []
    for number, case in enumerate(fought.cases):
        a_seconds, b_seconds = fought.typical(number)
        rows.append(
            {
                "collective": case.collective,
                "nbytes": case.nbytes,
                "world_size": case.world_size,
                "place": _place(case.in_place, case.in_place),
                "a_seconds": a_seconds,
                "b_seconds": b_seconds,
                "wrong": fought.wrong(number),
                **row_of(fought.rounds, number),
            }
        )
    facts = _facts(fought.rounds, a.name, b.name, f"{fought.pairs} pairs of launches; {fought.canary}")
    return {"rows": rows, "facts": {**facts, "context": dict(fought.context), "launches": 2 * fought.pairs}}
