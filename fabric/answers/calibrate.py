"""`calibrate`: constants of the libraries in measured results, with their errors on what the fit has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.cells import percent
from fabric.answers.host import host_parts
from fabric.answers.laws import parts_of
from fabric.units import show_duration, show_size

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants, Line
    from fabric.predict.fits import Fit, Score
    from fabric.predict.host import HostRates
    from fabric.predict.site import Laws
    from fabric.records.result import Result

Setting = tuple[str, str]
"""A library and how it was set."""
VIEW = View(
    "calibrate",
    (
        Column("source", TEXT, "who measured", lambda s: s.result.source),
        Column("in_place", YES_NO, "whether send and receive buffer are one", lambda s: s.result.case.in_place),
        Column("nbytes", WHOLE, "bytes, S as nccl-tests counts it", lambda s: s.result.case.nbytes, head="size",
               cell=lambda s: show_size(s.result.case.nbytes)),
        Column("world_size", WHOLE, "ranks", lambda s: s.result.case.world_size, head="ranks"),
        Column("use", TEXT, "fitted or held out", head="use"),
        Column("measured_seconds", NUMBER, "median of samples, or the stated time", lambda s: s.result.time, head="measured",
               cell=lambda s: show_duration(s.result.time)),
        Column("interval_seconds", maybe(LIST), "its 95 % interval", lambda s: s.result.bracket),
        Column("statistic", TEXT, "raw samples, a mean or a point", lambda s: s.result.statistic),
        Column("samples", WHOLE, "how many times are behind it", lambda s: len(s.result.seconds), head="samples",
               cell=lambda s: "mean" if s.result.statistic == "mean" else str(len(s.result.seconds))),
        Column("predicted_seconds", NUMBER, "with the fitted constants", head="predicted",
               cell=lambda s: show_duration(s.predicted_seconds)),
        Column("error", NUMBER, "measured / predicted seconds - 1", head="error", cell=lambda s: percent(s.error, "+")),
        Column("baseline_seconds", NUMBER, "alpha + beta S through the fitted points"),
        Column("baseline_error", NUMBER, "measured / baseline seconds - 1", head="baseline error",
               cell=lambda s: percent(s.baseline_error, "+")),
    ),
    beside={"constants": LIST, "file": maybe(TEXT)},
)  # fmt: skip


def calibrate(results: Sequence[Result], fabric: Fabric, *, collective: str | None = None) -> Answer[Constants]:
    """Return the constants of every library, form and algorithm in measured results; its rows score them.

    Lines, of one collective (`collective`, where there are several): every second size at world size 2 is fitted; the other
    sizes, and every size at larger world sizes, are held out. Laws of scale, of all collectives: every row of several nodes;
    a library without lines has laws alone. warnings: the series that cannot be fitted, and why.

    Raises:
        InputError: no series can be fitted, and no row is of several nodes; several collectives, none of them asked for.
    """
    from fabric.predict.cases import on_nodes
    from fabric.predict.fits import fits_of, scores
    from fabric.predict.site import laws_by_setting
    from topologies.errors import InputError

    placed = [replace(result, case=on_nodes(fabric, result.case)) for result in results]
    laws = laws_by_setting(placed)
    fits, refused = fits_of(_of_lines(placed, collective), fabric)
    if not fits and not laws:
        raise InputError(next(iter(refused.values()), "calibrate: the file holds no measured results"))
    scored = [(fit, tuple(scores(fit, fabric))) for fit in fits.values()]
    parts = [Part(f"{fit.constants.name}: {fit.constants.source}", own, notes=tuple(_notes(fit, own))) for fit, own in scored]
    hosts = _hosts(placed, laws, fabric)
    found = _with_laws([fit.constants for fit, _ in scored], laws, hosts, fabric)
    return Answer(
        VIEW,
        found,
        tuple(score for _, own in scored for score in own),
        parts=(*parts, *(part for own in laws.values() for part in parts_of(own)), *host_parts(hosts)),
        beside={"constants": [asdict(one) for one in found], "file": None},
        warnings=tuple(_several(laws)) if laws else tuple(refused.values()),
    )


def _several(laws: Mapping[tuple[str, str], Laws]) -> Iterator[str]:
    """Yield a warning per library whose logs say several settings: each has laws of its own, one of them is predicted with."""
    for library in dict.fromkeys(library for library, _ in laws):
        own = [setting or "none said" for name, setting in laws if name == library]
        if len(own) > 1:
            chosen = f"predictions take the one of most cases, {own[0]}; for another, calibrate its logs alone"
            yield f"calibrate: {len(own)} settings of {library} are kept apart ({'; '.join(own)}): {chosen}"


def _of_lines(results: Sequence[Result], asked: str | None) -> Sequence[Result]:
    """Return the results that lines are fitted to: of the collective asked for, of the only one, else of none.

    Raises:
        InputError: several collectives, not the one asked for, and no laws would be left: as of_one_collective.
    """
    from fabric.records.measured import of_one_collective

    there = {result.case.collective for result in results}
    lawful = any(result.case.nodes > 1 for result in results)
    if asked is None:
        return results if not lawful or len(there) == 1 else []
    return [] if lawful and len(there) > 1 and asked not in there else of_one_collective(results, asked)


def _hosts(results: Sequence[Result], laws: Mapping[Setting, Laws], fabric: Fabric) -> dict[Setting, HostRates]:
    """Return how fast a node copies and adds, of every MPI and setting with laws whose rows say it."""
    from fabric.predict.host_fit import host_rates, sends_from_host
    from fabric.predict.laws import library
    from fabric.predict.settings import setting_of

    own = {
        (name, setting): [r for r in results if (library(r.source), setting_of(r)) == (name, setting)]
        for name, setting in laws
        if sends_from_host(name)
    }
    return {key: found for key, rows in own.items() if (found := host_rates(rows, fabric, key[0]))}


def _with_laws(
    fitted: Sequence[Constants], laws: Mapping[Setting, Laws], hosts: Mapping[Setting, HostRates], fabric: Fabric
) -> tuple[Constants, ...]:
    """Return fitted constants with the laws of their libraries' first settings, and constants of laws alone for the rest.

    MPI's carry how fast a node copies and adds: by rows of several nodes, else as the machine's memory was measured.
    """
    from fabric.predict.constants import Constants
    from fabric.predict.host import of_working_sets
    from fabric.predict.host_fit import sends_from_host
    from fabric.records.result import now

    here = of_working_sets(fabric.working_sets) if fabric.working_sets else None

    first = {library: own for (library, _), own in reversed(list(laws.items()))}
    lined = {one.backend for one in fitted}
    alone = [
        Constants(
            f"{library}, laws of scale{f', {setting}' if setting else ''}",
            {},
            f"rows of {', '.join(map(str, own.nodes))} nodes, {len(own.points)} cases",
            backend=library,
            fabric=fabric.fingerprint,
            made_at=now(),
            laws=own,
            host=hosts.get((library, setting)),
        )
        for (library, setting), own in laws.items()
        if library not in lined or own is not first[library]
    ]
    hosted = {library: own for (library, _), own in reversed(list(hosts.items()))}
    lined_with = [
        replace(
            one,
            laws=first.get(one.backend or ""),
            host=hosted.get(one.backend or "", here if sends_from_host(one.backend or "") else None),
        )
        for one in fitted
    ]
    return (*lined_with, *alone)


def _notes(fit: Fit, own: Sequence[Score]) -> list[str]:
    """Return the lines with their intervals, the baseline, the median error held out."""
    from statistics import median

    from fabric.predict.fits import HELD_OUT

    base = fit.baseline
    notes = [
        f"line up to {show_size(round(line.max_bytes)) if line.max_bytes else 'any size'} a message: "
        f"alpha {show_duration(line.alpha)}{_range(line.alpha_interval, 1e-6, 'us')}, "
        f"beta {(line.beta or 0) * 1e9:.4g} ns/B{_range(line.beta_interval, 1e-9, 'ns/B')}{_again(line)}"
        for line in fit.constants.lines["*"]
    ]
    notes.append(f"baseline: {show_duration(base.alpha)} + S x {base.beta * 1e9:.4g} ns/B")
    held = [score for score in own if score.use == HELD_OUT]
    if held:
        ours, theirs = (
            100 * median(map(abs, errors)) for errors in zip(*((s.error, s.baseline_error) for s in held), strict=True)
        )
        notes.append(f"held out: median |error| {ours:.1f} % (baseline {theirs:.1f} %) over {len(held)} cases")
    return notes


def _again(line: Line) -> str:
    """Return what a further message of a call takes of the first, "" where as much."""
    ends = line.again_interval
    return f", a further message of a call {line.again:.2f} of it [{ends[0]:.2f}, {ends[1]:.2f}]" if ends else ""


def _range(interval: tuple[float, float] | None, unit: float, name: str) -> str:
    return f" [{interval[0] / unit:.4g}, {interval[1] / unit:.4g}] {name}" if interval else ""
