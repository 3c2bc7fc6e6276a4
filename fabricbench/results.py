"""Questions about results: read, fitted, side by side, as a page. It answers none itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.answers.report import Page
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.compare import Pair
    from fabric.records.result import Result


def calibrate(results: Iterable[Result], fabric: Fabric, *, library: str | None = None) -> Answer[Constants]:
    """Return constants fitted from measured results of one collective, scored on held-out cases.

    library: of imported results that do not say it, mpi:openmpi or mpi:mpich.

    Raises:
        InputError: results that cannot be fitted, with what is missing.
    """
    from dataclasses import replace

    from fabric.answers.calibrate import calibrate as answer
    from fabric.records.host_state import quiet
    from fabric.records.imported import of_library
    from fabric.records.pool import pooled

    steady, said = quiet(list(results))
    found = answer(of_library(pooled(steady), library), fabric)
    return replace(found, warnings=(*said, *found.warnings))


def compare(a: Iterable[Result], b: Iterable[Result], tolerance_percent: float | None = None) -> Answer[Pair]:
    """Return results A beside results B, case by case; error = A's seconds / B's - 1.

    tolerance_percent: a verdict where they differ by more and their intervals are apart; None: `differs` where these are.

    Raises:
        InputError: nothing in common, or algorithms and barriers that must not be mixed.
    """
    from fabric.answers.compare import compare as answer
    from fabric.records.pool import pooled

    return answer(pooled(list(a)), pooled(list(b)), tolerance_percent)


def report(
    results: Iterable[Result],
    fabric: Fabric,
    page: str | Path,
    constants: Sequence[Constants] | None = None,
    *,
    collective: str = "all_reduce",
    picture: str | Path | None = None,
    routing: str = "ideal",
    fidelity: str = "loaded",
) -> Answer[Page]:
    """Return what was written: the HTML page of results of one collective, measured, imported or predicted.

    What was measured stands beside its prediction, with constants as scale takes them. picture: a PNG file too.

    Raises:
        InputError: results of several collectives without the one that is meant, or a file that cannot be written.
    """
    from fabric.answers.report import report as answer
    from fabric.records.pool import pooled

    found = list(results)
    own = [*pooled([r for r in found if r.measured]), *(r for r in found if not r.measured)]
    return answer(
        own,
        fabric,
        Path(page),
        constants,
        collective=collective,
        picture=None if picture is None else Path(picture),
        routing=routing,
        fidelity=fidelity,
    )


def read_results(
    file: str | Path,
    tool: str = "auto",
    *,
    ranks: int | None = None,
    nodes: int | None = None,
    collective: str | None = None,
    context: Path | None = None,
) -> Answer[Result]:
    """Return the results of another benchmark's output, screened; or those of a results file of ours.

    file: a log or a folder of logs. tool: auto, nccl-tests, osu, imb ...: docs/importing.md. ranks, nodes, collective: where
    the file does not say them. context: a log of NCCL_DEBUG=INFO or of `nvidia-smi topo -m` beside it.

    Raises:
        InputError: no such file, or nothing certain in it.
    """
    from dataclasses import replace

    from fabric.answers.imports import imported
    from fabric.answers.measure import measured
    from fabric.importers import folder
    from fabric.importers.results import Given
    from fabric.records.store import read as ours
    from topologies.errors import InputError

    if not str(file):
        raise InputError("file: must be a file or a folder, got an empty name (`.` is the folder one works in)")
    path = Path(file)
    if path.suffix == ".jsonl":
        results, torn = ours(path)
        return replace(measured(results), warnings=(torn,) if torn else ())
    read = folder.read(path, tool, Given(ranks=ranks, nodes=nodes, collective=collective), folder.facts(context))
    found = tuple(f"{at}: {finding.severity}: {finding.text}" for at, one in read for finding in one.findings)
    return replace(imported(read, path), warnings=found)
