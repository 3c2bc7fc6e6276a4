"""The sentences of a verdict in English and Chinese, with places for their numbers. It knows no number and no layout."""

# ruff: noqa: RUF001  # Chinese punctuation is meant
from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "refused": ("{name} was not reviewed: {why}.", "{name} 未参与评审：{why}。"),
    "nothing": ("No candidate could be worked out.", "没有任何候选方案可以计算。"),
    "cheapest": (
        "{name} is the cheapest that fits: {mid:.3f} USD per effective device-hour ({low:.3f} to {high:.3f} over the range "
        "of prices), {price:,.0f} USD in all, a training step {efficiency:.1%} efficient.",
        "{name} 是满足限制的最便宜方案：每有效设备小时 {mid:.3f} 美元（按价格区间 {low:.3f} 至 {high:.3f}），"
        "总价 {price:,.0f} 美元，训练步效率 {efficiency:.1%}。",
    ),
    "cheapest_tied": (
        "{name} comes first of those that fit, at middle prices: {mid:.3f} USD per effective device-hour ({low:.3f} to "
        "{high:.3f} over the range of prices), {price:,.0f} USD in all, a training step {efficiency:.1%} efficient.",
        "按中间价格，{name} 在满足限制的方案中居首：每有效设备小时 {mid:.3f} 美元（按价格区间 {low:.3f} 至 {high:.3f}），"
        "总价 {price:,.0f} 美元，训练步效率 {efficiency:.1%}。",
    ),
    "tie": (
        "That is a tie: the range of {name} ({own}) overlaps that of {each}, and with all figures low or all high another one "
        "comes first.",
        "这是平局：{name} 的区间（{own}）与 {each} 的区间重叠；若全部取低值或全部取高值，居首的会是别的方案。",
    ),
    "tie_ordered": (
        "That is a tie: the range of {name} ({own}) overlaps that of {each}; only if all figures are low together, or high "
        "together, does it stay first.",
        "这是平局：{name} 的区间（{own}）与 {each} 的区间重叠；只有各项同时取低值或同时取高值时它才仍居首位。",
    ),
    "efficiency_tie": (
        "Over the seeds of the routing {name} ({own} efficient) is a tie with {each}.",
        "就各路由种子而言，{name}（效率 {own}）与 {each} 为平局。",
    ),
    "price_tie": (
        "The price ranges of the networks of {name} and {best} overlap: by price alone that is a tie.",
        "{name} 与 {best} 的网络价格区间重叠：仅就价格而言为平局。",
    ),
    "fits_high": (
        "All limits hold at the high end of prices and powers too: {names}.",
        "在价格与功率均取高值时仍满足全部限制：{names}。",
    ),
    "fits_middle": (
        "{name} holds its limits at the middle of prices and powers only: {limit} is {taken} there and {high} at the "
        "high end, over {allowed} by {over:.1%}.",
        "{name} 只在价格与功率取中值时满足限制：{limit} 中值为 {taken}，高值为 {high}，超出上限 {allowed} {over:.1%}。",
    ),
    "cheapest_price": (
        "{name} is the cheapest that fits at middle prices: {price:,.0f} USD for what is on the bill; "
        "no node is named, so no device-hour is "
        "priced.",
        "按中间价格，{name} 是满足限制的最便宜方案：清单总价 {price:,.0f} 美元；未给出节点，故不计设备小时成本。",
    ),
    "unpriced": (
        "{name} comes first by power, {watts:,.0f} W: nothing has a full price; missing: {parts}.",
        "{name} 按功率排在首位（{watts:,.0f} W）：没有方案有完整价格；缺少：{parts}。",
    ),
    "tightest": (
        "Its tightest limit is {limit}: {taken} of {allowed} at the middle, {left:.1%} left; {high} at the high end.",
        "其最紧的限制是 {limit}：中值 {taken}，上限 {allowed}，余量 {left:.1%}；高值 {high}。",
    ),
    "tightest_exact": (
        "Its tightest limit is {limit}: {taken} of {allowed}, {left:.1%} left.",
        "其最紧的限制是 {limit}：{taken}，上限 {allowed}，余量 {left:.1%}。",
    ),
    "quota": (
        "At {each:,.0f} W a device (the middle), network and PUE included, the power limit carries {devices:,} devices of "
        "{name}, worth "
        "{effective:,.0f} effective ones.",
        "按每设备 {each:,.0f} W（中值，含网络与 PUE），电力上限可承载 {name} 的 {devices:,} 个设备，"
        "相当于 {effective:,.0f} 个有效设备。",
    ),
    "adaptive": (
        "{name} is judged with adaptive routing (ugal: the best mixture of minimal ways and detours, queues left out), as its "
        "machines route; minimal ways alone would make {collective} take {beside:,.4g} ms instead of {own:,.4g} ms and a "
        "training step {minimal:.1%} efficient instead of {efficiency:.1%}.",
        "{name} 按自适应路由评判（ugal：在最短路径与绕行之间取最优配比，不计排队），实际机器即如此；若只走最短路径，"
        "{collective} 将由 {own:,.4g} ms 变为 {beside:,.4g} ms，训练步效率由 {efficiency:.1%} 变为 {minimal:.1%}。",
    ),
    "none_better": (
        "No other candidate that fits and has a price is clearly more efficient than {name} ({efficiency:.1%}).",
        "没有其他满足限制且有价格的方案明显比 {name}（{efficiency:.1%}）更高效。",
    ),
    "better": (
        "{name} is {gain:.2f} points more efficient for {usd:,.0f} USD more a device: {per:,.0f} USD per point.",
        "{name} 的效率高 {gain:.2f} 个百分点，每设备多 {usd:,.0f} 美元：每百分点 {per:,.0f} 美元。",
    ),
    "too_much": (
        "{name} does not fit: {limit} binds, {taken} against {allowed}, over by {over:.1%}.",
        "{name} 不满足限制：{limit} 超限，{taken}，上限 {allowed}，超出 {over:.1%}。",
    ),
    "too_much_low": (
        "{name} fits at the low end of prices and powers only: {limit} binds, {taken} at the middle against "
        "{allowed}, over by {over:.1%}; {low} at the low end.",
        "{name} 只在价格与功率取低值时满足限制：{limit} 超限，中值 {taken}，上限 {allowed}，超出 {over:.1%}；低值 {low}。",
    ),
    "fragile": (
        "{names}: a stop every {hours:.1f} h is expected, one of the network every {network:.0f} h; {single:,} of {devices:,} "
        "devices hang on one cable; {goodput:.1%} of the time is left.",
        "{names}：预计每 {hours:.1f} 小时中断一次，其中网络每 {network:.0f} 小时一次；"
        "{devices:,} 个设备中有 {single:,} 个只靠一根线缆；剩余有效时间 {goodput:.1%}。",
    ),
    "plane": (
        "{name} keeps all devices at work when a whole plane is lost, {slower:.2f} times as long for {collective}.",
        "{name} 失去一整个平面后全部设备仍可工作，{collective} 用时为原来的 {slower:.2f} 倍。",
    ),
    "plane_cut": (
        "{name} does not outlast the loss of a whole plane: it parts {parted:,} of {devices:,} devices.",
        "{name} 无法承受失去一整个平面：{devices:,} 个设备中有 {parted:,} 个被隔断。",
    ),
    "rail": (
        "{name} does not outlast the loss of a whole rail: it parts {parted:,} of {devices:,} devices, one of every node.",
        "{name} 无法承受失去一整条轨道：{devices:,} 个设备中有 {parted:,} 个被隔断，每个节点一个。",
    ),
    "rack_kept": (
        "Without the fullest network rack all devices stay at work in {kept}; up to {parted:,} are parted in {cut}.",
        "失去交换机最多的网络机柜后，{kept} 的全部设备仍可工作；{cut} 最多有 {parted:,} 个设备被隔断。",
    ),
    "rack_all": (
        "Without the fullest network rack all devices stay at work in every candidate that has one: {kept}.",
        "失去交换机最多的网络机柜后，有此类机柜的方案全部设备仍可工作：{kept}。",
    ),
    "rack_none": (
        "Without the fullest network rack devices are parted in every candidate that has one, up to {parted:,}: {cut}.",
        "失去交换机最多的网络机柜后，有此类机柜的方案均有设备被隔断，最多 {parted:,} 个：{cut}。",
    ),
    "below_hash": (
        "The {value:.2f} of {name} is luck of the hash and no gain: with all traffic split evenly it is {even:.2f}.",
        "{name} 的 {value:.2f} 是哈希碰巧更均匀，并非收益：平均分流时为 {even:.2f}。",
    ),
    "below_fewer": (
        "The {value:.2f} of {name} is no gain: fewer ranks send less (split evenly {even:.2f}).",
        "{name} 的 {value:.2f} 并非收益：rank 更少，发送量更小（平均分流时为 {even:.2f}）。",
    ),
    "host_cable_cut": (
        "A failed cable at a device cuts the device off and takes its node out of the job; with {failed:,} of them "
        "{collective} takes so many times as long on the devices left ({left:,} at least): {each}.",
        "设备的线缆失效会隔断该设备，其节点退出任务；失效 {failed:,} 根时，其余设备（至少 {left:,} 个）上 {collective} "
        "用时为原来的倍数：{each}。",
    ),
    "host_cable_kept": (
        "A device whose cable fails goes on with its other ones; with {failed:,} of them {collective} takes so many times as "
        "long: {each}.",
        "设备的一根线缆失效后以其余线缆继续工作；失效 {failed:,} 根时 {collective} 用时为原来的倍数：{each}。",
    ),
    "compute_rack": (
        "A compute rack takes up to {lost:,} devices; for the rest {collective} takes {least:.2f} ({first}) to {most:.2f} "
        "({last}) times as long.",
        "失去一个计算机柜最多损失 {lost:,} 个设备；其余设备上 {collective} 用时为原来的 "
        "{least:.2f}（{first}）至 {most:.2f}（{last}）倍。",
    ),
    "one_switch": (
        "Most devices that one failed switch takes: {each}.",
        "单台交换机故障最多影响的设备数：{each}。",
    ),
    "efficiency_turns": (
        "At middle prices {second} would cost what {first} does at an efficiency of {wanted:.1%} instead of {now:.1%}.",
        "按中间价格，若 {second} 的效率为 {wanted:.1%}（现为 {now:.1%}），其成本将与 {first} 相同。",
    ),
    "efficiency_never": (
        "At middle prices no efficiency would make {second} as cheap as {first}: it has {now:.1%}.",
        "按中间价格，无论效率多高，{second} 都不会与 {first} 一样便宜：现为 {now:.1%}。",
    ),
    "price_turns": (
        "At middle prices {second} would cost what {first} does if its network were {usd:,.0f} USD a device cheaper, "
        "{share:.0%} of its price.",
        "按中间价格，若 {second} 的网络每设备便宜 {usd:,.0f} 美元（其价格的 {share:.0%}），其成本将与 {first} 相同。",
    ),
    "price_never": (
        "At middle prices not even a network for nothing would make {second} as cheap as {first}: {usd:,.0f} USD a device, "
        "{share:.1f} times "
        "what its network costs.",
        "按中间价格，即使网络免费，{second} 也不会与 {first} 一样便宜：差额为每设备 {usd:,.0f} 美元，"
        "是其网络价格的 {share:.1f} 倍。",
    ),
    "busy_turns": (
        "{first} and {second} change places where devices compute for {busy:.0%} of the time (now {now:.0%}).",
        "设备计算时间占比越过 {busy:.0%}（现为 {now:.0%}）时，{first} 与 {second} 排名互换。",
    ),
    "busy_never": (
        "For whatever share of the time devices compute, {first} and {second} do not change places.",
        "无论设备计算时间占比多少，{first} 与 {second} 的排名都不会互换。",
    ),
    "moves": (
        "Use and scaling efficiency move the price by {use:.1f} x (allocated and computing all the time at an efficiency of 1, "
        "against 15% of the time at 0.6); the price and power of all {count} networks that fit move it by {network:.1%} at "
        "equal efficiency.",
        "使用与扩展效率可使价格变动 {use:.1f} 倍（全部时间被分配并计算、效率为 1，对 15% 的时间、效率 0.6）；"
        "在相同效率下，全部 {count} 个可行网络的价格与功率只使其变动 {network:.1%}。",
    ),
    "insisted": (
        "Taken by --force although beyond what is plausible (in brackets): {figures}.",
        "以下数值超出合理范围（括号内），因 --force 仍予采用：{figures}。",
    ),
    "weak": (
        "One secondary source or an assumption stands behind {parts}.",
        "以下部件的数据只有一个二手来源或为假设：{parts}。",
    ),
    "no_price": (
        "No price is known of {parts}: their candidates have no cost.",
        "以下部件没有价格：{parts}；相应方案无成本。",
    ),
    "budget_open": (
        "Not held against the budget, for want of a price: {names}.",
        "因缺少价格，未按预算检验：{names}。",
    ),
    "floor": ("The hall is assumed: {names}.", "机房参数为假设：{names}。"),
    "step": (
        "A step computes {compute:g} s without any network and hides {overlap:.0%} of its communication.",
        "每步计算 {compute:g} 秒（不含网络），{overlap:.0%} 的通信被掩盖。",
    ),
    "training": (
        "{name}: a training step of {model} takes {seconds:.4g} s ({low:.4g} to {high:.4g} nine times in ten) under {plan} "
        "({batch:,} sequences of {seq:,} tokens), {rate:,.0f} tokens a second and device; efficiency is what is left without "
        "exposed communication, links evenly loaded, so the same for every seed.",
        "{name}：{model} 的一个训练步在 {plan} 下需 {seconds:.4g} 秒（十次中九次为 {low:.4g} 至 {high:.4g} 秒；"
        "{batch:,} 条 {seq:,} token 的序列），每设备每秒 {rate:,.0f} token；效率为扣除未被掩盖的通信后所剩，"
        "假定链路负载均匀，因此各种子结果相同。",
    ),
    "one_group": (
        "What fails is drawn from the whole fabric and judged by {collective} of one group, {ranks:,} of {devices:,} devices: "
        "most draws miss it, so a failure's 1.00 x says little of the step.",
        "故障在整个网络中抽取，按一个组（{devices:,} 个设备中的 {ranks:,} 个）的 {collective} 评判："
        "多数抽取不会碰到它，因此 1.00 倍并不说明整个训练步。",
    ),
    "economy": (
        "Devices are allocated (paid for) {allocation:.0%} of the time and compute {busy:.0%} of the time, an idle one draws "
        "{idle_share:.0%} of a busy one's power; they live {life:g} years of {hours:,} h, PUE is {pue:g}, energy {energy:g} "
        "USD per kWh, other running cost {opex_per_device:g} USD an hour for each device.",
        "设备有 {allocation:.0%} 的时间被分配（有人付费），{busy:.0%} 的时间在计算，空闲功率为满载的 {idle_share:.0%}；"
        "设备寿命 {life:g} 年（每年 {hours:,} 小时），PUE 为 {pue:g}，电价每千瓦时 {energy:g} 美元，"
        "其他运行成本为每个设备每小时 {opex_per_device:g} 美元。",
    ),
    "economy_ours": (
        "Of these the file does not say {names}: our defaults.",
        "其中文件未给出 {names}：取我们的默认值。",
    ),
    "opex_centre": (
        "Beside that, {opex:,.0f} USD an hour run the whole centre and are divided by each candidate's devices.",
        "此外，整个中心的运行成本为每小时 {opex:,.0f} 美元，按各方案的设备数分摊。",
    ),
    "constants": (
        "No library's measured constants are used: links move at their rate, latencies are the parts', routing {routing}.",
        "未使用任何通信库的实测常数：链路按标称速率，时延取自部件，路由 {routing}。",
    ),
    "constants_of_nodes": (
        "Times follow the library of the nodes, with the constants of the hardware catalogue: {names}; others have none.",
        "时间按节点所用的通信库及硬件目录中的常数计算：{names}；其余方案不用常数。",
    ),
    "failures": (
        "Failure rates are those of one run of {devices:,} GPUs, scaled with devices.",
        "故障率取自一次 {devices:,} GPU 的训练，按设备数缩放。",
    ),
}
"""Kind of finding -> the sentence in English and in Chinese."""


def sentences(language: int) -> dict[str, str]:
    """Return key -> sentence of the first language (0, English) or the second (1, Chinese)."""
    return {f"verdict.{kind}": pair[language] for kind, pair in WORDS.items()}
