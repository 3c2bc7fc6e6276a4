"""One self-contained HTML page of a fleet, in English or Chinese; nothing is loaded from elsewhere. It simulates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fabric.report.fleet import shapes
from fabric.report.page.html_file import asset, document, save
from fabric.report.words.fleet import STEPS, clock, drawn, fair_cells, links_words, tenant_cells, texts
from fabric.report.words.fleet_rests import lines as rests_lines
from fabric.report.words.fleet_worth import SMALL, kind_of, limits, name_of, verdict
from fabric.text.escape import html as escape

TENANTS = 20
"""Tenants that the table of what fits shows, those with most jobs."""
BUSIEST = 12
"""Leaves that the table of busy links shows."""
MOST_LEAVES = 160
"""Leaves that the map shows, the first ones."""
STYLE = """
svg { width: 100%; height: auto; display: block; }
.box table { min-width: 640px; }
h2, h3 { break-after: avoid; }
@media print { .box table { min-width: 0; } }
"""


def write(path: Path, facts: Mapping[str, Any], lang: str = "en") -> None:
    """Write the page. facts: what `fleet run --json` prints, with `heat`, `demand` and `leaves` of the first setting.

    Raises:
        InputError: another language, or a file that cannot be written.
    """
    save(path, html(facts, lang).encode())


def html(facts: Mapping[str, Any], lang: str = "en") -> str:
    """Return the page: what dominates, waterfall, policies, leaves over time, queue, waits, links, changes, money, names."""
    own, name = texts(lang), facts["fleet_zh" if lang == "zh" else "fleet"]
    settings = facts["settings"]
    links = {one["links"]: links_words(one["link_model"], one["links"], lang, one["communication_end"]) for one in settings}
    facts, base = {**facts, "words": links}, settings[0]
    steps = [row for row in facts["rows"] if _of(row, base)]
    parts = [
        f"<h1>{escape(own['title'].format(fleet=name))}</h1>",
        f"<div class='headlines'><p>{escape(_first(facts, base, own, lang))}</p></div>",
        *_waterfall(facts, base, steps, own, lang),
        *_policies(facts, own, lang),
        *_helps(facts, own, lang),
        *_limits(facts, own, lang),
        *_over_time(facts, base, own),
        *_waits(base, own, lang),
        *_fair(facts, base, own, lang),
        *_links(facts, own),
        *_money(facts, own),
        f"<h2>{escape(own['names'])}</h2>",
        _table(own["heads_names"], [(name, value) for name, value in facts["named"]]),
        f"<h2>{escape(own['assumed'])}</h2>",
        _list(rests_lines(facts["rests_on"], facts["words"][base["links"]] if base["link_model"] else "", lang)),
    ]
    return document(own["title"].format(fleet=name), "\n".join(parts), asset("run", "page.css") + STYLE, lang=lang)


def _of(row: Mapping[str, Any], setting: Mapping[str, Any]) -> bool:
    return all(row[key] == setting[key] for key in ("policy", "fabric", "load", "links"))


def _percent(found: Mapping[str, Any], digits: int = 1) -> str:
    mean = f"{100 * found['mean']:.{digits}f} %"
    return mean if found["seeds"] < 2 else f"{mean} ({100 * found['low']:.{digits}f} … {100 * found['high']:.{digits}f})"


def _first(facts: Mapping[str, Any], base: Mapping[str, Any], own: Mapping[str, str], lang: str) -> str:
    """Return the page's one sentence."""
    said = facts["dominates"]
    names = {"demand": own["demand"], "queue": own["queue_dominates"]}

    def words(step: str) -> str:
        return names.get(step) or own["other"].format(step=STEPS[lang][step])

    first = own["first"].format(
        devices=facts["devices"], effective=_percent(base["effective"]), policy=base["policy"], what=words(said["what"]),
        share=100 * said["share"],
    )  # fmt: skip
    then = own["then"].format(what=words(said["of_what_is_on"]), share=100 * said["its_share"])
    return f"{first} {then}" if said["what"] == "off" else first


def _waterfall(
    facts: Mapping[str, Any], base: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], own: Mapping[str, str], lang: str
) -> list[str]:
    currency = facts["currency"] or ("money" if lang == "en" else "金额")
    names = STEPS[lang]
    whole = [row for row in steps if row["step"] == "installed"]
    ordered = [*whole, *(row for row in steps if row["step"] != "installed")]
    kinds = {"installed": "whole", "effective": "kept"}
    bars = [
        (
            names[row["step"]],
            row["share"],
            f"{100 * row['share']:.1f} %  {row['device_hours']:,.0f} {own['device_hours']}",
            kinds.get(row["step"], "lost"),
        )
        for row in ordered
    ]
    note = own["waterfall_note"].format(
        drawn=drawn("mean", facts["seeds"], lang),
        links=facts["words"][base["links"]],
        policy=base["policy"],
        fabric=_fabric(base, own),
    )
    body = [
        (
            names[row["step"]],
            f"{row['device_hours']:,.0f}",
            _percent({"mean": row["share"], "low": row["share_low"], "high": row["share_high"], "seeds": facts["seeds"]}, 2),
            _number(row["kwh"]),
            _number(row["money"]),
        )
        for row in ordered
    ]
    return [
        f"<h2>{escape(own['waterfall'])}</h2>",
        _figure(shapes.waterfall(bars, own["waterfall"]), note),
        _table(*_known(own["heads_steps"].format(currency=currency), body)),
    ]


def _known(heads: str, body: Sequence[Sequence[str]]) -> tuple[str, list[list[str]]]:
    """Return a table's heads and rows without the columns that hold nothing, such as money where there are no prices."""
    names = heads.split("|")
    kept = [at for at in range(len(names)) if any(row[at] != "-" for row in body)]
    return "|".join(names[at] for at in kept), [[row[at] for at in kept] for row in body]


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _clock(found: Mapping[str, Any] | float | None, lang: str) -> str:
    """Return seconds in the unit that suits."""
    seconds = found["mean"] if isinstance(found, Mapping) else found
    return "-" if seconds is None else clock(seconds, lang)


def _policies(facts: Mapping[str, Any], own: Mapping[str, str], lang: str) -> list[str]:
    body = []
    for one in facts["settings"]:
        shares = {row["step"]: row["share"] for row in facts["rows"] if _of(row, one)}
        slowed = shares["slowed_by_placement"] + shares["slowed_by_contention"]
        everyone = one["classes"][0]
        load = one["load"] if one["load"] is not None else one["load_found"]
        body.append(
            (
                one["policy"], _fabric(one, own), f"{load:.2f}", facts["words"][one["links"]], _percent(one["effective"]),
                f"{100 * one['names']['allocation']['mean']:.1f} %", f"{100 * shares['blocked']:.1f} %",
                f"{100 * slowed:.2f} %",
                _clock(everyone["wait_median"], lang), _clock(everyone["wait_p95"], lang),
            )
        )  # fmt: skip
    left = {one["policy"]: one for one in facts["settings"] if one["left_out"]}
    notes = [
        own["left_out"].format(policy=name, count=one["left_out"], jobs=one["left_out"] + one["jobs"])
        for name, one in left.items()
    ]
    return [f"<h2>{escape(own['policies'])}</h2>", _table(own["heads_policy"], body), _list(notes)]


def _helps(facts: Mapping[str, Any], own: Mapping[str, str], lang: str) -> list[str]:
    if not facts["changes"]:
        return []
    note = own["helps_note"].format(drawn=drawn("spread", facts["seeds"], lang))
    parts = [f"<h2>{escape(own['helps'])}</h2>", f"<p class='caption'>{escape(note)}</p>"]
    for links in dict.fromkeys(one["links"] for one in facts["changes"]):
        body, own_rows = [], [change for change in facts["changes"] if change["links"] == links]
        for one in own_rows:
            hours, money = one["hours"], one["money"]
            body.append(
                (
                    kind_of(one, lang),
                    name_of(one, lang)
                    + (f" ({own['little' if abs(hours['mean']) < SMALL else 'unclear']})" if one["little"] else ""),
                    f"{100 * hours['mean']:+.2f} %",
                    "-" if hours["seeds"] < 2 else f"{100 * hours['low']:.2f} … {100 * hours['high']:.2f}",
                    _clock(one["wait"], lang),
                    _money_span(money, hours["seeds"]),
                )
            )
        parts.append(f"<h3>{escape(facts['words'][links])}</h3>")
        parts.append(f"<p>{escape(verdict(own_rows, facts['currency'], lang))}</p>")
        parts.append(_table(own["heads_helps"].format(currency=facts["currency"] or ""), body))
    return parts


def _money_span(money: Sequence[float] | None, seeds: int) -> str:
    """Return money with its interval, without one where there is a single seed."""
    if money is None:
        return "-"
    return f"{money[0]:,.0f}" if seeds < 2 else f"{money[0]:,.0f} ({money[1]:,.0f} … {money[2]:,.0f})"


def _limits(facts: Mapping[str, Any], own: Mapping[str, str], lang: str) -> list[str]:
    """Return which tenants' jobs fit, what a cap allows, what load and how many replicas still fit."""
    found = facts["tenants_fit"]
    wait = clock(found[0]["wait_seconds"], lang) if found else ""
    body = [tenant_cells(row, lang) for row in found[:TENANTS]]
    return [
        f"<h2>{escape(own['limits'])}</h2>",
        _list(list(limits(facts["limits"], lang))),
        _table(own["heads_fits"].format(wait=wait), body, words=(3, 4, 5)),
        f"<p class='caption'>{escape(own['fits_note'].format(wait=wait))}</p>",
    ]


def _over_time(facts: Mapping[str, Any], base: Mapping[str, Any], own: Mapping[str, str]) -> list[str]:
    series = base["series"]
    hours = series["hours"][-1] if series["hours"] else 0.0
    shown = facts["heat"][:MOST_LEAVES]
    found = [f"<h2>{escape(own['heat'])}</h2>"]
    found.append(_figure(shapes.heat(shown, facts["leaves"], hours, own["hours"], own["heat"]), own["heat_note"]))
    picture = shapes.lines(series["held"], series["queued"], 2.0 * facts["devices"], hours, own["hours"], own["queue"])
    found += [f"<h2>{escape(own['queue'])}</h2>", _figure(picture, own["queue_note"])]
    partly, stranded = ([100.0 * value for value in series[key]] for key in ("partly", "stranded"))
    picture = shapes.lines(partly, stranded, 100.0, hours, own["hours"], own["fragments"])
    return [*found, f"<h2>{escape(own['fragments'])}</h2>", _figure(picture, own["fragments_note"])]


def _waits(base: Mapping[str, Any], own: Mapping[str, str], lang: str) -> list[str]:
    rows, body = [], []
    for row in base["classes"]:
        middle, high = row["wait_median"], row["wait_p95"]
        text = f"{_clock(middle, lang)}, {_clock(high, lang)}"
        name = own["all"] if row["devices"] == "all" else row["devices"]
        if middle is not None and high is not None:
            rows.append((name, float(middle["mean"]), float(high["mean"]), text))
        slow = [None if row[key] is None else row[key]["mean"] for key in ("slowdown_median", "slowdown_p95")]
        whole = (_clock(row[key], lang) for key in ("completion_median", "completion_p95"))
        body.append((name, f"{row['jobs']:,}", *text.split(", "), *(_number(value, 2) for value in slow), *whole))
    return [
        f"<h2>{escape(own['waits'])}</h2>",
        _figure(shapes.waits(rows, own["waits"]), own["waits_note"]),
        _table(own["heads_waits"], body),
    ]


def _fair(facts: Mapping[str, Any], base: Mapping[str, Any], own: Mapping[str, str], lang: str) -> list[str]:
    """Return how tenants fare: what each held, waited, and was slowed down; nothing where jobs name none."""
    body = [fair_cells(row, lang) for row in facts["tenants_fair"][:TENANTS]]
    if len(body) < 2:
        return []
    said = "" if base["fairness"] is None else own["fairness"].format(value=base["fairness"])
    return [f"<h2>{escape(own['fair'])}</h2>", _table(own["heads_fair"], body), f"<p class='caption'>{escape(said)}</p>"]


def _links(facts: Mapping[str, Any], own: Mapping[str, str]) -> list[str]:
    named = zip(facts["leaves"], facts["demand"], strict=False)
    busy = sorted(((name, mean, most) for name, (mean, most) in named if most > 0), key=lambda one: -one[1])[:BUSIEST]
    head = f"<h2>{escape(own['links'])}</h2>"
    if not busy:
        return [head, f"<p>{escape(own['no_links'])}</p>"]
    body = [(name, f"{mean:.2f}", f"{most:.2f}") for name, mean, most in busy]
    return [head, f"<p class='caption'>{escape(own['links_note'])}</p>", _table(own["heads_links"], body)]


def _money(facts: Mapping[str, Any], own: Mapping[str, str]) -> list[str]:
    if facts["currency"] is None:
        return []
    body = []
    for one in facts["settings"]:
        money = one["economy"]
        even = money["break_even"]
        body.append(
            (
                one["policy"], _fabric(one, own), facts["words"][one["links"]], _number(money["per_effective"], 2),
                _number(money["per_allocated"], 2), _number(money["charged"], 2),
                "-" if even is None else own["never"] if even > 1 else f"{100 * even:.1f} %",
                f"{100 * money['allocated']:.1f} %", _number(money["margin_year"]),
            )
        )  # fmt: skip
    return [f"<h2>{escape(own['money'])} ({escape(facts['currency'])})</h2>", _table(own["heads_money"], body)]


def _fabric(one: Mapping[str, Any], own: Mapping[str, str]) -> str:
    """Return a setting's fabric in words: as built, or the ratio that was stated."""
    return own["built"] if one["ratio"] is None else f"{one['ratio']:g}:1"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _figure(picture: str, note: str) -> str:
    return f"<figure>{picture}<figcaption class='caption'>{escape(note)}</figcaption></figure>"


def _table(heads: str, body: Sequence[Sequence[str]], words: Sequence[int] = ()) -> str:
    """Return a table; heads: joined by |. Columns of numbers stand to the right, but for those in `words`."""
    names = heads.split("|")
    right = [at > 0 and at not in words and any(_is_number(row[at]) for row in body) for at in range(len(names))]
    kinds = [" class='number'" if one else "" for one in right]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(names, kinds, strict=True))
    rows = "".join(
        f"<tr>{''.join(f'<td{kind}>{escape(cell)}</td>' for cell, kind in zip(row, kinds, strict=True))}</tr>" for row in body
    )
    return f"<div class='box'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _is_number(text: str) -> bool:
    """Return whether a cell begins as a number does, `4:1` not."""
    return (text[:1].isdigit() and ":" not in text) or (text[:1] in ("+", "-") and text[1:2].isdigit())
