"""How a collective's time grows as cables, switches or planes fail: seeded draws, each with a few more failures than before.

It knows no probabilities and no repair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures, draw
from fabric.predict.answer import predict
from fabric.predict.constants import NONE, Constants
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError


@dataclass(frozen=True)
class Point:
    """One case and algorithm with so many failures of one draw; result None where ranks were cut off, and then why.

    name: what the case is of, where it is of something larger. groups: equal groups that call at once.
    """

    what: str
    failed: int
    seed: int
    case: Case
    algorithm: str
    result: Result | None
    healthy: float
    why: str = ""
    name: str = ""
    groups: int = 1

    @property
    def ratio(self) -> float | None:
        """Seconds / seconds without failures."""
        return self.result.time / self.healthy if self.result and self.healthy else None


def curve(
    cases: Sequence[tuple[Case, str | None]],
    fabric: Fabric,
    what: str,
    counts: Sequence[int],
    seeds: Sequence[int],
    constants: Constants = NONE,
    *,
    routing: str = "ideal",
    fidelity: str = "loaded",
    watch: Callable[[int], None] | None = None,
    force: bool = False,
) -> Iterator[Point]:
    """Yield a point per case, count and seed: cases with their algorithms, `what` as in failures.draw without its number.

    The draws of one seed are nested: 5 failed links are the 2 failed before and 3 more. watch is told after every draw.
    Routes around failures start from the distances of the whole fabric (network/reuse.py), not from scratch. force: as of
    predict.

    Raises:
        InputError: unknown kinds of failures, or cases that cannot be predicted on the whole fabric.
    """

    def one(case: Case, algorithm: str | None, failures: Failures | None) -> Result:
        how: dict[str, Any] = {"algorithm": algorithm, "routing": routing, "fidelity": fidelity}
        (found,) = predict([case], fabric, constants, **how, failures=failures, force=force)
        return found

    healthy = [one(case, text, None) for case, text in cases]
    done = 0
    for seed in seeds:
        for count in counts:
            failures = draw(fabric.topology, draw_text(what, count), seed) if count else None
            for (case, text), whole in zip(cases, healthy, strict=True):
                try:
                    found = whole if not failures else one(case, text, failures)
                except InputError as error:
                    yield Point(what, count, seed, case, whole.algorithm, None, whole.time, str(error))
                else:
                    yield Point(what, count, seed, case, whole.algorithm, found, whole.time)
            done += 1
            if watch:
                watch(done)


def draw_text(what: str, count: int) -> str:
    """Return the text of failures.draw for so many of a kind; planes fail from the first on."""
    return "+".join(f"plane:{n}" for n in range(count)) if what == "planes" else f"{what}:{count}"
