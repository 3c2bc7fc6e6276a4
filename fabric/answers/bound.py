"""`bound`: what no algorithm can beat on a fabric, case by case. It predicts and measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, TEXT, Answer, Column, View, maybe
from fabric.answers.results import case_columns
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.network.placement import Devices
    from fabric.predict.bounds import Bound
    from fabric.records.case import Case


@dataclass(frozen=True)
class Bounded:
    """A case and its bounds; None where it has none: one rank, a barrier, and summed but for an all-reduce.

    limit: without in-network reduction. summed: with it.
    """

    case: Case
    limit: Bound | None
    summed: Bound | None

    @property
    def seconds(self) -> float | None:
        """The least time without in-network reduction: bytes times the busbw's factor / the bound's busbw."""
        from fabric.collectives.catalog import busbw_factor

        if self.limit is None:
            return None
        return self.case.nbytes * busbw_factor(self.case.collective, self.case.world_size) / self.limit.busbw


def _case(fact: Any) -> Any:
    return fact


def _rate(bound: Bound | None) -> str:
    return f"{bound.busbw / 1e9:.2f}" if bound else "-"


VIEW = View(
    "bound",
    (
        *case_columns(_case),
        Column("seconds", maybe(NUMBER), "least time without in-network reduction", head="least time",
               cell=lambda f: show_duration(f.seconds) if f.seconds is not None else "-"),
        Column("bound_busbw_bytes_per_second", maybe(NUMBER), "what no algorithm without in-network reduction can pass",
               lambda f: f.limit.busbw if f.limit else None, head="busbw GB/s", cell=lambda f: _rate(f.limit)),
        Column("bound_level", maybe(TEXT), "the cut that limits it", lambda f: f.limit.level if f.limit else None, head="cut"),
        Column("in_network_bound_busbw_bytes_per_second", maybe(NUMBER), "the bound with in-network reduction",
               lambda f: f.summed.busbw if f.summed else None, head="in-network GB/s", cell=lambda f: _rate(f.summed)),
        Column("in_network_bound_level", maybe(TEXT), "the cut that limits that",
               lambda f: f.summed.level if f.summed else None),
    ),
)  # fmt: skip


def bound(
    cases: Sequence[Case], fabric: Fabric | str, backend: str | None = None, *, given: Devices | None = None
) -> Answer[Bounded]:
    """Return the bound of every case: busbw of the best algorithm at alpha = gamma = 0 and an ideal split of routes.

    fabric: what load returns, or its TOPO. backend: the library, where a machine has levels of its own for it. given: devices
    of an order `given:HASH`.

    Raises:
        InputError: a collective without a bound, a root that is no rank, or a case that cannot be placed.
    """
    from fabric.answers.ask import load
    from fabric.predict.bounds import bound as tightest
    from fabric.predict.bounds import in_network_bound

    fabric = load(fabric)
    return Answer(
        VIEW,
        tuple(
            Bounded(case, tightest(case, fabric, backend, given=given), in_network_bound(case, fabric, given=given))
            for case in cases
        ),
    )
