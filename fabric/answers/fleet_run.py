"""`fleet run`: where a fleet's installed hours, kWh and money go under policies, what would help most. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, TEXTS, WHOLE, Answer, Column, View, maybe

if TYPE_CHECKING:
    from fabric.fleet.fleet import Fleet
    from fabric.fleet.fleet_file import FleetFile
    from fabric.fleet.helps import Worth
    from fabric.fleet.money import Cost
    from fabric.fleet.study import Cell, Interval, Ran, Setting

STEP_NAMES = {
    "off": "off", "down": "down (failed)", "idle": "idle: no demand", "blocked": "blocked: demand, no place",
    "slowed_by_placement": "slowed by placement", "slowed_by_contention": "slowed by contention",
    "lost_to_restarts": "lost to restarts", "unused_by_job": "unused by the job itself", "effective": "effective",
}  # fmt: skip
NAMES = (
    ("allocation", "allocation rate: held / installed", "分配率"),
    ("gar", "GAR, GPU allocation ratio: held / up", "GPU 分配率 GAR"),
    ("sor", "SOR, scheduling occupancy rate: held time / installed time", "调度占用率 SOR"),
    ("gfr", "GFR, GPU node fragmentation ratio: nodes partly held", "节点碎片率 GFR"),
    ("jtted_median", "JTTED: time where a job lies / on its best place, median", "训练时间估计比 JTTED, 中位"),
    ("jtted_p95", "the same, P95", "训练时间估计比 JTTED, P95"),
    ("scheduling_goodput", "MPG scheduling goodput: held / up", "调度有效率 (MPG)"),
    ("runtime_goodput", "MPG runtime goodput: held less what restarts lost", "运行有效率 (MPG)"),
    ("program_goodput", "MPG program goodput: effective of what is left", "程序有效率 (MPG)"),
    ("racked", "switched on / installed", "上架率"),
    ("used", "effective / switched on", "算力利用率"),
)
"""Figure -> its name, and how operators call it in Chinese (docs/glossary.zh.md)."""


@dataclass(frozen=True)
class Line:
    """One step of one setting's waterfall: its cost a seed, and its share of what is installed over seeds."""

    cell: Cell
    cost: Cost
    share: Interval


def _setting(key: str) -> Callable[[Line], object]:
    return lambda fact: getattr(fact.cell.setting, key)


def fabric_name(cell: Cell) -> str:
    """Return the fabric of a setting: as built, or the ratio that was stated."""
    ratio = cell.setting.ratio
    return "as built" if ratio is None else f"{ratio:g}:1"


def links_name(cell: Cell) -> str:
    """Return the link model of a setting in words, and the end of what its jobs communicate where that is a range."""
    from fabric.fleet.links import LinkModel

    if cell.setting.links is None:
        return "none"
    end = f", communication at its {cell.setting.end} end" if cell.setting.end else ""
    return LinkModel(*cell.setting.links).name + end


def percent(part: Interval, digits: int = 1) -> str:
    """Return a share with its interval: `61.2 % (59.8 ... 62.5)`, without one where there is a single seed."""
    mean = f"{100 * part.mean:.{digits}f} %"
    if part.seeds < 2:
        return mean
    return f"{mean} ({100 * part.low:.{digits}f} ... {100 * part.high:.{digits}f})"


VIEW = View(
    "fleet-run",
    (
        Column("policy", TEXT, "order, backfill, placement", _setting("policy"), head="policy"),
        Column("fabric", TEXT, "as built, or what its leaves are stated to pass on", lambda f: fabric_name(f.cell),
               head="fabric"),
        Column("load", maybe(NUMBER), "device-hours asked per one switched on; null: as the jobs are", _setting("load")),
        Column("links", TEXT, "how jobs load shared links", lambda f: links_name(f.cell)),
        Column("step", TEXT, "of the waterfall from installed to effective; `installed` is their sum", lambda f: f.cost.name,
               head="step", cell=lambda f: STEP_NAMES.get(f.cost.name, f.cost.name)),
        Column("device_hours", NUMBER, "a seed", lambda f: f.cost.hours, head="device-hours",
               cell=lambda f: f"{f.cost.hours:,.0f}"),
        Column("share", NUMBER, "of what is installed, mean over seeds", lambda f: f.share.mean, head="of installed",
               cell=lambda f: percent(f.share)),
        Column("share_low", NUMBER, "its 95 % interval over seeds, low end", lambda f: f.share.low),
        Column("share_high", NUMBER, "high end", lambda f: f.share.high),
        Column("kwh", maybe(NUMBER), "a seed, PUE included; null without power", lambda f: f.cost.kwh, head="kWh",
               cell=lambda f: "-" if f.cost.kwh is None else f"{f.cost.kwh:,.0f}"),
        Column("money", maybe(NUMBER), "a seed, in the currency; null without prices", lambda f: f.cost.money, head="money",
               cell=lambda f: "-" if f.cost.money is None else f"{f.cost.money:,.0f}"),
    ),
    beside={
        "fleet": TEXT, "fleet_zh": TEXT,
        "currency": maybe(TEXT), "seeds": WHOLE, "devices": WHOLE, "settings": LIST, "changes": LIST,
        "dominates": OBJECT, "limits": OBJECT, "tenants_fit": LIST, "tenants_fair": LIST,
        "assumptions": TEXTS, "rests_on": OBJECT,
    },
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What `fleet run` may be asked beside the file. Empty tuples: as the file says; ratios: None is the fabric as built.

    cap: watts; wait: seconds of P95 wait, for which the load that still fits is sought; replica: devices of a replica.
    """

    policies: tuple[str, ...] = ()
    loads: tuple[float | None, ...] = ()
    ratios: tuple[float | None, ...] = ()
    links: str = ""
    changes: bool = True
    cap: float | None = None
    wait: float | None = None
    replica: int = 8
    workers: int | None = None
    journal: Path | None = None


def fleet_run(
    asked: FleetFile, options: Asked | None = None, *, watch: Callable[[int, int], None] | None = None
) -> Answer[Cell]:
    """Return the waterfall of every policy, fabric, load and link model, waits, money, what would help most.

    asked: of fabric.fleet.fleet_file.load. The first policy is what runs today: changes are held against it. watch: told of
    progress as watch(runs done, in all).

    Raises:
        InputError: no jobs, or whatever a run refuses.
        KeyboardInterrupt: stopped before any setting had all its seeds; later the answer is of those that have, with a warning.
    """
    from fabric.fleet.demand import with_shares
    from fabric.fleet.fleet_file import fleet_of, links_of, policies_of
    from fabric.fleet.helps import changes
    from fabric.fleet.money import power_cap
    from fabric.fleet.study import cells, settings

    own = options or Asked()
    fleet = fleet_of(asked)
    if own.cap is not None:
        power_cap(fleet, own.cap)  # what it refuses is told before anything runs
    file = with_shares(asked, fleet)
    file = file.model_copy(update={"policies": own.policies} if own.policies else {})
    file = file.model_copy(update={"links": own.links}) if own.links else file
    names = [one.name for one in policies_of(file)]
    models = links_of(file)
    wanted = settings(file, names, models, ratios=own.ratios or (None,), loads=own.loads or (None,))
    bases = [one for one in wanted if one.policy == names[0] and one.ratio == wanted[0].ratio and one.load == wanted[0].load]
    built = max(fleet.tree.ratios) if fleet.tree.capacity[0].size > 1 else None
    listed = (
        [one for base in bases if base.seed == 0 for one in changes(file, base, built=built, tree=fleet.tree)]
        if own.changes
        else []
    )
    from dataclasses import replace

    more = [replace(one.setting, seed=seed) for one in listed for seed in range(file.seeds)]
    fresh = list(dict.fromkeys([*wanted, *more]))
    ran, cut = _run_or_kept(file, fresh, own, watch)
    by_cell = {cell.setting.cell: cell for cell in cells(ran) if len(cell.runs) == file.seeds}
    shown = list({one.cell: by_cell[one.cell] for one in wanted if one.cell in by_cell}.values())
    if not shown:
        raise KeyboardInterrupt
    worths = [
        (links_name(by_cell[base.cell]), _worths(file, fleet, by_cell, base, listed))
        for base in bases
        if base.seed == 0 and own.changes and base.cell in by_cell
    ]
    fits = None
    if own.wait is not None and not cut:
        from fabric.fleet.study import load_that_fits

        fits = (own.wait, *load_that_fits(file, wanted[0], own.wait, journal=own.journal, workers=own.workers))
    found = answer_of(file, fleet, shown, worths, own, fits)
    return replace(found, warnings=(f"interrupted: {cut}",)) if cut else found


def _run_or_kept(
    file: FleetFile, fresh: Sequence[Setting], own: Asked, watch: Callable[[int, int], None] | None
) -> tuple[list[Ran], str]:
    """Return the runs, and nothing; after Ctrl-C those that are finished, and a line on what is left out."""
    from tempfile import TemporaryDirectory

    from fabric.fleet.study import finished, run_all

    with TemporaryDirectory() as folder:
        journal = own.journal or Path(folder) / "runs"
        try:
            return run_all(file, fresh, journal=journal, workers=own.workers, watch=watch), ""
        except KeyboardInterrupt:
            ran = finished(file, fresh, journal)
            on = " (the same command goes on from the journal)" if own.journal else " (--journal FILE would go on from them)"
            return ran, f"{len(ran)} of {len(fresh)} runs are finished, what rests on all its seeds is shown{on}"


def _worths(file: FleetFile, fleet: Fleet, by_cell: Mapping[Any, Cell], base: Any, listed: Sequence[Any]) -> list[Worth]:
    """Return what changes are worth under one link model, the most device-hours first."""
    from json import loads

    from fabric.fleet.fleet_file import FleetFile as File
    from fabric.fleet.fleet_file import fleet_of
    from fabric.fleet.helps import worth
    from fabric.fleet.study import OWN_KEYS

    found = []
    for one in listed:
        if (one.setting.links, one.setting.end) != (base.links, base.end) or one.setting.cell not in by_cell:
            continue
        new = fleet
        if one.setting.changed:
            keys = {key: value for key, value in loads(one.setting.changed).items() if key not in OWN_KEYS}
            new = fleet_of(File.model_validate({**file.model_dump(mode="json"), **keys}))
        found.append(worth(one, by_cell[base.cell], by_cell[one.setting.cell], fleet, new))
    return sorted(found, key=lambda one: -one.hours.mean)


def answer_of(
    file: FleetFile,
    fleet: Fleet,
    shown: Sequence[Cell],
    worths: Sequence[tuple[str, Sequence[Worth]]],
    own: Asked,
    fits: tuple[float, float, float] | None = None,
) -> Answer[Cell]:
    """Return runs as an answer: the base's waterfall, policies side by side, waits, names, what would help, money, limits."""
    from fabric.answers.fleet_fits import tenants_fair, tenants_fit
    from fabric.answers.fleet_tables import limits, parts
    from fabric.fleet.helps import headline
    from fabric.fleet.study import LEAST_TRIED
    from fabric.report.words.fleet_rests import lines as rests_lines

    base = shown[0]
    facts = tuple(line for cell in shown for line in lines(cell, fleet))
    dominates, share = headline(base)
    on, its = headline(base, of_what_is_on=True)
    found = limits(fleet, base, own.cap, own.replica)
    if fits is not None:
        found["load_that_fits"] = {
            "wait_seconds": fits[0], "load": fits[1], "wait_found_seconds": fits[2], "least_tried": LEAST_TRIED
        }  # fmt: skip
    rests = rests_on(file, fleet, shown)
    links = "" if base.setting.links is None else links_name(base)
    settings = [_plain(cell, fleet) for cell in shown]
    beside = {
        "fleet": fleet.name,
        "fleet_zh": file.name_zh or fleet.name,
        "currency": fleet.prices.currency if fleet.prices else None,
        "seeds": len(base.runs),
        "devices": fleet.devices,
        "settings": settings,
        "changes": [{"links": links, **asdict(one)} for links, rows in worths for one in rows],
        "dominates": {"what": dominates, "share": share, "of_what_is_on": on, "its_share": its},
        "limits": found,
        "tenants_fit": tenants_fit(base, own.wait),
        "tenants_fair": tenants_fair(base),
        "assumptions": rests_lines(rests, links),
        "rests_on": rests,
    }
    return Answer(VIEW, tuple(shown), facts, tuple(parts(fleet, shown, beside, asked_wait=own.wait is not None)), beside)


def lines(cell: Cell, fleet: Fleet) -> list[Line]:
    """Return the steps of a cell's waterfall in order with what they cost a seed, and `installed`."""
    from fabric.fleet.money import Cost, costs
    from fabric.fleet.study import interval

    count = len(cell.runs)
    found = []
    for cost in costs(cell.waterfall, fleet):
        kwh = None if cost.kwh is None else cost.kwh / count
        money = None if cost.money is None else cost.money / count
        share = interval([1.0] * count) if cost.name == "installed" else cell.share(cost.name)
        found.append(Line(cell, Cost(cost.name, cost.hours / count, kwh, money), share))
    return found


def rests_on(file: FleetFile, fleet: Fleet, shown: Sequence[Cell]) -> dict[str, Any]:
    """Return what the figures rest on as plain values: jobs, network, power, prices, failures, engine; words come later."""
    from fabric.fleet.demand import stated
    from fabric.fleet.tree import oversubscribed

    base = shown[0]
    ratio, tree = base.setting.ratio, fleet.tree
    tree = tree if ratio is None else oversubscribed(tree, ratio, tree.tiers[0])
    tiers = zip(tree.ratios, tree.tiers, strict=True) if tree.capacity[0].size > 1 else ()
    rates, power, prices = fleet.rates, fleet.power, fleet.prices
    return {
        "jobs": stated(file),
        "network": {
            "name": fleet.fabric.topology.name if fleet.fabric is not None else fleet.name,
            "stated_ratio": ratio or file.ratio,
            "tiers": [{"tier": tier, "ratio": passed} for passed, tier in tiers],
        },
        "power": power and {key: getattr(power, key) for key in ("busy", "idle", "pue", "source")},
        "prices": prices and {"currency": prices.currency, "source": prices.source},
        "rates": rates
        and {
            "mtbf": rates.node_mtbf_hours, "median": rates.repair_median_hours, "p90": rates.repair_p90_hours,
            "source": rates.source,
        },
        "outages": len(fleet.outages),
        "outages_elsewhere": fleet.elsewhere,
        "fgd": any("fgd" in cell.setting.policy for cell in shown),
        "engine": base.runs[0].figures["engine"],
    }  # fmt: skip


def _plain(cell: Cell, fleet: Fleet) -> dict[str, Any]:
    """Return one setting with its figures as plain values; pictures' series of the first seed."""
    from fabric.answers.fleet_fits import fitting
    from fabric.fleet.money import economy

    first = cell.runs[0].figures
    return {
        "policy": cell.setting.policy,
        "fabric": fabric_name(cell),
        "ratio": cell.setting.ratio,
        "load": cell.setting.load,
        "links": links_name(cell),
        "link_model": None if cell.setting.links is None else list(cell.setting.links),
        "communication_end": cell.setting.end,
        "effective": asdict(cell.share("effective")),
        "names": {key: asdict(figure) for key, _, _ in NAMES if (figure := cell.figure(key)) is not None},
        "economy": asdict(economy(cell.waterfall, fleet)),
        "classes": [
            {
                "devices": row["name"],
                "jobs": row["jobs"],
                **{
                    key: None if (found := cell.waits(row["name"], key)) is None else asdict(found)
                    for key in row
                    if key not in ("name", "jobs", "ended")
                },
            }
            for row in first["classes"]
        ],
        "tenants": first["tenants"],
        "fits": [asdict(one) for one in fitting(cell)],
        "fairness": first["fairness"],
        "jobs": first["jobs"],
        "left_out": first["left_out"],
        "load_found": first["load"],
        "series": first["series"],
        "replicas": first["replicas"],
    }


def page(answer: Answer[Cell], path: Path, lang: str = "en") -> None:
    """Write the answer's page, English or Chinese.

    Raises:
        InputError: another language, or a file that cannot be written.
    """
    from fabric.report.fleet.page import write

    first = answer[0].runs[0].figures
    named = [
        (chinese if lang == "zh" else name, f"{figure.mean:.3f}" if key.startswith("jtted") else percent(figure))
        for key, name, chinese in NAMES
        if (figure := answer[0].figure(key)) is not None
    ]
    write(
        path,
        {**answer.json(), "heat": first["heat"], "demand": first["demand"], "leaves": first["leaves"], "named": named},
        lang,
    )
