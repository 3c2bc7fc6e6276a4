"""`gate`: is B slower than A, cell by cell, with the pairs behind it. It prints nothing and computes no verdict itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, OBJECT, TEXT, WHOLE, Answer, Column, Part, Row, View, maybe
from fabric.units import show_size

if TYPE_CHECKING:
    from fabric.gate.interleave import Contest, Slice
    from fabric.gate.revisions import Duel
    from fabric.gate.rounds import Rounds
    from fabric.gate.sides import Side
    from fabric.gate.slices import Fought
    from fabric.gate.verdict import Verdict
    from fabric.measure.launch.launcher import Launch

BUDGETS = {"runs": 20.0, "revs": 60.0, "envs": 60.0, "command": 120.0}
"""Most seconds a cell where nobody says: of two run files, two revisions, two interpreters, two commands."""
KINDS = ("regressed", "improved", "same", "inconclusive")


@dataclass(frozen=True)
class GateCell:
    """One cell's times and verdict. place: `in`, `out`, or A's and B's; tolerance: the share within which B is the same.

    Of two commands, collective says what is compared, and bytes, ranks and place are nobody's to know; seconds are None and
    numbers are set where a number that they print is compared.
    """

    collective: str
    nbytes: int | None
    world_size: int | None
    place: str | None
    a_seconds: float | None
    b_seconds: float | None
    wrong: int
    judged: Verdict
    tolerance: float
    a_number: float | None = None
    b_number: float | None = None


def low(verdict: Verdict) -> float | None:
    """Return the low end of a verdict's interval, None where there is none."""
    return verdict.low if verdict.low > 0 else None


def high(verdict: Verdict) -> float | None:
    """Return the high end of a verdict's interval, None where there is none."""
    return verdict.high if isfinite(verdict.high) else None


def _change(cell: GateCell) -> str:
    return f"{100 * (cell.judged.ratio - 1):+.1f} %" if isfinite(cell.judged.ratio) else "-"


def _interval(cell: GateCell) -> str:
    ends = [end for end in (low(cell.judged), high(cell.judged)) if end is not None]
    return " ... ".join(f"{100 * (end - 1):+.1f}" for end in ends) + " %" if len(ends) > 1 else "-"


def _what(cell: GateCell) -> str:
    return cell.collective if cell.nbytes is None else f"{cell.collective} {show_size(cell.nbytes)}"


def _value(cell: GateCell, side: str) -> str:
    """Return a side's time in microseconds, or its number."""
    seconds, number = getattr(cell, f"{side}_seconds"), getattr(cell, f"{side}_number")
    return f"{seconds * 1e6:.2f}" if seconds is not None else f"{number:.6g}"


def _words(cell: GateCell) -> str:
    kind = cell.judged.kind
    if cell.wrong:
        return f"WRONG RESULTS ({cell.wrong} elements)"
    if kind == "inconclusive":
        return f"{kind}: about {cell.judged.more} more units needed"
    return f"same within {100 * cell.tolerance:g} %" if kind == "same" else kind


def _of_verdict(take: Callable[[Verdict], object]) -> Callable[[GateCell], object]:
    return lambda cell: take(cell.judged)


VERDICT: Mapping[str, tuple[Mapping[str, Any], str, Callable[[Verdict], object]]] = {
    "verdict": (TEXT, "regressed, improved, same or inconclusive", lambda v: v.kind),
    "ratio": (maybe(NUMBER), "B's time (or number) / A's", lambda v: v.ratio if isfinite(v.ratio) else None),
    "ratio_low": (maybe(NUMBER), "low end of its interval", low),
    "ratio_high": (maybe(NUMBER), "high end of its interval", high),
    "confidence": (NUMBER, "with which the interval holds, looks included", lambda v: v.confidence),
    "units": (WHOLE, "quads of blocks, or pairs of launches or runs, behind it", lambda v: v.units),
    "more_units": (WHOLE, "still needed as far as can be told, 0 where decided", lambda v: v.more),
}
"""A verdict's keys: kind, what, value."""
SHOWN: Mapping[str, tuple[str, Callable[[GateCell], str] | None]] = {
    "verdict": ("verdict", _words),
    "ratio": ("B / A - 1", _change),
    "ratio_low": ("interval", _interval),
    "units": ("units", None),
}
TABLE = ("collective", "world_size", "place", "a_seconds", "b_seconds", "ratio", "ratio_low", "units", "verdict")
VIEW = View(
    "gate",
    (
        Column("collective", TEXT, "what ran, A's / B's where they differ; of two commands, what is compared", head="cell",
               cell=_what),
        Column("nbytes", maybe(WHOLE), "bytes, S as nccl-tests counts it; null of commands"),
        Column("world_size", maybe(WHOLE), "ranks; null of commands", head="ranks", cell=lambda c: str(c.world_size)),
        Column("place", maybe(TEXT), "in, out, or A's / B's; null of commands", head="place"),
        Column("a_seconds", maybe(NUMBER), "median of A's blocks, launches or runs; null where a number is compared",
               head="A us", cell=lambda c: _value(c, "a")),
        Column("b_seconds", maybe(NUMBER), "median of B's", head="B us", cell=lambda c: _value(c, "b")),
        Column("a_number", maybe(NUMBER), "median of the numbers that command A printed, else null", head="A",
               cell=lambda c: _value(c, "a")),
        Column("b_number", maybe(NUMBER), "median of B's", head="B", cell=lambda c: _value(c, "b")),
        Column("wrong", WHOLE, "wrong elements of both sides"),
        *(
            Column(key, kind, what, _of_verdict(take), head=SHOWN.get(key, (None,))[0], cell=SHOWN.get(key, (None, None))[1])
            for key, (kind, what, take) in VERDICT.items()
        ),
    ),
    beside={
        "a": TEXT, "b": TEXT, "how": TEXT, "tolerance_percent": NUMBER, "false_verdicts_per_cell": NUMBER, "looks": WHOLE,
        "context": OBJECT, "launches": WHOLE,
    },
)  # fmt: skip


def verdict_row(verdict: Verdict) -> Row:
    """Return a verdict as fields; unknown bounds are null."""
    return {key: take(verdict) for key, (_, _, take) in VERDICT.items()}


def gate_runs(
    runs: tuple[Path, Path],
    launch: Launch,
    *,
    backend: str | None = None,
    ranks: int | None = None,
    budget: float | None = None,
    tolerance: float = 0.02,
    statistic: str = "p10",
    keep: Path | None = None,
    tell: Callable[[Rounds], None] = lambda _: None,
) -> Answer[GateCell] | None:
    """Return the verdicts on two run files: on the ranks of the launch, all of which call it, or on ranks that it starts.

    On other ranks than 0 it is None. budget: most seconds a cell. tolerance: the share within which B is the same. statistic:
    of a block, p10, median or min. keep: a file that gets every quad. tell: told after every part.

    Raises:
        InputError: files that cannot be compared, or bad values.
        EnvironmentFault: a launch ended badly.
    """
    from fabric.gate.question import contest_of
    from fabric.gate.rounds import Rounds
    from fabric.gate.slices import fight_here

    contest = contest_of(runs, launch, backend=backend, ranks=ranks, statistic=statistic)
    rounds = Rounds(len(contest.pairs), BUDGETS["runs"] if budget is None else budget, tolerance)
    if launch.started:
        fought = fight_here(contest, launch, rounds, tell)
        return _of_runs(contest, rounds, fought, runs) if launch.rank == 0 else None
    return _of_runs(contest, rounds, _started(contest, rounds, runs, ranks, keep, tell), runs)


def _started(
    contest: Contest,
    rounds: Rounds,
    runs: tuple[Path, Path],
    ranks: int | None,
    keep: Path | None,
    tell: Callable[[Rounds], None],
) -> Fought:
    """Start launch after launch, each of which measures a slice."""
    from fabric.gate.question import words_of
    from fabric.gate.slices import fight
    from fabric.measure.backends.catalog import backend
    from fabric.measure.launch.launcher import Launch
    from fabric.measure.launch.start import check_crowd
    from fabric.measure.timing.session import check_launch

    check_launch(backend(contest.a.backend), contest.a, Launch(world_size=contest.ranks))
    check_crowd(contest.ranks, way_on="")
    same = ["--backend", contest.a.backend, "--statistic", contest.statistic]
    if ranks:
        same += ["--ranks", str(ranks)]

    def words(part: Slice, path: Path) -> list[str]:
        return ["fabric", "gate", "--runs", *map(str, runs), *same, "--slice", *words_of(part), "--output", str(path)]

    with tempfile.TemporaryDirectory(prefix="fabricbench-gate-") as folder:
        return fight(contest, rounds, words, keep or Path(folder) / "quads.jsonl", tell)


def _of_runs(contest: Contest, rounds: Rounds, fought: Fought, runs: tuple[Path, Path]) -> Answer[GateCell]:
    from fabric.statistics import median

    cells = []
    for number, (a, b) in enumerate(contest.pairs):
        quads = [quad for quad in fought.quads if quad.cell == number]
        name = a.collective if a.collective == b.collective else f"{a.collective} / {b.collective}"
        a_seconds, b_seconds = (median([value for quad in quads for value in quad.of(side)]) for side in "AB")
        place = _place(a.in_place, b.in_place)
        judged, wrong = rounds.verdicts[number], fought.wrong(number)
        cells.append(GateCell(name, a.nbytes, a.world_size, place, a_seconds, b_seconds, wrong, judged, rounds.tolerance))
    how = f"quads of blocks in {fought.launches} launches, {contest.statistic}"
    return answer_of(cells, _beside(rounds, str(runs[0]), str(runs[1]), how, fought.context, fought.launches))


def gate_sides(
    run: Path,
    *,
    revs: tuple[str, str] | None = None,
    envs: tuple[str, str] | None = None,
    backend: str | None = None,
    ranks: int | None = None,
    budget: float | None = None,
    tolerance: float = 0.02,
    statistic: str = "p10",
    keep: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Answer[GateCell]:
    """Return the verdicts on one run file measured by two git revisions (of the folder we are in), or by two interpreters.

    budget, tolerance, statistic: as in gate_runs. keep: a file that gets every result. tell: told after every pair.

    Raises:
        InputError: no such revision or interpreter, a run that cannot be compared, bad values.
        EnvironmentFault: a launch ended badly.
    """
    from fabric.gate.revisions import duel
    from fabric.gate.sides import check_revision, interpreters, worktrees

    budget = BUDGETS["revs" if revs else "envs"] if budget is None else budget
    sides = worktrees(revs, Path.cwd()) if revs else interpreters(envs or ("", ""))
    how: dict[str, Any] = {"budget": budget, "tolerance": tolerance, "statistic": statistic, "keep": keep, "tell": tell}
    with sides as (a, b):
        for side in (a, b) if revs else ():
            check_revision(side)
        return _of_launches(duel((a, b), run, backend=backend, ranks=ranks, **how), a, b)


def _of_launches(fought: Duel, a: Side, b: Side) -> Answer[GateCell]:
    cells = []
    for number, case in enumerate(fought.cases):
        place, judged = _place(case.in_place, case.in_place), fought.rounds.verdicts[number]
        times, wrong = fought.typical(number), fought.wrong(number)
        cells.append(
            GateCell(case.collective, case.nbytes, case.world_size, place, *times, wrong, judged, fought.rounds.tolerance)
        )
    how = f"{fought.pairs} pairs of launches; {fought.canary}"
    beside = _beside(fought.rounds, a.name, b.name, how, fought.context, 2 * fought.pairs)
    return answer_of(cells, beside, tuple(fought.notes))


def gate_commands(
    commands: tuple[str, str],
    *,
    number: str | None = None,
    higher_is_better: bool = False,
    budget: float | None = None,
    tolerance: float = 0.02,
    keep: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Answer[GateCell]:
    """Return the verdict on two commands, each run by the shell, by wall time or by a number that they print.

    number: a regular expression whose group, or which as a whole, is the number; the last match counts. higher_is_better: of
    the number. budget: most seconds of all runs together. tolerance, keep, tell: as in gate_sides.

    Raises:
        InputError: no such number in what a command prints, or bad values.
        EnvironmentFault: a command fails, or takes longer than the budget.
    """
    from fabric.gate.commands import compete, reading_of

    reading = reading_of(number, higher_is_better=higher_is_better)
    budget = BUDGETS["command"] if budget is None else budget
    fought = compete(commands, reading, budget=budget, tolerance=tolerance, keep=keep, tell=tell)
    cell = GateCell(reading.what, None, None, None, None, None, 0, fought.verdict, tolerance)
    a, b = fought.typical
    cell = replace(cell, a_seconds=a, b_seconds=b) if number is None else replace(cell, a_number=a, b_number=b)
    count = len(fought.pairs)
    return answer_of([cell], _beside(fought.rounds, *commands, f"{count} pairs of runs", {}, 2 * count))


def _place(a: bool, b: bool) -> str:  # noqa: FBT001  # a cell's field
    names = {True: "in", False: "out"}
    return names[a] if a == b else f"{names[a]} / {names[b]}"


def _beside(rounds: Rounds, a: str, b: str, how: str, context: Mapping[str, Any], launches: int) -> Row:
    from fabric.gate.verdict import cell_alpha

    return {
        "a": a,
        "b": b,
        "how": how,
        "tolerance_percent": 100 * rounds.tolerance,
        "false_verdicts_per_cell": cell_alpha(rounds.cells),
        "looks": rounds.look,
        "context": dict(context),
        "launches": launches,
    }


def answer_of(cells: Sequence[GateCell], beside: Row, warnings: tuple[str, ...] = ()) -> Answer[GateCell]:
    """Return the answer of cells, with the table's headline and what stands under it."""
    part = Part(headline(cells), tuple(cells), _keys(cells[0]), _notes(beside, cells))
    return Answer(VIEW, tuple(cells), parts=(part,), beside=beside, warnings=warnings)


def _keys(cell: GateCell) -> tuple[str, ...]:
    """Return what a table of such cells shows: of commands neither ranks nor place, of numbers no times."""
    if cell.nbytes is not None:
        return TABLE
    values = ("a_seconds", "b_seconds") if cell.a_number is None else ("a_number", "b_number")
    return ("collective", *values, *TABLE[TABLE.index("ratio") :])


def headline(cells: Sequence[GateCell]) -> str:
    """Return one line: how many cells got which verdict."""
    counts = {kind: sum(cell.judged.kind == kind for cell in cells) for kind in KINDS}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}: {said}"


def _notes(beside: Row, cells: Sequence[GateCell]) -> tuple[str, str]:
    library = beside["context"].get("mpi_library") or beside["context"].get("source", "")
    ways = "; ".join(part for part in (beside["how"], library) if part)
    lowest = min(cell.judged.confidence for cell in cells)
    return (
        f"A = {beside['a']}, B = {beside['b']}; {ways}",
        f"Intervals hold with {100 * lowest:.3f} % or more each, looks included; false verdicts "
        f"<= {100 * beside['false_verdicts_per_cell']:.2g} % a cell",
    )
