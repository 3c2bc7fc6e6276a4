"""Two sets of results joined case by case, with a verdict where one is asked for. It does not know where results come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError


@dataclass(frozen=True)
class Pair:
    """The same case answered twice. error = a's seconds / b's - 1: above zero, a is slower."""

    case: Case
    a: Result
    b: Result

    @property
    def error(self) -> float:
        """Measured / predicted seconds - 1 where a is the measurement; None is never returned: b's time is above zero."""
        return self.a.time / self.b.time - 1

    @property
    def apart(self) -> bool:
        """Whether the 95 % intervals do not overlap; a point stands for itself, too few samples never are apart."""
        low, high = (r.bracket or ((r.time, r.time) if r.statistic != "raw" else None) for r in (self.a, self.b))
        return low is not None and high is not None and (low[1] < high[0] or high[1] < low[0])

    def verdict(self, tolerance: float) -> str:
        """Return slower, faster or same: a differs from b by more than the tolerance and the intervals are apart."""
        if abs(self.error) <= tolerance or not self.apart:
            return "same"
        return "slower" if self.error > 0 else "faster"


def join(a: Sequence[Result], b: Sequence[Result]) -> list[Pair]:
    """Return the cases that both sides answered, collective by collective, in order of world size and bytes.

    Raises:
        InputError: nothing in common, a side that answers a case twice by different sources, or sides whose algorithm
            or barrier differ: these are other questions. A model without `default` may stand beside a forced name only.
    """
    left, right = _by_case(a, "first"), _by_case(b, "second")
    shared = [case for case in left if case in right]
    if not shared:
        raise InputError("compare: the two sides have no case in common; see world sizes, bytes, dtype, in place and order")
    pairs = [Pair(case, left[case], right[case]) for case in shared if left[case].time > 0 and right[case].time > 0]
    for pair in pairs:
        _refuse_mix(pair)
    return sorted(pairs, key=lambda p: place(p.case))


def place(case: Case) -> tuple[str, str, str, int, bool, int]:
    """Return where a case stands in a table: by collective, mode, order, world size, form, bytes."""
    return case.collective, case.mode, case.order, case.world_size, case.in_place, case.nbytes


def _by_case(results: Iterable[Result], side: str) -> Mapping[Case, Result]:
    found: dict[Case, Result] = {}
    for result in results:
        other = found.get(result.case)
        if other is not None and (other.source, other.algorithm) != (result.source, result.algorithm):
            raise InputError(
                f"compare: the {side} side answers one case by {other.source} ({other.algorithm}) and {result.source} "
                f"({result.algorithm}); name one, e.g. FILE@{other.source}"
            )
        found[result.case] = result  # the newest answer counts
    return found


def _refuse_mix(pair: Pair) -> None:
    if pair.a.algorithm != pair.b.algorithm:
        raise InputError(f"compare: will not mix algorithms, got {pair.a.algorithm!r} and {pair.b.algorithm!r}")
    if pair.a.measured and pair.b.measured and pair.a.barrier != pair.b.barrier:
        raise InputError(f"compare: will not mix barriers, got {pair.a.barrier!r} and {pair.b.barrier!r}")
