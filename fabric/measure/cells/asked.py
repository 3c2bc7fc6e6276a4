"""What a test asks of the fixture `collective`, checked argument by argument. It measures nothing and knows no library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from fabric.measure.cells.ask import What
from fabric.measure.cells.plan import Plan
from fabric.measure.cells.run_file import RULES
from fabric.records.case import Case, Mode
from fabric.records.result import Barrier
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.measure.host.placement import Placement

OWN_RULES = {
    "name": "a collective such as 'all_reduce', or a callable",
    "call": "a callable without arguments",
    "nbytes": "a whole number of bytes such as 65536",
    "backend": "a library such as 'mpi'",
    "in_place": "True or False",
    "params": "a dict of numbers such as {'skew': 1.2}",
}
LONGEST = 70
"""Characters of a value in an error."""


Kind = TypeVar("Kind", bound=BaseModel)


class Asked(BaseModel):
    """One call of the fixture; None where the launch or the library decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    nbytes: int
    backend: str | None = None
    dtype: str = "f32"
    op: str = "sum"
    root: int = 0
    in_place: bool | None = None
    mode: Mode = "blocking"
    params: dict[str, float] = {}
    budget: float = 0.6
    iters: int | None = None
    warmup: int = 5
    barrier: Barrier = "before"

    @property
    def what(self) -> What:
        """What is asked beside name and size."""
        return What(self.dtype, self.op, self.root, self.mode, dict(self.params))

    @property
    def plan(self) -> Plan:
        """How often it is repeated; InputError for a count or a budget that is none."""
        return Plan(iters=self.iters, warmup=self.warmup, budget=self.budget, barrier=self.barrier)


class OwnAsked(BaseModel):
    """One call of the fixture with the user's own callable; all ranks call it. name: what it is called in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    call: Callable[[], object]
    backend: str | None = None
    budget: float = 0.6
    iters: int | None = None
    warmup: int = 5
    barrier: Barrier = "before"

    @property
    def name(self) -> str:
        """What the callable is called, its type where it has no name."""
        return str(getattr(self.call, "__name__", type(self.call).__name__))

    @property
    def plan(self) -> Plan:
        """How often it is repeated; InputError for a count or a budget that is none."""
        return Plan(iters=self.iters, warmup=self.warmup, budget=self.budget, barrier=self.barrier)


def asked(words: Sequence[object], given: Mapping[str, Any]) -> Asked | OwnAsked:
    """Return a call's arguments, by place (words) and by name: of a collective, or of a callable.

    Raises:
        InputError: naming the argument, what it must be, and the value.
    """
    if words and callable(words[0]):
        return _read(OwnAsked, "call", words, given)
    return _read(Asked, "name", words, given)


def _read(kind: type[Kind], first: str, words: Sequence[object], given: Mapping[str, Any]) -> Kind:
    """Return the arguments of one kind of call, whose first argument is given by place or by name."""
    by_place = [*words, given[first]] if first in given else words
    if len(by_place) > 1:
        raise InputError(f"collective: takes one {first}, then by name {_known(kind, first)}; got {_shown(by_place[1])} too")
    all_of_it = {**given, **({first: words[0]} if words else {})}
    try:
        return kind.model_validate(all_of_it)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        if key not in kind.model_fields:
            unknown = [name for name in given if name not in kind.model_fields]
            what = "with a callable it takes" if kind is OwnAsked else "takes"
            raise InputError(f"collective: {what} {_known(kind, first)}, got {', '.join(unknown)}") from None
        got = _shown(all_of_it[key]) if key in all_of_it else "nothing"
        raise InputError(f"{key}: must be {(RULES | OWN_RULES)[key]}, got {got}") from None


def _shown(value: object) -> str:
    return repr(value)[:LONGEST]


def _known(kind: type[BaseModel], first: str) -> str:
    return ", ".join(name for name in kind.model_fields if name != first)


def case_of(asked: Asked, backend: str, size: int, placement: Placement) -> Case:
    """Return the case of one cell on all `size` ranks; bytes that are no whole blocks are rounded down, as `measure` does.

    Raises:
        InputError: a form in or out of place that the library does not have.
    """
    from fabric.measure.cells.job import Job  # a callable of one's own has no cells

    name, what = asked.name, asked.what
    cells = Job(backend, (asked.nbytes,), (size,), (name,), what).cells()
    forms = [cell for cell in cells if asked.in_place in (None, cell.in_place)]
    if not forms:
        raise InputError(f"in_place: {name} of {backend} has no such form, got {asked.in_place}")
    return max(forms, key=lambda found: found.in_place).case(what, placement)
