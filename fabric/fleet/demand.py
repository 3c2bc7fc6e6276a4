"""The jobs of a run: a stretch of a trace or a synthetic mix, sped up or slowed down to a load; the window of its sums.

It knows no policy. Seed s of a trace that is cut to `days` takes the s-th stretch of so many days, round and round, so that
seeds are different weeks of one trace; a whole trace is the same for every seed but for drawn failures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabric.fleet.communication import check_tenants, resolved, thousandths
from fabric.fleet.communication_text import ranged, shares, tenants
from fabric.fleet.fleet import Fleet
from fabric.fleet.fleet_file import FleetFile, JobsText
from fabric.fleet.job import LONGEST_US, WHOLE, Jobs
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.fleet.traces.said import Said
    from fabric.fleet.traces.trace import Trace

DAY_US = 86_400_000_000
DAYS = 14.0
"""Of a synthetic mix, where the file does not say."""
TRIES, NEAR = 12, 0.002
"""How often a demand is brought nearer to its load, and how near is near enough."""


class TooMuch(InputError):
    """A load that a trace never asks for, however densely it is replayed."""


@dataclass(frozen=True, eq=False)
class Demand:
    """Jobs, the window (begin, end) in microseconds, and the load that they are: device-time asked over what is on."""

    jobs: Jobs
    window: tuple[int, int]
    load: float


def jobs_of(
    asked: FleetFile, fleet: Fleet, seed: int = 0, load: float | None = None, speed: float = 1.0, at: str = ""
) -> Demand:
    """Return the demand of a run. load: instead of the file's; speed: of devices, over those that run times are of.

    at: low or high, the end of communication shares that are ranges.

    Raises:
        InputError: no jobs in the file, a trace that cannot be read, or nothing left of it.
    """
    text = _demanded(asked.jobs)
    wanted = load if load is not None else text.load
    if text.synthetic is not None:
        end = round((text.days or DAYS) * DAY_US)
        found = _mix(text, fleet, end, seed)
        wanted = load
    else:
        found, end = _stretch(_read(str(text.trace), text.format).jobs, text.days, seed)
    found, end = _to_load(found, end, fleet, wanted)
    found = _communicating(found, text, fleet, at)
    if speed != 1.0:
        found = found.changed(work=np.maximum(found.work / speed, 1).astype(np.int64))
    begin = round(asked.warm_up * DAY_US)
    if begin >= end:
        raise InputError(f"warm_up: must be below the {end / DAY_US:.3g} days that the jobs are of, got {asked.warm_up:g}")
    return Demand(found, (begin, end), load_of(found, end, fleet))


def _demanded(text: JobsText | None) -> JobsText:
    if text is None or (text.trace is None) == (text.synthetic is None):
        raise InputError("jobs: must name a trace or a synthetic mix, and not both (jobs: {synthetic: training})")
    return text


def load_of(jobs: Jobs, until: int, fleet: Fleet) -> float:
    """Return the device-time that jobs would hold until then were each started at once, over what is switched on."""
    held = np.minimum(jobs.work, np.maximum(until - jobs.submit, 0)).astype(np.float64)
    asked = float((held * jobs.devices * (jobs.columns()["share"].astype(np.float64) / WHOLE)).sum())
    return asked / (fleet.devices_on * until) if fleet.devices_on else 0.0


def _mix(text: JobsText, fleet: Fleet, end: int, seed: int) -> Jobs:
    """Return a mix whose run times are scaled so that it asks for the load exactly: few long jobs make draws differ."""
    from fabric.fleet.traces.mix import USUAL_LOAD, mix  # noqa: PLC0415  # a trace needs no mix

    name = str(text.synthetic)
    load = text.load or USUAL_LOAD[name]
    found = mix(name, fleet.devices_on, end / DAY_US, load=load, seed=seed).jobs
    for _ in range(TRIES):
        now = load_of(found, end, fleet)
        if abs(now / load - 1) < NEAR:
            break
        found = found.changed(work=np.clip(found.work * (load / now), 1_000_000, LONGEST_US).astype(np.int64))
    return found


@lru_cache(maxsize=2)
def _read(path: str, kind: str | None) -> Trace:
    from fabric.fleet.traces.catalog import read_trace  # noqa: PLC0415  # a mix needs no reader

    return read_trace(Path(path), kind)


def _stretch(jobs: Jobs, days: float | None, seed: int) -> tuple[Jobs, int]:
    """Return the jobs of the seed's stretch, from its begin, and its end; all of them where no days are asked."""
    first = int(jobs.submit[0])
    length = int(jobs.submit[-1]) + 1 - first
    if days is None:
        return jobs.changed(submit=jobs.submit - first), length
    span = round(days * DAY_US)
    begin = first + (seed % max(1, length // span)) * span
    inside = np.flatnonzero((jobs.submit >= begin) & (jobs.submit < begin + span))
    if not len(inside):
        days_of = f"days {begin / DAY_US:g} to {(begin + span) / DAY_US:g}"
        raise InputError(f"jobs: no job within {days_of} of the trace; ask for more days")
    found = jobs.take(inside)
    return found.changed(submit=found.submit - begin), span


def _to_load(jobs: Jobs, end: int, fleet: Fleet, load: float | None) -> tuple[Jobs, int]:
    """Return the jobs replayed denser or thinner, so that they ask for `load` of what is on; as they are for None.

    Raises:
        TooMuch: they never ask for so much, all at once.
    """
    if load is None:
        return jobs, end
    most = load_of(jobs.changed(submit=np.zeros_like(jobs.submit)), 1, fleet)
    if load >= most:
        raise TooMuch(
            f"jobs: load must be below {most:.3g}, what these jobs ask of what is on all at once, got {load:g}; "
            "ask for more days, or for a smaller fleet"
        )
    for _ in range(TRIES):
        factor = load_of(jobs, end, fleet) / load
        if abs(factor - 1) < NEAR:
            break
        jobs, end = jobs.changed(submit=(jobs.submit * factor).astype(np.int64)), max(1, round(end * factor))
    return jobs, end


def _communicating(jobs: Jobs, text: JobsText, fleet: Fleet, at: str) -> Jobs:
    """Return the jobs with a communication share: the trace's own, else the file's or the assumed one; a mix brings its own."""
    if _says_itself(text):
        return jobs
    own = jobs.columns()["communication"].astype(np.int32)
    found = thousandths(jobs, fleet, resolved(text.communication, fleet), at)
    return jobs.changed(communication=found if text.synthetic else np.where(own > 0, own, found))


def _says_itself(text: JobsText) -> bool:
    """Return whether jobs bring their communication shares: of a mix, or of a trace that has any, where the file has none."""
    if text.communication is not None or text.trace is None:
        return text.communication is None
    return bool(_read(text.trace, text.format).jobs.columns()["communication"].any())


def with_shares(asked: FleetFile, fleet: Fleet) -> FleetFile:
    """Return a fleet's file with the shares of training steps worked out, of its jobs and of those under `changes`.

    Raises:
        InputError: no jobs in the file, a tenant that has none, or a step that cannot be predicted on the fleet.
    """
    _check_tenants(asked)

    def of(jobs: JobsText | None) -> JobsText | None:
        return jobs and jobs.model_copy(update={"communication": resolved(jobs.communication, fleet)})

    changes = tuple(one if one.jobs is None else one.model_copy(update={"jobs": of(one.jobs)}) for one in asked.changes)
    return asked.model_copy(update={"jobs": of(asked.jobs), "changes": changes})


def _check_tenants(asked: FleetFile) -> None:
    """Refuse shares and quotas of tenants without jobs; a trace is read only where any are named."""
    jobs, *others = [_demanded(asked.jobs), *(_demanded(one.jobs) for one in asked.changes if one.jobs)]
    if asked.quotas:
        check_tenants("quotas", asked.quotas, _tenants(jobs))
    for text in (jobs, *others):
        if named := tenants(text.communication):
            check_tenants("communication", named, _tenants(text))


def _tenants(text: JobsText) -> tuple[str, ...]:
    """Return the tenants of a mix or a trace."""
    from fabric.fleet.traces.mix import MIXES  # noqa: PLC0415  # a trace needs no mix

    if text.synthetic is not None:
        return tuple(kind.name for kind in MIXES[text.synthetic])
    return _read(str(text.trace), text.format).jobs.tenants


def has_ends(asked: FleetFile) -> bool:
    """Return whether any jobs of the file have a communication share with two ends."""
    texts = [text for text in (asked.jobs, *(one.jobs for one in asked.changes)) if text is not None]
    return any(not _says_itself(text) and ranged(text.communication) for text in texts)


def stated(asked: FleetFile) -> dict[str, Any] | None:
    """Return what the demand is as plain values, for words in any language; None where the file has no jobs.

    kind: synthetic or trace; name: of the mix or the file; days: of a mix, or of a stretch of a trace (None: all of it); load:
    None where none is asked for; communication: shares of a step, whose they are and the training step that they are of, none
    where the jobs bring their own; assumed: the file says nothing of them. Of a trace too: rows, left_out (reasons and how many
    rows), notes on how it was read (each with key, value and English text), and source, what to cite.
    """
    text = asked.jobs
    if text is None:
        return None
    drawn = text.synthetic is not None
    read = None if drawn else _read(str(text.trace), text.format)
    found = () if _says_itself(text) else shares(text.communication)
    return {
        "kind": "synthetic" if drawn else "trace",
        "name": text.synthetic if drawn else Path(str(text.trace)).name,
        "days": (text.days or DAYS) if drawn else text.days,
        "load": text.load,
        "communication": [
            {"tenant": one.tenant, "devices": one.sizes, "low": one.low, "high": one.high, "step": one.step} for one in found
        ],
        "assumed": bool(found) and text.communication is None,
        "rows": read.rows if read else None,
        "left_out": [{**_said(one.said), "rows": one.count} for one in read.left] if read else [],
        "notes": [_said(one) for one in read.notes] if read else [],
        "source": read.source if read else "",
    }


def _said(one: Said) -> dict[str, str]:
    return {"key": one.key, "value": one.value, "text": one.text}
