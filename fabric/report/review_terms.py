"""Names on a review's page in English and Chinese: tiers, collectives, algorithms, failures, inputs. It knows no sentence."""
# ruff: noqa: RUF001

from __future__ import annotations

from collections.abc import Mapping

TERMS: Mapping[str, tuple[str, str]] = {
    # tiers and what lies between them
    "tier.host": ("host", "设备"),
    "tier.leaf": ("leaf", "叶"),
    "tier.spine": ("spine", "脊"),
    "tier.core": ("core", "核心"),
    "tier.switch": ("switch", "交换机"),
    "tier.hub": ("hub", "集线器"),
    "level.between": ("{low}-{high}", "{low}—{high}"),
    "level.scale-up": ("scale-up", "节点内互连"),
    "level.inside-cube": ("inside a cube", "立方体内"),
    "level.between-cubes": ("between cubes", "立方体之间"),
    "level.latency": ("latency", "时延"),
    # graphs inside a node
    "inside.nvswitch": ("NVSwitch", "NVSwitch"),
    "inside.nvswitch_chips": ("NVSwitch chips", "NVSwitch 芯片"),
    "inside.nvl72": ("NVL72", "NVL72"),
    "inside.full_mesh": ("full mesh", "全互连"),
    "inside.ring": ("ring", "环"),
    "inside.pcie_tree": ("PCIe tree", "PCIe 树"),
    "inside.cloudmatrix": ("CloudMatrix", "CloudMatrix"),
    # kinds of parts
    "kind.switch": ("switches", "交换机"),
    "kind.link": ("cables and optics", "线缆与光模块"),
    "kind.nic": ("separate NICs", "单列的网卡"),
    "kind.node": ("nodes", "服务器节点"),
    # collectives
    "collective.all_reduce": ("all-reduce", "全归约"),
    "collective.all_gather": ("all-gather", "全收集"),
    "collective.reduce_scatter": ("reduce-scatter", "归约散发"),
    "collective.all_to_all": ("all-to-all", "全交换"),
    "collective.all_to_all_v": ("skewed all-to-all", "倾斜全交换"),
    "collective.broadcast": ("broadcast", "广播"),
    "collective.reduce": ("reduce", "归约"),
    "collective.gather": ("gather", "收集"),
    "collective.scatter": ("scatter", "散发"),
    "collective.sendrecv": ("send-receive", "点对点收发"),
    "collective.barrier": ("barrier", "栅栏同步"),
    "collective.incast": ("incast", "多打一"),
    # algorithms
    "algorithm.ring": ("ring", "环"),
    "algorithm.bidirectional_ring": ("bidirectional ring", "双向环"),
    "algorithm.hierarchical": ("hierarchical", "分层"),
    "algorithm.rail_aligned": ("rail-aligned", "轨道对齐"),
    "algorithm.recursive_doubling": ("recursive doubling", "递归倍增"),
    "algorithm.recursive_halving": ("recursive halving", "递归减半"),
    "algorithm.halving_doubling": ("halving-doubling", "减半倍增"),
    "algorithm.double_binary_tree": ("double binary tree", "双二叉树"),
    "algorithm.tree": ("tree", "树"),
    "algorithm.full_mesh": ("full mesh", "全互连"),
    "algorithm.bucket": ("bucket", "多维环"),
    "algorithm.direct": ("direct", "直接发送"),
    "algorithm.pairwise": ("pairwise", "两两交换"),
    "algorithm.two_level": ("two-level", "两级"),
    "algorithm.three_level": ("three-level", "三级"),
    "algorithm.through the node, then along the rails": ("through the node, then along the rails", "先经节点内，再沿轨道"),
    "channels": ("{count} channels", "{count} 通道"),
    # orders of ranks
    "order.contiguous": ("contiguous", "连续"),
    "order.interleaved": ("interleaved", "交错"),
    # limits, traffic, failures, inputs of the cost
    "binding.power": ("power", "功率"),
    "binding.budget": ("budget", "预算"),
    "binding.racks": ("racks", "机柜数"),
    "binding.efficiency": ("efficiency", "效率"),
    "limit.power": ("power", "功率"),
    "limit.budget": ("budget", "预算"),
    "limit.racks": ("racks", "机柜数"),
    "limit.efficiency": ("efficiency, at least", "效率（不低于）"),
    "traffic.uniform": ("uniform", "均匀"),
    "traffic.worst": ("worst case", "最坏情况"),
    "damage.links": ("cables between switches", "交换机之间的线缆"),
    "damage.host_links": ("cables at devices", "设备的线缆"),
    "damage.planes": ("planes", "平面"),
    "damage.switches": ("switches", "交换机"),
    "damage.racks": ("racks of nodes", "节点机柜"),
    "gone.tier": ("one {tier} switch, drained", "一台{tier}层交换机（停机维护）"),
    "gone.switch": ("one switch, drained", "一台交换机（停机维护）"),
    "gone.plane": ("plane {number} (switches: {switches})", "平面 {number}：{switches} 台交换机"),
    "gone.rail": ("rail {number} (switches: {switches})", "轨道 {number}：{switches} 台交换机"),
    "gone.rack": ("rack {number} (switches: {switches})", "机柜 {number}：{switches} 台交换机"),
    "gone.nodes": ("rack {number} (nodes: {nodes})", "机柜 {number}：{nodes} 个节点"),
    "gone.both": ("rack {number} (nodes: {nodes}, switches: {switches})", "机柜 {number}：{nodes} 个节点、{switches} 台交换机"),
    "input.span": ("{name}: {low} to {high}", "{name}：{low} 至 {high}"),
    "input.capex": ("capital, USD per device", "投资（美元/设备）"),
    "input.watts": ("power, W per device", "功率（瓦/设备）"),
    "input.life": ("life, years", "使用年限（年）"),
    "input.opex": ("other running cost, USD/h", "其他运行成本（美元/小时）"),
    "input.idle_share": ("idle power / busy power", "空闲功率 / 满载功率"),
    "input.pue": ("PUE", "PUE"),
    "input.energy": ("energy price, USD/kWh", "电价（美元/千瓦时）"),
    "input.busy": ("share of time computing", "计算时间占比"),
    "input.allocation": ("share of time allocated", "分配时间占比"),
    "input.efficiency": ("scaling efficiency", "扩展效率"),
    "input.goodput": ("goodput", "有效时间占比"),
}
"""Key -> the name in English and in Chinese."""


def terms(language: int) -> dict[str, str]:
    """Return key -> term of the first language (0, English) or the second (1, Chinese)."""
    return {key: pair[language] for key, pair in TERMS.items()}
