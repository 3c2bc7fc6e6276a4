"""Charts of a training step: parts, communication, memory by stage, the step in time. It works nothing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fabric.report.page import drawing
from fabric.report.page.drawing import Drawing, Values
from fabric.units import show_duration
from fabric.workload.step import SimulatedStep, Slot, TrainingStep
from fabric.workload.trace import COMPUTE, NETWORK, STAGES, lane

GIB = 2.0**30
KINDS = {"arithmetic": "#0072B2", "memory, host": "#56B4E9", "pipeline": "#E69F00", "communication": "#D55E00"}
"""Kind of part -> colour (Okabe and Ito's palette)."""
KIND_OF = {
    "gemm": "arithmetic", "attention core": "arithmetic", "recompute": "arithmetic", "logits": "arithmetic",
    "bubble": "pipeline", "communication": "communication", "contention": "communication",
}  # fmt: skip
MEMORY = {
    "weights": "#0072B2", "gradients": "#56B4E9", "optimizer": "#009E73", "activations": "#E69F00", "logits": "#CC79A7",
    "reserve": "#b8bec6",
}  # fmt: skip
SLOTS = {
    "forward": "#56B4E9", "backward": "#0072B2", "recompute": "#8da0b3", "update": "#CC79A7",
    "exposed communication": "#D55E00", "contention": "#7d8894", "between stages": "#E69F00", "gradients, weights": "#009E73",
}  # fmt: skip
MOST_SLOTS = 6000
"""Slots that a picture draws: from the beginning of the step on."""


def drawings(step: TrainingStep, simulated: SimulatedStep | None) -> list[Drawing]:
    """Return all charts for which there is something to draw."""
    found = [parts(step), communication(step), memory(step), timeline(simulated) if simulated else None]
    return [one for one in found if one is not None]


def parts(step: TrainingStep) -> Drawing:
    """Return a bar per part of the step."""
    import altair as alt

    values: Values = [
        {
            "part": one.what,
            "seconds": one.seconds,
            "kind": KIND_OF.get(one.what, "memory, host"),
            "text": f"{show_duration(one.seconds)}, {100 * one.seconds / step.seconds:.1f} %",
            "rule": one.rule,
        }
        for one in step.parts
        if one.seconds > 0
    ]
    order = [value["part"] for value in values]
    base = alt.Chart(drawing.data(values)).encode(
        y=alt.Y("part:N", sort=order, title=None),
        x=alt.X("seconds:Q", title="seconds of the step", axis=alt.Axis(tickCount=8)),
        tooltip=drawing.tooltip({"part": "part", "text": "time", "rule": "how"}),
    )
    bars = base.mark_bar().encode(color=drawing.colour("kind", "kind", list(KINDS), list(KINDS.values())))
    words = base.mark_text(align="left", dx=5, fontSize=12).encode(text="text:N")
    largest = max(step.parts, key=lambda one: one.seconds)
    title = f"Where {show_duration(step.seconds)} go: {largest.what} takes {100 * largest.seconds / step.seconds:.0f} %"
    chart = alt.layer(bars, words).properties(width=drawing.WIDTH - 160, height=26 * len(values))
    return Drawing("parts", title, "Parts add up to the step; communication is what nothing hides.", chart, "Point at a bar.")


def communication(step: TrainingStep) -> Drawing | None:
    """Return a bar per kind of message: what is exposed and what is hidden; None where nothing is sent."""
    import altair as alt

    if not step.communications:
        return None
    values: Values = []
    for one in step.communications:
        about = f"{one.case.collective} x {one.count:,}, {one.case.world_size:,} ranks"
        for state, seconds in (("exposed", one.exposed), ("hidden", max(0.0, one.seconds - one.exposed))):
            values.append(
                {
                    "what": one.what,
                    "state": state,
                    "seconds": seconds,
                    "about": about,
                    "text": show_duration(seconds),
                    "rule": one.rule,
                }
            )
    colours = {"exposed": "#D55E00", "hidden": "#c9d3dc"}
    chart = (
        alt.Chart(drawing.data(values))
        .mark_bar()
        .encode(
            y=alt.Y("what:N", sort=None, title=None),
            x=alt.X("seconds:Q", title="seconds of all calls of a step", stack=True, axis=alt.Axis(tickCount=8)),
            color=drawing.colour("state", "communication", list(colours), list(colours.values())),
            order=alt.Order("state:N"),
            tooltip=drawing.tooltip(
                {"what": "what", "about": "calls", "state": "", "text": "seconds", "rule": "what hides it"}
            ),
        )
        .properties(width=drawing.WIDTH - 160, height=28 * len(step.communications))
    )
    share = step.exposed / step.seconds
    title = f"Communication: {show_duration(step.exposed)} of it lengthen the step, {100 * share:.1f} %"
    return Drawing("communication", title, "Of the slowest stage. Hidden: runs beside arithmetic.", chart, "Point at a bar.")


def memory(step: TrainingStep) -> Drawing:
    """Return stacked bars of a device's memory by pipeline stage, with what a device has."""
    import altair as alt

    values: Values = [
        {
            "stage": stage.stage,
            "kind": kind,
            "gib": getattr(stage, kind) / GIB,
            "order": number,
            "text": f"{getattr(stage, kind) / GIB:.1f} GiB",
        }
        for stage in step.memory
        for number, kind in enumerate(MEMORY)
    ]
    bars = (
        alt.Chart(drawing.data(values))
        .mark_bar()
        .encode(
            x=alt.X("stage:O", title="pipeline stage", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("gib:Q", title="GiB of a device"),
            color=drawing.colour("kind", "memory", list(MEMORY), list(MEMORY.values())),
            order=alt.Order("order:Q"),
            tooltip=drawing.tooltip({"stage": "stage", "kind": "what", "text": "size"}),
        )
    )
    layers = [bars]
    capacity = step.memory[0].capacity
    if capacity is not None:
        rule = alt.Chart(drawing.data([{"capacity": capacity / GIB}])).mark_rule(color="#222222", strokeDash=[6, 4])
        layers.append(rule.encode(y="capacity:Q"))
    chart = alt.layer(*layers).properties(width=drawing.WIDTH - drawing.MARGIN, height=260)
    return Drawing("memory", _memory_title(step), "The dashed line is what a device has.", chart, "Point at a bar.")


def _memory_title(step: TrainingStep) -> str:
    most = max(step.memory, key=lambda stage: stage.total)
    text = f"Memory: stage {most.stage} holds most, {most.total / GIB:.1f} GiB"
    if most.capacity is None:
        return f"{text}; what the device has is not known"
    return f"{text} of {most.capacity / GIB:.1f}" + ("" if step.feasible else ": it does not fit")


def timeline(simulated: SimulatedStep) -> Drawing:
    """Return the step in time: a row per stage, arithmetic above communication."""
    import altair as alt

    kept = sorted(simulated.slots, key=lambda slot: slot.start)[:MOST_SLOTS]
    values: Values = [
        {
            "stage": f"stage {slot.stage}",
            "lane": COMPUTE if lane(slot) == COMPUTE else NETWORK,
            "kind": _kind(slot),
            "start": slot.start,
            "end": slot.end,
            "text": f"{slot.what}{f' of micro batch {slot.micro_batch}' if slot.micro_batch >= 0 else ''}",
            "took": show_duration(slot.end - slot.start),
        }
        for slot in kept
    ]
    stages = [f"stage {number}" for number in sorted({slot.stage for slot in kept})]
    used = {value["kind"] for value in values}
    colours: Mapping[str, str] = {kind: colour for kind, colour in SLOTS.items() if kind in used}
    chart = (
        alt.Chart(drawing.data(values))
        .mark_bar(stroke="#ffffff", strokeWidth=0.15)
        .encode(
            x=alt.X("start:Q", title="seconds", scale=alt.Scale(domain=[0, max(value["end"] for value in values)])),
            x2="end:Q",
            y=alt.Y("stage:N", sort=stages, title=None),
            yOffset=alt.YOffset("lane:N", sort=[COMPUTE, NETWORK]),
            color=drawing.colour("kind", "what", list(colours), list(colours.values())),
            tooltip=drawing.tooltip({"stage": "", "text": "what", "took": "took"}),
        )
        .properties(width=drawing.WIDTH - 110, height=max(80, 30 * len(stages)))
    )
    more = len(simulated.slots) - len(kept)
    caption = (
        "Above: a stage's passes, what TP, CP, EP and FSDP expose drawn at each one's end (in life between layers). Below: "
        "messages to other stages, and DP's. White is waiting." + _unseen(more)
    )
    return Drawing("timeline", f"The step in time: {show_duration(simulated.seconds)}", caption, chart, "Point at a slot.")


def _kind(slot: Slot) -> str:
    """Return which of SLOTS a slot is drawn as."""
    if slot.what in SLOTS:
        return slot.what
    if slot.within:
        return "exposed communication"
    return "between stages" if lane(slot) == STAGES else "gradients, weights"


def _unseen(more: int) -> str:
    return f" {more:,} later slots are left out; --trace writes all." if more > 0 else ""


def specs(drawn: Sequence[Drawing]) -> dict[str, Any]:
    """Return the specifications of charts by key."""
    from fabric.report.page import style

    return {one.key: style.finish(one.chart) for one in drawn}
