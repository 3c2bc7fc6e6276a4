"""`scale --model`: how fast a model trains versus the number of devices, on one fabric or several, strong and weak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, Answer, Column, Part, View, maybe
from fabric.answers.cells import percent
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.workload.model import LanguageModel
    from fabric.workload.plans import Space
    from fabric.workload.published import PublishedRun
    from fabric.workload.scaling import Point, Question
    from fabric.workload.step import TrainingStep


def _step(key: str) -> Callable[[Point], object]:
    return lambda point: getattr(point.step, key) if point.step else None


def _rate(point: Point) -> str:
    return f"{point.step.tokens_per_second_per_device:,.0f}" if point.step else "-"


def _interval(point: Point, end: int) -> float | None:
    """Return an end of the interval of tokens a second and device: of the longest step the low one."""
    step = point.step
    if step is None or step.interval is None:
        return None
    return step.tokens / step.interval[1 - end] / step.ranks


def _shown_interval(point: Point) -> str:
    low, high = _interval(point, 0), _interval(point, 1)
    return "-" if low is None or high is None else f"{low:,.0f} to {high:,.0f}"


VIEW = View(
    "scale-training",
    (
        Column("fabric", TEXT, "the fabric's name"),
        Column("mode", TEXT, "strong: one batch; weak: a batch in proportion to the devices", head="mode"),
        Column("ranks", WHOLE, "devices that train", head="ranks"),
        Column("batch", WHOLE, "sequences a step", head="batch"),
        Column("plan", maybe(TEXT), "the best one at this size, null where there is none",
               lambda point: point.step.plan.text() if point.step else None, head="plan",
               cell=lambda point: point.step.plan.text() if point.step else f"none: {point.why}"),
        Column("seconds", maybe(NUMBER), "of a step", _step("seconds"), head="step",
               cell=lambda point: show_duration(point.step.seconds) if point.step else "-"),
        Column("tokens_per_second_per_device", maybe(NUMBER), "of one device", _step("tokens_per_second_per_device"),
               head="tokens/s/device", cell=_rate),
        Column("rate_low", maybe(NUMBER), "low end of the 90 % interval of that", lambda point: _interval(point, 0),
               head="90 %", cell=_shown_interval),
        Column("rate_high", maybe(NUMBER), "its high end", lambda point: _interval(point, 1)),
        Column("mfu", maybe(NUMBER), "model FLOP utilization", _step("mfu"), head="MFU",
               cell=lambda point: percent(point.step.mfu if point.step else None)),
        Column("efficiency", maybe(NUMBER), "tokens a second and device / those at the smallest size", head="efficiency",
               cell=lambda point: percent(point.efficiency)),
        Column("lost_per_doubling", NUMBER, "of the speed since the size before", lambda point: point.lost),
        Column("because", TEXT, "the part of a step that grew most since the size before", head="what grew"),
        Column("why", TEXT, "why there is no plan, else empty"),
    ),
    beside={"model": TEXT, "sequence": WHOLE, "bends": LIST, "published": LIST},
)  # fmt: skip
BESIDE_TABLE = (
    Column("fabric", TEXT, "where it is predicted", head="fabric"),
    Column("ranks", WHOLE, "devices", head="ranks"),
    Column("plan", TEXT, "as published", head="published plan"),
    Column("batch", WHOLE, "sequences", head="batch"),
    Column("sequence", WHOLE, "tokens", head="seq"),
    Column("measured", NUMBER, "tokens/s/device", head="measured tokens/s/device", cell=lambda row: _number(row["measured"])),
    Column("predicted", maybe(NUMBER), "the same of this plan here", head="predicted here",
           cell=lambda row: _number(row["predicted"])),
    Column("error", maybe(NUMBER), "measured / predicted seconds - 1", head="error",
           cell=lambda row: percent(row["error"], "+")),
    Column("best", maybe(NUMBER), "with what it does not state at its best", head="unstated keys at best",
           cell=lambda row: f"{_number(row['best'])} {row['best_plan']}".strip()),
    Column("source", TEXT, "where it was published", head="source"),
)  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


@dataclass(frozen=True)
class Beside:
    """A published run beside what is predicted of it on a fabric: as stated, and with what is not stated at its best.

    step, best: None where it cannot be placed here, or nothing fits; `why` says why.
    """

    run: PublishedRun
    step: TrainingStep | None
    best: TrainingStep | None = None
    why: str = ""


def scale_training(
    fabrics: Sequence[Fabric],
    question: Question,
    ranks: Sequence[int],
    modes: Sequence[str],
    *,
    constants: Constants | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> Answer[Point]:
    """Return a curve per fabric and mode: best plan, speed, efficiency, what grew; published runs beside the predictions.

    Raises:
        InputError: more ranks than a fabric has, or a batch that no size can work on.
    """
    from fabric.workload.scaling import bend, curves

    points, parts, bends = list["Point"](), list[Part](), list[dict[str, object]]()
    for fabric in fabrics:
        for mode, own in zip(modes, curves(fabric, question, ranks, modes, constants, tell), strict=True):
            points += own
            at = bend(own)
            notes = (_bent(at),)
            name = own[0].fabric
            parts.append(Part(f"{question.model.name} on {name}, {mode} scaling", tuple(own), notes=notes))
            bends.append({"fabric": name, "mode": mode, "ranks": at.ranks if at else None, "because": at.because if at else ""})
    beside = [
        (fabric.name or fabric.topology.name, one)
        for fabric in fabrics
        for one in published_beside(fabric, question.model, constants)
    ]
    rows = tuple(_beside_row(name, one) for name, one in beside)
    if rows:
        parts.append(Part(f"published runs of {question.model.name} beside these plans here", rows, BESIDE_TABLE))
    said = {"model": question.model.name, "sequence": question.sequence, "bends": bends, "published": list(rows)}
    return Answer(VIEW, tuple(points), parts=tuple(parts), beside=said)


def _bent(point: Point | None) -> str:
    """Return where a curve bends and why, in a sentence."""
    from fabric.workload.scaling import BENDS

    if point is None:
        return f"no bend: no doubling loses more than {percent(BENDS)} of the speed a device"
    why = f"; what grew most there: {point.because}" if point.because else ""
    return f"bends at {point.ranks:,} ranks: a doubling loses {percent(point.lost)} of the speed a device{why}"


def published_beside(fabric: Fabric, model: LanguageModel, constants: Constants | None = None) -> Iterator[Beside]:
    """Yield the published runs of the model on this fabric's device that fit its size, each with its own plan predicted."""
    from fabric.workload.ask import domain_of
    from fabric.workload.auto import evaluator
    from fabric.workload.plans import Space
    from fabric.workload.published import runs_of
    from topologies.errors import InputError

    device = fabric.node.device.name if fabric.node else None
    for run in runs_of(model.name, device):
        if run.rate is None or run.ranks > fabric.topology.devices:
            continue
        space = Space(model, run.ranks, run.batch, run.seq, domain_of(fabric), {})
        evaluate = evaluator(space, fabric, constants)
        try:
            yield Beside(run, evaluate(run.plan), _best(space, fabric, constants, run))
        except InputError as error:
            yield Beside(run, None, why=str(error))


def _best(space: Space, fabric: Fabric, constants: Constants | None, run: PublishedRun) -> TrainingStep | None:
    """Return the step of the fastest plan that fits and has what the run states; None where none does."""
    from fabric.workload.auto import fastest
    from topologies.errors import InputError

    pinned = {name: getattr(run.plan, name) for name in run.stated_keys}
    own = replace(space, pinned={"fsdp": 0, **pinned})
    try:
        return fastest(own, fabric, constants)
    except InputError:
        return None


def _beside_row(fabric: str, one: Beside) -> dict[str, object]:
    rate = one.step.tokens_per_second_per_device if one.step else None
    best = one.best.tokens_per_second_per_device if one.best else None
    measured = one.run.rate
    return {
        "fabric": fabric,
        "ranks": one.run.ranks,
        "plan": one.run.plan.text(),
        "batch": one.run.batch,
        "sequence": one.run.seq,
        "measured": measured,
        "predicted": rate,
        "error": rate / measured - 1 if rate and measured else None,
        "best": best,
        "best_plan": one.best.plan.text() if one.best else "",
        "source": one.run.source,
    }
