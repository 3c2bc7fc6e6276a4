"""Many runs of a fleet side by side: policies, fabrics, loads, link models, seeds; intervals over them. It draws nothing.

A run passes through JSON, so that finished ones are kept in a journal and a later call goes on where one was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from json import dumps, loads
from math import sqrt
from pathlib import Path
from typing import Any

from fabric.fleet.account import waterfall
from fabric.fleet.demand import TooMuch, has_ends, jobs_of
from fabric.fleet.figures import fairness, names, samples, size_classes, tenants
from fabric.fleet.fits import fits
from fabric.fleet.fleet import Fleet
from fabric.fleet.fleet_file import FleetFile, fleet_of
from fabric.fleet.links import HEAVIEST, LIGHTEST, LinkModel
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate
from fabric.fleet.tiers import larger_leaves, one_more_tier
from fabric.fleet.tree import oversubscribed
from fabric.fleet.waterfall import Waterfall
from fabric.sweep import key_of, sweep
from fabric.text.files import exists
from topologies.errors import InputError

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""Student's t at 95 %, two-sided, of 1, 2, 3 ... degrees of freedom; 1.96 beyond."""
DAY_US = 86_400_000_000
LOADS, HALVINGS = (0.0, 1.5), 6
"""Between which loads, and in how many steps, the one that fits is sought: to 0.025."""
LEAST_TRIED = LOADS[1] / 2**HALVINGS
"""The lowest load that is tried where none fits."""
OWN_KEYS = ("speed", "leaves_joined", "pods_of")
"""Keys of a change that are none of the fleet's file."""
SAMPLED = 96
"""Times at which a run is looked at for pictures."""
LAYOUT = 2
"""Of a run's plain values; a journal with runs of another one is refused. 2: with which jobs fit."""


@dataclass(frozen=True)
class Setting:
    """One run.

    ratio: what leaves pass on, None as the fabric is built; load: None as the file says; links: None for full speed.

    end: low or high, of what jobs communicate where that is a range; empty where it is none, or nothing rests on it.

    changed: keys of the fleet's file that are other than there, such as jobs or power; label: what they are called.
    """

    policy: str
    seed: int = 0
    ratio: float | None = None
    load: float | None = None
    links: tuple[str, str, str] | None = None
    label: str = ""
    changed: str = ""
    end: str = ""

    @property
    def cell(self) -> tuple[object, ...]:
        """What runs of all seeds have in common."""
        return (self.policy, self.ratio, self.load, self.links, self.label, self.changed, self.end)


@dataclass(frozen=True, eq=False)
class Ran:
    """A run as it comes back: its setting, its waterfall, and figures as plain values (figures.py)."""

    setting: Setting
    waterfall: Waterfall
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval (Student's t); low = high = mean of a single seed, which `seeds` then says."""

    mean: float
    low: float
    high: float
    seeds: int


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of independent values with its interval."""
    count = len(values)
    mean = sum(values) / count
    if count < 2:
        return Interval(mean, mean, mean, count)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    half = (T95[count - 2] if count - 2 < len(T95) else 1.96) * spread / sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def settings(
    asked: FleetFile,
    policies: Sequence[str],
    links: Sequence[LinkModel | None],
    *,
    ratios: Sequence[float | None] = (None,),
    loads: Sequence[float | None] = (None,),
) -> list[Setting]:
    """Return a setting for every policy, fabric, load, link model and end of what jobs communicate, and seed, seeds last."""
    split = has_ends(asked)
    return [
        Setting(name, seed, ratio, load, links_key(model), end=end)
        for ratio in ratios
        for load in loads
        for model in links
        for end in (_ends(asked, model) if split else ("",))
        for name in policies
        for seed in range(asked.seeds)
    ]


def _ends(asked: FleetFile, model: LinkModel | None) -> tuple[str, ...]:
    """Return the ends at which ranges of communication are taken: of the two ends of link models their own, else both."""
    if model is None:
        return ("",)
    of_both = {HEAVIEST: ("high",), LIGHTEST: ("low",)} if asked.links == "both" else {}
    return of_both.get(model, ("high", "low"))


def links_key(model: LinkModel | None) -> tuple[str, str, str] | None:
    """Return a link model as plain texts."""
    return None if model is None else (model.load, model.pattern, model.split)


def run_all(
    asked: FleetFile,
    wanted: Sequence[Setting],
    *,
    journal: Path | None = None,
    workers: int | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> list[Ran]:
    """Return the runs in the order of the settings. journal: finished runs are kept there and taken over from it.

    Raises:
        InputError: whatever a run refuses, a journal that cannot be read or written, or one whose runs have other figures.
    """
    if journal is not None:
        _check(journal)
    tasks = _tasks(asked, wanted)
    found = sweep(_work, tasks, workers=workers, journal=journal, resume=journal is not None, watch=watch)
    return [ran_of(one, row) for one, row in zip(wanted, found, strict=True)]


def _tasks(asked: FleetFile, wanted: Sequence[Setting]) -> list[dict[str, str]]:
    file = dumps(asked.model_dump(mode="json"), sort_keys=True)
    return [{"file": file, "setting": dumps(asdict(one), sort_keys=True)} for one in wanted]


def _check(journal: Path) -> None:
    """Return nothing where a journal is absent or holds runs as they are made now; what is no journal, sweep refuses."""
    try:
        rows = [loads(line) for line in journal.read_text().split("\n")[:-1]] if exists(journal) else []
        old = sum(row["result"].get("layout") != LAYOUT for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if old:
        raise InputError(
            f"journal: {old:,} of the {len(rows):,} runs in {journal} are of an older version (fewer figures) or another verb; "
            "name another file, or delete this one to run them anew"
        )


def finished(asked: FleetFile, wanted: Sequence[Setting], journal: Path) -> list[Ran]:
    """Return those of the runs that a journal holds, in the order of the settings; none where it does not exist."""
    if not exists(journal):
        return []
    rows = {row["key"]: row["result"] for row in map(loads, journal.read_text().split("\n")[:-1])}
    keys = [key_of(task) for task in _tasks(asked, wanted)]
    return [ran_of(one, rows[key]) for one, key in zip(wanted, keys, strict=True) if key in rows]


def ran_of(setting: Setting, row: Mapping[str, Any]) -> Ran:
    """Return a run from its plain values."""
    return Ran(setting, Waterfall(**row["waterfall"]), row["figures"])


def _work(task: Mapping[str, str]) -> dict[str, Any]:
    """Run one setting; its plain values. What several settings share is read once per process."""
    plain = loads(task["setting"])
    setting = Setting(**{**plain, "links": None if plain["links"] is None else tuple(plain["links"])})
    return run_one(task["file"], setting)


def run_one(file: str, setting: Setting) -> dict[str, Any]:
    """Return the waterfall and figures of one run of a fleet's file (as JSON text)."""
    changed = loads(setting.changed) if setting.changed else {}
    own = {key: changed.pop(key) for key in OWN_KEYS if changed.get(key) is not None}
    asked, fleet = _fleet(dumps({**loads(file), **changed}, sort_keys=True))
    if setting.ratio is not None:
        fleet = replace(fleet, tree=oversubscribed(fleet.tree, setting.ratio, fleet.tree.tiers[0]))
    if "leaves_joined" in own:
        fleet = replace(fleet, tree=larger_leaves(fleet.tree, own["leaves_joined"]))
    if "pods_of" in own:
        fleet = replace(fleet, tree=one_more_tier(fleet.tree, own["pods_of"]))
    demand = jobs_of(asked, fleet, setting.seed, setting.load, float(own.get("speed", 1.0)), setting.end)
    model = None if setting.links is None else LinkModel(*setting.links)
    outcome = simulate(
        fleet,
        demand.jobs,
        policy(setting.policy, quotas=asked.quotas),
        window=demand.window,
        seed=setting.seed,
        links=model,
        too_large=asked.jobs.too_large if asked.jobs else "leave",
    )
    total = waterfall(outcome)
    seen = samples(outcome, SAMPLED)
    who = tenants(outcome)
    rounded = {
        "classes": [asdict(one) for one in size_classes(outcome)],
        "tenants": [asdict(one) for one in who[:50]],
        "fits": [asdict(one) for one in fits(outcome, demand.jobs)],
        "fairness": fairness(who),
        "names": asdict(names(outcome, total, seen.partly.tolist())),
        "left_out": len(outcome.left_out),
        "jobs": len(outcome.jobs),
        "load": demand.load,
        "engine": outcome.engine,
        "series": {
            "hours": (seen.times / 3600).round(3).tolist(),
            "held": seen.held.round(1).tolist(),
            "queued": seen.queued.round(1).tolist(),
            "partly": seen.partly.round(4).tolist(),
            "stranded": seen.stranded.round(4).tolist(),
        },
        "leaves": list(fleet.tree.names[0]),
        "heat": (seen.leaf * 100).round().astype(int).tolist(),
        "demand": [[float(row.mean()), float(row.max())] for row in seen.demand],
        "replicas": {str(size): [int(v) for v in counts] for size, counts in seen.replicas.items()},
    }
    plain = {f.name: int(getattr(total, f.name)) for f in fields(total)}
    return {"layout": LAYOUT, "waterfall": plain, "figures": rounded}


@lru_cache(maxsize=4)
def _fleet(file: str) -> tuple[FleetFile, Fleet]:
    asked = FleetFile.model_validate(loads(file))
    return asked, fleet_of(asked)


@dataclass(frozen=True, eq=False)
class Cell:
    """Runs of all seeds of one setting, and what they come to together."""

    setting: Setting
    runs: tuple[Ran, ...]

    @property
    def waterfall(self) -> Waterfall:
        """All seeds' waterfalls added up."""
        total = self.runs[0].waterfall
        for one in self.runs[1:]:
            total = total + one.waterfall
        return total

    def share(self, step: str) -> Interval:
        """Return a step as a share of what is installed, over seeds."""
        return interval([one.waterfall.share(step) for one in self.runs])

    def figure(self, *keys: str) -> Interval | None:
        """Return one of the names' figures over seeds."""
        values = [one.figures["names"][keys[0]] for one in self.runs]
        return interval(values) if values else None

    def waits(self, name: str, key: str) -> Interval | None:
        """Return a figure of a size class over those seeds that have it, None where none has."""
        rows = [row for one in self.runs for row in one.figures["classes"] if row["name"] == name and row[key] is not None]
        return interval([row[key] for row in rows]) if rows else None


def load_that_fits(
    asked: FleetFile, base: Setting, wait: float, *, journal: Path | None = None, workers: int | None = None
) -> tuple[float, float]:
    """Return the most load at which the P95 wait of all jobs, mean over seeds, is at most `wait` seconds, and that wait.

    By halving between LOADS for HALVINGS steps: waits are taken to grow with the load. (0, wait) where even the lowest load is
    too much.
    """
    low, high = LOADS
    best = (0.0, wait)
    for step in range(HALVINGS + 1):
        load = high if step == 0 else (low + high) / 2
        tried = [replace(base, seed=seed, load=load) for seed in range(asked.seeds)]
        found = None
        with suppress(TooMuch):
            (cell,) = cells(run_all(asked, tried, journal=journal, workers=workers))
            found = cell.waits("all", "wait_p95")
        if found is not None and found.mean <= wait:
            best, low = (load, found.mean), load
            if step == 0:
                break
        else:
            high = load
    return best


def cells(ran: Sequence[Ran]) -> list[Cell]:
    """Return the runs grouped by setting, in the order of their first."""
    found: dict[tuple[object, ...], list[Ran]] = {}
    for one in ran:
        found.setdefault(one.setting.cell, []).append(one)
    return [Cell(rows[0].setting, tuple(rows)) for rows in found.values()]


def paired(base: Cell, other: Cell, step: str = "effective", times: float = 1.0) -> Interval:
    """Return how much more of what is installed a step is under another setting, seed by seed.

    times: what an hour of the other setting's devices counts, in hours of the base's (their speed).
    """
    by_seed = {one.setting.seed: one.waterfall.share(step) for one in base.runs}
    return interval([times * one.waterfall.share(step) - by_seed[one.setting.seed] for one in other.runs])
