"""`calibrate`: constants of the libraries in measured results, with their errors on what the fit has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.cells import percent
from fabric.units import show_duration, show_size

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.predict.fits import Fit, Score
    from fabric.records.result import Result

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


def calibrate(results: Sequence[Result], fabric: Fabric) -> Answer[Constants]:
    """Return the constants of every library, form and algorithm in measured results of one collective; its rows score them.

    Fitted: every second size at world size 2. Held out: the other sizes, and every size at larger world sizes. warnings: the
    series that cannot be fitted, and why.

    Raises:
        InputError: no series can be fitted.
    """
    from fabric.predict.fits import fits_of, scores
    from topologies.errors import InputError

    fits, refused = fits_of(results, fabric)
    if not fits:
        raise InputError(next(iter(refused.values()), "calibrate: the file holds no measured results"))
    scored = [(fit, tuple(scores(fit, fabric))) for fit in fits.values()]
    parts = [Part(f"{fit.constants.name}: {fit.constants.source}", own, notes=tuple(_notes(fit, own))) for fit, own in scored]
    return Answer(
        VIEW,
        tuple(fit.constants for fit, _ in scored),
        tuple(score for _, own in scored for score in own),
        parts=tuple(parts),
        beside={"constants": [asdict(fit.constants) for fit, _ in scored], "file": None},
        warnings=tuple(refused.values()),
    )


def _notes(fit: Fit, own: Sequence[Score]) -> list[str]:
    """Return the lines with their intervals, the baseline, the median error held out."""
    from statistics import median

    from fabric.predict.fits import HELD_OUT

    base = fit.baseline
    notes = [
        f"line up to {show_size(round(line.max_bytes)) if line.max_bytes else 'any size'} a message: "
        f"alpha {show_duration(line.alpha)}{_range(line.alpha_interval, 1e-6, 'us')}, "
        f"beta {(line.beta or 0) * 1e9:.4g} ns/B{_range(line.beta_interval, 1e-9, 'ns/B')}"
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


def _range(interval: tuple[float, float] | None, unit: float, name: str) -> str:
    return f" [{interval[0] / unit:.4g}, {interval[1] / unit:.4g}] {name}" if interval else ""
