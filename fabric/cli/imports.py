"""`import FILE`: another benchmark's output as results, screened. It does not know any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import NAMED_PATH, NODES, RANKS
from fabric.cli.output import formats, give, warn

if TYPE_CHECKING:
    from fabric.importers.catalog import Import
    from fabric.records.screen import Finding

EXAMPLE = "Example: fabricbench import all_reduce_perf.log -o imported.jsonl"


@click.command("import", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", metavar="FILE|FOLDER", type=NAMED_PATH)
@click.option("--tool", default="auto", show_default=True, help="Whose output it is, where a file holds that of two.")
@click.option("--ranks", type=RANKS, help="Ranks that took part, for tables that do not state theirs.")
@click.option("--nodes", type=NODES, help="Servers that took part, where the file does not say.")
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
    from fabric.answers.imports import imported
    from fabric.importers import folder
    from fabric.importers.results import Given
    from fabric.records.store import append_all

    tool, said = given.pop("tool"), folder.facts(beside)
    read = folder.read(file, tool, Given(**given), said, left_out=lambda error: warn(f"left out: {error}"))
    for path, one in read:
        for finding in one.findings:
            warn(line_of(path, finding))
    if strict:
        for path, one in read:
            refuse(path, one)
    if output is not None:
        append_all(output, [result for _, one in read for result in one.results])
    give(imported(read, file, output), as_json=as_json, as_csv=as_csv)


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
