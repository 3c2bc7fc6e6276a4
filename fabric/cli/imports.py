"""`import FILE`: another benchmark's output as results, screened. It does not know any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.importers.catalog import Import
    from fabric.records.result import Result
    from fabric.records.screen import Finding

EXAMPLE = "Example: fabricbench import all_reduce_perf.log -o imported.jsonl"


@click.command("import", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tool", default="auto", show_default=True, help="nccl-tests, rccl-tests, osu, imb or hccl_test.")
@click.option("--ranks", type=click.IntRange(min=1), help="Ranks that took part, for tables that do not state theirs.")
@click.option("--nodes", type=click.IntRange(min=1), help="Servers that took part, where the file does not say.")
@click.option("--collective", help="What was measured, where the file does not say.")
@click.option("--strict", is_flag=True, help="Refuse a file with any finding but notes; nothing is written.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Results file to add to.")
@formats
def command(file: Path, *, output: Path | None, strict: bool, as_json: bool, as_csv: bool, **given: Any) -> None:
    """Read another benchmark's output into results, and screen it.

    Text of nccl-tests, rccl-tests, OSU, IMB-MPI1 and hccl_test, JSON of nccl-tests (-J); told by its content. Findings go
    to standard error, one line each: error (the numbers contradict each other), warning, note. Results have source
    `import:TOOL` and statistic `mean`, or `raw` where the file holds samples. The output gets all results or none.
    """
    from fabric.importers import catalog
    from fabric.importers.results import Given

    tool = given.pop("tool")
    found = catalog.imported(catalog.load(file), str(file), tool, Given(**given))
    for finding in found.findings:
        warn(line_of(file, finding))
    if strict:
        refuse(file, found)
    if output is not None:
        write_all(output, found.results)
    rows = [row for one in found.tables for row in halves(one.collective, one.results)]
    more = {
        "tool": found.tool,
        "file": str(file),
        "written": str(output) if output else None,
        "findings": [{"severity": f.severity, "line": f.row, "text": f.text} for f in found.findings],
    }
    if not emit("import", rows, as_json=as_json, as_csv=as_csv, **more):
        show(file, found, rows, output)


def line_of(file: Path, finding: Finding) -> str:
    """Return a finding as one line: file, line number where there is one, severity, text."""
    where = f"{file}:{finding.row}" if finding.row else f"{file}"
    return f"{where}: {finding.severity}: {finding.text}"


def refuse(file: Path, found: Import) -> None:
    """Raise an InputError naming the first finding that is no note, and how many there are."""
    from topologies.errors import InputError

    doubts = [finding for finding in found.findings if finding.severity != "note"]
    if doubts:
        raise InputError(f"{line_of(file, doubts[0])} (--strict: {len(doubts)} findings, nothing was imported)")


def write_all(path: Path, results: list[Result]) -> None:
    """Add results to a file, all or none: a copy with them takes the file's place.

    Raises:
        InputError: the folder or the file cannot be written, or the file holds something else than results.
    """
    import os
    import shutil

    from fabric.records.store import append, read
    from topologies.errors import InputError

    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists():
            read(path)
            shutil.copyfile(path, beside)
        append(beside, results)
        os.replace(beside, path)  # the same call, named as what it does
    except InputError as error:
        raise InputError(str(error).replace(str(beside), str(path))) from None
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None
    finally:
        if beside.parent.is_dir():
            beside.unlink(missing_ok=True)


def halves(collective: str, results: tuple[Result, ...]) -> list[dict[str, Any]]:
    """Return one row per table and place: ranks, nodes, dtype, how many times, sizes and the highest busbw."""
    rows = []
    for key in dict.fromkeys((r.case.in_place, r.case.dtype, r.case.op, r.case.mode) for r in results):
        own = [r for r in results if (r.case.in_place, r.case.dtype, r.case.op, r.case.mode) == key]
        best = max(own, key=lambda r: r.busbw)
        rows.append(
            {
                "collective": collective,
                "in_place": key[0],
                "dtype": key[1],
                "op": key[2],
                "mode": key[3],
                "world_size": best.case.world_size,
                "nodes": best.case.nodes,
                "results": len(own),
                "smallest_nbytes": min(r.case.nbytes for r in own),
                "largest_nbytes": max(r.case.nbytes for r in own),
                "highest_busbw_bytes_per_second": best.busbw,
                "at_nbytes": best.case.nbytes,
            }
        )
    return rows


def times_are(results: list[Result]) -> str:
    """Return what stands behind each time: a mean, or how many samples."""
    counts = [len(r.seconds) for r in results if r.statistic == "raw"]
    if not counts:
        return "each time is a mean"
    each = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{counts[0]}"
    return (
        f"each time is the median of {each} samples"
        if len(counts) == len(results)
        else f"{len(counts)} times have {each} samples"
    )


def show(file: Path, found: Import, rows: list[dict[str, Any]], output: Path | None) -> None:
    """Print a line per table and place, and where the results went."""
    from fabric.units import show_size

    body = [
        (
            row["collective"],
            "in" if row["in_place"] else "out",
            f"{row['world_size']} on {row['nodes']}",
            row["dtype"],
            str(row["results"]),
            f"{show_size(row['smallest_nbytes'])} .. {show_size(row['largest_nbytes'])}",
            f"{row['highest_busbw_bytes_per_second'] / 1e9:.4g} at {show_size(row['at_nbytes'])}",
        )
        for row in rows
    ]
    columns = ["collective", "place", "ranks on nodes", "dtype", "times", "S", "highest busbw GB/s"]
    doubts = sum(finding.severity != "note" for finding in found.findings)
    notes = [
        f"{times_are(found.results)}; screening: {doubts} findings"
        if doubts
        else f"{times_are(found.results)}; screening found nothing",
        f"{len(found.results)} results written to {output}" if output else "nothing written: -o FILE writes the results",
    ]
    table(f"{file}: {found.tool}", columns, body, notes=notes)
