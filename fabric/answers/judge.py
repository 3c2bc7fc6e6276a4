"""`judge`: every row of some logs held against what the fabric should give, a verdict, and signatures. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, TEXT, TEXTS, Answer, Column, Part, View, maybe
from fabric.answers.results import result_columns

if TYPE_CHECKING:
    from fabric.importers.results import Given
    from fabric.judge.best import Published
    from fabric.judge.floor import Floor
    from fabric.judge.judge import Judged
    from fabric.judge.judgement import Expected, Judgement, Signature
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.result import Result


def _result(fact: Judgement) -> Result:
    return fact.result


def _of(key: str) -> Callable[[Judgement], object]:
    return lambda fact: None if fact.expected is None else getattr(fact.expected, key)


def _busbw(end: str) -> Callable[[Judgement], float | None]:
    """Return how a row's expected bus bandwidth is read at one end of its band; the fast end is the high one."""

    def value(fact: Judgement) -> float | None:
        expected: Expected | None = fact.expected
        return None if expected is None else expected.busbw(fact.result.case, getattr(expected, end))

    return value


def _band(fact: Judgement) -> str:
    """Return the band of bus bandwidths in GB/s that healthy rows keep to."""
    slow, fast = _busbw("high")(fact), _busbw("low")(fact)
    return "-" if slow is None or fast is None else f"{slow / 1e9:.4g} .. {fast / 1e9:.4g}"


def _file(fact: Judgement) -> str:
    from fabric.judge.table import file_of

    return file_of(fact.result)


VIEW = View(
    "judge",
    (
        Column("verdict", TEXT, "good, watch, bad or unknown", head="verdict"),
        Column("file", TEXT, "the log", _file, head="log"),
        *result_columns(_result),
        Column("expected_seconds", maybe(NUMBER), "what a healthy fabric takes", _of("seconds")),
        Column("expected_low_seconds", maybe(NUMBER), "the fast end of the band", _of("low")),
        Column("expected_high_seconds", maybe(NUMBER), "the slow end: beyond it a row is one to watch", _of("high")),
        Column("bad_beyond_seconds", maybe(NUMBER), "beyond it a row is bad", _of("bad")),
        Column("expected_busbw_bytes_per_second", maybe(NUMBER), "bus bandwidth of the expected time", _busbw("seconds")),
        Column("expected_busbw_low_bytes_per_second", maybe(NUMBER), "of the slow end", _busbw("high"), head="expected GB/s",
               cell=_band),
        Column("expected_busbw_high_bytes_per_second", maybe(NUMBER), "of the fast end", _busbw("low")),
        Column("ratio", maybe(NUMBER), "measured / expected seconds", head="ratio",
               cell=lambda f: "-" if f.ratio is None else f"{f.ratio:.2f}"),
        Column("basis", maybe(TEXT), "nominal, site or floor", _of("basis"), head="by"),
        Column("reason", TEXT, "what it was held against, or why it was not"),
    ),
    beside={
        "verdict": TEXT,
        "counts": {"type": "object"},
        "signatures": LIST,
        "assumptions": TEXTS,
        "best_published": LIST,
    },
)  # fmt: skip
TABLE = (
    "verdict", "nbytes", "world_size", "nodes", "algorithm", "seconds", "busbw_bytes_per_second",
    "expected_busbw_low_bytes_per_second", "ratio", "basis", "file",
)  # fmt: skip
FIRST_LINE = 1 << 24
"""Bytes of a results file's first line that are looked at."""
NEXT = "nothing could be judged good: measure 256 MiB to 8 GiB, S/p of 4 MiB or more (all_reduce_perf -b 256M -e 8G -f 2)"
NEXT_FLOOR = "nothing could be judged good: write a floor of a log that you trust (--floor FILE), and judge --against it"


def results_of(path: Path, tool: str = "auto", given: Given | None = None) -> tuple[list[Result], list[str]]:
    """Return the results of a log or of a results file of ours, and one line per finding that is no note.

    Raises:
        InputError: whatever `import` refuses, or a results file that cannot be read.
    """
    from fabric.importers import catalog

    text = catalog.load(path)
    if tool == "auto" and _ours(text):
        from fabric.records.store import read

        rows, torn = read(path)
        kept = [replace(row, context={"file": path.name, **row.context}) for row in rows if row.measured]
        return kept, [torn] if torn else []
    found = catalog.imported(text, str(path), tool, given) if given else catalog.imported(text, str(path), tool)
    said = [f"{path}:{f.row or 0}: {f.severity}: {f.text}" for f in found.findings if f.severity != "note"]
    return list(found.results), said


def is_ours(path: Path) -> bool:
    """Return whether a file is one of results of ours, by its first line; one that cannot be read counts as such."""
    try:
        with path.open("rb") as file:
            return _ours(file.readline(FIRST_LINE).decode(errors="replace"))
    except OSError:
        return True


def _ours(text: str) -> bool:
    return text.lstrip()[:1] == "{" and '"fabricbench.result/' in text.partition("\n")[0]


def judge(
    results: Sequence[Result],
    fabric: Fabric | str,
    constants: Constants | None = None,
    *,
    floor: Floor | None = None,
    algorithm: str | None = None,
) -> Answer[Judgement]:
    """Return a verdict on every result: good, watch, bad, or unknown where nothing can be said.

    fabric: where they were measured, or its TOPO. constants: NCCL's hardware where the fabric's scale-up part does not say it
    (`nccl:h100`). floor: what this fabric took before; None: nominal hardware and the other rows. algorithm: what ran where
    the results do not say.

    Raises:
        InputError: no results, an algorithm that NCCL does not have, or hardware that does not exist.
    """
    from fabric.answers.ask import load
    from fabric.judge.best import beside
    from fabric.judge.judge import judge as judged
    from fabric.judge.nominal import nominal_of
    from fabric.predict.of_node import constants_on
    from topologies.errors import InputError

    if not results:
        raise InputError("judge: needs at least one measured result, got none")
    fabric = load(fabric)
    _check(algorithm, results, floor)
    nominal = nominal_of(fabric, constants_on(fabric, {result.case.collective for result in results}, constants))
    found = judged(results, nominal, floor=floor, algorithm=algorithm)
    named = nominal.hardware.name if nominal.hardware else "not known"
    assumed = [*fabric.assumptions(), f"NCCL's hardware: {named}", *_against(floor)]
    answer = answer_of(found, fabric.name, assumed, beside((row.result.case for row in found.judgements), nominal))
    return replace(answer, warnings=tuple(_another(fabric, floor)))


def _check(algorithm: str | None, results: Sequence[Result], floor: Floor | None) -> None:
    """Return nothing where a given algorithm can have run: what NCCL calls its own, or what a floor or another library does.

    Raises:
        InputError: it is none.
    """
    from fabric.judge.nominal import NAMED
    from fabric.predict.laws import CHOOSING, library
    from fabric.predict.names import name_of
    from fabric.text.escape import shown
    from topologies.errors import InputError
    from topologies.guess import did_you_mean

    held = {point.algorithm for point in floor.points} if floor else set[str]()
    own = [result for result in results if library(result.source) == CHOOSING]
    if algorithm is None or (algorithm.strip() and not own):
        return
    known = list(dict.fromkeys((*NAMED, *sorted(held))))
    if name_of(algorithm) not in known:
        meant = did_you_mean(algorithm, known)
        raise InputError(f"algorithm: must be one of {', '.join(known)}, got {shown(algorithm)}{meant}")


def _another(fabric: Fabric, floor: Floor | None) -> list[str]:
    """Return a warning where a floor is another fabric's."""
    if floor is None or floor.fingerprint in ("", fabric.fingerprint):
        return []
    return [f"against: the floor is of {floor.fabric}, {floor.fingerprint}; {fabric.name} is {fabric.fingerprint}"]


def _against(floor: Floor | None) -> list[str]:
    if floor is None:
        return []
    return [f"floor of {floor.made_at} on {floor.fabric or 'a fabric without a name'}"]


def answer_of(found: Judged, fabric: str, assumed: Sequence[str], best: Sequence[Published] = ()) -> Answer[Judgement]:
    """Return judged rows as an answer: the verdict in one line, then bad, watched and good rows; unknown by reason.

    best: the best published tables of the same node type and world sizes, shown beside.
    """
    rows = found.judgements
    counts = {name: sum(row.verdict == name for row in rows) for name in ("good", "watch", "bad", "unknown")}
    shown = tuple(row for name in ("bad", "watch", "good") for row in rows if row.verdict == name)
    notes = (*_unknown(rows), *(line for one in found.signatures for line in _said(one)))
    return Answer(
        VIEW,
        rows,
        parts=(Part(headline(found, fabric), shown, TABLE, notes),),
        beside={
            "verdict": found.verdict,
            "counts": counts,
            "signatures": [_plain(one) for one in found.signatures],
            "assumptions": list(assumed),
            "best_published": [_published(one) for one in best],
        },
    )


def headline(found: Judged, fabric: str) -> str:
    """Return the verdict in one line, with what it rests on."""
    counts = {name: sum(row.verdict == name for row in found.judgements) for name in ("bad", "watch", "good", "unknown")}
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    seen = [one.name for one in found.signatures if not one.note]
    why = f"; looks like: {', '.join(dict.fromkeys(seen))}" if seen else ""
    return f"{found.verdict.upper()} for {fabric or 'this fabric'}: {said} of {len(found.judgements)} rows{why}"


def page(answer: Answer[Judgement], path: Path) -> None:
    """Write the answer's page, of which the first line is the verdict.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.judge.best import TABLES
    from fabric.judge.judgement import Signature
    from fabric.report.judge.page import write
    from fabric.units import show_size

    part = answer.tables()[0]
    cells = [
        (
            row.verdict,
            _file(row),
            f"{row.result.case.world_size} on {row.result.case.nodes}",
            show_size(row.result.case.nbytes),
            f"{row.result.busbw / 1e9:.4g}",
            _band(row),
            "-" if row.ratio is None else f"{row.ratio:.2f}",
            row.reason,
        )
        for row in part.facts
    ]
    said: Any = answer.beside["signatures"]
    signatures = [Signature(**{**one, "nodes": one["nodes"] or 0, "nbytes": one["nbytes"] or 0}) for one in said]
    assumed: Any = answer.beside["assumptions"]
    best: Any = answer.beside["best_published"]
    chosen = {(one["site"], one["source"], one["ranks"]) for one in best}
    tables = [one for one in TABLES if (one.site, one.source, one.ranks) in chosen]
    write(path, part.title, answer.items, signatures, assumed, cells, tables)


def _published(one: Published) -> dict[str, Any]:
    rows = [{"nbytes": size, "busbw_bytes_per_second": rate} for size, rate in one.busbw.items()]
    return {"site": one.site, "source": one.source, "nodes": one.nodes, "ranks": one.ranks, "rows": rows}


def _unknown(rows: Sequence[Judgement]) -> list[str]:
    """Return one line per reason for which rows could not be judged, and what to run where none is good or bad."""
    reasons: dict[str, int] = {}
    for row in rows:
        if row.verdict == "unknown":
            reasons[row.reason] = reasons.get(row.reason, 0) + 1
    lines = [f"unknown: {count} rows: {reason}" for reason, count in reasons.items()]
    return lines if any(row.verdict in ("good", "bad") for row in rows) else [*lines, *_next(rows)]


def _next(rows: Sequence[Judgement]) -> Iterator[str]:
    """Yield what would help where no row is good or bad: large sizes, or a floor for what no hardware has a law of."""
    from fabric.judge.table import is_large
    from fabric.predict.laws import CHOOSING, library
    from fabric.predict.names import STEPPED

    lawful = [row.result.case.collective in STEPPED and library(row.result.source).startswith(CHOOSING) for row in rows]
    large = [known and is_large(row.result) for known, row in zip(lawful, rows, strict=True)]
    if any(lawful) and not any(large):
        yield NEXT
    elif not all(lawful):
        yield NEXT_FLOOR


def _said(one: Signature) -> list[str]:
    return [
        f"{'note' if one.note else 'signature'}: {one.name}: {one.evidence}",
        *(f"    cause? {cause}" for cause in one.causes if not one.note),
        f"    next: {one.next_command}",
    ]


def _plain(one: Signature) -> dict[str, Any]:
    return {
        "name": one.name,
        "evidence": one.evidence,
        "causes": list(one.causes),
        "next_command": one.next_command,
        "note": one.note,
        "files": list(one.files),
        "nodes": one.nodes or None,
        "nbytes": one.nbytes or None,
    }
