"""What moves an answer: every part made 5 % slower and 5 % faster in turn. It names the part and predicts nothing else.

A share is how much of a part's slowing reaches the answer: (T with the part 5 % slower / T - 1) / 5 %. 1: the answer is in
proportion to it, 0: it does not matter. Shares add up to 1 but where parts tie: of two equal limits each has a share near 1
when slowed and near 0 when sped up. The loaded model answers, also where another fidelity gave the seconds.
"""

from __future__ import annotations

from fabric.collectives.schedule import Schedule
from fabric.predict.change import NO_CHANGE, Change
from fabric.predict.chosen import Chosen
from fabric.predict.loaded import loaded
from fabric.predict.model import Model
from fabric.records.case import Case
from fabric.records.prediction import Share, Shares

STEP = 0.05
SLOWER, FASTER = 1 + STEP, 1 / (1 + STEP)


def shares(model: Model, case: Case, chosen: Chosen, schedule: Schedule) -> Shares:
    """Return the shares of all parts in a case's seconds on a model."""

    def seconds(change: Change) -> float:
        return loaded(model.with_constants(chosen.at(change), change), case, schedule).total

    now = seconds(NO_CHANGE)

    def share(slower: Change, faster: Change) -> Share:
        if not now > 0:
            return Share(0.0, 0.0)
        return Share(_share(seconds(slower), now, STEP), _share(seconds(faster), now, FASTER - 1))

    levels = model.fabric.topology.levels
    return Shares(
        speed={level: share(Change(bytes={level: SLOWER}), Change(bytes={level: FASTER})) for level in levels},
        latency={level: share(Change(latency={level: SLOWER}), Change(latency={level: FASTER})) for level in levels},
        library_latency=share(Change(message=SLOWER), Change(message=FASTER)),
        library_bandwidth=share(Change(byte=SLOWER), Change(byte=FASTER)),
        reduction=share(Change(reduction=SLOWER), Change(reduction=FASTER)),
    )


def _share(then: float, now: float, step: float) -> float:
    """Return (then / now - 1) / step, to a millionth."""
    return round((then / now - 1) / step, 6) + 0.0
