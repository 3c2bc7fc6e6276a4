"""What a test asks of the fixture `collective`, checked argument by argument. It measures nothing and knows no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from fabric.measure.cells.ask import What
from fabric.measure.cells.plan import Plan
from fabric.measure.cells.run_file import RULES
from fabric.records.case import Mode
from fabric.records.result import Barrier
from topologies.errors import InputError

OWN_RULES = {
    "name": "a collective such as 'all_reduce'",
    "nbytes": "a whole number of bytes such as 65536",
    "backend": "a library such as 'mpi'",
    "in_place": "True or False",
    "params": "a dict of numbers such as {'skew': 1.2}",
}
LONGEST = 70
"""Characters of a value in an error."""


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


def asked(words: Sequence[object], given: Mapping[str, Any]) -> Asked:
    """Return a call's arguments, by place (words) and by name.

    Raises:
        InputError: naming the argument, what it must be, and the value.
    """
    by_place = [*words, given["name"]] if "name" in given else words
    if len(by_place) > 1:
        raise InputError(f"collective: takes one name, then by name {_known()}; got {_shown(by_place[1])} too")
    all_of_it = {**given, **({"name": words[0]} if words else {})}
    try:
        return Asked.model_validate(all_of_it)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        if key not in Asked.model_fields:
            unknown = [name for name in given if name not in Asked.model_fields]
            raise InputError(f"collective: takes {_known()}, got {', '.join(unknown)}") from None
        got = _shown(all_of_it[key]) if key in all_of_it else "nothing"
        raise InputError(f"{key}: must be {(RULES | OWN_RULES)[key]}, got {got}") from None


def _shown(value: object) -> str:
    return repr(value)[:LONGEST]


def _known() -> str:
    return ", ".join(name for name in Asked.model_fields if name != "name")
