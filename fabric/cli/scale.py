"""`scale`: scaling efficiency versus cluster size, of a results file or of the model alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import flat, model_options, of_one_collective
from fabric.cli.calibrate import fits_of, key_of, measured_in
from fabric.cli.output import emit, formats, table, warn

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.case import Case
    from fabric.records.result import Result
    from fabric.scaling import Row

EXAMPLE = """Example: fabricbench scale --topo rail_optimized:nodes=2048,rails=8,radix=64,scale_up=nvswitch
--topo fat_tree:k=64,devices_per_node=8,scale_up=nvswitch --sizes 64MiB --ranks 8,128,2048,16384 --algorithm rail_aligned"""


@click.command("scale", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("results", required=False, type=click.Path(path_type=Path))
@click.option("--topo", "topos", multiple=True, required=True, help="Fabric; several to compare them (without RESULTS).")
@click.option("--collective", default="all_reduce", show_default=True, help="Which one, of RESULTS too.")
@click.option("--sizes", default="1MiB,64MiB", show_default=True, help="Bytes per rank (without RESULTS).")
@click.option("--ranks", help="World sizes, e.g. 8,16,32 (without RESULTS; by default powers of two).")
@click.option("--algorithm", "algorithms", multiple=True, help="One or several (without RESULTS); default: its first.")
@click.option(
    "--fidelity", default="loaded", show_default=True, help="One for the whole curve: closed, loaded, flows; or auto."
)
@click.option("--library", metavar="NAME", help="Of imported RESULTS that do not say it: mpi:openmpi or mpi:mpich.")
@model_options
@formats
def command(results: Path | None, *, topos: Sequence[str], as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Scaling efficiency versus cluster size: measured busbw, predicted busbw, bound, efficiency, error.

    With RESULTS: every measured case beside its prediction on the one --topo, with constants fitted from the file itself
    as calibrate does, or else the library's own model. Without: the model alone, for every --topo and --algorithm.
    efficiency = busbw / bound.
    """
    from fabric.cli.answers import load

    fabrics = [load(topo) for topo in topos]
    rows = measured_rows(results, fabrics, asked) if results else predicted_rows(fabrics, asked)
    if not emit("scale", [flat_row(row) for row in rows], as_json=as_json, as_csv=as_csv):
        print_measured(rows) if results else print_predicted(rows)


def measured_rows(path: Path, fabrics: Sequence[Fabric], asked: dict[str, Any]) -> list[Row]:
    """Return the rows of a results file on one fabric."""
    from topologies.errors import InputError

    if len(fabrics) != 1:
        raise InputError(f"topo: must be the one fabric that the results were measured on, got {len(fabrics)}")
    measured = of_one_collective(measured_in(path, asked["library"]), asked["collective"])
    given = constants_file(asked["constants"])
    return join_rows(measured, fabrics[0], given, asked["routing"], asked["fidelity"])


def constants_file(text: str | None) -> list[Constants] | None:
    """Return the constants that were named, None where none were: then they are fitted."""
    from fabric.predict.constants import load

    return None if text is None else load(text)


def join_rows(
    measured: Sequence[Result], fabric: Fabric, given: list[Constants] | None, routing: str, fidelity: str = "loaded"
) -> list[Row]:
    """Return measured and predicted side by side, library by library and form by form.

    given: constants to predict with; None fits them from the results themselves, as calibrate does.
    """
    from fabric.predict.constants import choose, constants_of
    from fabric.records.imported import library_of

    fits, refused = fits_of(measured, fabric) if given is None else ({}, {})
    rows: list[Row] = []
    for key in sorted({key_of(r) for r in measured}):
        (source, in_place, _), library = key, library_of(key[0])
        if key in fits:
            constants = fits[key][0]
        elif given is not None:
            constants = choose(given, library, in_place=in_place)
        else:
            constants = constants_of(None, library)
            warn(f"{refused[key]}; predicted instead with {constants.name} ({constants.source}); --constants names others")
        series = [r for r in measured if key_of(r) == key]
        rows += _series_rows(source, series, fabric, constants, routing, fidelity)
    return rows


def _series_rows(
    source: str, series: list[Result], fabric: Fabric, constants: Constants, routing: str, fidelity: str
) -> list[Row]:
    from fabric.predict.answer import predict
    from fabric.predict.bounds import bound
    from fabric.predict.calibrate import baseline, split
    from fabric.records.imported import library_of
    from fabric.scaling import scaling_table

    parts = split(series)
    uses = dict.fromkeys((r.case for r in parts.held_out), "held out") | {r.case: why for r, why in parts.left_out}
    uses |= {r.case: "fitted" if r.case.nbytes in constants.fitted_bytes else "held out" for r in parts.fitted}
    cases = [r.case for r in series]
    library = library_of(source)
    own, algorithm = replace(constants, backend=constants.backend or library), series[0].algorithm
    asked = [case for case in cases if case.world_size > 1]
    answers = predict(asked, fabric, own, algorithm=algorithm, routing=routing, fidelity=fidelity)
    limits = {case: limit.busbw for case in cases if (limit := bound(case, fabric, library))}
    line = baseline(series).seconds if parts.fitted else None
    return scaling_table(source, series, answers, limits, uses, line, partial(in_network, fabric))


def predicted_rows(fabrics: Sequence[Fabric], asked: dict[str, Any]) -> list[Row]:
    """Return the model's rows for every fabric and algorithm."""
    from fabric import units
    from fabric.predict.answer import predict
    from fabric.predict.bounds import bound
    from fabric.predict.cases import cases as cases_of
    from fabric.predict.of_node import constants_on
    from fabric.scaling import scaling_table

    rows: list[Row] = []
    for fabric in fabrics:
        constants = constants_on(fabric, asked["constants"], asked["backend"], [asked["collective"]])
        ranks = units.counts(asked["ranks"]) if asked["ranks"] else powers_of_two(fabric.topology.devices)
        cases = cases_of(fabric, asked["collective"], sizes=units.sizes(asked["sizes"]), ranks=ranks, order=asked["order"])
        limits = {case: limit.busbw for case in cases if (limit := bound(case, fabric, constants.backend))}
        for algorithm in asked["algorithms"] or (None,):
            answers = predict(
                cases, fabric, constants, algorithm=algorithm, routing=asked["routing"], fidelity=asked["fidelity"]
            )
            rows += scaling_table(f"model:{asked['fidelity']}", [], answers, limits, {}, None, partial(in_network, fabric))
    return rows


def in_network(fabric: Fabric, case: Case) -> float | None:
    """Return the busbw of the bound with in-network reduction."""
    from fabric.predict.bounds import in_network_bound

    found = in_network_bound(case, fabric)
    return found.busbw if found else None


def powers_of_two(devices: int) -> list[int]:
    """Return 2, 4, 8, ... up to the devices, and all of them."""
    return sorted({*(1 << i for i in range(1, devices.bit_length())), devices})


def flat_row(row: Row) -> dict[str, Any]:
    """Return a scaling row as one flat JSON row."""
    best = row.best
    base: dict[str, Any] = flat(best) if best else {}
    return base | {
        "source": row.source,
        "use": row.use,
        "measured_busbw_bytes_per_second": row.measured.busbw if row.measured else None,
        "samples": len(row.measured.seconds) if row.measured else None,
        "statistic": row.measured.statistic if row.measured else None,
        "predicted_busbw_bytes_per_second": row.predicted.busbw if row.predicted else None,
        "bottleneck": next(iter(row.predicted.bottlenecks), None) if row.predicted else None,
        "tied": list(row.predicted.bottlenecks[1:]) if row.predicted else None,
        "bound_busbw_bytes_per_second": row.bound,
        "efficiency": row.efficiency,
        "in_network_bound_busbw_bytes_per_second": row.in_network,
        "in_network_efficiency": row.in_network_efficiency,
        "relative_efficiency": row.relative,
        "error": row.error,
        "baseline_error": row.baseline_error,
    }


def print_measured(rows: Sequence[Row]) -> None:
    """Print a table per library and form."""
    for source, in_place in sorted({(row.source, row.case.in_place) for row in rows}):
        own = [row for row in rows if (row.source, row.case.in_place) == (source, in_place)]
        columns = ["size", "ranks", "measured GB/s", "95 %", "n", "predicted GB/s", "bound GB/s", "efficiency", "vs 2", "error"]
        form = "in place" if in_place else "out of place"
        table(
            f"{source}, {form}: busbw; efficiency = busbw / bound; error = time / predicted - 1",
            [*columns, "baseline", "use"],
            [_measured_cells(row) for row in own],
        )


def _measured_cells(row: Row) -> tuple[str, ...]:
    from fabric.units import show_size

    alone = row.case.world_size == 1
    low, high = (row.measured.bracket if row.measured else None) or (None, None)
    scale = row.measured.busbw * row.measured.time if row.measured else 0.0
    return (
        show_size(row.case.nbytes),
        str(row.case.world_size),
        "-" if alone or not row.measured else f"{row.measured.busbw / 1e9:.3g}",
        "-" if alone or low is None or high is None else f"{scale / high / 1e9:.3g}..{scale / low / 1e9:.3g}",
        _samples(row.measured),
        f"{row.predicted.busbw / 1e9:.3g}" if row.predicted else "-",
        f"{row.bound / 1e9:.3g}" if row.bound else "-",
        _percent(row.efficiency),
        _percent(row.relative),
        _percent(row.error, "+"),
        _percent(row.baseline_error, "+"),
        row.use,
    )


def print_predicted(rows: Sequence[Row]) -> None:
    """Print a table per fabric and algorithm, and under the last one where fabrics differ most."""
    from fabric.scaling import asked_for

    answers = [(row, row.predicted) for row in rows if row.predicted is not None]
    series = list(dict.fromkeys((a.fabric, asked_for(a), a.routing) for _, a in answers))
    columns = ["size", "ranks", "time", "over seeds", "busbw GB/s", "of bound", "in-network", "vs fewest", "runs", "bottleneck"]
    for name in series:
        body = [_predicted_cells(row, a) for row, a in answers if (a.fabric, asked_for(a), a.routing) == name]
        notes = [*passed([row for row, _ in answers]), *differences(rows)] if name == series[-1] else []
        table(f"{name[0]}: {name[1]}, {name[2]} routing", columns, body, notes=notes)


def _predicted_cells(row: Row, answer: Result) -> tuple[str, ...]:
    from fabric.units import show_duration, show_size

    low, high = answer.bracket or (None, None)
    return (
        show_size(row.case.nbytes),
        f"{row.case.world_size:,}",
        show_duration(answer.time),
        f"{show_duration(low)} .. {show_duration(high)}" if low and high else "-",
        f"{answer.busbw / 1e9:.1f}",
        _percent(row.efficiency),
        _percent(row.in_network_efficiency),
        _percent(row.relative),
        answer.model.runs,
        ", ".join(answer.bottlenecks),
    )


def passed(rows: Sequence[Row]) -> list[str]:
    """Return the explanation of rows above 100 %, where there are any."""
    if not any(row.in_network for row in rows):
        return []
    return [
        "above 100 % of the bound: switches add up and copy (NVLS, SHARP), so that ranks send less than any algorithm without "
        "them must; `in-network` is the share of the bound with it (S out of and into every device)"
    ]


def differences(rows: Sequence[Row]) -> list[str]:
    """Return, per algorithm, where the fabrics differ most and what holds the slower one up."""
    from fabric.scaling import asked_for
    from fabric.units import show_size

    lines = []
    for algorithm in dict.fromkeys(asked_for(row.predicted) for row in rows if row.predicted):
        cells: dict[Any, list[Result]] = {}
        for row in rows:
            if row.predicted is not None and asked_for(row.predicted) == algorithm:
                cells.setdefault(row.case, []).append(row.predicted)
        pairs = [(min(c, key=lambda r: r.time), max(c, key=lambda r: r.time)) for c in cells.values() if len(c) > 1]
        if not pairs:
            continue
        fast, slow = max(pairs, key=lambda pair: pair[1].time / pair[0].time)
        where = f"{show_size(slow.case.nbytes)} on {slow.case.world_size:,}"
        ratio = slow.time / fast.time
        if ratio < 1.01:
            lines.append(f"{algorithm}: the fabrics differ by less than 1 % in every cell")
        else:
            lines.append(
                f"{algorithm}: they differ most at {where}: {slow.fabric} takes {ratio:.2f} x {fast.fabric}; "
                f"bottleneck {', '.join(slow.bottlenecks)} against {', '.join(fast.bottlenecks)}"
            )
    return lines


def _samples(result: Result | None) -> str:
    """Return how many samples are behind a time, `mean` where another tool kept none."""
    if result is None:
        return "-"
    return "mean" if result.statistic == "mean" else str(len(result.seconds))


def _percent(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{100 * value:{sign}.1f} %"
