"""Which cases a backend can measure: collectives, forms, whole sizes, what is left out and why. It does not run anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fabric.collectives.catalog import COLLECTIVES, collective
from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.collectives.sizes import options, senders
from fabric.measure.backends.backend import Backend, Way
from fabric.measure.cells.exact import REDUCE
from fabric.measure.cells.layout import REDUCING, block_elements, whole_bytes
from fabric.records.case import DTYPES, Mode
from fabric.units import show_size
from topologies.errors import InputError

GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": tuple(name for name, known in COLLECTIVES.items() if not known.point_to_point),
    "p2p": POINT_TO_POINT,
}
"""In place of names: all collectives, or all of point to point, that the backend has and the world sizes allow."""
WINDOWED = tuple(name for name in POINT_TO_POINT if name != "latency")
PARAMS: Mapping[str, tuple[str, ...]] = {
    "all_to_all_v": ("skew", "seed"),
    "incast": ("fan_in",),
    **dict.fromkeys(WINDOWED, ("window", "buffers")),
}
EVEN = ("message_rate",)
"""What needs an even number of ranks."""
NO_BYTES = ("latency",)
"""What can be asked with 0 bytes; a barrier has no others."""


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
        """Return those parameters that the collective has; the window in any case, so that records state it."""
        window: dict[str, float | str] = {"window": float(options({}).window)} if name in WINDOWED else {}
        return window | {key: value for key, value in self.params.items() if key in PARAMS.get(name, ())}


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
    """Return the collectives' names, each once; a group is every one of it that this backend has, in this mode, on these ranks.

    Raises:
        InputError: a name that is none, that the backend lacks, or that needs other ranks; a group of which nothing is left.
    """
    named = [name for text in asked for name in (_group(text, backend, world_sizes, what) if text in GROUPS else [text])]
    for name in named:
        way = backend.way(collective(name).name, what.mode)
        if max(world_sizes) < way.least:
            raise InputError(f"ranks: {name} on {backend.name} needs {way.least} or more, got {max(world_sizes)}")
        if not any(fits(name, way, world_size) for world_size in world_sizes):
            raise InputError(f"ranks: {name} needs an even number, got {', '.join(str(p) for p in world_sizes)}")
    return tuple(dict.fromkeys(named))


def _group(text: str, backend: Backend, world_sizes: Sequence[int], what: What) -> list[str]:
    ways = {n: backend.ways[n] for n in GROUPS[text] if n in backend.ways and what.dtype in backend.takes(n)}
    found = [n for n, way in ways.items() if what.mode in way.modes and any(fits(n, way, p) for p in world_sizes)]
    if not found:
        sizes = ", ".join(str(p) for p in world_sizes)
        raise InputError(f"collective: {text} is nothing that {backend.name} does {what.mode} on ranks {sizes}")
    return found


def fits(name: str, way: Way, world_size: int) -> bool:
    """Return whether a collective can be measured on so many ranks."""
    return world_size >= way.least and not (name in EVEN and world_size % 2)


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
    kept = {asked: whole for whole, asked in sorted(first.items()) if whole or (name in NO_BYTES and not asked)}
    return Sizes(name, world_size, kept, tuple(size for size, whole in moved.items() if not whole and size not in kept))
