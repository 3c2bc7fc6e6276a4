"""How a training step is shown: its columns, its tables, its sentences. It works nothing out (training.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, TEXTS, WHOLE, YES_NO, Column, View, maybe
from fabric.answers.answer import Part as Table
from fabric.answers.cells import percent
from fabric.units import short_size, show_duration

if TYPE_CHECKING:
    from fabric.workload.changes import Changed
    from fabric.workload.step import Communication, Part, StageMemory, TrainingStep

GIB = 2.0**30
STAGES_SHOWN = 4
"""Pipeline stages up to which a table shows all; else the first, the last and the fullest."""


def _part(part: Part, step: TrainingStep) -> dict[str, Any]:
    return {"part": part.what, "seconds": part.seconds, "share": part.seconds / step.seconds, "rule": part.rule}


def _communication(one: Communication) -> dict[str, Any]:
    """Return a communication as plain values: what crosses which group how often, and how much of it nothing hides."""
    case = one.case
    return {
        "what": one.what,
        "dimension": one.dimension,
        "collective": case.collective,
        "ranks": case.world_size,
        "nodes": case.nodes,
        "nbytes": case.nbytes,
        "calls": one.count,
        "groups_at_once": one.groups,
        "nics": one.nics,
        "algorithm": one.algorithm,
        "seconds_each": one.each,
        "seconds": one.seconds,
        "exposed_seconds": one.exposed,
        "exposed_share": one.exposed / one.seconds if one.seconds else 0.0,
        "rule": one.rule,
    }


def _memory(stage: StageMemory) -> dict[str, Any]:
    """Return the bytes of a stage's rank as plain values."""
    names = ("stage", "weights", "gradients", "optimizer", "activations", "logits", "reserve", "capacity", "total", "spare")
    return {name if name == "stage" else f"{name}_bytes": getattr(stage, name) for name in names}


def fullest(step: TrainingStep) -> StageMemory:
    """Return the stage whose rank holds most bytes."""
    return max(step.memory, key=lambda stage: stage.total)


def _ends(step: TrainingStep, at: int) -> float | None:
    return step.interval[at] if step.interval else None


def _shown_ends(step: TrainingStep) -> str:
    return f"{show_duration(step.interval[0])} to {show_duration(step.interval[1])}" if step.interval else "-"


def _fits(step: TrainingStep) -> str:
    """Return bytes of the fullest stage, of how many, and by how much they do not fit."""
    most = fullest(step)
    if most.capacity is None:
        return f"{most.total / GIB:.1f} GiB"
    return f"{most.total / GIB:.1f} of {most.capacity / GIB:.1f} GiB" + ("" if step.feasible else ", does not fit")


COLUMNS = (
    Column("model", TEXT, "the model's name", lambda step: step.model.name),
    Column("fabric", TEXT, "the fabric's name"),
    Column("device", TEXT, "what computes"),
    Column("plan", TEXT, "how the step is cut", lambda step: step.plan.text(), head="plan"),
    Column("ranks", WHOLE, "devices in all", head="ranks"),
    Column("batch", WHOLE, "sequences a step", head="batch"),
    Column("sequence", WHOLE, "tokens of a sequence", head="seq"),
    Column("micro_batches", WHOLE, "of a step, that one pipeline works on", head="micro batches"),
    Column("seconds", NUMBER, "of a step", head="step", cell=lambda step: show_duration(step.seconds)),
    Column("seconds_low", maybe(NUMBER), "low end of the interval that nine steps in ten are expected in",
           lambda step: _ends(step, 0), head="90 %", cell=_shown_ends),
    Column("seconds_high", maybe(NUMBER), "its high end", lambda step: _ends(step, 1)),
    Column("interval_source", TEXT, "what the interval rests on"),
    Column("tokens_per_second", NUMBER, "of all devices"),
    Column("tokens_per_second_per_device", NUMBER, "of one device", head="tokens/s/device",
           cell=lambda step: f"{step.tokens_per_second_per_device:,.0f}"),
    Column("mfu", NUMBER, "model FLOP a second (causal scores half, nothing recomputed) over the dense peak", head="MFU",
           cell=lambda step: percent(step.mfu)),
    Column("hfu", NUMBER, "as mfu, what is recomputed counted too", head="HFU", cell=lambda step: percent(step.hfu)),
    Column("peak_flops_per_second", NUMBER, "of a device, dense, at the plan's precision", lambda step: step.peak),
    Column("flops_per_token", NUMBER, "of the model, forward and backward", lambda step: step.flops),
    Column("exposed_seconds", NUMBER, "of communication that nothing hides", lambda step: step.exposed),
    Column("exposed_share", NUMBER, "of the step", lambda step: step.exposed / step.seconds, head="exposed",
           cell=lambda step: percent(step.exposed / step.seconds)),
    Column("memory_bytes", NUMBER, "of the fullest stage's device", lambda step: fullest(step).total, head="memory",
           cell=_fits),
    Column("memory_capacity_bytes", maybe(NUMBER), "of a device", lambda step: fullest(step).capacity),
    Column("feasible", maybe(YES_NO), "whether every stage fits; null: the device's memory is not known"),
    Column("parts", LIST, "seconds by part: part, seconds, share, rule",
           lambda step: [_part(part, step) for part in step.parts]),
    Column("communications", LIST, "every kind of message: case, count, seconds, exposed part, rule",
           lambda step: [_communication(one) for one in step.communications]),
    Column("memory", LIST, "bytes of one device of every stage", lambda step: [_memory(stage) for stage in step.memory]),
    Column("assumptions", TEXTS, "what the step rests on", lambda step: list(step.assumptions)),
)  # fmt: skip
VIEW = View(
    "training",
    COLUMNS,
    beside={"limit": TEXT, "sensitivity": LIST, "effective": OBJECT, "searched": maybe(OBJECT), "published": LIST},
)


def _shares(what: str, of: Callable[[Mapping[str, Any]], float]) -> Column:
    return Column("share", NUMBER, what, of, head="share", cell=lambda row: percent(of(row)))


def _seconds(key: str, head: str) -> Column:
    return Column(key, NUMBER, head, head=head, cell=lambda row: show_duration(row[key]))


PARTS_TABLE = (
    Column("part", TEXT, "part of the step", head="part"),
    _seconds("seconds", "seconds"),
    _shares("of the step", lambda row: float(row["share"])),
    Column("rule", TEXT, "how it comes about", head="how"),
)
COMMUNICATION_TABLE = (
    Column("what", TEXT, "what is sent", head="communication"),
    Column("collective", TEXT, "the case", head="case", cell=lambda row: f"{row['collective']} {short_size(row['nbytes'])}"),
    Column("ranks", WHOLE, "of a group", head="ranks", cell=lambda row: f"{row['ranks']:,} on {row['nodes']:,}"),
    Column("calls", WHOLE, "a step", head="calls"),
    _seconds("seconds_each", "each"),
    _seconds("seconds", "in all"),
    _seconds("exposed_seconds", "exposed"),
    _shares("of it that nothing hides", lambda row: float(row["exposed_share"])),
    Column("rule", TEXT, "what hides it", head="what hides it"),
)


def _gib(key: str) -> Column:
    return Column(f"{key}_bytes", maybe(NUMBER), key, head=key, cell=lambda row: _in_gib(row[f"{key}_bytes"]))


def _in_gib(nbytes: float | None) -> str:
    return "-" if nbytes is None else f"{nbytes / GIB:.1f}"


MEMORY_TABLE = (
    Column("stage", WHOLE, "of the pipeline", head="stage"),
    *(_gib(key) for key in ("weights", "gradients", "optimizer", "activations", "logits", "reserve", "total", "capacity")),
    _gib("spare"),
)
SENSITIVITY_TABLE = (
    Column("change", TEXT, "what is changed alone", head="change"),
    _seconds("seconds", "step"),
    Column("gain", NUMBER, "how much faster", head="faster by", cell=lambda row: percent(row["gain"], "+")),
)


NEIGHBOURS_TABLE = (
    Column("change", TEXT, "the one key that is changed", head="instead"),
    Column("seconds", maybe(NUMBER), "of a step", head="step",
           cell=lambda row: "-" if row["seconds"] is None else show_duration(row["seconds"])),
    Column("slower", maybe(NUMBER), "than the winner", head="slower by", cell=lambda row: percent(row["slower"], "+")),
    Column("why", TEXT, "what grows most, or why there is no such plan", head="why"),
)  # fmt: skip
FRONT_TABLE = (
    Column("plan", TEXT, "as --plan takes it", head="plan"),
    _seconds("seconds", "step"),
    Column("memory_bytes", NUMBER, "of a device", head="memory", cell=lambda row: f"{row['memory_bytes'] / GIB:.1f} GiB"),
)
PUBLISHED_TABLE = (
    Column("plan", TEXT, "as published", head="published plan"),
    Column("ranks", WHOLE, "devices", head="ranks"),
    Column("batch", WHOLE, "sequences", head="batch"),
    Column("sequence", WHOLE, "tokens", head="seq"),
    Column("measured", maybe(NUMBER), "tokens/s/device", head="measured", cell=lambda row: _whole(row["measured"])),
    Column("predicted", maybe(NUMBER), "of the same", head="predicted", cell=lambda row: _whole(row["predicted"])),
    Column("best", maybe(NUMBER), "with what it does not state at its best", head="unstated keys at best",
           cell=lambda row: f"{_whole(row['best'])} {row['best_plan']}".strip()),
    Column("here", maybe(NUMBER), "the plan's step at the size asked", head="this plan here",
           cell=lambda row: row["why"] if row["here"] is None else show_duration(row["here"])),
    Column("source", TEXT, "where it was published", head="source"),
)  # fmt: skip


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def tables_of(step: TrainingStep, told: Mapping[str, Any], assumed: Sequence[str]) -> list[Table]:
    """Return the tables of one step, what it assumes under the last."""
    *first, last = _tables(step, told)
    lines = tuple(f"assumed: {line}" for line in (*assumed, *step.assumptions))
    return [*first, replace(last, notes=(*last.notes, *lines))]


def _tables(step: TrainingStep, told: Mapping[str, Any]) -> Iterator[Table]:
    row = VIEW.row(step)
    head = f"a step of {step.model.name} on {step.fabric} ({step.ranks:,} x {step.device})"
    yield Table(head, (step,), notes=(*_notes(step), told["limit"], *_effective_lines(told["effective"])))
    yield Table("where the time goes", tuple(row["parts"]), PARTS_TABLE)
    if row["communications"]:
        yield Table("communication of a step, on the slowest stage", tuple(row["communications"]), COMMUNICATION_TABLE)
    kept = _shown_stages(step)
    yield Table("memory of a device, GiB", tuple(_memory(stage) for stage in kept), MEMORY_TABLE, notes=_left_out(step, kept))
    if told["sensitivity"]:
        yield Table("what would make it faster, one change alone", tuple(told["sensitivity"]), SENSITIVITY_TABLE)
    yield from _search_tables(told["searched"])
    if told["published"]:
        title = f"published runs of {step.model.name} on this device, tokens/s/device, and their plans at the size asked"
        yield Table(title, tuple(told["published"]), PUBLISHED_TABLE)


def _search_tables(searched: Mapping[str, Any] | None) -> Iterator[Table]:
    """Yield the front and the winner's neighbours of a search."""
    if searched is None:
        return
    tried = searched["considered"] - searched["too_large"]
    many = f"{searched['considered']:,} plans divide, {searched['too_large']:,} do not fit, {tried:,} were timed"
    how = f"{many} in {searched['search_seconds']:.1f} s on {searched['processes']} process{'es' * (searched['processes'] > 1)}"
    yield Table("no plan is faster with less memory", tuple(searched["front"]), FRONT_TABLE, notes=(how,))
    yield Table("the fastest beside what is one change away", tuple(searched["neighbours"]), NEIGHBOURS_TABLE)


def _effective_lines(run: Mapping[str, Any]) -> tuple[str, str]:
    """Return in two sentences what failures and checkpoints leave of a run."""
    useful = f"over {run['days']:.0f} days {percent(run['goodput'])} of the time is useful work"
    every = f"a checkpoint of {show_duration(run['write_seconds'])} every {run['interval_seconds']:,.0f} s"
    return (
        f"{useful}, {run['tokens'] / 1e12:.3g} x 10^12 tokens: {run['stops_per_day']:.2g} stops a day, {every} (the best "
        f"interval), {show_duration(run['restart_seconds'])} a restart",
        f"stops: {run['source']}",
    )


def _shown_stages(step: TrainingStep) -> list[StageMemory]:
    if len(step.memory) <= STAGES_SHOWN:
        return list(step.memory)
    found = {stage.stage: stage for stage in (step.memory[0], fullest(step), step.memory[-1])}
    return [found[number] for number in sorted(found)]


def _left_out(step: TrainingStep, kept: Sequence[StageMemory]) -> tuple[str, ...]:
    more = len(step.memory) - len(kept)
    return (f"{more} more stages lie between; --json has all",) if more else ()


def _notes(step: TrainingStep) -> Iterator[str]:
    """Yield the conventions, the interval's reason, and by how much the memory falls short."""
    yield (
        f"MFU: {step.flops / 1e9:,.4g} GFLOP a token (causal scores half, nothing recomputed) over "
        f"{step.peak / 1e12:,.0f} TFLOP/s dense {step.plan.precision}; HFU counts recomputed work too"
    )
    if step.interval_source:
        yield f"90 %: {step.interval_source}"
    if step.feasible is False:
        short = -(fullest(step).spare or 0.0)
        yield f"does not fit: stage {fullest(step).stage} lacks {short / GIB:.1f} GiB a device"


def limit(step: TrainingStep, moved: Sequence[Changed]) -> str:
    """Return which part limits, in a sentence: the largest part, and the change that would gain most."""
    largest = max(step.parts, key=lambda part: part.seconds)
    text = f"limited by {largest.what}: {percent(largest.seconds / step.seconds)} of the step"
    if moved and moved[0].factor > 1:
        text += f"; of single changes {moved[0].name} gains most: {percent(moved[0].factor - 1, '+')}"
    return text
