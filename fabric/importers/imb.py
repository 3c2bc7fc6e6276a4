"""Text output of the Intel MPI Benchmarks (IMB-MPI1, IMB-NBC): blocks of collectives, each for one number of processes.

`#bytes` is X of IMB's guide: a rank's whole buffer (S = X: all-reduce, reduce, reduce-scatter, broadcast, sendrecv) or one
rank's part of S (S = X p: all-gather, all-to-all, gather, scatter, reduce-scatter-block). Seconds are t_max, the maximum
over ranks of their means; the root of a rooted collective goes round. Facts: IMB user guide 2021; IMB_reduce_scatter_block.c.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fabric.importers.table import Row, Table, Tables, is_row, lines, number, rows_of, stated_time, whole_number, wrong_line
from fabric.records.screen import Finding
from fabric.text.numbers import whole

SIGN = re.compile(r"(?:#[ \t]*)?\bBenchmarking\s+(\S+)\s*$")
TITLE = re.compile(rf"^\s*{SIGN.pattern}")
PROCESSES = re.compile(r"^\s*#?\s*#?processes\s*=\s*(\d{1,9})\s*$")
GROUPS = re.compile(r"^\s*#?\s*\(\s*(\d+)\s+groups? of")
HEADER = re.compile(r"^\s*(?:#?bytes\s+)?#?repetitions\s+t_")
VERSION = re.compile(r"MPI Benchmarks\s+(.*?),?\s+MPI-?\d|MPI Benchmarks\s+(\S+)")
STATED = re.compile(r"^\s*#?\s*(Date|MPI_Datatype|MPI_Datatype for reductions|MPI_Op)\s*:\s+(.*\S)")
KINDS = {
    "Allreduce": ("all_reduce", False),
    "Reduce": ("reduce", False),
    "Reduce_scatter": ("reduce_scatter", False),
    "Reduce_scatter_block": ("reduce_scatter", True),
    "Allgather": ("all_gather", True),
    "Alltoall": ("all_to_all", True),
    "Gather": ("gather", True),
    "Scatter": ("scatter", True),
    "Bcast": ("broadcast", False),
    "Sendrecv": ("sendrecv", False),
    "Barrier": ("barrier", False),
}
"""IMB's name -> our collective, and whether #bytes counts one rank's part of S."""
DTYPES = {"MPI_BYTE": "i8", "MPI_CHAR": "i8", "MPI_FLOAT": "f32", "MPI_INT": "i32", "MPI_DOUBLE": "f64"}
OPS = {"MPI_SUM": "sum", "MPI_MAX": "max", "MPI_MIN": "min", "MPI_PROD": "prod"}
REDUCES = ("all_reduce", "reduce_scatter", "reduce")
ROUND = ("reduce", "gather", "scatter", "broadcast")


@dataclass(frozen=True)
class Block:
    """One benchmark at one number of processes, as its lines come in."""

    line: int
    title: str
    processes: int | None = None
    groups: bool = False
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    skipped: int = 0
    doubts: tuple[Finding, ...] = ()
    ended: bool = False
    stated: dict[str, str] = field(default_factory=dict)


def read(text: str, where: str) -> Tables:
    """Return the tables of a file; benchmarks that are no collective of ours are left out with a note."""
    found: list[Table | Finding] = []
    stated: dict[str, str] = {}
    block: Block | None = None
    for line, content in lines(text):
        if title := TITLE.match(content):
            found += _close(block)
            block = Block(line, title[1], stated=dict(stated))
        elif block is None:
            _state(stated, content)
        else:
            block = _take(where, line, content, block)
    found += _close(block)
    return found


def _state(stated: dict[str, str], content: str) -> None:
    if found := STATED.match(content):
        stated[found[1]] = found[2]
    elif found := VERSION.search(content):
        stated["version"] = found[1] or found[2]


def _take(where: str, line: int, content: str, block: Block) -> Block:
    """Return the block with what one of its lines says."""
    if found := PROCESSES.match(content):
        return replace(block, processes=whole(found[1], "processes"))
    if GROUPS.match(content):
        return replace(block, groups=True)
    if HEADER.match(content):
        return _headed(line, content.split(), block)
    if block.columns and not block.ended and is_row(content) and _name(block.title) in KINDS and not block.groups:
        return _with_row(where, line, content, block)
    return block


def _headed(line: int, cells: Sequence[str], block: Block) -> Block:
    """Return the block with the names of its columns; a second header is that of a block whose title was lost."""
    if block.columns:
        untitled = Finding("warning", "left out: a table without a title", line)
        return replace(block, ended=True, doubts=(*block.doubts, untitled))
    return replace(block, columns=tuple(f"#{cell.lstrip('#')}" if cell[0] != "t" else cell for cell in cells))


def _with_row(where: str, line: int, content: str, block: Block) -> Block:
    if "out-of-mem" in content or "time-out" in content:
        return replace(block, skipped=block.skipped + 1)
    doubts: list[Finding] = []
    rows = rows_of(doubts, line, content, lambda: [_row(where, line, content.split(), block)])
    return replace(block, rows=(*block.rows, *rows), doubts=(*block.doubts, *doubts))


def _name(title: str) -> str:
    """Return IMB's blocking name: `Iallreduce_pure` and `Iallreduce` are all-reduces."""
    bare = title.removesuffix("_pure")
    return bare[1:].capitalize() if bare.startswith("I") and bare[1:].capitalize() in KINDS else bare


def _row(where: str, line: int, cells: Sequence[str], block: Block) -> Row:
    if len(cells) != len(block.columns):
        got = f"{len(cells)}: {' '.join(cells)}"
        raise wrong_line(where, line, f"{len(block.columns)} columns ({' '.join(block.columns)})", got)
    texts = dict(zip(block.columns, cells, strict=True))
    named = {name.split("[")[0]: number(where, line, name, cell) for name, cell in texts.items()}
    collective = KINDS[_name(block.title)][0]
    kind = block.stated.get("MPI_Datatype for reductions" if collective in REDUCES else "MPI_Datatype", "")
    default = "MPI_FLOAT" if collective in REDUCES else "MPI_BYTE"
    time = next((name for name in ("t_pure", "t_max") if name in named), None)
    if time is None:
        raise wrong_line(where, line, "under a column t_max[usec] or t_pure[usec]", " ".join(block.columns))
    return Row(
        line=line,
        nbytes=whole_number(where, line, "#bytes", texts.get("#bytes", "0")),
        seconds=named[time] * 1e-6,
        iterations=whole_number(where, line, "#repetitions", texts["#repetitions"]),
        dtype=DTYPES.get(kind or default, kind),
        op=OPS.get(block.stated.get("MPI_Op", "MPI_SUM"), "sum"),
        more={f"{key[2:]}_seconds": named[key] * 1e-6 for key in ("t_min", "t_avg") if key in named},
    )


def _close(block: Block | None) -> Tables:
    if block is None:
        return []
    name = _name(block.title)
    if name not in KINDS:
        return [Finding("note", f"left out: `{block.title}` is no collective that results can hold", block.line)]
    if block.groups:
        return [Finding("note", f"left out: `{block.title}` in several groups side by side (-multi)", block.line)]
    if not block.rows:
        return [*block.doubts, Finding("warning", f"`{block.title}`: a table without rows", block.line)]
    return [_table(block, *KINDS[name]), *_skipped(block), *block.doubts]


def _skipped(block: Block) -> Tables:
    if not block.skipped:
        return []
    return [Finding("note", f"left out: {block.skipped} rows of `{block.title}` that ran out of time or memory", block.line)]


def _table(block: Block, collective: str, per_rank: bool) -> Table:  # noqa: FBT001  # the pair of KINDS
    context = {"tool_version": block.stated.get("version", ""), "over_ranks": "max"}
    if collective in ROUND:
        context["root"] = "goes round"
    return Table(
        collective=collective,
        line=block.line,
        rows=block.rows,
        ranks=block.processes,
        per_rank=per_rank,
        mode="nonblocking" if _name(block.title) != block.title.removesuffix("_pure") else "blocking",
        barrier="before",
        last_decimals=2,
        made_at=stated_time(block.stated.get("Date", "")),
        context=context,
    )
