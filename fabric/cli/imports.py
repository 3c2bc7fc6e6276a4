"""`import FILE`: another benchmark's output as results, screened. It does not know any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.importers.catalog import Import
    from fabric.importers.results import Given
    from fabric.records.result import Result
    from fabric.records.screen import Finding

MOST = 10**7
"""Ranks and nodes that can be given."""
MOST_FILES = 2000
EXAMPLE = "Example: fabricbench import all_reduce_perf.log -o imported.jsonl"


@click.command("import", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--tool", default="auto", show_default=True, help="Whose output it is, where a file holds that of two.")
@click.option(
    "--ranks", type=click.IntRange(min=1, max=MOST), help="Ranks that took part, for tables that do not state theirs."
)
@click.option("--nodes", type=click.IntRange(min=1, max=MOST), help="Servers that took part, where the file does not say.")
@click.option("--collective", help="What was measured, where the file does not say.")
@click.option(
    "--context", "beside", type=click.Path(path_type=Path), metavar="LOG", help="NCCL_DEBUG log or `nvidia-smi topo -m`."
)
@click.option("--strict", is_flag=True, help="Refuse a file with any finding but notes; nothing is written.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Results file to add to.")
@formats
def command(
    file: Path, *, output: Path | None, strict: bool, beside: Path | None, as_json: bool, as_csv: bool, **given: Any
) -> None:
    """Read another benchmark's output into results, and screen it; of a folder, every file in it.

    Text of nccl-tests, rccl-tests, OSU, IMB-MPI1, hccl_test, perftest, all_reduce_bench and DeepSpeed's logger, JSON of
    nccl-tests (-J) and of NCCL Inspector; told by its content. Findings go to standard error, one line each: error (the
    numbers contradict each other), warning, note. Results have source `import:TOOL` and statistic `mean`, or `raw` where the
    file holds samples. The output gets all results or none.
    """
    from fabric.importers.results import Given

    tool = given.pop("tool")
    said = facts(beside)
    read = [(path, one) for path in files(file) if (one := imported(path, tool, Given(**given), said, alone=path == file))]
    for path, one in read:
        for finding in one.findings:
            warn(line_of(path, finding))
    if strict:
        for path, one in read:
            refuse(path, one)
    if not read:
        from topologies.errors import InputError

        raise InputError(f"import: {file} holds no file that can be imported")
    results = [result for _, one in read for result in one.results]
    if output is not None:
        write_all(output, results)
    rows = [
        {"file": str(path), **row}
        for path, one in read
        for table in one.tables
        for row in halves(table.collective, table.results)
    ]
    more = {
        "tool": ", ".join(dict.fromkeys(one.tool for _, one in read)),
        "file": str(file),
        "written": str(output) if output else None,
        "findings": [
            {"file": str(path), "severity": f.severity, "line": f.row, "text": f.text}
            for path, one in read
            for f in one.findings
        ],
    }
    if emit("import", rows, as_json=as_json, as_csv=as_csv, **more):
        return
    for path, one in read:
        show(path, one, [row for row in rows if row["file"] == str(path)], output)
    if len(read) > 1:
        click.echo(f"{len(results)} results of {len(read)} files")


def files(path: Path) -> list[Path]:
    """Return the file itself, or the regular files of a folder and of those in it, hidden ones left out, by name.

    Raises:
        InputError: a folder of more files than anybody's logs are.
    """
    from itertools import islice

    from topologies.errors import InputError

    if not path.is_dir():
        return [path]
    inside = (one for one in path.rglob("*") if not any(part.startswith(".") for part in one.relative_to(path).parts))
    found = sorted(islice((one for one in inside if one.is_file()), MOST_FILES + 1))
    if len(found) > MOST_FILES:
        raise InputError(f"import: a folder must hold at most {MOST_FILES} files, {path} holds more; name the logs' own folder")
    return found


def facts(beside: Path | None) -> dict[str, Any]:
    """Return the context that another log states, {} where none is given.

    Raises:
        InputError: the log states none.
    """
    from fabric.importers import catalog
    from topologies.errors import InputError

    if beside is None:
        return {}
    found = catalog.context(catalog.load(beside))
    if not found:
        raise InputError(f"context: must be a log of NCCL_DEBUG=INFO or `nvidia-smi topo -m`, got {beside}")
    return found


def imported(path: Path, tool: str, given: Given, said: dict[str, Any], *, alone: bool) -> Import | None:
    """Return what a file gave; of a folder's file that gives nothing None, with a line that says why.

    Raises:
        InputError: the file was named itself and gives nothing.
    """
    from fabric.importers import catalog
    from topologies.errors import InputError

    try:
        return catalog.imported(catalog.load(path), str(path), tool, given, said)
    except InputError as error:
        if alone:
            raise
        warn(f"left out: {error}")
        return None


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
