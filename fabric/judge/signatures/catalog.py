"""The signatures, in the order in which they are looked for: a new one is its file and its line here. It knows no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.signatures import acs, falls, hole, host_path, invented, ll128, nvls, rails, rank_count, shared
from fabric.judge.table import Table

Find = Callable[[Sequence[Table], Nominal], Iterator[Signature]]
SIGNATURES: dict[str, Find] = {
    rank_count.NAME: rank_count.find,
    invented.NAME: invented.find,
    host_path.NAME: host_path.find,
    rails.NAME: rails.find,
    acs.NAME: acs.find,
    nvls.NAME: nvls.find,
    ll128.NAME: ll128.find,
    falls.NAME: falls.find,
    shared.NAME: shared.find,
    hole.NAME: hole.find,
}
"""Name -> find(tables, nominal hardware)."""


def found_in(tables: Sequence[Table], nominal: Nominal) -> tuple[Signature, ...]:
    """Return every signature that is seen in some tables."""
    return tuple(signature for find in SIGNATURES.values() for signature in find(tables, nominal))
