"""Which algorithms do a collective, and how one is asked for by text. It does not know what they cost."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fabric.collectives.catalog import collective
from fabric.collectives.double_binary_tree import double_binary_tree
from fabric.collectives.gloo_ring import gloo_ring
from fabric.collectives.hierarchical import hierarchical, rail_aligned
from fabric.collectives.recursive import halving_doubling, recursive_doubling
from fabric.collectives.ring import ring
from fabric.collectives.schedule import Groups, Schedule
from topologies.errors import InputError

ALGORITHMS: Mapping[str, Mapping[str, Callable[..., Schedule]]] = {
    "all_reduce": {
        "ring": ring,
        "gloo_ring": gloo_ring,
        "recursive_doubling": recursive_doubling,
        "halving_doubling": halving_doubling,
        "double_binary_tree": double_binary_tree,
        "hierarchical": hierarchical,
        "rail_aligned": rail_aligned,
    },
}
"""Collective -> algorithm -> its schedule (groups, nbytes, parameters). One line per algorithm."""


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of a collective with its parameters; text is what the user wrote, e.g. `ring:channels=8`."""

    name: str
    text: str
    build: Callable[..., Schedule]
    params: Mapping[str, int] = field(default_factory=dict)

    def schedule(self, groups: Groups, nbytes: int) -> Schedule:
        """Return the schedule for these ranks and bytes."""
        return self.build(groups, nbytes, **self.params)


def algorithm(collective_name: str, text: str) -> Algorithm:
    """Return the algorithm named by `name` or `name:key=value,...`; InputError naming what exists."""
    known = ALGORITHMS[collective(collective_name).name]
    name, _, rest = text.partition(":")
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"algorithm: must be one of {', '.join(known)} for {collective_name}, got {name!r}{hint}")
    return Algorithm(name, text, known[name], _params(name, rest, known[name]))


def _params(name: str, text: str, build: Callable[..., Schedule]) -> dict[str, int]:
    allowed = [p.name for p in inspect.signature(build).parameters.values() if p.kind is p.KEYWORD_ONLY]
    params: dict[str, int] = {}
    for part in text.split(",") if text else []:
        key, _, value = part.partition("=")
        if key not in allowed:
            raise InputError(f"{name}: parameters are {', '.join(allowed) or 'none'}, got {key!r}")
        if not value.isdigit() or int(value) < 1:
            raise InputError(f"{name}: {key} must be a whole number >= 1, got {value!r}")
        params[key] = int(value)
    return params
