"""The tables of `fleet run`: waterfall, policies, waits, names, what would help most, money and limits. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import TEXT, Answer, Column, Part
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.fleet.fleet import Fleet
    from fabric.fleet.study import Cell, Interval

DOMINATES = {
    "demand": "demand: nobody asks for what is free; no policy or fabric changes that",
    "queue": "the queue: jobs wait beside free devices (order, shape, place)",
    "off": "nodes that are off",
    "down": "failed nodes",
    "slowed_by_placement": "where jobs lie",
    "slowed_by_contention": "shared links",
    "lost_to_restarts": "restarts",
    "unused_by_job": "what jobs themselves leave unused",
}


def text_columns(heads: Sequence[str]) -> tuple[Column, ...]:
    """Return columns of rows that are texts already."""

    def cell(at: int) -> Any:
        return lambda fact: fact[at]

    return tuple(Column(f"column{at}", TEXT, head, cell(at), head=head, cell=cell(at)) for at, head in enumerate(heads))


def rows(title: str, heads: Sequence[str], body: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> Part:
    """Return a table of texts."""
    return Part(title, tuple(map(tuple, body)), text_columns(heads), tuple(notes))


def parts(
    fleet: Fleet,
    shown: Sequence[Cell],
    beside: Mapping[str, Any],
    *,
    asked_wait: bool = False,
) -> Iterator[Part]:
    """Yield the tables in the order they are read. asked_wait: whether the wait up to which jobs fit was asked for."""
    from fabric.answers.fleet_fits import fairness
    from fabric.answers.fleet_fits import table as fitting
    from fabric.answers.fleet_run import fabric_name, lines, links_name

    base = shown[0]
    said = beside["dominates"]
    what = f"what dominates: {DOMINATES[said['what']]} ({100 * said['share']:.1f} % of installed)"
    if said["what"] == "off":
        what += f"; of what is on, {DOMINATES[said['of_what_is_on']]} ({100 * said['its_share']:.1f} % of installed)"
    title = f"{fleet.name}: from installed to effective, {base.setting.policy}, {fabric_name(base)}, {links_name(base)}"
    yield Part(
        title, tuple(lines(base, fleet)), ("step", "device_hours", "share", "kwh", "money"), (what, *beside["assumptions"])
    )
    short = short_links(shown)
    yield _policies(shown, short)
    yield _waits(base)
    yield fitting(base.setting.policy, beside["tenants_fit"], asked=asked_wait)
    yield fairness(base.setting.policy, beside["tenants_fair"], base.runs[0].figures["fairness"])
    yield _names(base)
    for links in dict.fromkeys(one["links"] for one in beside["changes"]):
        yield _helps(links, [one for one in beside["changes"] if one["links"] == links], beside["currency"])
    yield _money(fleet, shown, beside, short)


def short_links(shown: Sequence[Cell]) -> dict[str, str]:
    """Return a letter for every link model of the settings, in their order: what is said once above the table."""
    from fabric.answers.fleet_run import links_name

    models = dict.fromkeys(links_name(cell) for cell in shown)
    return {name: chr(ord("A") + number) for number, name in enumerate(models)}


def _legend(short: Mapping[str, str]) -> str:
    """Return what the letters of link models mean, for a title; nothing where no links were modelled."""
    said = "; ".join(f"{letter} = {name}" for name, letter in short.items())
    return f"; links {said}" if list(short) != ["none"] else ""


def _policies(shown: Sequence[Cell], short: Mapping[str, str]) -> Part:
    from fabric.answers.fleet_run import fabric_name, links_name, percent
    from fabric.report.words.fleet import drawn

    heads = (
        "policy",
        "fabric",
        "load",
        "links",
        "effective",
        "allocated",
        "blocked",
        "slowed",
        "median wait",
        "P95 wait",
        "slowdown P95",
    )
    body = []
    for cell in shown:
        slowed = cell.share("slowed_by_placement").mean + cell.share("slowed_by_contention").mean
        load = cell.setting.load if cell.setting.load is not None else cell.runs[0].figures["load"]
        body.append(
            (
                cell.setting.policy,
                fabric_name(cell),
                f"{load:.2f}",
                short[links_name(cell)],
                percent(cell.share("effective")),
                f"{100 * cell.share('allocated').mean:.1f} %",
                f"{100 * cell.share('blocked').mean:.1f} %",
                f"{100 * slowed:.2f} %",
                duration(cell.waits("all", "wait_median")),
                duration(cell.waits("all", "wait_p95")),
                number(cell.waits("all", "slowdown_p95")),
            )
        )
    spread = drawn("spread", len(shown[0].runs), "en")
    title = f"Policies side by side (shares of installed device-hours; {spread}){_legend(short)}"
    return rows(title, heads, body, left_out(shown))


def left_out(shown: Sequence[Cell]) -> list[str]:
    """Return a line per policy that leaves jobs out, since it can never place them: its waits are those of the others."""
    from fabric.report.words.fleet import texts

    counted: dict[str, Mapping[str, Any]] = {}
    for cell in shown:
        counted.setdefault(cell.setting.policy, cell.runs[0].figures)
    said = texts("en")["left_out"]
    return [
        said.format(policy=name, count=own["left_out"], jobs=own["left_out"] + own["jobs"])
        for name, own in counted.items()
        if own["left_out"]
    ]


def duration(found: Interval | None) -> str:
    """Return seconds as a person says them, `-` for none."""
    return "-" if found is None else clock(found.mean)


def clock(seconds: float) -> str:
    """Return seconds in the unit that suits: `42 s`, `7.5 min`, `3.2 h`, `4.1 d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "0 s" if seconds == 0 else show_duration(seconds)


def number(found: Interval | None) -> str:
    """Return a number with three digits, `-` for none."""
    return "-" if found is None else f"{found.mean:.3g}"


def _waits(base: Cell) -> Part:
    heads = (
        "devices",
        "jobs",
        "wait median",
        "wait P95",
        "slowdown median",
        "slowdown P95",
        "completion median",
        "completion P95",
    )
    body = []
    for row in base.runs[0].figures["classes"]:
        found = {key: base.waits(row["name"], key) for key in row if key not in ("name", "jobs", "ended")}
        times = [duration(found[key]) for key in ("wait_median", "wait_p95")]
        slow = [number(found[key]) for key in ("slowdown_median", "slowdown_p95")]
        whole = [duration(found[key]) for key in ("completion_median", "completion_p95")]
        body.append((row["name"], f"{row['jobs']:,}", *times, *slow, *whole))
    return rows(f"Waits by size, {base.setting.policy}", heads, body)


def _names(base: Cell) -> Part:
    from fabric.answers.fleet_run import NAMES, percent

    body = []
    for key, name, chinese in NAMES:
        figure = base.figure(key)
        if figure is not None:
            body.append((name, chinese, f"{figure.mean:.3f}" if key.startswith("jtted") else percent(figure)))
    return rows(f"By the field's names, {base.setting.policy}", ("name", "中文", "value"), body)


def _helps(links: str, found: Sequence[Mapping[str, Any]], currency: str | None) -> Part:
    """Return what would help most under one link model: the verdict in a line, then change by change."""
    from fabric.answers.fleet_run import percent
    from fabric.fleet.helps import SMALL
    from fabric.fleet.study import Interval
    from fabric.report.words.fleet import drawn
    from fabric.report.words.fleet_worth import verdict

    heads = ("change", "to", "device-hours", "P95 wait then", f"{currency or 'money'} a year")
    body = []
    for one in found:
        money = "-" if one["money"] is None else f"{one['money'][0]:,.0f}"
        if one["money"] is not None and one["hours"]["seeds"] > 1:
            money += f" ({one['money'][1]:,.0f} ... {one['money'][2]:,.0f})"
        mean = one["hours"]["mean"]
        doubt = "" if not one["little"] else " little" if abs(mean) < SMALL else " unclear"
        worth = f"{'+' if mean >= 0 else ''}{percent(Interval(**one['hours']), 2)}{doubt}"
        body.append((one["kind"], one["name"], worth, "-" if one["wait"] is None else clock(one["wait"]), money))
    unclear = "; unclear: more, but 0 lies within the interval (more seeds may tell)"
    seeds = found[0]["hours"]["seeds"]
    notes = [
        verdict(found, currency),
        f"one thing changed at a time, paired by seed, {drawn('spread', seeds, 'en')}, in shares of installed device-hours; "
        f"little: below 0.5 %{unclear if seeds > 1 else ''}",
    ]
    if all(one["little"] and abs(one["hours"]["mean"]) < SMALL for one in found):
        notes.append("no change is worth much here: below saturation what is effective is what is asked for; look at the waits")
    return rows(f"What would help most ({links})", heads, body, notes)


def _money(fleet: Fleet, shown: Sequence[Cell], beside: Mapping[str, Any], short: Mapping[str, str]) -> Part:
    """Return costs per effective hour, break-even, and the limits."""
    from fabric.answers.fleet_run import fabric_name, links_name
    from fabric.fleet.money import economy
    from fabric.report.words.fleet_worth import limits as limit_lines

    currency = beside["currency"]
    heads = (
        "policy",
        "fabric",
        "links",
        "per effective h",
        "per allocated h",
        "charged",
        "break-even",
        "allocated",
        "a year",
    )

    def amount(value: float | None, digits: int = 2) -> str:
        return "-" if value is None else f"{value:,.{digits}f}"

    body = []
    for cell in shown:
        one = economy(cell.waterfall, fleet)
        even = "-" if one.break_even is None else "never" if one.break_even > 1 else f"{100 * one.break_even:.1f} %"
        year = amount(one.margin_year, 0) if one.margin_year is not None else f"costs {amount(one.cost_year, 0)}"
        body.append(
            (
                cell.setting.policy, fabric_name(cell), short[links_name(cell)], amount(one.per_effective),
                amount(one.per_allocated), amount(one.charged),
                even, f"{100 * one.allocated:.1f} %", year if one.cost_year is not None else "-",
            )
        )  # fmt: skip
    return rows(
        f"Money and limits{f', in {currency} an hour or a year' if currency else ''}{_legend(short)}",
        heads,
        body,
        tuple(limit_lines(beside["limits"])),
    )


def limits(fleet: Fleet, base: Cell, cap: float | None, replica: int) -> dict[str, Any]:
    """Return what a power cap allows and how many replicas of a service fit into the holes."""
    from dataclasses import asdict

    import numpy as np

    from fabric.fleet.money import power_cap

    found: dict[str, Any] = {}
    if cap is not None:
        found["power_cap"] = asdict(power_cap(fleet, cap))
    counts = [count for one in base.runs for count in one.figures["replicas"].get(str(replica), ())]
    if counts:
        low = int(np.quantile(counts, 0.05, method="lower"))
        found["replicas"] = {"devices": replica, "p5": low, "median": int(np.median(counts))}
    return found


def markdown(answer: Answer[Any]) -> str:
    """Return the answer's tables as Markdown, notes as lists."""
    from fabric.text.escape import markdown_cell as escape

    lines = []
    for part in answer.tables():
        columns = answer.view.picked(part.keys)
        lines += [f"**{escape(part.title)}**", "", "| " + " | ".join(escape(c.head or c.key) for c in columns) + " |"]
        lines.append("|" + "---|" * len(columns))
        lines += ["| " + " | ".join(escape(c.text(fact)) for c in columns) + " |" for fact in part.facts]
        lines += ["", *(f"- {escape(note)}" for note in part.notes), ""]
    return "\n".join(lines)
