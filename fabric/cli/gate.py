"""`gate`: is B slower than A? Interleaved pairs and a verdict per cell, for CI. It computes no verdict itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli import gate_table
from fabric.cli.kinds import PERCENT, RANKS, SECONDS
from fabric.cli.output import Progress, check_writable, give, tell, warn

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.gate import GateCell
    from fabric.gate.rounds import Rounds
    from fabric.measure.launch.launcher import Launch

EXAMPLE = "Example: fabricbench gate --runs before.yaml after.yaml --ranks 2 --budget 20"
EXIT_INCONCLUSIVE = 4


@click.command("gate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--runs", nargs=2, type=click.Path(path_type=Path), metavar="A B", help="Two run files, interleaved in one launch."
)
@click.option("--revs", nargs=2, metavar="A B", help="Two git revisions, each measuring RUN with its own code.")
@click.option("--envs", nargs=2, metavar="A B", help="Two Python interpreters, each measuring RUN with its own libraries.")
@click.option("--backend", metavar="B", help="gloo, nccl or mpi.")
@click.option("--ranks", type=RANKS, metavar="N", help="World size; the run file's, else all cores or GPUs.")
@click.option("--budget", type=SECONDS, metavar="SECONDS", help="Most seconds a cell; 20, of --revs and --envs 60.")
@click.option(
    "--tolerance", type=PERCENT, default=2.0, show_default=True, metavar="PERCENT", help="Smaller changes are `same`."
)
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
    if markdown and not as_json:
        for line in answer.warnings:
            warn(line)
        click.echo(gate_table.markdown(answer))
    else:
        give(answer, as_json=as_json)
    return exit_code(answer)


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
    from fabric.text.files import exists
    from topologies.errors import InputError

    path: Path | None = given["output"]
    if path is None or given["part"] or detect().started:
        return
    if any(exists(path) and exists(run) and path.samefile(run) for run in runs):
        raise InputError(f"output: must be another file than the run file, got {path}")
    check_writable("output", path)
    if exists(path) and path.stat().st_size:
        (read_quads if way == "runs" else read)(path)


def exit_code(answer: Answer[GateCell]) -> int:
    """Return 1 where a cell regressed or has wrong results, 4 where one is open, else 0."""
    if any(cell.judged.kind == "regressed" or cell.wrong for cell in answer):
        return 1
    return EXIT_INCONCLUSIVE if any(cell.judged.kind == "inconclusive" for cell in answer) else 0


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that both ways of measuring take."""
    same = {name: given[name] for name in ("backend", "ranks", "budget", "statistic")}
    return {**same, "tolerance": given["tolerance"] / 100, "keep": given["output"]}


def _of_runs(runs: tuple[Path, Path], given: Mapping[str, Any]) -> Answer[GateCell] | None:
    """Return the answer for two run files, on the ranks of this launch or on ranks that are started; None on other ranks."""
    from fabric.answers.gate import gate_runs
    from fabric.cli.ranks import one_voice
    from fabric.measure.launch.launcher import detect
    from fabric.measure.launch.settle import settle

    launch = detect()
    settle(launch)
    with one_voice(launch):
        if given["part"]:
            _one_slice(runs, launch, given)
            return None
        return gate_runs(runs, launch, **_asked(given), tell=_tell if launch.rank == 0 else lambda _: None)


def _one_slice(runs: tuple[Path, Path], launch: Launch, given: Mapping[str, Any]) -> None:
    from fabric.gate.question import contest_of, slice_of
    from fabric.gate.slices import fight_slice

    progress = Progress("gate", "seconds of this part")
    contest = contest_of(runs, launch, **{name: given[name] for name in ("backend", "ranks", "statistic")})
    fight_slice(contest, launch, slice_of(given["part"]), given["output"], tell=lambda at, of: progress(round(at), round(of)))


def _tell(rounds: Rounds) -> None:
    """Say on standard error how many cells are open and how long that may take."""
    left = sum(rounds.shares[rounds.part :]) * rounds.budget * len(rounds.open)
    tell(
        f"# gate: part {rounds.part + 1} of {len(rounds.shares)}, {len(rounds.open)} of {rounds.cells} cells open, "
        f"{rounds.seconds():.0f} s, at most {left:.0f} s left",
        err=True,
    )


def _of_launches(run: Path | None, given: Mapping[str, Any]) -> Answer[GateCell]:
    """Return the answer for two revisions or two interpreters."""
    from fabric.answers.gate import gate_sides

    assert run is not None  # noqa: S101  # _one_way saw to it
    sides = {"revs": given["revs"]} if given["revs"] else {"envs": given["envs"]}
    return gate_sides(run, **sides, **_asked(given), tell=lambda line: tell(f"# gate: {line}", err=True))
