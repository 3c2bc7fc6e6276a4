"""What changes of a fleet are worth, and its limits, as sentences in English and Chinese. It computes nothing."""
# ruff: noqa: RUF001, E501  # Chinese punctuation; a sentence is one line

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fabric.report.words.fleet import clock

Row = Mapping[str, Any]
BY_MONEY = ("price", "power", "node")
"""Kinds of changes that are ranked by money, where it is known."""
SMALL = 0.005
"""Share of device-hours below which a change is said to be worth little; above it, unclear."""
KINDS = {
    "placement": "放置", "backfill": "回填", "fabric": "网络", "tier": "分层", "price": "价格", "node": "节点类型", "power": "供电",
    "jobs": "需求", "failures": "故障",
}  # fmt: skip
"""Kind of a change -> Chinese."""
SWITCHED = {"on": "开", "off": "关"}
TEXTS = {
    "en": {
        "most": "Worth most, in device-hours and money a year: {list}", "most_hours": "Worth most, in device-hours: {list}",
        "unclear": "Not to be told from nothing: {list}", "little": "Worth little: {list}",
        "worse": "No better than what runs today: {list}",
        "one": "{kind} ({name}) {worth}", "share": "{mean:+.2f} %{span}", "span": " ({low:.2f} ... {high:.2f})", "money": "{amount} {currency}",
        "join": "; ", "comma": ", ", "stop": ". ", "end": ".",
        "cap": "under {mw:.4g} MW {busy:,} devices may be busy at once ({share:.1f} % of installed); all of them busy draw {full:.4g} "
        "MW",
        "fits": "load that fits at a P95 wait of {wait}: {load:.2f} of what is on (P95 wait then {found})",
        "none_fits": "no load was found that keeps a P95 wait of {wait}: even {least:g} of what is on is too much",
        "replicas": "replicas of {devices} devices that fit into what is free: {p5:,} at 95 % of the sampled times, {median:,} at "
        "half of them",
    },
    "zh": {
        "most": "最有用（卡时与每年金额）：{list}", "most_hours": "最有用（卡时）：{list}", "unclear": "与零分不开：{list}", "little": "作用小：{list}",
        "worse": "不比现在好：{list}", "one": "{kind}（{name}）{worth}", "share": "{mean:+.2f} %{span}", "span": "（{low:.2f} … {high:.2f}）",
        "money": "{amount} {currency}", "join": "；", "comma": "，", "stop": "。", "end": "。",
        "cap": "{mw:.4g} MW 的功率上限下，最多 {busy:,} 张卡可同时忙（占装机 {share:.1f} %）；全部忙时需 {full:.4g} MW",
        "fits": "等待 P95 不超过 {wait}，还放得下的负载：开机的 {load:.2f}（此时等待 P95 为 {found}）",
        "none_fits": "找不到等待 P95 不超过 {wait}的负载：开机的 {least:g} 也太多",
        "replicas": "空位里放得下的 {devices} 卡推理副本：95 % 的采样时刻有 {p5:,} 个，一半的时刻有 {median:,} 个",
    },
}  # fmt: skip
"""Language -> key -> text."""


def kind_of(one: Row, lang: str) -> str:
    """Return the kind of a change in a language."""
    kind = str(one["kind"])
    return KINDS.get(kind, kind) if lang == "zh" else kind


def name_of(one: Row, lang: str) -> str:
    """Return what a change changes to, in a language; names of policies and the file's own names stay as they are."""
    detail, name = one["detail"], str(one["name"])
    if lang == "en":
        return name
    if one["name_zh"]:
        return str(one["name_zh"])
    if "instead_of" in detail:
        return f"每叶 {detail['nodes']} 节点，现为 {detail['instead_of']}"
    if "leaves" in detail:
        return f"多一层：每 {detail['leaves']} 个叶一个 pod"
    return SWITCHED.get(name, name) if one["kind"] == "backfill" else name


def amount(value: float, lang: str) -> str:
    """Return money as people say it: `15.5 million`, `1,551 万`."""
    if lang == "zh" and abs(value) >= 1e8:
        return f"{value / 1e8:.3g} 亿"
    if lang == "zh" and abs(value) >= 1e4:
        return f"{value / 1e4:,.{0 if abs(value) >= 1e6 else 1}f} 万"
    return f"{value / 1e6:,.3g} million" if lang == "en" and abs(value) >= 1e6 else f"{value:,.0f}"


def verdict(rows: Sequence[Row], currency: str | None, lang: str = "en") -> str:
    """Return in one line what the best change of every kind is worth; empty for no changes. rows: of one link model.

    Of prices, power and nodes the best is the one with the most money, of all others that with the most device-hours.
    """
    own, groups = TEXTS[lang], dict[str, list[str]]()
    best = [_best([one for one in rows if one["kind"] == kind]) for kind in dict.fromkeys(one["kind"] for one in rows)]
    for one in sorted(best, key=lambda one: -one["hours"]["mean"]):
        groups.setdefault(_group(one), []).append(_said(one, currency, lang))
    most = "most" if any(one["money"] for one in rows) and currency else "most_hours"
    keys = {"most": most, "unclear": "unclear", "little": "little", "worse": "worse"}
    said = [own[text].format(list=own["join"].join(groups[key])) for key, text in keys.items() if key in groups]
    return own["stop"].join(said) + own["end"] if said else ""


def _rank(one: Row) -> tuple[float, float]:
    return (one["money"][0] if one["kind"] in BY_MONEY and one["money"] else 0.0, one["hours"]["mean"])


def _best(rows: Sequence[Row]) -> Row:
    return max(rows, key=_rank)


def _group(one: Row) -> str:
    """Return where a kind's best change belongs: most, unclear, little or worse."""
    by_money = one["kind"] in BY_MONEY and one["money"] is not None
    gain = one["money"][0] if by_money else one["hours"]["mean"]
    if not by_money and abs(gain) < SMALL:
        return "little"
    if one["little"]:
        return "unclear"
    return "most" if gain > 0 else "worse"


def _said(one: Row, currency: str | None, lang: str) -> str:
    """Return one change with what it is worth: device-hours, or where these hardly change and money counts, that alone."""
    own, mean = TEXTS[lang], 100 * one["hours"]["mean"]
    many, group = one["hours"]["seeds"] > 1, _group(one)
    span = own["span"].format(low=100 * one["hours"]["low"], high=100 * one["hours"]["high"])
    share = own["share"].format(mean=mean + 0.0, span=span if many and group in ("most", "unclear") else "")
    money = own["money"].format(amount=amount(one["money"][0], lang), currency=currency) if one["money"] and currency else ""
    by_money = one["kind"] in BY_MONEY and money
    parts = [share] * (not by_money or abs(mean) >= 100 * SMALL) + [money] * bool(money and (by_money or group != "little"))
    return own["one"].format(kind=kind_of(one, lang), name=name_of(one, lang), worth=own["comma"].join(parts))


def limits(found: Row, lang: str = "en") -> Iterator[str]:
    """Yield the limits: power cap, load that still fits, replicas in the holes. found: `limits` of `fleet run --json`."""
    own = TEXTS[lang]
    cap, fits, holes = (found.get(key) for key in ("power_cap", "load_that_fits", "replicas"))
    if cap is not None:
        mw, full = cap["watts"] / 1e6, cap["draws_full"] / 1e6
        yield own["cap"].format(mw=mw, busy=cap["busy"], share=100 * cap["share"], full=full)
    if fits is not None:
        wait = clock(fits["wait_seconds"], lang)
        key = "fits" if fits["load"] > 0 else "none_fits"
        yield own[key].format(
            wait=wait, load=fits["load"], found=clock(fits["wait_found_seconds"], lang), least=fits["least_tried"]
        )
    if holes is not None:
        yield own["replicas"].format(**holes)
