"""`calibrate`: constants of the libraries in a results file, with their errors on what the fit has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.calibrate import Baseline
    from fabric.predict.constants import Constants
    from fabric.records.result import Result

Series = tuple["Constants", "Baseline", list["Result"]]
Key = tuple[str, bool, str]
EXAMPLE = "Example: fabricbench calibrate results.jsonl --topo local.yaml -o constants.json"


@click.command("calibrate", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--topo", required=True, help="The fabric that the results were measured on.")
@click.option("--collective", default="all_reduce", show_default=True, help="Which, where RESULTS hold several.")
@click.option("--library", metavar="NAME", help="Of imported results that do not say it (OSU, IMB): mpi:openmpi or mpi:mpich.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The constants file to write.")
@formats
def command(
    results: Path, topo: str, collective: str, library: str | None, output: Path | None, *, as_json: bool, as_csv: bool
) -> None:
    """Fit alphas and betas from measured RESULTS and score them on held-out cases.

    Fitted: every second size at world size 2. Held out: the other sizes, and every size at larger world sizes. Cells
    with more ranks than cores are neither. The baseline beside it is alpha + beta S through the same points. Imported
    results (one mean per case) are a series of their own; those that screening found in error are left out.
    """
    from fabric.cli.answers import load, of_one_collective
    from fabric.predict import constants

    fabric = load(topo)
    fits = fit_all(of_one_collective(measured_in(results, library), collective), fabric)
    if output is not None:
        constants.write(output, [fitted for fitted, _, _ in fits])
    rows = scores(fits, fabric)
    more = {"constants": [_flat(fitted) for fitted, _, _ in fits], "file": str(output) if output else None}
    if not emit("calibrate", rows, as_json=as_json, as_csv=as_csv, **more):
        show(fits, fabric)
        if output is not None:
            click.echo(f"written to {output}")


def measured_in(path: Path, library: str | None = None) -> list[Result]:
    """Return what was measured, samples of one case pooled; library: of imported results that do not say it.

    Raises:
        InputError: nothing was measured, or nothing that screening lets through.
    """
    from fabric.records.imported import of_library, usable
    from fabric.records.pool import pooled
    from fabric.records.store import read
    from topologies.errors import InputError

    found, torn = read(path)
    kept, left_out = usable([r for r in found if r.measured])
    for line in (torn, left_out):
        if line:
            warn(line)
    if not kept:
        raise InputError(f"results: {path} holds no measured results" + (" that can be used" if left_out else ""))
    return of_library(pooled(kept), library)


def fit_all(results: Sequence[Result], fabric: Fabric) -> list[Series]:
    """Return constants, baseline and results of every library and form in the results; warn of those that cannot be fitted."""
    from topologies.errors import InputError

    fits, refused = fits_of(results, fabric)
    if not fits:
        raise InputError(next(iter(refused.values()), "calibrate: the file holds no measured results"))
    for line in refused.values():
        warn(line)
    return list(fits.values())


def key_of(result: Result) -> Key:
    """Return what no fit mixes: library, form, algorithm."""
    return result.source, result.case.in_place, result.algorithm


def fits_of(results: Sequence[Result], fabric: Fabric) -> tuple[dict[Key, Series], dict[Key, str]]:
    """Return the fit of every series of measured results, and why a series has none."""
    from fabric.predict.calibrate import baseline, calibrate
    from topologies.errors import InputError

    fits, refused = dict[Key, Series](), dict[Key, str]()
    for key in sorted({key_of(r) for r in results if r.measured}):
        series = [r for r in results if key_of(r) == key]
        try:
            fits[key] = (calibrate(series, fabric), baseline(series), series)
        except InputError as error:
            refused[key] = str(error)
    return fits, refused


def scores(fits: Sequence[Series], fabric: Fabric) -> list[dict[str, Any]]:
    """Return the rows of every fit."""
    return [row for fitted, base, series in fits for row in score(fitted, base, series, fabric)]


def score(constants: Constants, base: Baseline, series: Sequence[Result], fabric: Fabric) -> list[dict[str, Any]]:
    """Return one row per fitted and held-out case: measured, predicted and baseline seconds with their errors."""
    from fabric.predict.answer import predict
    from fabric.predict.calibrate import split

    parts = split(series)
    used = [(r, "fitted") for r in parts.fitted] + [(r, "held out") for r in parts.held_out]
    answers = predict([r.case for r, _ in used], fabric, constants, algorithm=series[0].algorithm)
    rows = [
        {
            "source": result.source,
            "in_place": result.case.in_place,
            "world_size": result.case.world_size,
            "nbytes": result.case.nbytes,
            "use": use,
            "measured_seconds": result.time,
            "interval_seconds": result.bracket,
            "statistic": result.statistic,
            "samples": len(result.seconds),
            "predicted_seconds": answer.time,
            "error": result.time / answer.time - 1,
            "baseline_seconds": base.seconds(result.case.nbytes),
            "baseline_error": result.time / base.seconds(result.case.nbytes) - 1,
        }
        for (result, use), answer in zip(used, answers, strict=True)
    ]
    return sorted(rows, key=lambda row: (row["world_size"], row["nbytes"]))


def _flat(constants: Constants) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(constants)


def show(fits: Sequence[Series], fabric: Fabric) -> None:
    """Print a table per fit: errors case by case, the lines with their intervals, the median error held out."""
    from statistics import median

    from fabric.units import show_duration, show_size

    for fitted, base, series in fits:
        own = score(fitted, base, series, fabric)
        body = [
            (
                show_size(row["nbytes"]),
                str(row["world_size"]),
                row["use"],
                show_duration(row["measured_seconds"]),
                "mean" if row["statistic"] == "mean" else str(row["samples"]),
                show_duration(row["predicted_seconds"]),
                f"{100 * row['error']:+.1f} %",
                f"{100 * row['baseline_error']:+.1f} %",
            )
            for row in own
        ]
        held = [row for row in own if row["use"] == "held out"]
        notes = [
            f"line up to {show_size(round(line.max_bytes)) if line.max_bytes else 'any size'} a message: "
            f"alpha {show_duration(line.alpha)}{_range(line.alpha_interval, 1e-6, 'us')}, "
            f"beta {(line.beta or 0) * 1e9:.4g} ns/B{_range(line.beta_interval, 1e-9, 'ns/B')}"
            for line in fitted.lines["*"]
        ]
        notes.append(f"baseline: {show_duration(base.alpha)} + S x {base.beta * 1e9:.4g} ns/B")
        if held:
            ours, theirs = (100 * median(abs(row[key]) for row in held) for key in ("error", "baseline_error"))
            notes.append(f"held out: median |error| {ours:.1f} % (baseline {theirs:.1f} %) over {len(held)} cases")
        columns = ["size", "ranks", "use", "measured", "samples", "predicted", "error", "baseline error"]
        table(f"{fitted.name}: {fitted.source}", columns, body, notes=notes)


def _range(interval: tuple[float, float] | None, unit: float, name: str) -> str:
    return f" [{interval[0] / unit:.4g}, {interval[1] / unit:.4g}] {name}" if interval else ""
