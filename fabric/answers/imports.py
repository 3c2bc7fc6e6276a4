"""`import`: another tool's output as results, and what every table of it holds. It knows no format and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.units import show_size

if TYPE_CHECKING:
    from fabric.importers.catalog import Import
    from fabric.records.result import Result


@dataclass(frozen=True)
class Half:
    """The results of one table and place. file: where it stands. collective: what the tool's table was of."""

    file: str
    collective: str
    results: tuple[Result, ...]

    @property
    def best(self) -> Result:
        """The result of the highest busbw."""
        return max(self.results, key=lambda result: result.busbw)

    @property
    def sizes(self) -> tuple[int, int]:
        """The smallest and the largest S."""
        found = [result.case.nbytes for result in self.results]
        return min(found), max(found)


VIEW = View(
    "import",
    (
        Column("file", TEXT, "the file that it stands in"),
        Column("collective", TEXT, "what was measured", head="collective"),
        Column("in_place", YES_NO, "whether send and receive buffer are one", lambda h: h.best.case.in_place, head="place",
               cell=lambda h: "in" if h.best.case.in_place else "out"),
        Column("dtype", TEXT, "type of an element", lambda h: h.best.case.dtype, head="dtype"),
        Column("op", TEXT, "reduction", lambda h: h.best.case.op),
        Column("mode", TEXT, "blocking, nonblocking or persistent", lambda h: h.best.case.mode),
        Column("world_size", WHOLE, "ranks", lambda h: h.best.case.world_size, head="ranks on nodes",
               cell=lambda h: f"{h.best.case.world_size} on {h.best.case.nodes}"),
        Column("nodes", WHOLE, "servers", lambda h: h.best.case.nodes),
        Column("results", WHOLE, "times", lambda h: len(h.results), head="times", cell=lambda h: str(len(h.results))),
        Column("smallest_nbytes", WHOLE, "the smallest S", lambda h: h.sizes[0], head="S",
               cell=lambda h: " .. ".join(map(show_size, h.sizes))),
        Column("largest_nbytes", WHOLE, "the largest S", lambda h: h.sizes[1]),
        Column("highest_busbw_bytes_per_second", NUMBER, "of all sizes", lambda h: h.best.busbw, head="highest busbw GB/s",
               cell=lambda h: f"{h.best.busbw / 1e9:.4g} at {show_size(h.best.case.nbytes)}"),
        Column("at_nbytes", WHOLE, "the S that it was reached at", lambda h: h.best.case.nbytes),
    ),
    beside={"tool": TEXT, "file": TEXT, "written": maybe(TEXT), "findings": LIST},
)  # fmt: skip
TABLE = ("collective", "in_place", "world_size", "dtype", "results", "smallest_nbytes", "highest_busbw_bytes_per_second")


def imported(read: Sequence[tuple[Path, Import]], file: Path, written: Path | None = None) -> Answer[Result]:
    """Return the results of a file or of a folder's files, one row a table and place, the findings beside them.

    read: each file and what it gave. file: what was named. written: where the results went.
    """
    halves = [
        tuple(Half(str(path), table.collective, own) for table in one.tables for own in _halves(table.results))
        for path, one in read
    ]
    results = tuple(result for _, one in read for result in one.results)
    beside = {
        "tool": ", ".join(dict.fromkeys(one.tool for _, one in read)),
        "file": str(file),
        "written": str(written) if written else None,
        "findings": [
            {"file": str(path), "severity": f.severity, "line": f.row, "text": f.text}
            for path, one in read
            for f in one.findings
        ],
    }
    parts = [
        Part(f"{path}: {one.tool}", own, TABLE, tuple(_notes(one, written)))
        for (path, one), own in zip(read, halves, strict=True)
    ]
    if len(read) > 1:
        parts[-1] = replace(parts[-1], notes=(*parts[-1].notes, f"{len(results)} results of {len(read)} files"))
    return Answer(VIEW, results, tuple(half for own in halves for half in own), parts=tuple(parts), beside=beside)


def _notes(found: Import, written: Path | None) -> Iterator[str]:
    """Yield what stands behind the times, and where they went."""
    doubts = sum(finding.severity != "note" for finding in found.findings)
    yield f"{_times(found.results)}; screening{f': {doubts} findings' if doubts else ' found nothing'}"
    yield f"{len(found.results)} results written to {written}" if written else "nothing written: -o FILE writes the results"


def _times(results: Sequence[Result]) -> str:
    """Return what stands behind each time: a mean, or how many samples."""
    counts = [len(r.seconds) for r in results if r.statistic == "raw"]
    if not counts:
        return "each time is a mean"
    each = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{counts[0]}"
    if len(counts) == len(results):
        return f"each time is the median of {each} samples"
    return f"{len(counts)} times have {each} samples"


def _halves(results: Sequence[Result]) -> Iterator[tuple[Result, ...]]:
    """Yield the results of one table by place, dtype, op and mode."""
    keys = [(r.case.in_place, r.case.dtype, r.case.op, r.case.mode) for r in results]
    for key in dict.fromkeys(keys):
        yield tuple(r for r, own in zip(results, keys, strict=True) if own == key)
