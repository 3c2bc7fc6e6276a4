"""What a fleet's figures rest on, as lines in English and Chinese: jobs, links, network, power, prices. It knows no results."""
# ruff: noqa: RUF001, E501  # Chinese punctuation; a sentence is one line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fabric.report.words.fleet_traces import TEXTS as READ

Facts = Mapping[str, Any]
TEXTS = {
    "en": {
        "synthetic": "jobs: synthetic mix {name}, {days:g} days{load}, run times scaled to it; seeds are draws (stated shapes, not "
        "fitted)",
        "usual": ", its usual load",
        "load": ", load {load:g}",
        "trace": "jobs: trace {name}{load}",
        "replayed": ", load {load:g} (replayed denser or thinner to it)",
        "stretches": "jobs: seeds are stretches of {days:g} days",
        "whole": "jobs: every seed is the whole trace",
        "measured": "jobs: {who} communicate {low} % of a step between nodes, as the file says",
        "range": "jobs: {who} communicate {low} to {high} % of a step between nodes: {stated}; figures stand at both ends",
        "assumed": "an assumption, since nothing says it",
        "by_file": "an assumption of the file",
        "step": "jobs: {who} communicate {low} to {high} % of a step between nodes, as a training step of {step} does: what nothing hides "
        "at the low end, with what computing hides at the high one",
        "several": "those larger than a node", "others": "all others larger than a node", "sized": "those of {devices} devices", "tenant": "those of {tenant}",
        "both": "those of {tenant} with {devices} devices",
        "left": "jobs: {count:,} of {rows:,} rows of the trace are left out: {reasons}",
        "left_for": "{rows:,} ({reason})",
        "read": "jobs: {note}",
        "source": "jobs: from {source}",
        "links": "links: {model}",
        "no_links": "links: none: every job at full speed",
        "built": "network: {name}: cables that leave each group; {tiers}",
        "stated": "network: {name}: {ratio:g}:1, as stated; {tiers}",
        "tier": "{ratio:.3g}:1 at {tier}",
        "one_leaf": "one leaf",
        "power": "power: {busy:g} W busy, {idle:g} W idle a device, PUE {pue:g} ({source})",
        "prices": "prices in {currency}: {source}",
        "rates": "failures: a node every {mtbf:g} hours, back after {median:g} hours (median; P90 {p90:g}) ({source})",
        "outages": "failures: {count:,} outages of a trace",
        "elsewhere": "failures: {count:,} more outages of the trace are of nodes that the fleet does not have, and left out",
        "fgd": "fgd: goes by devices, shares of one and kinds of node, by processors and memory only where jobs and pools state both",
        "engine": "engine: {engine}; run times are taken as known by backfill",
        "join": ", ",
    },
    "zh": {
        "synthetic": "作业：合成混合 {name}，{days:g} 天{load}，运行时间按负载缩放；每个种子是一次抽样（形状是给定的，不是拟合的）",
        "usual": "，其通常负载",
        "load": "，负载 {load:g}",
        "trace": "作业：轨迹 {name}{load}",
        "replayed": "，负载 {load:g}（加密或稀疏地重放到该负载）",
        "stretches": "作业：每个种子取轨迹中的 {days:g} 天",
        "whole": "作业：每个种子都是整条轨迹",
        "measured": "作业：{who}，一步中有 {low} % 在节点之间通信（文件给出）",
        "range": "作业：{who}，一步中有 {low} % 至 {high} % 在节点之间通信：{stated}；结果在上下限各给一次",
        "assumed": "未见说明，这是假设",
        "by_file": "文件的假设",
        "step": "作业：{who}，一步中有 {low} % 至 {high} % 在节点之间通信，与 {step} 的训练步相同：下限是未被掩盖的部分，上限加上被计算掩盖的部分",
        "several": "大于一个节点的作业", "others": "其余大于一个节点的作业", "sized": "{devices} 张卡的作业", "tenant": "{tenant} 的作业", "both": "{tenant} 的 {devices} 张卡的作业",
        "left": "作业：轨迹的 {rows:,} 行中有 {count:,} 行未读入：{reasons}",
        "left_for": "{rows:,}（{reason}）",
        "read": "作业：{note}",
        "source": "作业：来源 {source}",
        "links": "链路：{model}",
        "no_links": "链路：不计，所有作业全速",
        "built": "网络：{name}：按离开各组的线缆计；{tiers}",
        "stated": "网络：{name}：按给定的 {ratio:g}:1 计；{tiers}",
        "tier": "{tier} 层 {ratio:.3g}:1",
        "one_leaf": "只有一个叶",
        "power": "供电：每卡忙时 {busy:g} W，闲时 {idle:g} W，PUE {pue:g}（{source}）",
        "prices": "价格（{currency}）：{source}",
        "rates": "故障：每个节点平均 {mtbf:g} 小时一次，修复中位 {median:g} 小时，P90 {p90:g} 小时（{source}）",
        "outages": "故障：轨迹中的 {count:,} 次停机",
        "elsewhere": "故障：轨迹中另有 {count:,} 次停机属于这里没有的节点，不计入",
        "fgd": "fgd：按卡、卡的份额和节点种类计算；只有作业与节点池都写明处理器和内存时才计入它们",
        "engine": "引擎：{engine}；回填视运行时间为已知",
        "join": "，",
    },
}  # fmt: skip
"""Language -> key -> text."""


def lines(facts: Facts, links: str, lang: str = "en") -> list[str]:
    """Return what figures rest on, one line each.

    facts: `rests_on` of `fleet run --json`. links: the link model in words of the language, empty for none.
    """
    own = TEXTS[lang]
    found = [
        *_jobs(facts["jobs"], own, lang),
        own["links"].format(model=links) if links else own["no_links"],
        _network(facts["network"], own),
    ]
    found += [own[key].format(**facts[key]) for key in ("power", "prices", "rates") if facts[key] is not None]
    found += [own["outages"].format(count=facts["outages"])] * bool(facts["outages"])
    found += [own["elsewhere"].format(count=facts["outages_elsewhere"])] * bool(facts["outages_elsewhere"])
    found += [own["fgd"]] * bool(facts["fgd"])
    return [*found, own["engine"].format(engine=facts["engine"])]


def _jobs(jobs: Facts | None, own: Mapping[str, str], lang: str) -> list[str]:
    if jobs is None:
        return []
    load = jobs["load"]
    if jobs["kind"] == "synthetic":
        said = [own["synthetic"].format(**{**jobs, "load": own["usual"] if load is None else own["load"].format(load=load)})]
    else:
        said = [own["trace"].format(name=jobs["name"], load="" if load is None else own["replayed"].format(load=load))]
        said.append(own["whole"] if jobs["days"] is None else own["stretches"].format(days=jobs["days"]))
        left, read = jobs["left_out"], READ[lang]
        told = (own["left_for"].format(rows=one["rows"], reason=read[one["key"]].format(one["value"])) for one in left)
        reasons, count = own["join"].join(told), sum(one["rows"] for one in left)
        said += [own["left"].format(count=count, rows=jobs["rows"], reasons=reasons)] * bool(count)
        said += [own["read"].format(note=read[note["key"]].format(note["value"])) for note in jobs["notes"]]
        said += [own["source"].format(source=jobs["source"])] * bool(jobs["source"])
    found = sorted(jobs["communication"], key=lambda one: (one["tenant"] is None, one["devices"] is None))
    stated = own["assumed" if jobs["assumed"] else "by_file"]
    return said + [_communicate(one, own, stated, "others" if len(found) > 1 else "several") for one in found]


def _communicate(share: Facts, own: Mapping[str, str], stated: str, rest: str) -> str:
    """Return how much of a step which jobs communicate, and where that comes from. rest: key of those that are not named."""
    tenant, devices = share["tenant"], share["devices"]
    kind = "both" if tenant is not None and devices else "tenant" if tenant is not None else "sized" if devices else rest
    low, high = (f"{100 * share[end]:.3g}" for end in ("low", "high"))
    form = "step" if share["step"] else "measured" if share["low"] == share["high"] else "range"
    who = own[kind].format(tenant=tenant, devices=devices)
    return own[form].format(who=who, low=low, high=high, stated=stated, step=share["step"])


def _network(network: Facts, own: Mapping[str, str]) -> str:
    """Return the network's line: its name, where its capacities come from, what every tier passes on."""
    tiers = own["join"].join(own["tier"].format(**one) for one in network["tiers"]) or own["one_leaf"]
    key = "built" if network["stated_ratio"] is None else "stated"
    return own[key].format(name=network["name"], ratio=network["stated_ratio"] or 0.0, tiers=tiers)
