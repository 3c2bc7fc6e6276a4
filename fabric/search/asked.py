"""What is asked of every design of a search: cases, step, limits; defaults, a review's, or given. It evaluates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fabric.collectives.algorithms import ALGORITHMS
from fabric.review.request import CaseText, Limits, Request, Step, TrainingText
from fabric.text.escape import shown
from fabric.text.numbers import natural, real
from fabric.workload.job import START, job_step
from topologies.errors import InputError

CASES = ("all_reduce:1GiB", "all_gather:1GiB", "all_to_all:256MiB:4")
"""Of a training step, where neither a review nor the question names any."""
COMPUTE = 2.0
"""Seconds of a step without any network, likewise."""


def asked(
    base: Request | None = None,
    *,
    cases: Sequence[CaseText] = (),
    training: TrainingText | None = None,
    compute: float | None = None,
    overlap: float | None = None,
    node: str | None = None,
    nic: str | None = None,
    power: float | None = None,
    budget: float | None = None,
    efficiency: float | None = None,
) -> Request:
    """Return what is asked: `base`, a review's request, or the defaults; what is given stands over it.

    training: a model whose step is timed; cases beside it give the times, the step the efficiency. compute: seconds of a
    step; overlap: share of communication hidden; power: W, budget: USD, at most; efficiency: at least.

    Raises:
        InputError: a step without compute, an overlap that is no share, or either beside a model that is trained.
    """
    training = training or (base.training if base else None)
    if training and not (compute is None and overlap is None):
        raise InputError("compute: and overlap are for assumed numbers, and training gives the efficiency; leave them out")
    usual = () if training else tuple(map(case_of, CASES))
    step, limits = (base.step, base.limits) if base else (Step(compute=COMPUTE), Limits())
    given = {"power": power, "budget": budget, "efficiency": efficiency}
    own = {
        "title": "search",
        "candidates": (),
        "cases": tuple(cases) or (base.cases if base else usual),
        "training": training,
        "step": _step(step.compute if compute is None else compute, step.overlap if overlap is None else overlap),
        "limits": limits.model_copy(update=_known(given)),
        **_known({"node": node, "nic": nic}),
    }
    return base.model_copy(update=own) if base else Request.model_validate(own)


def _known(given: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in given.items() if value is not None}


def _step(compute: float, overlap: float) -> Step:
    if not (compute > 0 and 0 <= overlap <= 1):
        raise InputError(f"step: compute must be above 0 and overlap from 0 to 1, got {compute:g} s and {overlap:g}")
    return Step(compute=compute, overlap=overlap)


def read_cases(texts: Sequence[str]) -> dict[str, Any]:
    """Return the cases of texts and the model that one of them trains, as asked() takes them.

    Raises:
        InputError: a text that is neither, or two models.
    """
    steps = [text for text in texts if text.startswith(START)]
    if len(steps) > 1:
        raise InputError(f"case: one training step at most, got {len(steps)}")
    cases = [case_of(text) for text in texts if not text.startswith(START)]
    return {"cases": cases, "training": training_of(steps[0]) if steps else None}


def training_of(text: str) -> TrainingText:
    """Return the model of a text, training:MODEL[:PLAN[:BATCH]]; InputError where it is none."""
    job = job_step(text, "case", most=3)
    return TrainingText(model=job.model, plan=job.plan, batch=job.batch)


def case_of(text: str) -> CaseText:
    """Return the case of a text, COLLECTIVE:SIZE or COLLECTIVE:SIZE:COUNT, such as all_to_all:256MiB:4.

    Raises:
        InputError: an unknown collective, no size, or a count that is no number above zero.
    """
    collective, _, rest = text.partition(":")
    size, _, count = rest.partition(":")
    if collective not in ALGORITHMS or not size or not natural(count or "1"):
        known = ", ".join(ALGORITHMS)
        raise InputError(f"case: must be COLLECTIVE:SIZE[:COUNT] with a collective of {known}, got {shown(text)}")
    return CaseText(collective=collective, size=size, count=real(count or 1, "case", 1.0))
