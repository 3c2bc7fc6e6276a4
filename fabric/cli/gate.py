"""`gate`: is B slower than A? Interleaved pairs and a verdict per cell, for CI. It computes no verdict itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
STATISTIC = "p10"
SIDES = 2
UNUSED = {"command": ("backend", "ranks", "statistic"), "collectives": ("number", "higher_is_better")}
"""Options that a way of comparing does not use."""


@click.command("gate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--runs", nargs=2, type=click.Path(path_type=Path), metavar="A B", help="Two run files, interleaved in one launch."
)
@click.option("--revs", nargs=2, metavar="A B", help="Two git revisions, each measuring RUN with its own code.")
@click.option("--envs", nargs=2, metavar="A B", help="Two Python interpreters, each measuring RUN with its own libraries.")
@click.option("--command", "commands", multiple=True, metavar="LINE", help="A shell command of your own; twice: A, then B.")
@click.option("--number", metavar="REGEX", help="Of --command: compare the number that this group finds in what it prints.")
@click.option("--higher-is-better", is_flag=True, help="Of --number: a bandwidth, say, of which less is a regression.")
@click.option("--backend", metavar="B", help="gloo, nccl or mpi.")
@click.option("--ranks", type=RANKS, metavar="N", help="World size; the run file's, else all cores or GPUs.")
@click.option("--budget", type=SECONDS, metavar="SECONDS", help="Most seconds a cell; 20, --revs, --envs 60, --command 120.")
@click.option(
    "--tolerance", type=PERCENT, default=2.0, show_default=True, metavar="PERCENT", help="Smaller changes are `same`."
)
@click.option("--statistic", metavar="S", help="Of a block: p10 (default), median or min.")
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
    if way == "command":
        answer: Answer[GateCell] | None = _of_commands(given)
    else:
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
    """Return which of the four ways was asked for, exactly one, with nothing beside it that it does not use."""
    from topologies.errors import InputError

    ways = {"runs": runs, "revs": given["revs"], "envs": given["envs"], "command": given["commands"]}
    chosen = [name for name, value in ways.items() if value]
    if len(chosen) != 1:
        got = " and ".join(f"--{name}" for name in chosen) or "none"
        raise InputError(f"gate: takes one of --runs A B, --revs A B, --envs A B, --command A --command B; got {got}")
    (way,) = chosen
    if way in ("revs", "envs") and run is None:
        raise InputError(f"gate: --{way} needs a run file to measure, e.g. `gate --{way} A B run.yaml`")
    if way == "runs" and run is not None:
        raise InputError(f"gate: --runs names both run files, got a third, {run}")
    if way == "command" and run is not None:
        raise InputError(f"gate: --command needs no run file, got {run}")
    if way == "command" and len(given["commands"]) != SIDES:
        raise InputError(f"gate: --command is given twice, A then B, got {len(given['commands'])}")
    for name in UNUSED["command" if way == "command" else "collectives"]:
        if given[name]:
            raise InputError(f"gate: --{name.replace('_', '-')} is not for --{way}; leave it out")
    return way


def _check_output(way: str, runs: Sequence[Path], given: Mapping[str, Any]) -> None:
    """Raise where what is kept could not be written, or would be added to something else; said before anything is measured."""
    from fabric.gate.commands import read_pairs
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
        readers: dict[str, Callable[[Path], object]] = {"runs": read_quads, "command": read_pairs}
        readers.get(way, read)(path)


def exit_code(answer: Answer[GateCell]) -> int:
    """Return 1 where a cell regressed or has wrong results, 4 where one is open, else 0."""
    if any(cell.judged.kind == "regressed" or cell.wrong for cell in answer):
        return 1
    return EXIT_INCONCLUSIVE if any(cell.judged.kind == "inconclusive" for cell in answer) else 0


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that both ways of measuring take."""
    same = {name: given[name] for name in ("backend", "ranks", "budget")}
    return {
        **same,
        "statistic": given["statistic"] or STATISTIC,
        "tolerance": given["tolerance"] / 100,
        "keep": given["output"],
    }


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
    contest = contest_of(
        runs, launch, statistic=given["statistic"] or STATISTIC, **{name: given[name] for name in ("backend", "ranks")}
    )
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


def _of_commands(given: Mapping[str, Any]) -> Answer[GateCell]:
    """Return the answer for two commands of the user's own."""
    from fabric.answers.gate import gate_commands
    from fabric.measure.launch.launcher import detect
    from topologies.errors import InputError

    launch = detect()
    if launch.started:
        raise InputError(f"gate: --command starts its commands itself, got a rank of {launch.name}; run it plainly")
    asked = {name: given[name] for name in ("number", "higher_is_better", "budget")}
    how = {"tolerance": given["tolerance"] / 100, "keep": given["output"]}
    a, b = given["commands"]
    return gate_commands((a, b), **asked, **how, tell=lambda line: tell(f"# gate: {line}", err=True))
