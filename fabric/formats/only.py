"""A part of what a file holds, by names: the compute network without the storage network. It knows no format and no speed.

`ports:mlx5_[0-7]` keeps the devices with such a name, or such a word in it (`node01 mlx5_0`); `switches:leaf*,spine*` keeps
such switches; `!` before a pattern takes away what fits. What then has no cable left goes too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from fabric.formats.named import Named, Observed, Vertex
from fabric.formats.observe import observed
from topologies.errors import InputError

KINDS = ("ports", "switches")


def select(named: Named, only: Sequence[str]) -> Named:
    """Return the part of a fabric that the texts ask for, or all of it where there are none.

    Raises:
        InputError: another form, a fabric of our own, or nothing that fits.
    """
    if not only:
        return named
    source = named.observed_from
    if source is None:
        raise InputError(f"only: must be asked of a file of another tool, got {named.topology.name}")
    wanted = {kind: _patterns(only, kind) for kind in KINDS}
    chosen = {v.name for v in source.vertices if _fits(v, wanted["ports" if v.is_host else "switches"])}
    cables = [c for c in source.cables if c.a in chosen and c.b in chosen]
    hosts = [v for v in source.vertices if v.is_host]
    kept = _reached(source, chosen)
    left = sum(v.is_host for v in kept)
    if not left or not cables:
        near = ", ".join(v.name for v in hosts[:3])
        raise InputError(f"only: must leave devices with cables, {' '.join(only)} leaves none; devices are {near} ...")
    names = {v.name for v in kept}
    cables = [c for c in cables if c.a in names and c.b in names]
    switches = len(kept) - left
    told = (
        f"only {left:,} of {len(hosts):,} devices and {switches:,} of {len(source.vertices) - len(hosts):,} switches are kept"
    )
    return observed(kept, cables, source.where, (*source.losses, told), named.defects, apart=source.apart)


def _reached(source: Observed, chosen: set[str]) -> list[Vertex]:
    """Return the chosen vertices that hang together with a device; of devices, those that have a cable."""
    near: dict[str, list[str]] = {}
    for cable in source.cables:
        if cable.a in chosen and cable.b in chosen:
            near.setdefault(cable.a, []).append(cable.b)
            near.setdefault(cable.b, []).append(cable.a)
    waiting = [v.name for v in source.vertices if v.is_host and v.name in near]
    reached = set(waiting)
    while waiting:
        fresh = [name for name in near[waiting.pop()] if name not in reached]
        reached.update(fresh)
        waiting += fresh
    return [v for v in source.vertices if v.name in reached]


def _patterns(only: Iterable[str], kind: str) -> list[str]:
    """Return the patterns of a kind."""
    found = []
    for text in only:
        what, _, patterns = text.partition(":")
        if what not in KINDS or not patterns.strip():
            raise InputError(f"only: must be ports:PATTERNS or switches:PATTERNS such as ports:mlx5_[0-7], got {text!r}")
        found += [p.strip() for p in patterns.split(",") if p.strip()] if what == kind else []
    return found


def _fits(vertex: Vertex, patterns: Sequence[str]) -> bool:
    """Return whether a vertex is wanted: it fits a pattern where there are any without `!`, and none with it."""
    words = {vertex.name, *vertex.name.split()}
    wanted = [p for p in patterns if not p.startswith("!")]
    refused = [p[1:] for p in patterns if p.startswith("!")]
    return (not wanted or _any(words, wanted)) and not _any(words, refused)


def _any(words: Iterable[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(word, pattern) for word in words for pattern in patterns)
