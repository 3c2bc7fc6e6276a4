"""Which cases a backend can measure: collectives, forms, whole sizes, what is left out and why. It does not run anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fabric.collectives.catalog import COLLECTIVES, collective
from fabric.collectives.sizes import options, senders
from fabric.measure.backends.backend import Backend
from fabric.measure.exact import REDUCE
from fabric.measure.layout import REDUCING, block_elements, whole_bytes
from fabric.records.case import DTYPES, Mode
from fabric.units import show_size
from topologies.errors import InputError

ALL = "all"
"""In place of names: every collective that the backend has and the world sizes allow."""
PARAMS: Mapping[str, tuple[str, ...]] = {"all_to_all_v": ("skew", "seed"), "incast": ("fan_in",)}


@dataclass(frozen=True)
class What:
    """What is asked beside names and sizes. op: of collectives that reduce; root: of rooted ones; params: of the case."""

    dtype: str = "f32"
    op: str = "sum"
    root: int = 0
    mode: Mode = "blocking"
    params: Mapping[str, float | str] = field(default_factory=dict)

    def op_of(self, name: str) -> str:
        """Return the operation of a case, `sum` where nothing is reduced."""
        return self.op if name in REDUCING else "sum"

    def root_of(self, name: str) -> int | None:
        """Return the root of a case, None for rank 0 and where there is none, so that it joins with predictions."""
        return self.root or None if COLLECTIVES[name].rooted else None

    def params_of(self, name: str) -> dict[str, float | str]:
        """Return those parameters that the collective has."""
        return {key: value for key, value in self.params.items() if key in PARAMS.get(name, ())}


@dataclass(frozen=True)
class Sizes:
    """The sizes of one collective on one world size. whole: asked -> really moved; small: too small for one element each."""

    name: str
    world_size: int
    whole: Mapping[int, int]
    small: tuple[int, ...]

    def note(self, dtype: str, params: Mapping[str, float | str]) -> str | None:
        """Return one line that says what was rounded down or left out, None where nothing was."""
        parts = []
        if self.small:
            parts.append(f"left out {', '.join(show_size(size) for size in self.small)}")
        rounded = [(asked, moved) for asked, moved in self.whole.items() if asked != moved]
        if rounded and self.name != "barrier":
            asked, moved = rounded[-1]
            parts.append(f"{len(rounded)} rounded down, e.g. {show_size(asked)} to {moved} bytes")
        if not parts:
            return None
        block = block_elements(self.name, self.world_size, params) * DTYPES[dtype]
        ranks = "rank" if self.world_size == 1 else "ranks"
        return f"{self.name} on {self.world_size} {ranks}: whole blocks of {block} bytes only: {'; '.join(parts)}"


def names_of(asked: Sequence[str], backend: Backend, world_sizes: Sequence[int], what: What) -> tuple[str, ...]:
    """Return the collectives' names, each once; `all` is every one that this backend has, in this mode, on these ranks.

    Raises:
        InputError: a name that is none, that the backend lacks, or that needs more ranks.
    """
    if tuple(asked) == (ALL,):
        return tuple(
            name
            for name in COLLECTIVES
            if name in backend.ways and what.mode in backend.ways[name].modes and max(world_sizes) >= backend.ways[name].least
        )
    for name in asked:
        least = backend.way(collective(name).name, what.mode).least
        if max(world_sizes) < least:
            raise InputError(f"ranks: {name} on {backend.name} needs {least} or more, got {max(world_sizes)}")
    return tuple(dict.fromkeys(asked))


def check_what(what: What, names: Sequence[str], world_sizes: Sequence[int]) -> None:
    """Raise InputError for an operation, root or parameter that does not fit these collectives and world sizes."""
    if what.op not in REDUCE:
        raise InputError(f"op: must be one of {', '.join(REDUCE)}, got {what.op!r}")
    if what.op != "sum" and not set(names) & set(REDUCING):
        raise InputError(f"op: is of {', '.join(REDUCING)}, got {what.op!r} for {', '.join(names)}")
    if what.root and not any(COLLECTIVES[name].rooted for name in names):
        raise InputError(f"root: {', '.join(names)} has none, got {what.root}")
    if not 0 <= what.root < min(world_sizes):
        raise InputError(f"root: must be a rank of every world size, 0 ... {min(world_sizes) - 1}, got {what.root}")
    known = sorted({key for name in names for key in PARAMS.get(name, ())})
    for key in what.params:
        if key not in known:
            raise InputError(f"param: {', '.join(names)} takes {', '.join(known) or 'none'}, got {key!r}")
    if "incast" in names:
        for world_size in world_sizes:
            if world_size > 1:
                senders(world_size, what.root, options(what.params).fan_in)
    options(what.params)


def sizes_of(name: str, world_size: int, sizes: Sequence[int], what: What) -> Sizes:
    """Return what is left of the sizes: whole blocks, each once, none below an element for every rank."""
    params = what.params_of(name)
    if name == "barrier":
        return Sizes(name, world_size, {0: 0}, ())
    moved = {size: whole_bytes(name, size, world_size, what.dtype, params) for size in sizes}
    first = {whole: asked for asked, whole in sorted(moved.items(), reverse=True)}
    kept = {asked: whole for whole, asked in sorted(first.items()) if whole}
    return Sizes(name, world_size, kept, tuple(size for size, whole in moved.items() if not whole))
