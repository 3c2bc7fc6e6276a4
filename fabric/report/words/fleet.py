"""The words of a fleet's page in English and Chinese, one table per language. It knows no numbers."""
# ruff: noqa: RUF001, E501  # Chinese punctuation; a sentence is one line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topologies.errors import InputError

STEPS = {
    "en": {
        "installed": "installed", "off": "off (not switched on)", "down": "down (failed)", "idle": "idle: nobody asks",
        "blocked": "blocked: asked for, no fitting place", "slowed_by_placement": "slowed by placement",
        "slowed_by_contention": "slowed by shared links", "lost_to_restarts": "lost to restarts",
        "unused_by_job": "left unused by the job itself", "effective": "effective",
    },
    "zh": {
        "installed": "装机", "off": "未上架或未开机", "down": "故障停机", "idle": "空闲：没有需求", "blocked": "受阻：有需求但放不下",
        "slowed_by_placement": "因放置变慢", "slowed_by_contention": "因争用链路变慢", "lost_to_restarts": "重启损失",
        "unused_by_job": "作业自身未用", "effective": "有效",
    },
}  # fmt: skip
"""Language -> step of the waterfall -> its name."""
TEXTS = {
    "en": {
        "title": "Where the hours of {fleet} go",
        "first": "Of {devices:,} installed devices' hours {effective} are effective under {policy}; {what} ({share:.1f} % of installed).",
        "then": "Of what is on, {what} ({share:.1f} % of installed).",
        "waterfall": "From installed to effective",
        "waterfall_note": "Shares of installed device-hours, {drawn}. {links}; {policy}; {fabric}.",
        "policies": "Policies side by side",
        "left_out": "{policy} leaves out {count:,} of {jobs:,} jobs (first seed), which it can never place: what it holds and how long jobs wait is of the others.",
        "heat": "Leaves over time",
        "heat_note": "Share of each leaf's devices that jobs hold, first seed: white none, dark all. A row is a leaf, left to right is time.",
        "queue": "Held and queued over time",
        "queue_note": "Devices that jobs hold (dark) and that waiting jobs ask for (orange, cut at twice what is installed), first seed.",
        "waits": "Waits by size",
        "waits_note": "Median (dark) and 95th percentile (light) of the wait by devices of the job, on a log scale from 1 s; hours in the table.",
        "links": "Busiest links",
        "links_note": "What jobs send out of a leaf over what can leave it, mean and most of the sampled times; above 1 jobs slow each other.",
        "no_links": "No leaf sends more than nothing: no job of several nodes communicates, or no link model was asked for.",
        "helps": "What would help most",
        "helps_note": "One thing changed at a time, paired by seed; {drawn}; shares of installed device-hours.",
        "limits": "What still fits", "no_tenant": "(none named)",
        "mean": "mean of {seeds} seeds", "spread": "95 % intervals over seeds", "one_draw": "one draw, no interval",
        "fits_note": "sizes in devices of a job; a size fits within {wait} where the P95 wait of its jobs is at most that",
        "heads_fits": "tenant|jobs|start at once|fit within {wait}|wait longer (P95)|never fit (jobs)",
        "fragments": "Fragmentation over time",
        "fragments_note": "Percent of nodes that are partly held (dark), and of the free devices that stand in leaves which others hold a part of (orange), first seed.",
        "fair": "How tenants fare", "heads_fair": "tenant|device-hours a seed|of all held|jobs|mean wait|mean slowdown",
        "fairness": "Fairness between tenants (Jain's index of mean slowdown, 1 where all are alike): {value:.3f}.",
        "built": "as built", "all": "all", "device_hours": "h",
        "money": "Money",
        "names": "By the field's names",
        "assumed": "What this rests on",
        "little": "little", "unclear": "unclear: 0 lies within the interval",
        "heads_policy": "policy|fabric|load|links|effective|allocated|blocked|slowed|median wait|P95 wait",
        "heads_steps": "step|device-hours|of installed|kWh|{currency}",
        "heads_waits": "devices|jobs|wait, median|wait, P95|slowdown, median|slowdown, P95|completion, median|completion, P95",
        "heads_links": "leaf|mean|most",
        "heads_helps": "change|to|device-hours|95 %|P95 wait then|{currency} a year",
        "heads_names": "name|value",
        "heads_money": "policy|fabric|links|per effective device-hour|per allocated|charged|break-even|allocated|margin a year",
        "demand": "demand dominates: nobody asks for what is free", "queue_dominates": "the queue dominates: jobs wait beside free devices",
        "other": "most is lost to: {step}",
        "never": "never", "leaf": "leaf", "hours": "hours",
    },
    "zh": {
        "title": "{fleet}：机时去向",
        "first": "在 {policy} 下，{devices:,} 张装机卡的机时有 {effective} 是有效的；{what}（占装机 {share:.1f} %）。",
        "then": "在开机的卡中，{what}（占装机 {share:.1f} %）。",
        "waterfall": "从装机到有效",
        "waterfall_note": "占装机机时的份额，{drawn}。{links}；{policy}；{fabric}。",
        "policies": "各策略对照",
        "left_out": "{policy} 永远放不下 {jobs:,} 个作业中的 {count:,} 个（第一个种子），不计入：其占用与等待只属于其余作业。",
        "heat": "叶交换机随时间的占用",
        "heat_note": "每个叶下被作业占用的卡的份额，第一个种子：白为无，深为满。一行是一个叶，从左到右是时间。",
        "queue": "占用与排队",
        "queue_note": "作业占用的卡数（深色）与排队作业所要的卡数（橙色，截到装机的两倍），第一个种子。",
        "waits": "按规模的等待",
        "waits_note": "按作业卡数的等待：中位（深）与第 95 百分位（浅），对数刻度，从 1 秒起；时间见表。",
        "links": "最忙的链路",
        "links_note": "作业从一个叶发出的量与能出叶的量之比，采样时刻的均值与最大；超过 1 时作业互相拖慢。",
        "no_links": "没有叶向外发送：没有跨节点通信的作业，或没有要求链路模型。",
        "helps": "改哪一样最有用",
        "helps_note": "每次只改一样，按种子配对；{drawn}；份额以装机卡时为准。",
        "limits": "还放得下什么", "no_tenant": "（未注明）",
        "mean": "{seeds} 个种子的均值", "spread": "区间为种子间的 95 %", "one_draw": "只抽一次，没有区间",
        "fits_note": "规模以作业的卡数计；某一规模的等待 P95 不超过 {wait}，即算放得下",
        "heads_fits": "租户|作业|立即开始|{wait}内放得下|等待更久（P95）|永远放不下（作业数）",
        "fragments": "碎片随时间的变化",
        "fragments_note": "部分被占用的节点占比（深色），空闲卡中处在部分被占用的叶下的占比（橙色），百分数，第一个种子。",
        "fair": "各租户的待遇", "heads_fair": "租户|每个种子的卡时|占已占用|作业|平均等待|平均减速",
        "fairness": "租户间的公平性（平均减速的 Jain 指数，1 为完全相同）：{value:.3f}。",
        "built": "原样", "all": "全部", "device_hours": "卡时",
        "money": "成本",
        "names": "行业指标",
        "assumed": "这些数字的前提",
        "little": "作用小", "unclear": "不明确：区间含 0",
        "heads_policy": "策略|网络|负载|链路模型|有效|已分配|受阻|变慢|等待中位|等待 P95",
        "heads_steps": "步骤|卡时|占装机|kWh|{currency}",
        "heads_waits": "卡数|作业|等待中位|等待 P95|减速中位|减速 P95|完成中位|完成 P95",
        "heads_links": "叶|均值|最大",
        "heads_helps": "改动|改为|卡时|95 %|之后的等待 P95|{currency}/年",
        "heads_names": "指标|数值",
        "heads_money": "策略|网络|链路模型|每有效卡时|每已分配卡时|收费|盈亏平衡|已分配|年结余",
        "demand": "主要是没有需求：空着的卡无人要", "queue_dominates": "主要是排队：作业在空卡旁等待", "other": "损失最多的是：{step}",
        "never": "不可能", "leaf": "叶", "hours": "小时",
    },
}  # fmt: skip
"""Language -> key -> text."""


CLOCKS = {
    "en": (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)),
    "zh": (("天", 86_400), ("小时", 3_600), ("分", 60), ("秒", 1)),
}
"""Language -> units of a time, the longest first."""


def clock(seconds: float, lang: str) -> str:
    """Return seconds in the unit that suits: `42 s`, `7.5 min`, `3.2 h`, `4.1 d`."""
    unit, size = next(((unit, size) for unit, size in CLOCKS[lang] if seconds >= 2 * size or seconds == size), CLOCKS[lang][-1])
    return f"{seconds / size:.3g} {unit}"


def drawn(kind: str, seeds: int, lang: str) -> str:
    """Return what figures of so many seeds are, in words: their mean, their spread, or of a single seed one draw."""
    own = texts(lang)
    return own["one_draw"] if seeds == 1 else own[kind].format(seeds=seeds)


def fair_cells(row: Mapping[str, Any], lang: str) -> tuple[str, ...]:
    """Return a row of `tenants_fair` as the cells of a table in a language."""
    slow = "-" if row["slowdown_mean"] is None else f"{row['slowdown_mean']:,.2f}"
    name, share = row["tenant"] or texts(lang)["no_tenant"], f"{100 * row['share']:.1f} %"
    return (name, f"{row['device_hours']:,.0f}", share, f"{row['jobs']:,}", clock(row["wait_mean_seconds"], lang), slow)


def tenant_cells(row: Mapping[str, Any], lang: str) -> tuple[str, ...]:
    """Return a row of `tenants_fit` as the cells of a table in a language."""
    late = [f"{one['devices']} ({clock(one['wait_p95'], lang)})" for one in row["late"]]
    never = [f"{one['devices']} ({one['jobs']:,})" for one in row["never"]]
    at_once = "-" if row["at_once"] is None else f"{100 * row['at_once']:.0f} %"
    name = row["tenant"] or texts(lang)["no_tenant"]
    return (name, f"{row['jobs']:,}", at_once, *(", ".join(part) or "-" for part in (row["soon"], late, never)))


LINKS = {
    "peak": "峰值负载", "mean": "平均负载", "ring": "环", "all_to_all": "全对全", "ideal": "理想分摊", "hash": "哈希冲突",
}  # fmt: skip
"""Word of a link model -> Chinese."""


ENDS = {"low": "，通信份额取下限", "high": "，通信份额取上限", "": ""}
"""End of what jobs communicate -> Chinese, behind a link model."""


def links_words(names: Sequence[str] | None, english: str, lang: str, end: str = "") -> str:
    """Return a link model in a language.

    names: load, pattern, split, None for none; english: its words there; end: of what jobs communicate, empty for none.
    """
    if lang == "en":
        return "no link model" if names is None else english
    return "不计链路" if names is None else "，".join(LINKS[name] for name in names) + ENDS[end]


def texts(lang: str) -> Mapping[str, str]:
    """Return a language's texts; InputError for another than en and zh."""
    if lang not in TEXTS:
        raise InputError(f"lang: must be en or zh, got {lang!r}")
    return TEXTS[lang]
