"""`flows`: when each of given flows ends, case by case or flow by flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, Answer, Column, Part, View
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.routing.ways import Floats
    from fabric.predict.flows.given import FlowCase


@dataclass(frozen=True, eq=False)
class Ended:
    """A case and when each of its flows ends, in seconds."""

    case: FlowCase
    finish: Floats

    @property
    def first(self) -> str:
        """When the first flow ends, for a reader."""
        return show_duration(float(self.finish.min())) if len(self.finish) else "-"

    @property
    def last(self) -> str:
        """When the last flow ends, for a reader."""
        return show_duration(float(self.finish.max())) if len(self.finish) else "-"


VIEW = View(
    "flows",
    (
        Column("name", TEXT, "of the case", lambda f: f.case.name, head="case"),
        Column("makespan_s", NUMBER, "when the last flow ends", lambda f: float(f.finish.max(initial=0.0)), head="makespan",
               cell=lambda f: f.last),
        Column("finish_s", LIST, "when each flow ends, in the order of the case", lambda f: f.finish.tolist()),
    ),
)  # fmt: skip
BY_FLOW = View(
    "flows",
    (
        Column("name", TEXT, "of the case"),
        Column("flow", WHOLE, "its number in the case, from 0"),
        Column("finish_s", NUMBER, "when it ends"),
    ),
)
TABLE = (
    "name",
    Column("links", WHOLE, "of the case", lambda f: len(f.case.capacity), head="links"),
    Column("flows", WHOLE, "of the case", lambda f: len(f.finish), head="flows"),
    Column("first", TEXT, "when the first flow ends", head="first flow ends"),
    "makespan_s",
)


def flows(
    cases: Sequence[FlowCase],
    *,
    eps: float = 0.0,
    watch: Callable[[FlowCase], Callable[[float, int], None]] | None = None,
    force: bool = False,
) -> Answer[Ended]:
    """Return when every flow of every case ends, links shared max-min fairly.

    eps: ends so close to each other, relative, are solved as one (0: exact). watch: for a case what is told how many of its
    flows have ended. force: solve them however long it takes.

    Raises:
        InputError: an eps that is none, or flows that can never start.
    """
    from fabric.predict.flows.given import finish_times

    ended = tuple(Ended(case, finish_times(case, _in_time(case, watch(case) if watch else None, force), eps)) for case in cases)
    notes = ("every finish time: --json or --csv",)
    return Answer(VIEW, ended, parts=(Part("Explicit flows at max-min fair rates", ended, TABLE, notes),))


def _in_time(case: FlowCase, watch: Callable[[float, int], None] | None, force: bool) -> Callable[[float, int], None]:  # noqa: FBT001
    """Return a watch of a case's flows that gives up what would take hours, unless insisted on."""
    from fabric.predict.work import in_time

    judge = in_time(None, force=force)

    def tell(seconds: float, done: int) -> None:
        judge(done, len(case.size))
        if watch is not None:
            watch(seconds, done)

    return tell


def by_flow(answer: Answer[Ended]) -> Answer[dict[str, Any]]:
    """Return the same answer with one row per flow."""
    rows = [
        {"name": ended.case.name, "flow": flow, "finish_s": seconds}
        for ended in answer
        for flow, seconds in enumerate(ended.finish.tolist())
    ]
    return Answer(BY_FLOW, tuple(rows))
