"""`compare A B`: two sets of results side by side, case by case, with a verdict where a tolerance is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.records.compare import Pair
    from fabric.records.result import Result

EXAMPLE = "Example: fabricbench compare results.jsonl@gloo results.jsonl@model --tolerance 10"


@click.command("compare", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("a")
@click.argument("b")
@click.option(
    "--tolerance", type=click.FloatRange(min=0), metavar="PERCENT", help="Exit 1 where a case of A is slower by more."
)
@formats
def command(a: str, b: str, *, tolerance: float | None, as_json: bool, as_csv: bool) -> int:
    """Compare results A with results B, case by case.

    A and B are FILE or FILE@SOURCE, the source by the beginning of its name (gloo, mpi, model). error = A's seconds /
    B's - 1, above zero where A is slower. A verdict needs both: more than the tolerance, and intervals apart.
    """
    from fabric.records.compare import join

    pairs = join(_side(a), _side(b))
    rows = [_row(pair, tolerance) for pair in pairs]
    if not emit("compare", rows, as_json=as_json, as_csv=as_csv, tolerance_percent=tolerance):
        _print(a, b, pairs, rows)
    return int(any(row["verdict"] == "slower" for row in rows))


def _side(text: str) -> list[Result]:
    from pathlib import Path

    from fabric.records.imported import usable
    from fabric.records.pool import pooled
    from fabric.records.store import read
    from topologies.errors import InputError

    path, _, source = text.rpartition("@") if "@" in text else (text, "", "")
    found, torn = read(Path(path))
    results, left_out = usable(found)
    for line in (torn, left_out):
        if line:
            warn(line)
    if left_out and not results:
        raise InputError(f"compare: {path} holds nothing that can be compared: screening found errors in all of it")
    chosen = [r for r in pooled(results) if r.source.startswith(source) or _stands_for(r, source)]
    if not chosen:
        known = ", ".join(sorted({r.source for r in results})) or "nothing"
        raise InputError(f"compare: {path} holds {known}, got source {source!r}")
    return chosen


def _stands_for(result: Result, source: str) -> bool:
    """Whether a model's answer is meant by `model:BACKEND`, the library that it predicts."""
    return bool(source) and f"model:{result.model.backend}".startswith(source) and not result.measured


def _row(pair: Pair, tolerance: float | None) -> dict[str, Any]:
    return {
        "collective": pair.case.collective,
        "nbytes": pair.case.nbytes,
        "world_size": pair.case.world_size,
        "in_place": pair.case.in_place,
        "mode": pair.case.mode,
        "order": pair.case.order,
        "a_source": pair.a.source,
        "b_source": pair.b.source,
        "a_seconds": pair.a.time,
        "a_interval_seconds": pair.a.bracket,
        "a_samples": len(pair.a.seconds),
        "a_statistic": pair.a.statistic,
        "b_seconds": pair.b.time,
        "b_interval_seconds": pair.b.bracket,
        "b_samples": len(pair.b.seconds),
        "b_statistic": pair.b.statistic,
        "error": pair.error,
        "verdict": None if tolerance is None else pair.verdict(tolerance / 100),
        "ranks_exceed_cores": pair.a.oversubscribed or pair.b.oversubscribed,
    }


def _print(a: str, b: str, pairs: list[Pair], rows: list[dict[str, Any]]) -> None:
    from fabric.units import show_size

    def time(result: Result) -> str:
        low, high = result.bracket or (None, None)
        if low is None or high is None:
            return f"{result.time * 1e6:.1f} ({result.statistic if result.statistic != 'raw' else f'n={len(result.seconds)}'})"
        return f"{result.time * 1e6:.1f} [{low * 1e6:.1f}, {high * 1e6:.1f}]"

    varying = [name for name in ("mode", "order") if len({getattr(pair.case, name) for pair in pairs}) > 1]
    body = [
        (
            pair.case.collective,
            *(str(getattr(pair.case, name)) for name in varying),
            show_size(pair.case.nbytes),
            str(pair.case.world_size) + ("*" if row["ranks_exceed_cores"] else ""),
            "in" if pair.case.in_place else "out",
            time(pair.a),
            time(pair.b),
            f"{100 * pair.error:+.1f} %",
            row["verdict"] or "-",
        )
        for pair, row in zip(pairs, rows, strict=True)
    ]
    columns = ["collective", *varying, "size", "ranks", "place", "A us [95 %]", "B us [95 %]", "A / B - 1", "verdict"]
    table(f"A = {a}, B = {b}: {len(pairs)} cases in common", columns, body, notes=["* more ranks than cores"])
