"""Two sets of results joined case by case, with a verdict where one is asked for. It does not know where results come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.records.case import Case
from fabric.records.imported import usable
from fabric.records.pool import pooled
from fabric.records.registered import is_registered, predictions
from fabric.records.result import Result
from fabric.records.store import read
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

    @property
    def inside(self) -> bool | None:
        """Whether a measured time is inside the other side's 90 % interval; None where there is none, or nothing measured."""
        measured, said = (self.a, self.b) if self.a.measured else (self.b, self.a)
        if not measured.measured or said.model.interval is None:
            return None
        low, high = said.model.interval
        return low <= measured.time <= high

    def verdict(self, tolerance: float) -> str:
        """Return slower, faster or same: a differs from b by more than the tolerance and the intervals are apart."""
        if abs(self.error) <= tolerance or not self.apart:
            return "same"
        return "slower" if self.error > 0 else "faster"


def side(text: str) -> tuple[list[Result], list[str]]:
    """Return the results of FILE or FILE@SOURCE, samples of one case pooled, and a line each on what was torn or left out.

    SOURCE: by the beginning of its name (gloo, mpi, model); `model:BACKEND` also is the model of that library.

    Raises:
        InputError: nothing of that source, or nothing that screening lets through.
    """
    path, _, source = text.rpartition("@") if "@" in text else (text, "", "")
    found, torn = (predictions(Path(path)), None) if is_registered(Path(path)) else read(Path(path))
    results, left_out = usable(found)
    if left_out and not results:
        raise InputError(f"compare: {path} holds nothing that can be compared: {left_out}")
    chosen = [r for r in pooled(results) if r.source.startswith(source) or _stands_for(r, source)]
    if not chosen:
        known = ", ".join(sorted({r.source for r in results})) or "nothing"
        raise InputError(f"compare: {path} holds {known}, got source {source!r}")
    return chosen, [line for line in (torn, left_out) if line]


def _stands_for(result: Result, source: str) -> bool:
    """Return whether a model's answer is meant by `model:BACKEND`, the library that it predicts."""
    return bool(source) and f"model:{result.model.backend}".startswith(source) and not result.measured


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


def _way_on(pair: Pair) -> str:
    """Return what to predict instead, where a library's own choice stands beside a model's named algorithm."""
    for ran, said in ((pair.a, pair.b), (pair.b, pair.a)):
        if ran.measured and not said.measured and ran.algorithm == "default":
            return "; `predict --backend LIBRARY` answers for what the library picks"
    return ""


def _refuse_mix(pair: Pair) -> None:
    if pair.a.algorithm != pair.b.algorithm:
        raise InputError(f"compare: will not mix algorithms, got {pair.a.algorithm!r} and {pair.b.algorithm!r}{_way_on(pair)}")
    if pair.a.measured and pair.b.measured and pair.a.barrier != pair.b.barrier:
        raise InputError(f"compare: will not mix barriers, got {pair.a.barrier!r} and {pair.b.barrier!r}")
