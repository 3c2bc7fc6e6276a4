"""What is asked of every design of a search: cases, step, limits; defaults, a review's, or given. It evaluates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fabric.collectives.algorithms import ALGORITHMS
from fabric.review.request import CaseText, Limits, Request, Step
from fabric.text.escape import shown
from fabric.text.numbers import natural, real
from topologies.errors import InputError

CASES = ("all_reduce:1GiB", "all_gather:1GiB", "all_to_all:256MiB:4")
"""Of a training step, where neither a review nor the question names any."""
COMPUTE = 2.0
"""Seconds of a step without any network, likewise."""


def asked(
    base: Request | None = None,
    *,
    cases: Sequence[CaseText] = (),
    compute: float | None = None,
    overlap: float | None = None,
    node: str | None = None,
    nic: str | None = None,
    power: float | None = None,
    budget: float | None = None,
    efficiency: float | None = None,
) -> Request:
    """Return what is asked: `base`, a review's request, or the defaults; what is given stands over it.

    compute: seconds of a step; overlap: share of communication hidden; power: W, budget: USD, at most; efficiency: at least.

    Raises:
        InputError: a step without compute, or an overlap that is no share.
    """
    step, limits = (base.step, base.limits) if base else (Step(compute=COMPUTE), Limits())
    given = {"power": power, "budget": budget, "efficiency": efficiency}
    own = {
        "title": "search",
        "candidates": (),
        "cases": tuple(cases) or (base.cases if base else tuple(map(case_of, CASES))),
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
