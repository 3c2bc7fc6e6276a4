"""The twin's rows as lines of Markdown: scores, collisions, rank orders, every point. It measures nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from fabric.units import show_size

Row = dict[str, Any]
NEAR, FAR = "contiguous", "interleaved"
COLUMNS = (
    "slice", "fabric", "collective", "by", "hosts", "size", "order", "place", "measured ms", "predicted ms", "error", "regime",
    "q", "samples", "bring-ups", "idle",
)  # fmt: skip


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what the rows show, in lines of Markdown."""
    best = fastest(rows)
    matrix = [row for row in best if row["slice"].startswith("gloo-") or row["slice"] == "contrast"]
    scored = [row for row in matrix if row["regime"] == "bandwidth"]
    yield f"gloo all-reduce, bandwidth regime: {_score(scored)}"
    for name in dict.fromkeys(row["slice"] for row in best):
        own = [row for row in best if row["slice"] == name]
        yield f"- {name}: {_score([row for row in own if row['regime'] == 'bandwidth']) or 'not scored'}"
    yield from _spread(scored)
    yield from _collisions([row for row in best if row["slice"] == "ecmp"])
    yield from _contrasts(matrix)
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    yield from map(_line, sorted(best, key=_place))


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("slice", "fabric", "collective", "source", "order", "world_size", "nbytes"))


def _score(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    errors = sorted(abs(row["error"]) for row in rows)
    within, idle = sum(error <= 0.05 for error in errors), median(row["fidelity"]["idle"] for row in rows)
    return (
        f"{len(errors)} points, median |error| {100 * median(errors):.2f} %, {100 * within / len(errors):.1f} % within 5 %, "
        f"largest {100 * errors[-1]:.1f} %, median idle {100 * idle:.0f} %"
    )


def _spread(rows: Sequence[Row]) -> Iterator[str]:
    """Yield how far bring-ups of one point lie apart, and what all of them would have scored."""
    repeated = [row["errors"] for row in rows if len(row["errors"]) > 1]
    if repeated:
        apart = sorted(max(errors) - min(errors) for errors in repeated)
        every = [abs(error) for errors in repeated for error in errors]
        within = sum(error <= 0.05 for error in every)
        yield (
            f"- all bring-ups of these points, not the fastest: {len(every)}, median |error| {100 * median(every):.2f} %, "
            f"{100 * within / len(every):.1f} % within 5 %, largest {100 * max(every):.1f} %; those of one point lie "
            f"{100 * median(apart):.1f} % apart in the median, at most {100 * apart[-1]:.1f} %"
        )


def _collisions(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        right = sum(round(row["slowdown"]) == round(row["counted_slowdown"]) for row in rows)
        drawn = ", ".join(f"{row['slowdown']:.0f}" for row in sorted(rows, key=lambda r: r["routing"]))
        near = sum(abs(row["error"]) <= 0.02 for row in rows)
        yield f"- ecmp: the right multiplicity in {right} of {len(rows)} trials (predicted {drawn}), time within 2 % in {near}"


def _contrasts(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the time of interleaved over contiguous ranks where the model says that it matters."""
    cells: dict[tuple[object, ...], dict[str, Row]] = {}
    for row in rows:
        cells.setdefault((row["fabric"], row["world_size"], row["nbytes"]), {})[row["order"]] = row
    for (fabric, ranks, nbytes), cell in cells.items():
        if len(cell) < 2:
            continue
        near, far = (cell[order] for order in (NEAR, FAR))
        said, was = far["predicted_seconds"] / near["predicted_seconds"], far["seconds"] / near["seconds"]
        if said > 1.01:
            where = f"{fabric}, {ranks} hosts, {show_size(int(str(nbytes)))}"
            yield f"- rank order, {where}: predicted {said:.2f}, measured {was:.2f} ({100 * (was / said - 1):+.1f} %)"


def _line(row: Row) -> str:
    cells = (
        row["slice"], row["fabric"], row["collective"], f"{row['source'].removeprefix('twin:')} {row['algorithm']}",
        str(row["world_size"]), show_size(row["nbytes"]), row["order"], "in" if row["in_place"] else "out",
        f"{1e3 * row['seconds']:.2f}", f"{1e3 * row['predicted_seconds']:.2f}", f"{100 * row['error']:+.1f} %",
        row["regime"], f"{row['quotient']:.1f}", str(row["samples"]), _bring_ups(row["errors"]),
        f"{100 * row['fidelity']['idle']:.0f} %",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _bring_ups(errors: Sequence[float]) -> str:
    """Return how many bring-ups there were, and the range of their errors."""
    return f"{len(errors)}: {100 * min(errors):+.1f} .. {100 * max(errors):+.1f} %" if len(errors) > 1 else "1"


def fastest(rows: Iterable[Row]) -> list[Row]:
    """Return of every point the bring-up with the smallest median seconds; `errors` has those of all its bring-ups."""
    every: dict[tuple[object, ...], list[Row]] = {}
    names = ("slice", "fabric", "routing", "source", "algorithm", "collective", "world_size", "nbytes", "order", "in_place")
    for row in rows:
        every.setdefault(tuple(row[name] for name in names), []).append(row)
    best = [min(own, key=lambda one: float(one["seconds"])) for own in every.values()]
    return [row | {"errors": [one["error"] for one in own]} for row, own in zip(best, every.values(), strict=True)]
