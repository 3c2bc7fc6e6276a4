"""What moves an answer: every part made 5 % slower and 5 % faster in turn. It names the part and predicts nothing else.

A share is how much of a part's slowing reaches the answer: (T with the part 5 % slower / T - 1) / 5 %. 1: the answer is in
proportion to it, 0: it does not matter. Shares add up to 1 but where parts tie: of two equal limits each has a share near 1
when slowed and near 0 when sped up. The loaded model answers, also where another fidelity gave the seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fabric.collectives.schedule import Schedule
from fabric.predict.change import NO_CHANGE, Change
from fabric.predict.chosen import Chosen
from fabric.predict.loaded import LATENCY, loaded
from fabric.predict.model import Model
from fabric.records.case import Case

STEP = 0.05
TIE = 0.02
"""Shares that differ by less are equal; what has no more moves nothing."""
LIBRARY_LATENCY, LIBRARY_BANDWIDTH, REDUCTION = "library latency", "library bandwidth", "reduction"


@dataclass(frozen=True)
class Share:
    """How much of a part's slowing (slower) and of its speeding up (faster) reaches the answer."""

    slower: float
    faster: float


@dataclass(frozen=True)
class Shares:
    """The shares of a fabric's levels, by their links' speed and latency, and of the library's constants.

    library_latency: its seconds per message; library_bandwidth: its seconds per byte; reduction: per byte reduced.
    """

    speed: Mapping[str, Share]
    latency: Mapping[str, Share]
    library_latency: Share
    library_bandwidth: Share
    reduction: Share

    @property
    def named(self) -> tuple[str, ...]:
        """What holds the answer up: the part with the largest share when slowed, and those that tie with it.

        A level stands for its links' speed, `latency` for the latencies of all levels' links together; `latency` too where
        nothing has a share.
        """
        parts = {level: share.slower for level, share in self.speed.items()} | {
            LATENCY: sum(share.slower for share in self.latency.values()),
            LIBRARY_LATENCY: self.library_latency.slower,
            LIBRARY_BANDWIDTH: self.library_bandwidth.slower,
            REDUCTION: self.reduction.slower,
        }
        most = max(parts.values())
        return tuple(part for part, share in parts.items() if share > most - TIE) if most > TIE else (LATENCY,)


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


SLOWER, FASTER = 1 + STEP, 1 / (1 + STEP)


def _share(then: float, now: float, step: float) -> float:
    """Return (then / now - 1) / step, to a millionth."""
    return round((then / now - 1) / step, 6) + 0.0
